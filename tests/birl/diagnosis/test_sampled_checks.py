"""What stands in the way of a verdict where nothing can be planned, one thing at a time, on numbers made by hand."""

from typing import Any

import numpy as np
import pytest

from birl.diagnosis.entries import Entries
from birl.diagnosis.known import Known
from birl.diagnosis.sampled_checks import caveats, failed_checks
from birl.diagnosis.sampled_conflict import conflicts
from birl.diagnosis.sampled_inputs import SampledInputs
from birl.irl.log_policy_fit import Choices

DRAWS = np.zeros(10)
FINE = {
    "directedness": 0.8,
    "device": 0.1,
    "outcome_directedness": 0.8,
    "base_return": 1.0,
    "goal_regret": 0.0,
    "choice_distance": 0.0,
    "distance": 0.0,
}
"""An agent that wants the base and gets it, on the shift as in training."""
COUNTS = np.array([[1.0, 0.0], [0.0, 0.0], [0.1, 0.0], [1.1, 0.0], [0.0, 1.0]])
"""Of the policy, the walk, its habit, and a pool of two: one brings the first feature, the other the second."""


def inputs(**changes: Any) -> SampledInputs:
    known = Known(counts=np.tile(COUNTS, (11, 1, 1)))
    fields: dict[str, Any] = {
        "shifts": {"train": "train", "shift": "feature"},
        "episodes": {"train": 10, "shift": 10},
        "objectives": {"base": np.array([1.0, 0.0]), "other": np.array([0.0, 1.0])},
        "free": np.zeros((11, 2)),
        "material": None,
        "foretold": {},
        "picks": {},
        "known": {"train": known, "shift": known},
        "pool": 2,
        "comparison": None,
        "comparison_picks": {},
        "undefined": {},
    }
    return SampledInputs(**(fields | changes))


def ledger(shift: dict[str, float | None] | None = None, **train: float) -> Entries:
    """Entries of the fine agent with changes; None leaves one out on the shift."""
    found = Entries()
    for quantity, value in FINE.items():
        found.put(quantity, "train", train.get(quantity, value), DRAWS)
        other = (shift or {}).get(quantity, value)
        if other is not None:
            found.put(quantity, "shift", other, DRAWS)
    return found


def test_nothing_stands_in_the_way_of_an_agent_that_wants_the_base():
    assert failed_checks(inputs(), ledger(), "base") == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pool": 0}, "no yardstick"),
        ({"objectives": {"base": np.zeros(2)}}, "0 everywhere"),
        ({"objectives": {"base": np.array([-1.0, -1.0])}}, "gains over the random walk"),
    ],
)
def test_a_base_without_a_yardstick_is_no_base(changes, told):
    assert told in failed_checks(inputs(**changes), ledger(), "base")[0]


def test_who_gets_somewhere_by_choices_that_nothing_foretells_is_not_called_aimless():
    found = failed_checks(inputs(), ledger(directedness=0.15), "base")
    assert "makes up for any of them" in found[0]
    assert failed_checks(inputs(), ledger(directedness=0.15, outcome_directedness=0.0), "base") == ()


def test_an_objective_whose_optimiser_would_lose_what_the_policy_does_not_lose_is_wrong():
    found = failed_checks(inputs(), ledger({"goal_regret": 0.3}), "other")
    assert "earns more of the base (by 0.30" in found[0]
    lost = {"goal_regret": 0.3, "base_return": 0.7}
    assert failed_checks(inputs(), ledger(lost), "other") == ()


def test_an_objective_far_from_the_base_without_any_loss_needs_a_better_pool():
    assert "give policies that do" in failed_checks(inputs(), ledger({"choice_distance": 0.5}), "free")[0]


def test_where_rewards_cannot_be_compared_only_the_base_itself_is_called():
    lacking = ledger({"distance": None, "choice_distance": None})
    assert "cannot be compared on shift" in failed_checks(inputs(), lacking, "other")[0]
    assert failed_checks(inputs(), lacking, "base") == ()


def test_what_is_left_open_names_the_pool_and_the_objective():
    told = caveats(inputs(), "other")
    assert any("2 given policies" in one for one in told)
    assert any("the joint objective is other" in one for one in told)
    assert len(caveats(inputs(pool=0), "free")) == 1


def test_base_and_candidate_part_where_known_policies_part():
    alike = Choices(
        brought=np.zeros((4, 2, 2)),
        instrument=np.zeros((4, 2, 2)),
        target=np.zeros((4, 2)),
        weight=np.ones((4, 2)),
        cluster=np.arange(4),
    )

    class Material:
        choices, behavior = alike, np.array([0, 0, 1, 1])

    assert conflicts(inputs(material=Material()), "other") == 10
    assert conflicts(inputs(material=Material(), pool=0), "other") == 0


def test_base_and_candidate_part_where_single_choices_do():
    """On the shift the choice that brings the candidate forgoes the base, in each of two episodes; in training both."""
    brought = np.array([[[1.0, 1.0], [0.0, 0.0]]] * 4)
    brought[2:] = [[1.0, 0.0], [0.0, 1.0]]
    apart = Choices(
        brought=brought, instrument=brought, target=np.zeros((4, 2)), weight=np.ones((4, 2)), cluster=np.arange(4)
    )

    class Material:
        choices, behavior = apart, np.array([0, 0, 1, 1])

    assert conflicts(inputs(material=Material(), pool=0), "other") == 2
