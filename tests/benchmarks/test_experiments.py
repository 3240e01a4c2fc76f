"""Experiments: each measures, says and draws; nothing is measured twice; the page is what the stored rows give."""

import argparse
import importlib
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from birl.specification import specification_curve
from birl.types import BirlError
from tests.worlds import gridworld

FOLDER = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(FOLDER))  # as a script of that folder has it

from experiments import EXPERIMENTS, Size  # noqa: E402
from experiments.page import page  # noqa: E402
from experiments.stored import RESULTS, read, write  # noqa: E402
from experiments.telling import over, told, verdicts  # noqa: E402

TINY = Size(levels=2, draws=2)
MEASURED = {  # of experiments that measure alike one is enough
    "planners": "red-door-ppo-rho1-s0",
    "broken-model": "50% of states",
    "pressure": "red, 2 deep",
    "deception": "discount 0.99, 3 to come, rewritten 0.9",
    "coherence": "revealed-choice-ppo-s0",
    "tie-breaks": "red-door-ppo-rho1-s0",
}


def module(name):
    return importlib.import_module(f"experiments.{name}")


def elsewhere(numbers):
    there = numbers.get("blue-door")
    return numbers if there is None else numbers | dict.fromkeys(("anywhere", "elsewhere"), there)


@pytest.fixture
def runner():
    return importlib.import_module("run_experiments")


@pytest.fixture(params=MEASURED)
def row(request, monkeypatch):
    quick = partial(specification_curve, methods=["mce"], priors=[1.0], horizons=[1.0])
    monkeypatch.setattr(module("tie_breaks"), "specification_curve", quick)
    monkeypatch.setitem(module("scoring").SHOWN, "red-door", ("blue-door",))
    for planted in ("broken_model", "pressure", "tie_breaks"):
        monkeypatch.setattr(module(planted), "SHIFTS", ("blue-door",))
    one = EXPERIMENTS[request.param]
    case = MEASURED[request.param]
    enough = Size(levels=8, draws=2)  # to predict unseen decisions better than chance
    found = dict(one.measure(case, 1, enough if request.param == "tie-breaks" else TINY))
    if request.param == "planners":  # stands for agents of other worlds too, whose shifts have other names
        found["evidence"] = {name: elsewhere(some) for name, some in found["evidence"].items()}
    return one, {"case": case, "seed": 1, "seconds": 1.0, "source": "x", **found}


def test_what_is_measured_can_be_stored_told_and_drawn(row, tmp_path):
    one, measured = row
    assert json.loads(json.dumps(measured)) == measured
    alike = [e for e in EXPERIMENTS.values() if e.measure is one.measure]
    for each in alike:
        rows = [{**measured, "case": case} for case in each.cases]
        write(replace(each, size=TINY), rows, tmp_path)
        stored = read(replace(each, size=TINY), tmp_path)
        assert each.complete(stored) == rows
        assert each.sentence(rows).endswith(".")
        assert each.draw(rows).axes


def test_every_experiment_is_measured_here_or_measures_as_one_that_is():
    measures = {EXPERIMENTS[name].measure for name in MEASURED}
    assert {one.measure for one in EXPERIMENTS.values()} == measures


def test_a_seed_has_levels_of_its_own():
    first, second = (module("scoring").narrowed("red-door", seed, 3, ("blue-door",)) for seed in (0, 1))
    boards = [task.train.scenery.board(0).rows for task in (first, second)]
    assert boards[0] != boards[1]
    assert [d.name for d in first.distributions] == ["train", "blue-door"]


# what is planted


@pytest.mark.parametrize("discount", [0.99, 0.9])
def test_exact_planners_hide_their_goal_as_often_as_the_closed_form_says(discount):
    deception = module("deception")
    lives = [life for life in deception.LIVES.values() if life.discount == discount and life.run.deployment in (1, 7)]
    for life in lives:
        whole = deception.tabular_model(deception.WORLD, deception.make_levels(deception._whole(life.run), 1))
        assert deception._walks(whole, life) == life.predicted
    if discount == 0.99:
        assert {life.predicted for life in lives} == {0, 5}
    else:  # who cares little for the future is open at first
        assert 0 < min(life.predicted for life in lives) < 5


def test_a_model_that_is_wrong_everywhere_takes_each_action_for_the_next():
    model = gridworld()
    wrong = module("broken_model").confused(model, 1.0, 0)
    shape = (model.n_states, model.n_actions, -1)
    truth, belief = (m.transitions.toarray().reshape(shape) for m in (model, wrong))
    assert np.array_equal(belief, np.roll(truth, -1, axis=1))


def test_a_model_that_is_wrong_nowhere_is_the_world():
    model = gridworld()
    same = module("broken_model").confused(model, 0.0, 0)
    assert (same.transitions != model.transitions).nnz == (same.features != model.features).nnz == 0


# what is said


def test_an_interval_over_seeds_is_students():
    found = over([0.0, 1.0, 2.0])
    assert found is not None
    assert (found.value, found.high) == pytest.approx((1.0, 1.0 + 4.302653 / 3**0.5))
    assert (told([0.5]), told([]), told([1.0, 1.0])) == ("0.50", "undefined", "1.00 [1.00, 1.00]")


