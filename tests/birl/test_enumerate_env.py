from __future__ import annotations

from functools import partial

import gymnasium
import numpy as np
import pytest
from birl_envs.env import GridEnv
from birl_envs.exact import tabular_model
from birl_envs.red_door import TRAIN, WORLD, make_levels
from gymnasium import spaces
from gymnasium.wrappers import FlattenObservation, TimeLimit

import birl
from birl.enumerate import CLOCKS, Search, state_key
from birl.tabular import hard_plan, reward_vector
from birl.task import Distribution, Task
from birl.testing import check_task
from birl.types import BirlError

SIZE = 5


class Line(gymnasium.Env):
    """Cells 0..4; right and left; the last one ends. The seed says where it begins."""

    def __init__(self, **quirks):
        self.quirks = quirks
        self.observation_space = spaces.Box(0, SIZE, (1,), np.float32)
        self.action_space = quirks.get("actions", spaces.Discrete(2))
        self.cell, self.steps, self.box = 0, 0, quirks.get("box")

    def look(self):
        shown = np.array([self.cell], np.float32)
        shown = shown + self.steps if self.quirks.get("clock") else shown
        return {"cell": shown} if self.quirks.get("dict") else shown

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        start = np.random.default_rng() if self.quirks.get("unseeded") else None
        self.cell, self.steps = (int(start.integers(2**31)) if start else int(seed or 0) % (SIZE - 1)), 0
        return self.look(), {}

    def step(self, action):
        self.steps += 1
        moves = 1 if action else -1
        if self.quirks.get("chance") and self.np_random.random() < 0.5:
            moves = 0
        if self.box is not None:
            self.box.count += 1
        if self.quirks.get("endless"):
            self.cell -= 1
        else:
            self.cell = min(max(self.cell + moves, 0), SIZE - 1)
        if self.quirks.get("shuts") and self.steps > 2:
            self.cell = 0
        info = {"end": self.quirks.get("value", float(self.cell == SIZE - 1)), "step": 1.0}
        return self.look(), 0.0, self.cell == SIZE - 1, False, info


class Shared:
    """Refuses to be copied: every copy is itself."""

    def __init__(self):
        self.count = 0

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        raise TypeError("not to be pickled")


def line(seeds=(0,), features=("end", "step"), *, key=None, search=None, **quirks):
    return birl.enumerate_env(partial(Line, **quirks), seeds, features, discount=0.9, key=key, search=search)


class OneLevel(GridEnv):
    """The level is the seed."""

    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed, options={"level": seed})


# known answers


def test_a_line_has_its_five_cells_and_the_value_of_walking_it():
    model = line()
    assert (model.n_states, model.n_actions, model.n_levels) == (SIZE, 2, 1)
    values = hard_plan(model, reward_vector(model, {"end": 1.0})).values
    assert model.start @ values == pytest.approx(0.9**3, abs=1e-12)  # three steps, then the fourth pays
    assert sorted(model.observe(np.arange(SIZE)).ravel()) == [0, 1, 2, 3, 4]


def test_red_door_by_search_is_red_door_by_its_own_rule():
    levels = make_levels(TRAIN, 2)
    found = birl.enumerate_env(partial(OneLevel, WORLD, levels), range(2), WORLD.features, discount=WORLD.discount)
    exact = tabular_model(WORLD, levels)
    assert (found.n_states, found.n_levels) == (exact.n_states, 2)
    for objective in (WORLD.base, *WORLD.candidates.values()):
        best = [hard_plan(m, reward_vector(m, objective)).values @ m.start for m in (found, exact)]
        walk = [
            birl.tabular.PolicyChain(m, m.uniform).policy_values(reward_vector(m, objective)) @ m.start
            for m in (found, exact)
        ]
        assert best[0] == pytest.approx(best[1], abs=1e-12)
        assert walk[0] == pytest.approx(walk[1], abs=1e-12)


