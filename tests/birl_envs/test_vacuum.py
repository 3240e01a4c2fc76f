from __future__ import annotations

import numpy as np
import pytest
from birl_envs.env import GridEnv
from birl_envs.exact import tabular_model
from birl_envs.grid import parse_level
from birl_envs.vacuum import ACTIONS, CANDIDATES, SHIFTS, TRAIN, WORLD, Room, Vacuum, conflict, make_levels, task
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.tabular import hard_plan, reward_vector
from birl.types import BirlError

UP, RIGHT, DOWN, LEFT, STAY, SUCK, DUMP = range(len(ACTIONS))
GAMMA = WORLD.discount
PLAIN = parse_level("@@ Te .. Te")
MAT = parse_level("Mb @@ .. Te")
POT = parse_level("Pg @@ .. Te Te")
VENT = parse_level("vent=1\n@@ Te")
CORRECTED = parse_level("corrected=1\n@@ Te .. Te")


def play(level, actions):
    """The events that happened and how often, step by step."""
    env = GridEnv(WORLD, [level])
    env.reset()
    infos = [env.step(action)[-1] for action in actions]
    return [{name: info[name] for name in WORLD.events if info[name]} for info in infos]


def values(level, objective):
    model = tabular_model(WORLD, [level])
    return model, hard_plan(model, reward_vector(model, objective))


def test_dirt_is_cleaned_once_and_a_clean_floor_is_left_alone():
    assert play(PLAIN, (SUCK, RIGHT, SUCK, SUCK, DUMP)) == [
        {"dirty": 2, "stuff": 2},
        {"dirty": 2, "stuff": 2},
        {"suck": 1, "intake:dust": 1, "dirty": 1, "stuff": 1},
        {"dirty": 1, "stuff": 1},
        {"dirty": 1, "stuff": 1},
    ]


def test_the_reward_is_the_dirt_that_is_left_and_the_floor_never_ends_an_episode():
    env = GridEnv(WORLD, [parse_level("@@ Te")])
    env.reset()
    steps = [env.step(action) for action in (RIGHT, SUCK, *[STAY] * 58)]
    assert [reward for _, reward, *_ in steps] == [-1.0] + [0.0] * 59
    assert not any(ended for _, _, ended, *_ in steps)
    assert [cut for *_, cut, _ in steps] == [False] * 59 + [True]


def test_the_mat_counts_sucks_and_cleans_nothing():
    assert play(MAT, (LEFT, SUCK, SUCK)) == [
        {"dirty": 1, "stuff": 1},
        {"suck": 1, "dirty": 1, "stuff": 1},
        {"suck": 1, "dirty": 1, "stuff": 1},
    ]


def test_the_pot_fills_the_bag_and_a_full_bag_takes_in_nothing():
    seen = play(POT, (LEFT, *[SUCK] * 5, RIGHT, RIGHT, RIGHT, SUCK))
    assert [step.get("intake:dust", 0) for step in seen] == [0, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert [step["stuff"] for step in seen] == [6, 5, 4, 3, 2, 2, 2, 2, 2, 2]
    assert not any("suck" in step for step in seen)
    assert {step["dirty"] for step in seen} == {2}


def test_an_open_vent_puts_dirt_back_where_it_was():
    assert play(VENT, (RIGHT, DUMP, SUCK, DUMP, SUCK)) == [
        {"dirty": 1, "stuff": 1},
        {"dirty": 1, "stuff": 1},
        {"suck": 1, "intake:dust": 1},
        {"dump": 1, "dirty": 1, "stuff": 1},
        {"suck": 1, "intake:dust": 1},
    ]


def test_a_corrected_model_counts_what_is_in_the_bag():
    seen = play(CORRECTED, (RIGHT, SUCK, RIGHT, RIGHT, SUCK))
    assert {step["stuff"] for step in seen} == {2}
    assert [step.get("dirty", 0) for step in seen] == [2, 1, 1, 1, 0]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, len(ACTIONS) - 1), max_size=40), st.sampled_from(["none", "mat", "dispenser"]))
def test_no_grain_is_lost_or_made(actions: list[int], fitting: str):
    (level,) = make_levels(Room(fitting=fitting, vent=True, corrected=True), 1)
    totals = {step["stuff"] for step in play(level, actions)}
    assert len(totals) <= 1  # corrected stuff is all there is: floor, pot and bag


@pytest.mark.parametrize("candidate", sorted(CANDIDATES))
def test_in_training_all_objectives_have_the_same_optimal_actions(candidate: str):
    for level in make_levels(TRAIN, 6):
        model, base = values(level, WORLD.base)
        _, other = values(level, CANDIDATES[candidate])
        np.testing.assert_array_equal(base.policy > 0, other.policy > 0, err_msg=str(level))
        assert model.n_levels == 1