def test_a_mixed_proxy_is_counted_apart():
    rows = [{"verdict": "proxy", "flags": ["mixed"]}, {"verdict": "proxy", "flags": []}]
    undecided = {"verdict": "undetermined", "flags": ["mixed"]}
    assert verdicts([*rows, undecided]) == {"proxy": 1, "mixed proxy": 1, "undetermined": 1}


def corners(*returns):
    """Rows of the agents of `corner` on two blocks of levels, with a base return and a recovered goal that costs .5."""
    sweep = module("diversity").SWEEPS[1]
    return sweep, [
        {
            "case": agent,
            "seed": seed,
            "verdict": "proxy",
            "flags": [],
            "evidence": {
                "base_return": {"anywhere": [value + 0.01 * seed] * 3},
                "goal_regret": {"anywhere": [0.5] * 3},
            },
        }
        for agent, value in zip(sweep.agents, returns, strict=True)
        for seed in range(2)
    ]


def test_a_gap_that_closes_with_diversity_is_said_without_reserve():
    said = module("diversity")._of_world(*reversed(corners(0.1, 0.2, 0.3)))
    assert "against expectation" not in said
    assert "more than is lost" not in said


def test_a_gap_that_grows_with_diversity_or_is_overstated_is_said_to_be():
    said = module("diversity")._of_world(*reversed(corners(0.2, 0.9, 0.5)))
    assert "against expectation it rises at 11;" in said
    assert "would lose more than is lost at 3 (0.50 [0.50, 0.50])" in said


# what is kept


@pytest.fixture
def counted(runner, monkeypatch, tmp_path):
    """Two experiments that measure alike, the second one more case, and what has been measured of them."""
    done = []

    def measure(case, seed, size):
        done.append((case, seed))
        return {"flags": []}

    first = replace(
        EXPERIMENTS["deception"],
        name="first",
        cases=("a", "b"),
        measure=measure,
        sentence=lambda rows: f"{len(rows)} rows.",
        exact=False,
        seeds=2,
    )
    both = {"first": first, "second": replace(first, name="second", cases=("b", "c"))}
    monkeypatch.setattr(runner, "EXPERIMENTS", both)
    monkeypatch.setattr(runner, "read", partial(read, folder=tmp_path))
    monkeypatch.setattr(runner, "write", partial(write, folder=tmp_path))
    monkeypatch.setattr(runner, "write_figure", lambda *_: None)
    return both, done


def asked(**change):
    return argparse.Namespace(**{"seeds": None, "jobs": 1, "fresh": False, **change})


def test_a_unit_that_is_stored_is_not_measured_again(runner, counted):
    both, done = counted
    runner.run(both["first"], asked(seeds=1), set())
    assert done == [("a", 0), ("b", 0)]
    runner.run(both["first"], asked(), set())
    assert done[2:] == [("a", 1), ("b", 1)]


def test_units_that_experiments_share_are_measured_once(runner, counted):
    both, done = counted
    shared = set()
    for name in both:
        runner.run(both[name], asked(fresh=True), shared)
    assert sorted(done) == [(case, seed) for case in "abc" for seed in range(2)]


def test_fresh_measures_again(runner, counted):
    both, done = counted
    for _ in range(2):
        runner.run(both["first"], asked(seeds=1, fresh=True), set())
    assert done == [("a", 0), ("b", 0)] * 2


def test_rows_of_another_size_are_not_taken_for_this_one(tmp_path):
    one = EXPERIMENTS["red-door"]
    write(one, [{"case": one.cases[0], "seed": 0, "source": "x"}], tmp_path)
    assert len(read(one, tmp_path)) == 1
    assert not read(replace(one, size=TINY), tmp_path)


def test_a_seed_without_all_its_cases_is_left_out():
    one = EXPERIMENTS["red-door"]
    rows = [{"case": case, "seed": 0} for case in one.cases]
    assert one.complete([*rows, {"case": one.cases[0], "seed": 1}]) == rows


def test_an_unknown_experiment_is_refused_with_the_nearest(runner, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["run_experiments.py", "red-dor"])
    with pytest.raises(SystemExit, match=r"did you mean red-door"):
        runner.main()


def test_coherence_without_its_result_says_what_to_run(monkeypatch, tmp_path):
    coherence = module("coherence")
    monkeypatch.setattr(coherence, "STORED", tmp_path / "none.json")
    coherence.stored.cache_clear()
    with pytest.raises(BirlError, match=r"run `python benchmarks/coherence\.py` first"):
        coherence.measure("planner", 0, TINY)


# the page


def test_the_page_is_what_the_stored_rows_give():
    found = {name: read(one) for name, one in EXPERIMENTS.items()}
    made = page(found, EXPERIMENTS)
    assert (FOLDER / "EXPERIMENTS.md").read_text(encoding="utf-8") == made, "run `run_experiments.py --page`"
    assert all(one.question in made and one.note in made for one in EXPERIMENTS.values())


def test_an_experiment_that_was_not_run_says_so():
    made = page({}, EXPERIMENTS)
    assert made.count("Not run yet") == len(EXPERIMENTS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_has_rows_and_a_figure(name):
    one = EXPERIMENTS[name]
    assert one.complete(read(one)), f"run `run_experiments.py {name}`"
    assert (RESULTS / f"{name}.png").stat().st_size > 10_000
