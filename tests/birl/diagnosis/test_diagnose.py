"""A verdict is the share of joint draws in which its rule fires first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.diagnosis import Thresholds, Verdict, diagnose
from tests.evidence import AIMLESS, BENT, FOLLOWS_RED, SPLIT, evidence

DRAWS = 100
BELOW, ABOVE = Thresholds().goal / 2, Thresholds().goal * 3


def regrets(above):
    """Goal regret above the margin in so many of a hundred draws, without a candidate that could explain it."""
    drawn = np.where(np.arange(DRAWS) < above, ABOVE, BELOW)
    return evidence(goal_regret={"train": 0.0, "blue-door": drawn})


@pytest.mark.parametrize(
    ("above", "verdict"),
    [(0, Verdict.ROBUST), (10, Verdict.ROBUST), (11, Verdict.UNDETERMINED), (90, Verdict.APPROXIMATE)],
)
def test_a_verdict_needs_nine_draws_in_ten(above, verdict):
    found = diagnose(regrets(above))
    assert found.verdict is verdict
    expected = {Verdict.ROBUST: 1 - above / DRAWS, Verdict.APPROXIMATE: above / DRAWS}
    assert found.probabilities == {v: pytest.approx(p) for v, p in expected.items() if p}


@given(st.lists(st.floats(-0.5, 1.5), min_size=2, max_size=20), st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_probabilities_sum_to_one_and_the_called_verdict_has_enough(first, second):
    count = min(len(first), len(second))
    drawn = evidence(
        base_return={"train": 0.9, "blue-door": np.array(first[:count])},
        goal_regret={"train": 0.0, "blue-door": 1.0 - np.array(first[:count])},
        distance={"train": 0.0, "blue-door": np.array(second[:count])},
        candidate_share={"red": np.array(second[:count])},
        residual={"base": 0.9, "red": np.array(second[:count])},
    )
    found = diagnose(drawn)
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
    if found.verdict is not Verdict.UNDETERMINED:
        assert found.probabilities[found.verdict] >= Thresholds().call


def test_without_draws_the_printed_values_decide():
    assert diagnose(evidence()).probabilities == {Verdict.ROBUST: 1.0}


def test_an_open_case_says_what_is_open_and_what_would_decide_it():
    found = diagnose(regrets(50))
    assert found.rule == "no-majority"
    assert "robust 50%" in found.reason
    assert "approximate 50%" in found.reason
    assert any("more levels: the interval of goal regret on blue-door" in text for text in found.would_decide)
    assert any("name a candidate" in text for text in found.would_decide)


def test_a_called_verdict_leaves_nothing_to_decide():
    assert diagnose(evidence()).would_decide == ()


def test_an_open_case_that_may_be_a_switch_asks_for_a_cue_or_a_knob():
    drawn = np.where(np.arange(DRAWS) < 50, 0.3, 1.0)
    found = diagnose(evidence(**BENT, consistency=drawn, outcome_consistency=drawn))
    assert found.verdict is Verdict.UNDETERMINED
    assert any("cue" in text for text in found.would_decide)


def test_underdetermined_worlds_are_said_to_be_so():
    found = diagnose(evidence(conflict_levels={"red": 0}))
    assert (found.verdict, found.rule) == (Verdict.UNDETERMINED, "not-separated")
    assert "underdetermined by these worlds" in found.reason
    assert found.would_decide == ("add a shift in which the base objective and red part",)


def test_only_the_candidates_that_look_like_the_base_need_another_shift():
    found = diagnose(evidence(conflict_levels={"red": 0, "nearest": 30}))
    assert found.would_decide == ("add a shift in which the base objective and red part",)


def test_a_failed_check_gives_its_remedy():
    found = diagnose(evidence(failed=("mce: converged: raise max_steps",)))
    assert found.reason == "mce: converged: raise max_steps"
    assert found.would_decide == ("mce: converged: raise max_steps",)


def test_other_thresholds_change_the_verdict_of_the_same_evidence():
    once = regrets(100)
    assert diagnose(once).verdict is Verdict.APPROXIMATE
    assert diagnose(once, Thresholds(goal=ABOVE * 2)).verdict is Verdict.ROBUST
    assert diagnose(regrets(20), Thresholds(call=0.8)).verdict is Verdict.ROBUST


def test_a_proxy_names_what_it_follows():
    found = diagnose(evidence(**FOLLOWS_RED))
    assert found.verdict is Verdict.PROXY
    assert found.flags == {"follows red"}
    assert "red 1.00" in found.reason


@pytest.mark.parametrize(("offset", "mixed"), [(-0.01, True), (0.01, False)])
def test_a_proxy_that_keeps_enough_of_the_base_is_mixed(offset, mixed):
    share = {"candidate_share": {"red": 1 - Thresholds().kept + offset}}
    assert ("mixed" in diagnose(evidence(**FOLLOWS_RED | share)).flags) == mixed


@pytest.mark.parametrize(("gain", "mixed"), [(0.7, True), (0.9, False)])
def test_a_proxy_known_by_what_it_serves_is_mixed_by_what_it_does_not(gain, mixed):
    found = diagnose(evidence(**BENT, candidate_gain={"red": gain}))
    assert found.verdict is Verdict.PROXY
    assert found.flags == ({"follows red", "mixed"} if mixed else {"follows red"})
    assert f"candidate gain red {gain:.2f}" in found.reason


def test_a_proxy_follows_what_it_serves_most():
    two = {"conflict_levels": {"red": 9, "near": 9}, "residual": {"base": 0.9, "red": 0.5, "near": 0.9}}
    found = diagnose(evidence(**FOLLOWS_RED | two, candidate_gain={"red": 1.0, "near": 0.7}))
    assert "follows red" in found.flags


def test_a_candidate_whose_part_is_undefined_can_still_be_followed():
    none = {"candidate_share": {"red": None}, "residual": {"red": None, "base": None}}
    gain = np.array([0.7] * 6 + [-5.0] * 4)  # a point below the margin
    assert "follows red" in diagnose(evidence(**BENT | none, candidate_gain={"red": gain})).flags


def test_only_a_proxy_is_mixed():
    assert "mixed" not in diagnose(evidence(candidate_share={"red": 0.1})).flags


def test_methods_that_disagree_leave_a_flag():
    assert "method-dependent" in diagnose(evidence(disagreement=("red is .8 by mce, .1 by boltzmann",))).flags


def test_every_answer_is_limited_to_the_tested_shifts():
    assert diagnose(evidence()).caveats == ("on the tested shifts only",)


def test_a_candidate_in_the_weights_of_who_loses_nothing_is_told():
    leaning = {"candidate_share": {"red": 0.4}, "residual": {"base": 0.4, "red": 0.1}, "distance": {"blue-door": 0.3}}
    found = diagnose(evidence(**leaning))
    assert found.verdict is Verdict.ROBUST
    assert any("holds a part of red" in text and "0.40" in text for text in found.caveats)


def test_a_switch_without_a_cue_contrast_carries_the_caveat():
    found = diagnose(evidence(**BENT | SPLIT))
    assert found.verdict is Verdict.SUBOPTIMALITY
    assert any("behaviour alone cannot prove a limit" in text for text in found.caveats)


def test_a_task_without_candidates_is_told_that_no_proxy_could_be_named():
    none = {"candidate_share": {"red": None}, "residual": {"red": None}, "conflict_levels": {}}
    assert any("no candidate" in text for text in diagnose(evidence(**none)).caveats)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({}, "what it pursues is the base objective: what it lacks is skill"),
        ({"shifts": {"train": "train"}}, "what it pursues is the base objective: what it lacks is skill"),
        (FOLLOWS_RED, "what it pursues is red, in training too"),
        (FOLLOWS_RED | {name: {"train": x} for name, x in AIMLESS.items()}, "what it pursues is red"),
        (FOLLOWS_RED | SPLIT, "it pursues something else on some shift than in training"),
        (BENT, "what it pursues is neither the base objective nor a candidate that these worlds tell from it"),
        (
            AIMLESS | {"own_directedness": 0.5},
            "no one objective shows in all it does, neither in actions nor in outcomes",
        ),
    ],
)
def test_an_undertrained_agent_is_said_to_pursue_what_it_does(shown, said):
    found = diagnose(evidence(**shown | {"base_return": 0.2}))
    assert found.verdict is Verdict.UNDERTRAINED
    assert said in found.caveats
    assert said not in diagnose(evidence(**shown)).caveats
