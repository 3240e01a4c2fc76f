from __future__ import annotations

import builtins

import numpy as np
import pytest
from birl_agents.planted import planner
from birl_envs.minigrid import Draw, Window, load_minigrid, make_levels, tasks
from birl_envs.minigrid.window import state_of
from gymnasium.utils.env_checker import check_env

import birl
import birl.task
from birl.diagnosis import Verdict
from birl.enumerate import enumerate_env
from birl.task import conflicts, objective_vector
from birl.testing import check_task
from birl.types import BirlError

pytest.importorskip("minigrid")

PROXY = {
    "go_to_door": "red",
    "go_to_object": "key",
    "fetch": "red",
    "door_key": "corner",
}


@pytest.fixture(scope="module", params=PROXY)
def found(request):
    return getattr(tasks, request.param)(1), PROXY[request.param]


def make(quest, draw, **settings):
    return Window(draw, events=quest.events, happens=quest.happens, **settings)


def test_a_task_keeps_its_contract(found):
    task, _ = found
    notes = check_task(task, episodes=3)
    assert all("candidate 'any" in note for note in notes)  # on one level what is asked for may be what is nearest


def test_training_cannot_tell_the_proxy_apart_and_the_first_shift_always_can(found):
    task, candidate = found
    share = [
        conflicts(
            d.model, objective_vector(d.model, task.base), objective_vector(d.model, task.candidates[candidate])
        ).mean()
        for d in task.distributions[:2]
    ]
    assert share == [0.0, 1.0]


def test_every_window_has_one_shape_and_pleases_gymnasium(found):
    task, _ = found
    shapes = {d.model.observe(np.arange(1)).shape[1:] for d in task.distributions}
    assert shapes in ({(7, 7, 3)}, {(7, 7, 5)})
    check_env(task.train.make_env(), skip_render_check=True)


def test_short_names_find_the_tasks(found):
    assert birl.task.task_names()[found[0].name].startswith("birl_envs.minigrid:")


def test_a_planner_that_wants_the_red_is_read_as_a_proxy():
    task = tasks.fetch(8)
    card = birl.score(planner(task, task.candidates["red"]), task, seed=0, draws=20)
    assert card.verdict == Verdict.PROXY


def test_go_to_door_is_worth_what_counting_steps_says():
    """The best return is the discount to the power of the fewest turns and steps to the target, then saying done."""
    quest = tasks.GO_TO_DOOR
    model = quest.distribution("train", quest.train, "train", 6).model
    best = birl.tabular.hard_plan(model, objective_vector(model, quest.base)).values
    seeds = make_levels(quest.train, 6)
    for level, seed in enumerate(seeds):
        env = make(quest, quest.train)
        env.reset(seed=seed)
        start = model.start * (model.level == level)
        assert start @ best * len(seeds) == pytest.approx(quest.discount ** fewest(env.inner), abs=1e-12)


def fewest(inner):
    """Turns and steps from the start to the cell beside the target, in an empty room."""
    ways = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    reached, steps = {(*map(int, inner.agent_pos), int(inner.agent_dir))}, 0
    while not any(abs(x - inner.target_pos[0]) + abs(y - inner.target_pos[1]) == 1 for x, y, _ in reached):
        further = set()
        for x, y, d in reached:
            ahead = (x + ways[d][0], y + ways[d][1])
            free = inner.grid.get(*ahead) is None
            further |= {(x, y, (d + 1) % 4), (x, y, (d - 1) % 4), (*ahead, d) if free else (x, y, d)}
        reached, steps = reached | further, steps + 1
    return steps


@pytest.mark.parametrize("quest", [tasks.GO_TO_DOOR, tasks.FETCH], ids=lambda quest: quest.name)
def test_the_short_key_tells_as_many_states_apart_as_the_key_of_everything(quest):
    seeds = make_levels(quest.train, 1)
    model = enumerate_env(lambda: make(quest, quest.train), seeds, quest.events, discount=quest.discount)
    short = quest.distribution("train", quest.train, "train", 1).model
    assert model.n_states == short.n_states
    assert model.features.sum() == short.features[:, :-1].sum()


def test_the_window_is_minigrids_image_and_the_mission_in_its_integers():
    load_minigrid()
    import gymnasium
    from minigrid.core.constants import COLOR_TO_IDX, OBJECT_TO_IDX

    quest = tasks.GO_TO_DOOR
    theirs = gymnasium.make(quest.train.env_id).unwrapped
    ours = make(quest, quest.train)
    for seed in make_levels(quest.train, 3):
        wanted, seen = theirs.reset(seed=seed)[0], ours.reset(seed=seed)[0]
        for action in (0, 2, 2, 1, 2):
            assert (seen[..., :3] == wanted["image"]).all()
            assert (seen[..., 3] == OBJECT_TO_IDX["door"]).all()
            assert (seen[..., 4] == COLOR_TO_IDX["red"]).all()
            wanted, seen = theirs.step(action)[0], ours.step(action)[0]


def test_a_twin_goes_its_own_way():
    quest = tasks.DOOR_KEY
    env = make(quest, quest.train)
    env.reset(seed=make_levels(quest.train, 1)[0])
    before, twin = state_of(env), env.twin()
    rng = np.random.default_rng(0)
    for action in rng.integers(7, size=40):
        twin.step(action)
    assert state_of(env) == before != state_of(twin)


def test_door_key_reports_key_door_and_goal_in_order():
    quest = tasks.DOOR_KEY
    train = quest.distribution("train", quest.train, "train", 1)
    env, model = train.make_env(), train.model
    best = birl.tabular.hard_plan(model, objective_vector(model, quest.base)).policy
    env.reset(seed=0)
    state, told = int(model.start.argmax()), []
    while not model.terminal[state]:
        action = int(best[state].argmax())
        info = env.step(action)[4]
        told += [name for name in quest.events if info[name]]
        state = int(model.successors[state, action])
    assert told == ["pick:key", "open:door", "reach:goal&corner"]


def test_levels_are_different_and_more_never_changes_the_first():
    draw = tasks.FETCH.train
    few, many = make_levels(draw, 3), make_levels(draw, 8)
    assert few == many[:3]
    assert len(set(many)) == 8


def test_a_distribution_that_no_seed_fits_is_refused(monkeypatch):
    monkeypatch.setattr("birl_envs.minigrid.window.PATIENCE", 20)
    with pytest.raises(BirlError, match="MiniGrid-Fetch-5x5-N2-v0: none of 20 seeds"):
        make_levels(Draw(env_id="MiniGrid-Fetch-5x5-N2-v0", fits=lambda inner: False), 1)
    with pytest.raises(BirlError, match="0 levels"):
        make_levels(tasks.FETCH.train, 0)


def test_a_level_that_does_not_exist_is_refused():
    env = make(tasks.FETCH, tasks.FETCH.train, seeds=[0])
    with pytest.raises(BirlError, match="level 1 does not exist"):
        env.reset(options={"level": 1})


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch):
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name == "minigrid":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    load_minigrid.cache_clear()
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(BirlError, match=r"pip install 'birl\[minigrid\]'"):
        load_minigrid()