def test_every_level_begins_where_its_seed_puts_it_and_weighs_the_same():
    model = line(seeds=(0, 2, 3))
    starts = np.flatnonzero(model.start)
    assert model.observe(starts).ravel().tolist() == [0, 2, 3]
    assert model.start[starts].tolist() == pytest.approx([1 / 3] * 3)
    assert model.level[starts].tolist() == [0, 1, 2]


def test_callables_of_observations_and_names_in_info_say_the_same():
    by_name = line()
    by_call = line(features={"end": lambda o, a, n: n[:, 0] == SIZE - 1, "step": lambda o, a, n: np.ones(len(a))})
    assert (by_name.features != by_call.features).nnz == 0
    assert by_name.feature_names == by_call.feature_names
    assert line(features=lambda o, a, n: np.stack([a, n[:, 0]], axis=1)).feature_names == ("feature-0", "feature-1")


def test_a_time_limit_is_stepped_past_and_no_part_of_the_state():
    make = lambda: TimeLimit(Line(), max_episode_steps=2)  # noqa: E731
    model = birl.enumerate_env(make, [0], ["end"])
    assert model.n_states == SIZE
    assert model.terminal.sum() == 1


def test_a_users_key_keeps_levels_apart():
    alone = line(seeds=(0, 2), key=lambda env: env.unwrapped.cell)
    assert (alone.n_states, alone.n_levels) == (2 * SIZE, 2)
    together = line(seeds=(0, 2))
    best = [m.per_level(m.start * hard_plan(m, reward_vector(m, {"end": 1.0})).values) for m in (alone, together)]
    assert best[0] == pytest.approx(best[1], abs=1e-12)


def test_dictionaries_can_be_flattened():
    class Dict(Line):
        def __init__(self):
            super().__init__(dict=True)
            self.observation_space = spaces.Dict({"cell": spaces.Box(0, SIZE, (1,), np.float32)})

    assert birl.enumerate_env(lambda: FlattenObservation(Dict()), [0], ["end"]).n_states == SIZE


def test_progress_is_told_after_every_state():
    seen = []
    line(search=Search(progress=lambda done, found: seen.append((done, found))))
    assert seen[-1] == (SIZE - 1, SIZE)
    assert [done for done, _ in seen] == [1, 2, 3, 4]


def test_a_third_partys_task_passes_the_contract_in_a_few_lines():
    def make(name, seeds, shift):
        return Distribution(name, model=line(seeds), make_env=Line, seeds=seeds, shift=shift)

    task = Task(
        name="line",
        train=make("train", (0, 1), "train"),
        shifts=[make("near", (2, 3), "feature")],
        base={"end": 1.0},
        candidates={},
        discount=0.9,
    )
    assert check_task(task) == ()


# what cannot be a model


@pytest.mark.parametrize(
    ("quirks", "complaint"),
    [
        ({"chance": True}, "seed 0: action . taken twice in one state differs in the .*stochastic"),
        ({"unseeded": True}, "seed 0: two resets differ in the observation"),
        ({"clock": True}, "two ways to one state show different observations"),
        ({"box": Shared()}, "stepping one copy changed another|cannot be copied"),
        ({"dict": True}, "observations are of type dict.*FlattenObservation"),
        ({"actions": spaces.Box(-1, 1, (1,), np.float32)}, "'Line': actions are Box.*Discrete"),
        ({"actions": spaces.Discrete(2, start=1)}, "numbered from 0"),
        ({"value": float("nan")}, "seed 0: feature 'end' is nan"),
        ({"value": "much"}, "feature 'end' is 'much'"),
    ],
)
def test_what_is_no_deterministic_finite_world_says_why(quirks, complaint):
    with pytest.raises(BirlError, match=complaint) as caught:
        line(**quirks)
    assert "\n" not in str(caught.value)
    assert "Line" in str(caught.value)


