"""Environments as simulators: the way back, chance, masks, and features that are what they are called."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from birl.branch import branch, restore
from birl.env_simulator import EnvSimulator
from birl.types import BirlError


class Line(gymnasium.Env):
    """A place on a line; actions step left and right; it is over at 3 or beyond."""

    observation_space = spaces.Box(-10, 10, (1,), np.float64)
    action_space = spaces.Discrete(2)

    def __init__(self, noise=0.0):
        self.noise = noise

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 0.0
        return self.look(), {}

    def look(self):
        return np.array([self.place])

    def step(self, action):
        self.place += 2 * int(action) - 1 + self.noise * self.np_random.normal()
        told = {"right": float(action), "place": self.place}
        return self.look(), 0.0, self.place >= 3, False, told


def simulator(make=Line, **how):
    return EnvSimulator(make, where="distribution 'line'", **({"features": ("right", "place")} | how))


def walk_right(one, count, rng, steps=1):
    places = one.start(count, rng)
    for _ in range(steps):
        step = one.step(places, np.ones(count, int), rng)
        places = step.places
    return step


# going back


def test_every_place_can_be_gone_back_to(rng):
    one = simulator()
    first = one.start(2, rng)
    right, left = one.step(first, [1, 1], rng), one.step(first, [0, 0], rng)
    assert right.places.observations.ravel().tolist() == [1.0, 1.0]
    assert left.places.observations.ravel().tolist() == [-1.0, -1.0]
    again = one.step(right.places, [1, 0], rng)
    assert again.places.observations.ravel().tolist() == [2.0, 0.0]
    assert again.features.tolist() == [[1.0, 2.0], [0.0, 0.0]]


def test_places_that_are_over_stay_and_bring_nothing(rng):
    one = simulator()
    end = walk_right(one, 2, rng, steps=3)
    assert end.places.terminal.all()
    after = one.step(end.places, [1, 1], rng)
    assert after.places.observations.ravel().tolist() == [3.0, 3.0]
    assert not after.features.any()


def test_branches_of_one_place_do_not_share_their_luck(rng):
    one = simulator(lambda: Line(noise=1.0))
    here = one.start(1, rng).take(np.zeros(400, int))
    seen = one.step(here, np.ones(400, int), rng).places.observations.ravel()
    assert np.unique(seen).size == 400
    assert abs(seen.mean() - 1.0) < 4 / np.sqrt(400)  # four standard errors


def test_luck_comes_from_the_generator_that_is_given():
    one = simulator(lambda: Line(noise=1.0))
    found = [walk_right(one, 5, np.random.default_rng(7)).places.observations.tolist() for _ in range(2)]
    assert found[0] == found[1]


def test_levels_are_visited_in_turn(rng):
    assert sorted(simulator(seeds=[4, 5, 6]).start(6, rng).level.tolist()) == [4, 4, 5, 5, 6, 6]
    assert np.unique(simulator().start(6, rng).level).size == 6


def test_a_bound_method_of_the_environment_is_still_its_own_after_going_back():
    class Bound(Line):
        def __init__(self):
            super().__init__()
            self.see = self.look

        def step(self, action):
            _, *rest = super().step(action)
            return self.see(), *rest

    env = Bound()
    env.reset(seed=0)
    here = branch(env)
    env.step(1)
    restore(env, here)
    assert env.step(1)[0] == 1.0


class Stuck(Line):
    def __init__(self):
        super().__init__()
        self.lock = (one for one in ())  # a generator cannot be copied


class Blames(Line):
    def get_state(self):
        raise RuntimeError("not now")

    def set_state(self, state):
        pass


def test_an_environment_that_cannot_be_copied_says_what_it_lacks():
    for kind in (Stuck, Blames):
        with pytest.raises(BirlError, match=rf"{kind.__name__} cannot be copied .*give it get_state\(\) and set_state"):
            simulator(kind)


class Counting(gymnasium.Wrapper):
    """Shows how many steps it has seen: memory that going back does not reach."""

    def __init__(self, env):
        super().__init__(env)
        self.count = 0

    def step(self, action):
        seen, *rest = self.env.step(action)
        self.count += 1
        return seen + self.count, *rest


class Forgetful(Line):
    def get_state(self):
        return None

    def set_state(self, state):
        pass


def test_what_is_not_put_back_is_found_out_before_anything_is_learnt_from_it():
    for make in (lambda: Counting(Line()), Forgetful):
        with pytest.raises(BirlError, match="'line': the same action from the same state leads elsewhere"):
            simulator(make)


def test_a_time_limit_cuts_nothing(rng):
    one = simulator(lambda: gymnasium.wrappers.TimeLimit(Line(), 2))
    places = one.start(1, rng)
    for action in [0, 0, 0, 0, 0]:
        places = one.step(places, [action], rng).places
    assert places.observations.ravel().tolist() == [-5.0]
    assert not places.terminal.any()


# features


def callable_features(function, names=("one", "two")):
    return simulator(features=function, feature_names=names)


def test_features_of_a_callable_are_of_each_step(rng):
    one = callable_features(lambda seen, action, after: np.concatenate([seen, after], axis=1))
    assert walk_right(one, 3, rng, steps=2).features.tolist() == [[1.0, 2.0]] * 3


def test_one_column_may_be_flat(rng):
    one = callable_features(lambda seen, action, after: after[:, 0], names=("place",))
    assert walk_right(one, 3, rng).features.tolist() == [[1.0]] * 3


def test_a_world_without_features_has_none(rng):
    assert walk_right(simulator(features=()), 3, rng).features.shape == (3, 0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda seen, action, after: np.zeros((2, len(seen))), r"features are \(2, 3\) for 3 steps and 2 names"),
        (lambda seen, action, after: np.zeros(2 * len(seen)), r"features are \(6,\) for 3 steps and 2 names"),
        (lambda seen, action, after: np.zeros((len(seen), 3)), r"features are \(3, 3\) .* name every column"),
        (lambda seen, action, after: 1.0, r"features are \(\) for 3 steps"),
        (lambda seen, action, after: [["high", "low"]] * len(seen), "features cannot be computed"),
        (lambda seen, action, after: [[0.0, np.nan]] * len(seen), "feature 'two' is not finite"),
        (lambda seen, action, after: [[np.inf, 0.0]] * len(seen), "feature 'one' is not finite"),
    ],
)
def test_features_of_another_shape_are_refused_and_named(rng, function, message):
    with pytest.raises(BirlError, match="distribution 'line': " + message):
        walk_right(callable_features(function), 3, rng)


def test_a_callable_without_names_is_refused(rng):
    with pytest.raises(BirlError, match=r"feature_names="):
        walk_right(callable_features(lambda seen, action, after: seen, names=()), 3, rng)


def test_a_misspelt_name_is_no_feature_that_is_always_0(rng):
    with pytest.raises(BirlError, match="'line': info has no feature 'rigth', it has right, place"):
        walk_right(simulator(features=("rigth",)), 3, rng)


class Undefined(Line):
    def step(self, action):
        seen, reward, over, cut, told = super().step(action)
        return seen, reward, over, cut, told | {"place": self.change}


def test_what_is_no_number_in_info_is_named(rng):
    Undefined.change = np.nan
    with pytest.raises(BirlError, match="'line': feature 'place' is not finite"):
        walk_right(simulator(Undefined), 3, rng)
    Undefined.change = "far"
    with pytest.raises(BirlError, match="'line': a feature in info is no number"):
        walk_right(simulator(Undefined), 3, rng)


# spaces and masks


@pytest.mark.parametrize(
    "space", [spaces.MultiDiscrete([2, 2]), spaces.Discrete(2, start=1), spaces.Box(0, 1, (2, 2)), spaces.Dict({})]
)
def test_actions_of_other_kinds_are_refused(space):
    class Odd(Line):
        action_space = space

    with pytest.raises(BirlError, match=r"'line': actions are .*a Discrete space from 0 or a Box of one axis"):
        simulator(Odd)


def test_observations_in_parts_are_refused():
    class Parts(Line):
        observation_space = spaces.Dict({"place": Line.observation_space})

    with pytest.raises(BirlError, match="'line': observations are a Dict"):
        simulator(Parts)


class Walled(Line):
    """Nobody may go left of 0."""

    def action_masks(self):
        return np.array([self.place > 0, True])


def test_masks_are_kept_with_each_place_and_honoured_by_the_random_walk(rng):
    one = simulator(Walled)
    first = one.start(200, rng)
    assert one.allowed(first).tolist() == [[False, True]] * 200
    assert set(one.wander(first, rng).tolist()) == {1}
    step = one.step(first, np.ones(200, int), rng)
    assert one.allowed(step.places).all()
    assert set(one.wander(step.places, rng).tolist()) == {0, 1}
    assert one.allowed(step.places.take([0, 5])).shape == (2, 2)


def test_a_box_without_bounds_has_no_random_walk(rng):
    class Free(Line):
        action_space = spaces.Box(-np.inf, np.inf, (1,))

        def step(self, action):
            return super().step(action[0] > 0)

    one = simulator(Free)
    with pytest.raises(BirlError, match="no bounds, so none can be drawn"):
        one.wander(one.start(2, rng), rng)