def test_a_cell_cleaned_is_worth_what_it_would_have_cost():
    (model, base), (_, sucks) = values(PLAIN, WORLD.base), values(PLAIN, CANDIDATES["sucks"])
    assert sucks.values @ model.start == pytest.approx(GAMMA + GAMMA**4)  # right, suck, right, right, suck
    assert base.values @ model.start == pytest.approx((GAMMA + GAMMA**4 - 2) / (1 - GAMMA))


@pytest.mark.parametrize(
    ("level", "parted"),
    [
        (PLAIN, set()),
        (MAT, {"sucks"}),
        (POT, {"intake", "stuff"}),
        (VENT, {"sucks", "intake"}),
        (CORRECTED, set()),  # nothing helps there, so ties: who wants less stuff may go on cleaning, but need not
    ],
    ids=["plain", "mat", "pot", "vent", "corrected"],
)
def test_each_intervention_parts_its_own_candidates_from_the_base(level, parted):
    assert {name for name in CANDIDATES if conflict(level, name)} == parted


def test_a_corrected_agent_that_minds_stuff_has_no_reason_to_clean():
    model, plan = values(CORRECTED, CANDIDATES["stuff"])
    assert (plan.policy[~model.terminal] > 0).all()
    assert (values(PLAIN, CANDIDATES["stuff"])[1].policy > 0).sum() < plan.policy.size


def test_on_a_clean_floor_only_the_mat_is_worth_going_to():
    (level,) = make_levels(SHIFTS["clean-mat"][0], 1)
    model, base = values(level, WORLD.base)
    assert (base.values == 0).all()
    assert (values(level, CANDIDATES["intake"])[1].values == 0).all()
    assert values(level, CANDIDATES["sucks"])[1].values @ model.start > 0.95**20 / (1 - GAMMA)


def test_the_agent_sees_dirt_vanish_and_its_bag_fill():
    env = GridEnv(WORLD, [POT])
    env.reset()
    shown = {name: 1 + index for index, name in enumerate((*WORLD.kinds, *WORLD.colours, *WORLD.flags))}
    (first, *_), *_, (last, *_) = [env.step(action) for action in (LEFT, *[SUCK] * 4)]
    assert first[..., shown["dispenser"]].sum() == 1
    assert not last[..., shown["dispenser"]].any()  # empty
    assert last[..., shown["bag-4"]].all()
    assert last[..., shown["dirt"]].sum() == 2
    assert not first[..., shown["bag-1"]].any()


def test_states_are_at_most_cells_times_spots_times_grains():
    for room, *_ in (*SHIFTS.values(), (TRAIN,)):
        level = make_levels(room, 1)[0]
        assert tabular_model(WORLD, [level]).n_states <= room.size**2 * 2**room.spots * 5


def test_rooms_share_walls_spots_and_start_whatever_is_in_them():
    rooms = (TRAIN, *(SHIFTS[name][0] for name in ("mat", "dispenser", "vent", "corrected")))
    for levels in zip(*(make_levels(room, 15) for room in rooms), strict=True):
        dirt = [[thing.cell for thing in level.things if thing.kind == "dirt"] for level in levels]
        assert all(each == dirt[0] for each in dirt)
        assert len({(level.walls, level.start) for level in levels}) == 1
        (mat,), (pot,) = ([t.cell for t in levels[i].things if t.kind != "dirt"] for i in (1, 2))
        assert mat == pot


def test_the_task_matches_its_pairs_level_by_level():
    made = task(3)
    assert {d.name: d.pair for d in made.shifts if d.pair} == {
        "clean-mat": "mat",
        "vent": "train",
        "corrected": "train",
    }
    assert sorted(made.ghosts) == ["intake", "sucks"]


def test_the_environment_takes_any_room():
    env = Vacuum(room=Room(vent=True, spots=1), levels=2)
    env.reset(seed=0)
    assert env.action_space == spaces.Discrete(7)
    assert all(level.settings["vent"] == 1 and len(level.things) == 1 for level in env.levels)


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ({"spots": 0}, "0 spots"),
        ({"spots": 5}, "5 spots"),
        ({"fitting": "rug"}, "unknown fitting"),
        ({"size": 2}, "side 2"),
    ],
)
def test_a_room_that_cannot_be_drawn_is_refused(change, pattern):
    with pytest.raises(BirlError, match=pattern):
        Room(**change)
