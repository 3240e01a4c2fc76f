"""Behaviour that was rolled out: every kind of policy, in models and environments."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from birl.behavior import observe
from birl.place_policy import PlacePolicy
from birl.policy import GaussianPolicy, MaskablePolicy, RecurrentPolicy, TabularPolicy
from birl.policy.box import Moments
from birl.sampled import as_sampled, split, walk, watch
from birl.simulator import ModelSimulator
from birl.task import Distribution
from birl.trajectories import edges, transitions
from birl.types import BirlError
from tests.worlds import corridor, random_model


class Line(gymnasium.Env):
    """A place on a line, `speed` a step; over at 3; the start says how far there is to go."""

    observation_space = spaces.Box(-10, 10, (1,), np.float64)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = -float(seed % 3) if seed is not None else 0.0
        return np.array([self.place]), {}

    def step(self, action):
        self.place += 2 * int(action) - 1
        return np.array([self.place]), 0.0, self.place >= 3, False, {"right": float(action)}


class Push(Line):
    action_space = spaces.Box(-1, 1, (1,), np.float64)

    def step(self, action):
        self.place += float(action[0])
        return np.array([self.place]), 0.0, self.place >= 3, False, {"right": float(action[0] > 0)}


def line(env=Line, **how):
    return Distribution("line", make_env=env, features=("right",), seeds=range(3), time_limit=8, **how)


MODEL = corridor(4)
ROOM = Distribution("room", MODEL, time_limit=8)


def right(observation):
    return 1


# what is watched


def test_a_callable_is_watched_and_can_be_asked_anywhere(rng):
    seen = watch(right, line(), episodes=6, rng=rng, discount=0.5)
    assert sorted(len(t.actions) for t in seen.trajectories) == [3, 3, 4, 4, 5, 5]
    assert all(t.terminal and (t.features == 1).all() for t in seen.trajectories)
    assert (seen.discount, seen.horizon, seen.feature_names) == (0.5, 8, ("right",))
    places = seen.simulator.start(2, rng)
    assert seen.policy.probabilities(places).tolist() == [[0, 1]] * 2
    assert seen.policy.log_density(places, [1, 1]).tolist() == [0, 0]


def test_a_callable_in_a_model_is_watched_exactly(rng):
    seen = watch(right, ROOM, episodes=5, rng=rng)
    assert [t.states.tolist() for t in seen.trajectories] == [[0, 1, 2, 3]] * 5
    assert seen.policy.table.tolist() == [[0, 1]] * 3 + [[0.5, 0.5]]
    assert seen.discount == MODEL.discount


def test_an_episode_is_cut_at_the_horizon(rng):
    seen = watch(lambda observation: 0, line(), episodes=2, rng=rng)
    assert [(len(t.actions), t.terminal) for t in seen.trajectories] == [(8, False)] * 2


def counter(cell_log=None):
    """Waits (left) until its third step, then goes right: only its memory knows which step it is."""

    def cell(observations, held, starts, *, rng, deterministic):
        count = np.zeros(len(observations), int) if held is None else held
        assert len(count) == len(observations), "the batch of a memory must keep its size"
        count = np.where(starts, 0, count)
        return (count >= 2).astype(int), count + 1

    return RecurrentPolicy(cell)


@pytest.mark.parametrize("where", [line(), ROOM], ids=["environment", "model"])
def test_a_memory_is_empty_at_the_start_and_belongs_to_its_episode(where, rng):
    policy = counter()
    for _ in range(2):  # the second time it would remember the first, if it were not reset
        seen = watch(policy, where, episodes=9, rng=rng)
        assert len(seen.trajectories) == 9
        for episode in seen.trajectories:
            assert episode.actions.tolist() == [0, 0] + [1] * (len(episode.actions) - 2)


def test_a_memory_cannot_be_asked_anywhere_so_its_policy_is_not_kept(rng):
    seen = watch(counter(), line(), episodes=3, rng=rng)
    assert seen.policy is None
    assert seen.simulator is not None
    with pytest.raises(BirlError, match="'line' has no policy: only its episodes are known"):
        walk(seen, 2, rng=rng)


class Walled(Line):
    def action_masks(self):
        return np.array([False, True]) if self.place < 1 else np.array([True, True])


def test_a_policy_trained_with_masks_is_told_them(rng):
    loves_left = MaskablePolicy(lambda seen: np.tile([3.0, 0.0], (len(seen), 1)))
    seen = watch(loves_left, line(Walled), episodes=3, rng=rng, deterministic=True)
    steps = transitions(seen.trajectories)
    assert (steps.actions == (steps.observations[:, 0] < 1)).all()
    assert seen.policy.probabilities(seen.simulator.start(1, rng)).tolist() == [[0, 1]]


def test_an_action_that_is_not_allowed_is_refused(rng):
    with pytest.raises(BirlError, match="takes action 0, which the world does not have or allow"):
        watch(lambda observation: 0, line(Walled), episodes=3, rng=rng)


def gaussian():
    return GaussianPolicy(
        lambda seen: Moments(mean=np.full((len(seen), 1), 0.5), std=np.full((len(seen), 1), 0.1)),
        Push.action_space.low,
        Push.action_space.high,
    )


def test_a_policy_over_vectors_is_watched_with_its_density(rng):
    seen = watch(gaussian(), line(Push), episodes=4, rng=rng)
    places = seen.simulator.start(2, rng)
    at_mean = seen.policy.log_density(places, np.full((2, 1), 0.5))
    assert at_mean == pytest.approx(-np.log(0.1 * np.sqrt(2 * np.pi)))
    assert transitions(seen.trajectories).actions.shape[1:] == (1,)


def test_a_choice_of_vectors_has_no_density(rng):
    sure = watch(gaussian(), line(Push), episodes=1, rng=rng, deterministic=True)
    with pytest.raises(BirlError, match="a deterministic choice of vectors has no density"):
        sure.policy.log_density(sure.simulator.start(1, rng), np.zeros((1, 1)))
    plain = watch(lambda observation: np.array([0.5]), line(Push), episodes=1, rng=rng)
    with pytest.raises(BirlError, match="CallablePolicy has no action densities: it can only be rolled out"):
        plain.policy.log_density(plain.simulator.start(1, rng), np.zeros((1, 1)))


@pytest.mark.parametrize(
    ("policy", "env", "message"),
    [
        (lambda seen: 2, Line, "takes action 2, which the world does not have"),
        (lambda seen: -1, Line, "takes action -1, which the world does not have"),
        (lambda seen: 0.5, Line, r"takes action 0\.5, which the world does not have"),
        (lambda seen: [0, 1], Line, r"gives actions \(3, 2\) for 3 places: give one number each"),
        (lambda seen: 0.0, Push, r"gives actions \(3,\) for 3 places: give vectors of 1"),
    ],
)
def test_actions_the_world_does_not_have_are_refused(policy, env, message, rng):
    with pytest.raises(BirlError, match=message):
        watch(policy, line(env), episodes=3, rng=rng)


def test_nothing_to_watch_is_refused(rng):
    with pytest.raises(BirlError, match="'line': 0 episodes to watch: give at least 1"):
        watch(right, line(), episodes=0, rng=rng)
    over = replace(MODEL, start=np.eye(4)[3])
    bare = as_sampled(observe(TabularPolicy({"over": over.uniform}), Distribution("over", over)))
    with pytest.raises(BirlError, match="'over': every episode is over as it begins"):
        walk(bare, 3, rng=rng)


# walks


def test_the_same_seed_gives_the_same_episodes():
    found = [watch(right, line(), episodes=5, rng=np.random.default_rng(3)) for _ in range(2)]
    for one, other in zip(*(f.trajectories for f in found), strict=True):
        assert one.observations.tolist() == other.observations.tolist()


def test_noise_is_the_share_of_random_actions(rng):
    seen = watch(right, line(), episodes=1, rng=rng)
    steps = walk(seen, 300, rng=rng, noise=0.5)
    assert (steps.actions == 0).mean() == pytest.approx(0.25, abs=0.05)  # half of the random half


def test_a_walk_of_a_table_visits_states_as_often_as_the_model_says(rng):
    model = random_model(rng, n_states=5, discount=0.9)
    table = model.uniform
    exact = observe(TabularPolicy({"random": table}), Distribution("random", model, time_limit=200))
    steps = walk(as_sampled(exact), 4000, rng=rng)
    counts = np.bincount(steps.places.states, weights=0.9**steps.time, minlength=5) / 4000
    assert counts == pytest.approx(exact.occupancy, abs=0.12)  # at most 10 visits, 4000 episodes: 4 standard errors


def test_episodes_are_split_where_they_were_joined(rng):
    steps = walk(watch(right, line(), episodes=1, rng=rng), 5, rng=rng)
    found = split(steps)
    assert [len(t.actions) for t in found] == np.bincount(steps.episode).tolist()
    assert all((t.observations[1:] > t.observations[:-1]).all() for t in found)


def test_what_is_sampled_stays_and_gets_episodes_where_it_has_none(rng):
    exact = observe(right_table(), ROOM, rng=rng, episodes=2)
    assert as_sampled(exact).trajectories == exact.trajectories
    bare = replace(as_sampled(exact), trajectories=())
    assert as_sampled(bare) is bare
    assert len(as_sampled(bare, episodes=4, rng=rng).trajectories) == 4
    with pytest.raises(BirlError, match="give rng="):
        as_sampled(bare, episodes=4)


def right_table():
    return TabularPolicy({"room": np.array([[0.0, 1.0]] * 4)})


def test_a_table_is_asked_by_state(rng):
    policy = PlacePolicy(table=np.array([[0.2, 0.8]] * 4))
    places = ModelSimulator(MODEL).at(np.zeros(1000, np.int64))
    assert policy.act(places, rng).mean() == pytest.approx(0.8, abs=0.06)  # 4.7 standard errors
    assert policy.log_density(places.take([0]), [1]) == pytest.approx(np.log(0.8))


# transitions


def test_the_transitions_of_a_model_are_those_of_its_episodes(rng):
    stored = edges(MODEL)
    assert len(stored) == 6
    assert stored.terminal.tolist() == [False, False, False, False, False, True]
    steps = transitions(watch(right, ROOM, episodes=2, rng=rng).trajectories)
    known = {(*o, a, *n): f for o, a, n, f in rows(stored)}
    for o, a, n, f in rows(steps):
        assert known[(*o, a, *n)] == f
    assert steps.terminal.tolist() == [False, False, True] * 2


def rows(steps):
    parts = (steps.observations, steps.actions, steps.next_observations, steps.features)
    return [(tuple(o), int(a), tuple(n), tuple(f)) for o, a, n, f in zip(*parts, strict=True)]


def test_there_are_no_transitions_without_episodes_or_observations():
    with pytest.raises(BirlError, match="no trajectories: give at least one"):
        transitions([])
    with pytest.raises(BirlError, match="has no `observe`"):
        edges(replace(MODEL, observe=None))
