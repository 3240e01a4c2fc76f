from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from birl_envs.atlas import MOVES
from birl_envs.colour_shape import (
    CANDIDATES,
    SHIFTS,
    TRAIN,
    WORLD,
    Gallery,
    conflict,
    indifference,
    make_levels,
    task,
)
from birl_envs.env import GridEnv
from birl_envs.exact import tabular_model
from birl_envs.grid import Level, parse_level
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.tabular import hard_plan, reward_vector
from birl.types import BirlError

RIGHT, LEFT = MOVES.index("right"), MOVES.index("left")
PARTED = parse_level("Lr .. @@ .. Gy")
GEM_NEARER = parse_level("Lr .. .. @@ Gy")


def steps_to(level: Level, event: str) -> int:
    """Steps the fastest agent needs to a thing past which it cannot walk, read off its value."""
    model = tabular_model(WORLD, [level])
    value = hard_plan(model, reward_vector(model, {event: 1.0})).values @ model.start
    return round(float(np.log(value) / np.log(WORLD.discount))) + 1


def lead_of(level: Level) -> int:
    return steps_to(level, "touch:line&red") - steps_to(level, "touch:gem&yellow")


def goes_right(level: Level, wants: dict[str, float]) -> bool:
    model = tabular_model(WORLD, [level])
    return bool(hard_plan(model, reward_vector(model, wants)).policy[np.argmax(model.start), RIGHT] > 0)


def test_only_the_line_pays_and_either_touch_ends():
    for action, reward, happened in ((LEFT, 1.0, "touch:line&red"), (RIGHT, 0.0, "touch:gem&yellow")):
        env = GridEnv(WORLD, [PARTED])
        env.reset()
        env.step(action)
        _, paid, ended, _, info = env.step(action)
        assert (paid, ended, info[happened]) == (reward, True, 1.0)


def test_in_training_one_thing_is_yellow_and_it_is_the_only_line():
    for level in make_levels(TRAIN, 60):
        look = [(thing.kind, thing.colour) for thing in level.things]
        assert len(look) == 3
        assert [pair for pair in look if pair[0] == "line" or pair[1] == "yellow"] == [("line", "yellow")]


def test_gem_and_red_are_unpaid_in_training_alike_so_neither_is_favoured():
    seen = Counter(
        part for level in make_levels(TRAIN, 250) for thing in level.things for part in (thing.kind, thing.colour)
    )
    assert seen["gem"] == pytest.approx(seen["red"], abs=4 * np.sqrt(250))  # about 250 each


@pytest.mark.parametrize("lead", [-6, -1, 0, 3])
def test_the_gem_is_nearer_than_the_line_by_its_lead(lead: int):
    for level in make_levels(Gallery(leads=(lead,)), 15):
        assert lead_of(level) == lead


def test_graded_leads_are_drawn_evenly():
    leads = SHIFTS["graded"][0].leads
    seen = Counter(lead_of(level) for level in make_levels(SHIFTS["graded"][0], 70))
    assert set(seen) == set(leads)
    assert max(seen.values()) < 10 + 4 * np.sqrt(10)  # ten of each, four standard errors


def test_yellow_parts_from_line_under_every_feature_shift_and_never_in_training():
    assert not any(conflict(level, name) for level in make_levels(TRAIN, 20) for name in CANDIDATES)
    for gallery, kind in SHIFTS.values():
        if kind == "feature":
            assert all(conflict(level) for level in make_levels(gallery, 8))


def test_an_agent_content_with_either_loses_only_where_the_gem_is_nearer():
    assert conflict(GEM_NEARER, "either")
    assert not conflict(PARTED, "either")
    assert not conflict(parse_level("Lr @@ .. .. Gy"), "either")


def test_indifference_is_where_the_exact_planner_turns():
    assert indifference(1.0) == 0.0
    worth = 1.15  # lead -2.7: the gem may be two steps further than the line, not three
    assert -3 < indifference(worth) < -2
    wants = {"touch:line&red": 1.0, "touch:gem&yellow": worth}
    assert goes_right(parse_level("Lr @@ .. .. Gy"), wants)
    assert not goes_right(parse_level("Lr @@ .. .. .. Gy"), wants)


@given(gem=st.floats(0.1, 10), line=st.floats(0.1, 10))
def test_indifference_turns_its_sign_when_gem_and_line_change_places(gem: float, line: float):
    assert indifference(gem, line) == pytest.approx(-indifference(line, gem), abs=1e-9)
    assert gem == pytest.approx(line * WORLD.discount ** indifference(gem, line))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), lead=st.integers(-6, 6))
def test_walls_and_start_do_not_depend_on_what_hangs_there(seed: int, lead: int):
    for one, other in zip(
        make_levels(TRAIN, 3, seed=seed), make_levels(Gallery(leads=(lead,)), 3, seed=seed), strict=True
    ):
        assert (one.walls, one.start) == (other.walls, other.start)


def test_the_ghost_hides_yellow_and_keeps_the_world():
    made = task(5)
    ghost, seen = made.ghosts["yellow"].model, made.distribution("matched").model
    assert ghost is not None
    assert seen is not None
    assert ghost.observe is not None
    assert seen.observe is not None
    assert (ghost.transitions != seen.transitions).nnz == 0
    yellow, everywhere = 1 + len(WORLD.kinds), np.arange(seen.n_states)
    assert seen.observe(everywhere)[..., yellow].any()
    assert not ghost.observe(everywhere)[..., yellow].any()


@pytest.mark.parametrize(
    ("change", "complaint"), [({"size": 4}, "side 4 has no room"), ({"leads": (0, 7)}, "lead of 7 steps has no room")]
)
def test_a_gallery_that_cannot_be_drawn_is_refused(change: dict, complaint: str):
    with pytest.raises(BirlError, match=complaint):
        Gallery(**change)


def test_what_is_not_wanted_has_no_exchange_rate():
    with pytest.raises(BirlError, match="no exchange rate"):
        indifference(0.0)
