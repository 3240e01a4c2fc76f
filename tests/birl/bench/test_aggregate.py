"""Rows to lines: means that are right by hand, intervals that follow from who is resampled."""

from dataclasses import replace

import pytest

from birl.bench import Store, gather, results
from birl.bench.row import Measured, Row
from birl.bench.store import Member
from birl.bench.unit import Unit
from birl.types import BirlError, Interval

UNIT = Unit(
    agent="a",
    task="t",
    levels=2,
    seed=0,
    draws=2,
    methods=("mce",),
    deterministic=False,
    sha256="",
    statistics="",
    code="",
    versions={},
)


def exact(value):
    return Interval(value=value, low=value - 0.1, high=value + 0.1)


def rows_of(*specs):
    """Members and rows of (agent, task, seed, group, truth, changes) each."""
    members, rows = {}, {}
    for agent, task, seed, group, truth, changes in specs:
        unit = replace(UNIT, agent=agent, task=task, seed=seed)
        members[unit.id] = Member(id=unit.id, agent=agent, task=task, seed=seed, group=group, truth=truth)
        if changes is not None:
            rows[unit.id] = Row(unit=unit, **{**row_parts(0.5), **changes})
    return members, rows


def row_parts(regret, **changes):
    """A proxy that loses `regret` on `far` and nothing on `near`."""
    parts = {
        "verdict": "proxy",
        "probabilities": {"proxy": 0.75, "robust": 0.25},
        "measured": {
            "train": Measured(shift="train", base_return=exact(0.9)),
            "near": Measured(shift="feature", base_return=exact(0.8), goal_regret=exact(0.0), distance=exact(0.1)),
            "far": Measured(shift="feature", base_return=exact(0.3), goal_regret=exact(regret), distance=exact(0.6)),
        },
        "methods": ("mce", "boltzmann", "outcome-choice"),
        "dissenting": ("boltzmann",),
    }
    return {**parts, **changes}


def seeds(values, *, agent="a", task="t", truth=()):
    return [(agent, task, seed, agent, truth, row_parts(value)) for seed, value in enumerate(values)]


def test_one_run_shows_the_intervals_of_its_card():
    (line,) = gather(*rows_of(*seeds([0.5]))).lines
    assert (line.shift, line.goal_regret, line.shifted, line.distance) == ("far", exact(0.5), exact(0.3), exact(0.6))
    assert (line.verdict, line.agreeing, line.rows, line.probability) == ("proxy", 1, 1, 0.75)
    assert (line.consenting, line.methods, line.truth, line.right) == (2, 3, (), None)


def test_several_seeds_give_their_interquartile_mean():
    (line,) = gather(*rows_of(*seeds([0.0, 0.4, 0.6, 100.0]))).lines
    assert line.goal_regret is not None
    assert line.goal_regret.value == pytest.approx(0.5)  # the middle half of four
    assert 0.0 <= line.goal_regret.low < 0.5 < line.goal_regret.high <= 100.0
    assert line.shifted == Interval(value=0.3, low=0.3, high=0.3)  # every seed the same


def test_checkpoints_are_the_runs_where_there_are_several():
    specs = [
        (f"ppo-s{run}", "t", seed, "ppo", (), row_parts(value + wobble))
        for run, value in enumerate((0.2, 0.4))
        for seed, wobble in enumerate((-0.1, 0.1))
    ]
    (line,) = gather(*rows_of(*specs)).lines
    assert (line.agent, line.checkpoints, line.seeds, line.rows) == ("ppo", 2, 2, 4)
    assert line.goal_regret is not None
    assert line.goal_regret.value == pytest.approx(0.3)
    assert (line.goal_regret.low, line.goal_regret.high) == pytest.approx((0.2, 0.4))  # seeds are no further agents


def test_the_verdict_is_the_most_frequent_one_and_of_equals_the_likelier():
    two = seeds([0.5, 0.5])
    two[1] = (*two[1][:5], row_parts(0.5, verdict="robust", probabilities={"robust": 1.0}))
    (line,) = gather(*rows_of(*two)).lines
    assert (line.verdict, line.agreeing, line.probability) == ("robust", 1, 0.625)
    three = [*two, ("a", "t", 2, "a", (), row_parts(0.5))]
    (line,) = gather(*rows_of(*three)).lines
    assert (line.verdict, line.agreeing, line.probability) == ("proxy", 2, 0.5)