def test_too_many_states_name_the_attribute_that_never_rests():
    with pytest.raises(BirlError, match=r"more than 30 states can be reached.*cell \d+") as caught:
        line(endless=True, search=Search(state_limit=30))
    assert "state_key(CLOCKS" in str(caught.value)


def test_a_key_that_leaves_out_what_matters_is_found_out():
    with pytest.raises(BirlError, match=r"different results on two returns|different observations"):
        line(shuts=True, search=Search(check_every=1))


def test_an_own_key_that_cannot_be_hashed_is_refused():
    with pytest.raises(BirlError, match="'Line', seed 0: its state has no hash"):
        line(key=lambda env: [env.cell])


def test_a_step_that_raises_is_named():
    class Broken(Line):
        def step(self, action):
            raise RuntimeError("boom")

    with pytest.raises(BirlError, match=r"seed 0: step\(0\) raised RuntimeError: boom"):
        birl.enumerate_env(Broken, [0], ["end"])


@pytest.mark.parametrize(
    ("seeds", "features", "complaint"),
    [
        ((), ("end",), "at least one level"),
        ((1, 2, 1), ("end",), "seed 1 is given 2 times"),
        ((0,), (), "no features"),
        ((0,), ("end", "end"), "features repeat"),
        ((0,), ("ende",), "unknown entry of info 'ende': did you mean end"),
        ((0,), {"x": lambda o, a, n: np.full(len(a), np.inf)}, "'Line', seed 0: feature 'x' is inf"),
        ((0,), {"x": lambda o, a, n: np.ones((len(a), 2))}, "feature 'x' returned shape"),
    ],
)
def test_seeds_and_features_that_do_not_serve_are_refused(seeds, features, complaint):
    with pytest.raises(BirlError, match=complaint):
        line(seeds=seeds, features=features)


def test_search_refuses_numbers_below_one():
    with pytest.raises(BirlError, match="check_every is 0"):
        Search(check_every=0)


def test_an_environment_that_is_built_anew_by_copying_is_found_out():
    class Rebuilt(Line):
        def __reduce__(self):
            return (Rebuilt, ())

    with pytest.raises(BirlError, match="cannot be copied: the copy is not in the state of the original"):
        birl.enumerate_env(Rebuilt, [2], ["end"])
    twin = lambda env: _with(Rebuilt(), cell=env.cell, steps=env.steps)  # noqa: E731
    assert birl.enumerate_env(Rebuilt, [2], ["end"], search=Search(copy=twin)).n_states == SIZE


def _with(env, **attributes):
    vars(env).update(attributes)
    return env


# keys


def test_equal_states_have_equal_keys_whatever_holds_the_numbers():
    key, env = state_key(), Line()
    for same in ((1, 2), [1, 2], np.array([1, 2]), (np.int64(1), 2.0)):
        env.extra = same
        assert key(env) == key(_with(Line(), extra=(1, 2)))
    env.extra = {"a": 1, "b": -0.0}
    assert key(env) == key(_with(Line(), extra={"b": 0.0, "a": 1}))


@pytest.mark.parametrize("other", [(1, 2, 0), (1,), ((1, 2),), (2, 1), "12", {1, 2}, None])
def test_other_states_have_other_keys(other):
    key = state_key()
    assert key(_with(Line(), extra=(1, 2))) != key(_with(Line(), extra=other))


def test_random_numbers_spaces_and_clocks_do_not_count():
    key, env = state_key(), Line()
    env.reset(seed=4)
    other = Line()
    other.reset(seed=0)
    other.np_random.random()
    other.steps = 7
    assert key(env) == key(other)
    assert state_key(CLOCKS - {"steps"})(env) != state_key(CLOCKS - {"steps"})(other)


def test_what_has_no_value_is_named():
    env = Line()
    env.feed = (x for x in ())
    with pytest.raises(BirlError, match=r"attribute 'feed'.*generator.*give key="):
        state_key()(env)
