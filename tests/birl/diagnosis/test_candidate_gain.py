"""A candidate's gain: 0 for whoever serves it as the base's optimiser does, 1 for its own optimiser."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.diagnosis.candidate_gain import Place, enter_candidate_gain
from birl.diagnosis.entries import Entries
from birl.gap import level_return, pursue
from birl.tabular import hard_plan
from birl.task import conflicts, objective_vector
from tests.behaviors import behave
from tests.worlds import DOOR, EVENTS, RED, ends_task

DRAWS = 4
SHIFT = ends_task().distribution("blue-door").model
WANTS = {"door": DOOR, "red": RED}


def optimal(objective) -> np.ndarray:
    return hard_plan(SHIFT, objective_vector(SHIFT, objective)).policy


def place(policy, planned, *, candidate=RED, scale: float = 1.0) -> Place:
    """The shift, with what the policy and the optimiser of `planned` do there."""
    base, wanted = objective_vector(SHIFT, DOOR), scale * objective_vector(SHIFT, candidate)
    weights = np.array([planned.get(name, 0.0) for name in EVENTS])
    return Place(
        behavior=behave(SHIFT, policy, "blue-door", shift="feature"),
        base=base,
        candidate=wanted,
        joint=SHIFT.features @ weights,
        conflict=conflicts(SHIFT, base, wanted),
        brings=pursue(SHIFT, np.tile(weights, (1 + DRAWS, 1)), {"red": wanted}).brings["red"],
        picks=np.random.default_rng(0).multinomial(SHIFT.n_levels, np.ones(SHIFT.n_levels) / SHIFT.n_levels, DRAWS),
    )


def gain(*places: Place) -> tuple[float, tuple[float, ...]]:
    """Its value and its draws."""
    ledger = Entries()
    enter_candidate_gain(ledger, "red", places)
    assert not ledger.undefined
    return ledger.intervals["candidate_gain"]["red"].value, ledger.draws["candidate_gain[red]"]


@pytest.mark.parametrize("scale", [0.01, 1.0, 50.0])
@pytest.mark.parametrize(
    ("does", "wants", "answer"),
    [("red", "red", 1.0), ("door", "door", 0.0), ("red", "door", 0.0), ("door", "red", 0.0)],
)
def test_both_the_policy_and_what_it_is_said_to_want_have_to_serve_it(does, wants, answer, scale):
    value, draws = gain(place(optimal(WANTS[does]), WANTS[wants], scale=scale))
    assert value == pytest.approx(answer, abs=1e-9)
    assert draws == pytest.approx([answer] * DRAWS, abs=1e-9)


@given(share=st.floats(0.0, 1.0))
def test_it_is_the_share_of_what_the_candidates_optimiser_gains_over_the_bases(share):
    mixed = share * optimal(RED) + (1 - share) * optimal(DOOR)
    earned, least, most = (level_return(SHIFT, p, objective_vector(SHIFT, RED)) for p in
                           (mixed, optimal(DOOR), optimal(RED)))  # fmt: skip
    on = conflicts(SHIFT, objective_vector(SHIFT, DOOR), objective_vector(SHIFT, RED))
    value, _ = gain(place(mixed, RED))
    assert value == pytest.approx((earned - least)[on].sum() / (most - least)[on].sum(), abs=1e-9)


def test_who_serves_it_less_than_the_bases_optimiser_does_is_below_none():
    both = {**DOOR, "touch:red": 2.0}  # of which the base's optimiser earns some
    assert gain(place(optimal({"touch:red": -1.0, "touch:door": -1.0}), RED, candidate=both))[0] < 0.0


def test_two_shifts_count_by_what_is_at_stake_on_them():
    served, not_served = place(optimal(RED), RED), place(optimal(DOOR), RED)
    assert gain(served, not_served)[0] == pytest.approx(0.5)


def test_an_objective_that_leaves_the_choice_open_does_not_ask_for_the_candidate():
    assert gain(place(optimal(RED), {}))[0] <= 0.0
    any_end = {name: 1.0 for name in EVENTS if name != "step"}
    even = replace(place(optimal(RED), any_end), joint=np.zeros(SHIFT.features.shape[0]))
    assert gain(even)[0] <= 0.0 < gain(place(optimal(RED), any_end))[0]


def test_a_candidate_that_pays_hardly_more_than_the_base_is_undefined():
    ledger, seen = Entries(), place(optimal(RED), RED)
    same = replace(seen, candidate=seen.base, conflict=np.ones_like(seen.conflict))
    enter_candidate_gain(ledger, "red", [same])
    assert "next to nothing" in ledger.undefined["candidate_gain[red]"]


def test_without_a_conflict_level_it_is_undefined():
    ledger = Entries()
    where = place(optimal(RED), RED)
    enter_candidate_gain(ledger, "red", [replace(where, conflict=np.zeros_like(where.conflict))])
    assert not ledger.intervals
    assert "no level of any shift" in ledger.undefined["candidate_gain[red]"]