def test_of_shifts_that_cost_alike_the_one_with_the_lowest_return_is_shown():
    (line,) = gather(*rows_of(*seeds([0.0]))).lines
    assert line.shift == "far"


def test_undefined_numbers_stay_undefined():
    bare = {"measured": {"train": Measured(shift="train"), "far": Measured(shift="feature")}, "verdict": None}
    (line,) = gather(*rows_of(("a", "t", 0, "a", ("robust",), {**bare, "probabilities": {}}))).lines
    assert (line.verdict, line.probability, line.trained, line.goal_regret, line.shift) == (
        None,
        None,
        None,
        None,
        "far",
    )
    assert line.right is None  # nothing was said


def test_agents_on_several_tasks_are_pooled_with_each_task_a_stratum():
    found = gather(*rows_of(*seeds([0.2, 0.4]), *seeds([0.6, 0.8], task="u")))
    assert [(line.task, line.agent) for line in found.lines] == [("t", "a"), ("u", "a")]
    (pooled,) = found.pooled
    assert (pooled.tasks, pooled.runs) == (2, 4)
    assert pooled.goal_regret is not None
    assert pooled.goal_regret.value == pytest.approx(0.5)
    assert (pooled.goal_regret.low, pooled.goal_regret.high) == pytest.approx((0.4, 0.6))  # never only one task


def test_single_runs_are_not_pooled():
    assert gather(*rows_of(*seeds([0.2]), *seeds([0.6], task="u"))).pooled == ()


def test_lines_are_sorted_by_task_and_then_by_agent():
    specs = [
        one for agent, task in (("b", "u"), ("a", "u"), ("c", "t")) for one in seeds([0.1], agent=agent, task=task)
    ]
    assert [(line.task, line.agent) for line in gather(*rows_of(*specs)).lines] == [("t", "c"), ("u", "a"), ("u", "b")]


def test_the_share_of_right_verdicts_counts_known_truths_only():
    found = gather(
        *rows_of(
            *seeds([0.5, 0.5], truth=("proxy",)), *seeds([0.5], agent="b", truth=("robust",)), *seeds([0.1], agent="c")
        )
    )
    assert found.right is not None
    assert found.right.value == pytest.approx(2 / 3)
    assert [line.right for line in found.lines] == [True, False, None]


def test_failures_and_missing_units_are_counted_apart():
    specs = [
        *seeds([0.5]),
        ("b", "t", 0, "b", (), {"reason": "no file", "verdict": None}),
        ("c", "t", 0, "c", (), None),
    ]
    found = gather(*rows_of(*specs), broken=())
    assert [row.reason for row in found.failures] == ["no file"]
    assert (len(found.lines), found.missing) == (1, 1)


# folders


def test_a_folder_without_results(tmp_path):
    with pytest.raises(BirlError, match="holds no results: `birl bench SUITE --results"):
        results(Store(tmp_path))
    with pytest.raises(BirlError, match="nowhere does not exist: `birl bench SUITE"):
        results(Store(tmp_path / "nowhere"))


def test_a_run_without_a_single_row_yet(tmp_path):
    (tmp_path / "suites").mkdir()
    with pytest.raises(BirlError, match="has no row of its 0 units yet: run `birl bench`"):
        results(Store(tmp_path))


def test_a_list_of_units_that_cannot_be_read(tmp_path):
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "s.json").write_text("{")
    with pytest.raises(BirlError, match=r"s\.json is no list of units .*: run its suite again"):
        results(Store(tmp_path))


def test_an_agent_scored_with_several_settings_is_a_line_for_each():
    members, rows = rows_of(*seeds([0.2, 0.4]))
    for name, row in list(rows.items()):
        unit = replace(row.unit, levels=40, draws=9)
        members[unit.id] = replace(members[name], id=unit.id)
        rows[unit.id] = replace(row, unit=unit)
    lines = gather(members, rows).lines
    assert [(line.agent, line.seeds, line.rows) for line in lines] == [
        ("a (2 levels, 2 draws)", 2, 2),
        ("a (40 levels, 9 draws)", 2, 2),
    ]
