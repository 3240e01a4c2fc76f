"""The kind of a proxy follows from what training makes of it, and needs the policy to follow it elsewhere."""

import numpy as np
import pytest

from birl.diagnosis import Thresholds, Verdict, diagnose
from birl.diagnosis.kinds import kind_of
from birl.diagnosis.links import LINKS
from tests.evidence import FOLLOWS_RED, evidence

T = Thresholds()
MORE, LESS = T.causes + 1e-6, T.causes - 1e-6


def links(brings, brought, causes, caused, coincidence):
    values = (brings, brought, causes, caused, coincidence)
    return {quantity: {"red": value} for quantity, value in zip(LINKS, values, strict=True)}


def kind(*given, **changes):
    shown = evidence(**FOLLOWS_RED | {"candidate_odds": {"red": 1.0}} | links(*given) | changes)
    return kind_of(shown, "red", T)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((1.0, 1.0, 0.7, -4.9, 1.0), "side-effect"),  # sucking, of clean floors
        ((0.2, 1.0, 0.12, 0.0, 0.0), "instrumental"),  # keys, of chests
        ((0.0, 1.0, 0.0, 0.3, 0.0), "instrumental"),  # what chests are full of
        ((1.0, 1.0, -0.4, -0.4, 1.0), "correlational"),  # red, of doors
        ((1.0, 1.0, 14.0, 14.0, 1.0), None),  # one reward under two names, with effects
        ((0.1, 0.2, 0.0, 0.0, 0.5), None),  # neither brings the other
        ((1.0, 1.0, 0.0, 0.0, 0.0), None),  # both are brought, never by the same act
        ((1.0, 1.0, MORE, 0.0, 1.0), "side-effect"),
        ((1.0, 1.0, LESS, 0.0, 1.0), "correlational"),
        ((T.brings - 1e-6, 1.0, 0.2, 0.0, 0.0), "instrumental"),
        ((0.2, T.brings - 1e-6, 0.2, 0.0, 0.0), None),
    ],
)
def test_training_decides_the_kind(given, expected):
    found = kind(*given)
    assert found.name == expected
    assert bool(found.reason) == (expected is None)


def test_a_policy_that_does_not_follow_it_where_they_part_confirms_no_kind():
    red = (1.0, 1.0, -0.4, -0.4, 1.0)
    assert kind(*red, candidate_odds={"red": -0.2}).name is None
    assert "not seen to follow red" in kind(*red, candidate_odds={"red": -0.2}).reason
    assert kind(*red, candidate_odds={"red": -0.2}, reliance={"red": 0.4}).name == "correlational"
    mixed = {"candidate_odds": {"red": -0.2}, "candidate_gain": {"red": T.share}}
    assert kind(*red, **mixed).name == "correlational"
    assert kind(*red, **mixed, reliance={"red": 0.0}).name is None


SUCKING = (1.0, 1.0, 0.7, -4.9, 1.0)


@pytest.mark.parametrize(("kept_up", "expected"), [(1.0, "side-effect"), (T.along, "side-effect"), (0.0, None)])
def test_a_side_effect_goes_on_where_nothing_is_left_to_gain_on_the_base(kept_up, expected):
    found = kind(*SUCKING, kept_up={"red": kept_up})
    assert found.name == expected
    assert ("it does not go on (kept up 0.00)" in found.reason) == (expected is None)


@pytest.mark.parametrize(
    ("brought", "kept_up", "expected"),
    [
        (1.0, {}, None),  # nothing tells which
        (1.0, {"blue": 0.0}, "instrumental"),  # the other may be the doing, this what the doing brought
        (T.brings - 1e-6, {"blue": 0.0}, None),  # and the base does not bring it
        (1.0, {"red": 1.0}, "side-effect"),
        (1.0, {"red": 0.0}, None),
    ],
)
def test_of_candidates_that_are_one_event_in_training_the_policy_tells_which(brought, kept_up, expected):
    found = kind(1.0, brought, 0.7, -4.9, 1.0, kept_up=kept_up, one_event={"red": ("blue",)})
    assert found.name == expected
    assert ("red and blue are one event" in found.reason) == (expected is None and "red" not in kept_up)


def test_draws_that_differ_leave_it_open():
    for share, expected in ((0.95, "side-effect"), (0.5, None)):
        drawn = np.where(np.arange(100) < 100 * share, MORE, LESS)
        found = kind(1.0, 1.0, drawn, 0.0, 1.0)
        assert found.name == expected
    assert "more levels would tell" in found.reason


def test_without_an_intervention_the_reason_is_that_of_the_evidence():
    shown = evidence(
        **FOLLOWS_RED, undefined={"proxy_brings_base[red]": "no policy gains on the candidate in training"}
    )
    assert "no policy gains on the candidate" in kind_of(shown, "red", T).reason


def test_a_called_proxy_carries_its_kind_and_no_other_verdict_does():
    red = {"candidate_odds": {"red": 1.0}} | links(1.0, 1.0, -0.4, -0.4, 1.0)
    found = diagnose(evidence(**FOLLOWS_RED, **red))
    assert (found.verdict, found.kind) == (Verdict.PROXY, "correlational")
    assert diagnose(evidence(**red)).kind is None
    without = diagnose(evidence(**FOLLOWS_RED))
    assert without.kind is None
    assert any("of which kind following red is" in caveat for caveat in without.caveats)
