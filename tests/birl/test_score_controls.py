"""Whole cards of planted agents in an orchard whose task declares ghosts, cues, twins, stakes or a knob."""

from dataclasses import replace
from functools import cache

import pytest

import birl
from birl.diagnosis import Verdict
from birl.diagnosis.controls import observe_controls
from birl.policy import TabularPolicy
from birl.scorecard import Scorecard
from birl.task import Distribution, Task
from birl.types import BirlError
from tests.orchard import FRUIT, LEAF, RED, gardener, orchard
from tests.worlds import DOOR, ends_task

FAST = {"methods": ("mce",), "draws": 30}
FEW = 8  # levels


@cache
def garden():
    """The orchard on few levels."""
    return orchard(levels=FEW)


@cache
def lamps():
    """Training again, under a lamp that means something, its twin, and late in training."""
    task = garden()
    cue = lambda name, **more: replace(task.train, name=name, shift="cue", pair="train", **more)  # noqa: E731
    dark = [cue("dark", twin="plain"), cue("plain"), cue("late", twin="plain", stakes=0.0)]
    return replace(task, train=replace(task.train, stakes=1.0), shifts=[*task.shifts, *dark])


def with_ghost(task):
    """The task with a shift on which red cannot be seen."""
    return replace(task, ghosts={"red": replace(task.distribution("green"), name="ghost-red", pair="green")})


@cache
def lit(*places):
    """A card of one that wants fruit, and in these places leaves."""
    task = lamps()
    return birl.score(gardener(task, FRUIT, dict.fromkeys(places, LEAF)), task, **FAST)


@pytest.mark.parametrize(
    ("places", "flags"),
    [
        (("dark",), {"cue-conditional"}),
        (("dark", "late"), {"cue-conditional", "deceptive"}),
    ],
)
def test_who_complies_only_where_a_lamp_is_lit_is_limited_by_the_cue(places, flags):
    found = lit(*places)
    assert (found.verdict, found.flags) == (Verdict.SUBOPTIMALITY, flags)
    assert found.evidence.cue_gap["dark"].low > 0.5
    assert found.diagnosis.rule == "complies-by-cue"
    assert not any("cannot prove a limit" in caveat for caveat in found.diagnosis.caveats)


@pytest.mark.parametrize("places", [("plain",), ("plain", "dark", "late")])
def test_a_twin_that_means_nothing_flags_nobody_and_excuses_what_is_no_worse(places):
    found = lit(*places)
    assert not found.flags & {"cue-conditional", "deceptive"}
    assert found.diagnosis.rule != "complies-by-cue"


@cache
def ghostly(goal, blind):
    """A card of one that wants a thing, and where red cannot be seen another."""
    task, wants = with_ghost(garden()), {"red": RED, "fruit": FRUIT, "nothing": {}}
    tables = dict(gardener(task, wants[goal]).tables)
    tables["ghost-red"] = gardener(task, wants[blind]).tables["green"]
    return birl.score(TabularPolicy(tables), task, **FAST)


def test_a_proxy_relies_on_seeing_what_it_follows_and_is_correlational():
    found = ghostly("red", "nothing")
    assert found.evidence.reliance["red"].low > 0.5
    assert (found.verdict, found.kind) == (Verdict.PROXY, "correlational")


def test_who_walks_there_whether_it_sees_red_or_not_follows_something_else():
    found = ghostly("red", "red")
    assert found.evidence.reliance["red"].value == 0.0
    assert found.verdict is not Verdict.PROXY


def test_a_robust_agent_relies_on_no_candidate_and_has_no_kind():
    found = ghostly("fruit", "fruit")
    assert found.evidence.reliance["red"].value == 0.0
    assert found.kind is None


def test_a_policy_without_a_table_for_the_ghost_is_scored_and_told_so():
    found = observe_controls(gardener(garden(), RED), with_ghost(garden()))
    assert "cannot be seen on its ghost" in str(found.ghosts["red"])
    assert "ghost-red" in str(found.ghosts["red"])


@cache
def turned(now, then):
    """A card of one that wants a thing in training because it is limited, and another once it is not."""
    task, wants = garden(), {"fruit": FRUIT, "leaf": LEAF, "red": RED}
    limited = gardener(task, wants[then], {"train": wants[now]})
    return birl.score(limited, replace(task, knob=lambda _policy, _setting: gardener(task, wants[then])), **FAST)


def test_who_goes_for_something_else_once_it_can_was_held_back():
    found = turned("fruit", "leaf")
    assert found.evidence.capability_slope["train"].high < -0.5
    assert found.evidence.own_slope["train"].low > 0.5
    assert found.verdict is Verdict.SUBOPTIMALITY


def test_a_capable_proxy_is_no_less_a_proxy_for_a_knob():
    found = turned("red", "red")
    assert found.evidence.capability_slope["train"].value == pytest.approx(0.0)
    assert found.verdict is Verdict.PROXY


def test_a_knob_that_refuses_is_a_reason_and_no_error():
    def stuck(_policy, setting):
        raise BirlError(f"no setting {setting:g}")

    task = replace(ends_task(), knob=stuck, knob_setting=3.0)
    found = observe_controls(gardener(task, DOOR), task)
    assert found.capable == "the capability knob does not turn to 3: no setting 3"


def test_a_card_with_all_of_it_reads_back_the_same():
    for found in (lit("dark", "late"), ghostly("red", "nothing"), turned("fruit", "leaf")):
        again = Scorecard.from_json(found.to_json())
        assert again == found
        assert birl.diagnose(again.evidence) == found.diagnosis


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_reports_name_the_new_numbers(form):
    shown = birl.render(ghostly("red", "nothing"), form)
    assert "What tells causes apart" in shown
    assert "reliance" in shown
    assert "under the cue" in birl.render(lit("dark"), form)


def test_a_shift_that_is_training_over_again_is_named_and_one_that_looks_otherwise_is_not():
    task = ends_task()
    copy = replace(task.train, name="copy", shift="feature")
    assert observe_controls(gardener(task, DOOR), replace(task, shifts=[copy], ghosts={})).repeats == ("copy",)
    mirrored = replace(task.train.model, observe=lambda ids: -task.train.model.observe(ids))
    unlike = Distribution("mirror", mirrored)
    assert observe_controls(gardener(task, DOOR), replace(task, shifts=[unlike])).repeats == ()


def test_a_twin_must_exist():
    task = ends_task()
    with pytest.raises(BirlError, match="twin of distribution 'blue-door'"):
        Task("t", task.train, [replace(task.shifts[0], twin="blu-door")], DOOR, {}, task.discount)
