"""A state that is more than a cell: the door opens only to those who touched the key. The engine must not notice."""

from __future__ import annotations

import numpy as np
import pytest
from birl_envs.atlas import Atlas
from birl_envs.env import GridEnv
from birl_envs.exact import tabular_model
from birl_envs.grid import parse_level
from birl_envs.vector import GridVecEnv
from birl_envs.world import Step, World

from birl.tabular import hard_plan, reward_vector
from birl.types import IntArray

LEVEL = parse_level("Kr @@ .. Dr")
LEFT, RIGHT = 3, 1


def rule(atlas: Atlas, level: IntArray, state: IntArray, action: IntArray) -> Step:
    """A state is key held * C + cell."""
    held, cell = np.divmod(state, atlas.n_cells)
    cell = atlas.neighbour[level, cell, action]
    kind = atlas.kind[level, cell]
    picked, opened = (kind == 0) & (held == 0), (kind == 1) & (held == 1)
    held = np.where(picked, 1, held)
    return Step(state=held * atlas.n_cells + cell, event=np.select([picked, opened], [0, 1], -1), ended=opened)


LOCKED = World(
    name="locked",
    kinds=("key", "door"),
    colours=("red",),
    events=("pick:key", "open:door"),
    base={"open:door": 1.0, "step": -0.1},
    rule=rule,
    time_limit=20,
    discount=0.9,
    window=5,
    cell=lambda atlas, state: state % atlas.n_cells,
    n_states=lambda atlas: 2 * atlas.n_cells,
)


def test_the_model_finds_states_with_and_without_the_key():
    model = tabular_model(LOCKED, [LEVEL])
    assert model.n_states == 7  # without: three cells; with: three; and the open door
    value = hard_plan(model, reward_vector(model, LOCKED.base)).values @ model.start
    assert value == pytest.approx(0.9**3 - 0.1 * (1 + 0.9 + 0.81 + 0.729))


def test_the_environment_opens_the_door_only_with_the_key():
    env = GridEnv(LOCKED, [LEVEL])
    env.reset(seed=0)
    steps = [env.step(action) for action in (RIGHT, RIGHT, LEFT, LEFT, LEFT, RIGHT, RIGHT, RIGHT)]
    assert [done for _, _, done, _, _ in steps] == [False] * 7 + [True]
    assert [name for *_, info in steps for name in LOCKED.events if info[name]] == ["pick:key", "open:door"]


def test_the_batch_reports_events_that_end_nothing():
    venv = GridVecEnv(LOCKED, [LEVEL], 2)
    venv.reset()
    _, rewards, dones, infos = venv.step(np.array([LEFT, RIGHT]))
    assert infos == [{"pick:key": 1.0}, {}]
    assert not dones.any()
    np.testing.assert_allclose(rewards, -0.1)
