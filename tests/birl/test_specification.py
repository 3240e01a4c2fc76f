"""Specification curves: what hangs on the choices, and what does not."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from birl import specification
from birl.cli.app import main
from birl.diagnosis import Verdict
from birl.report import render_specification, write_specification
from birl.specification import HORIZONS, PRIORS, specification_curve
from birl.types import BirlError
from tests.orchard import FRUIT, RED, gardener, orchard


def curve(wants, methods=("boltzmann",), **given):
    task = orchard(levels=6)
    return specification_curve(gardener(task, wants), task, methods=methods, draws=10, **given)


@pytest.fixture(scope="module")
def red():
    return curve(RED)


def test_every_prior_and_horizon_is_tried(red):
    made = {(row.choice.prior, row.choice.discount) for row in red.rows}
    assert len(made) == len(red.rows) == len(PRIORS) * len(HORIZONS)
    assert sorted({discount for _, discount in made}) == pytest.approx([0.8, 0.9, 0.95])


def test_a_method_without_a_prior_is_scored_once_for_each_horizon(tmp_path):
    found = curve(RED, methods=("inverse-bellman",), horizons=[0.5, 1.0])
    assert [row.choice.prior for row in found.rows] == [None, None]
    assert found.rows[1].verdict is Verdict.PROXY
    assert render_specification(found, "markdown").count("| inverse-bellman | - |") == 2
    write_specification(found, tmp_path / "curve.png")


def test_a_planted_proxy_is_one_under_its_own_discount_whatever_the_prior(red):
    own = [row for row in red.rows if row.choice.discount == red.discount and row.choice.prior <= 1]
    assert {row.verdict for row in own} == {Verdict.PROXY}
    assert all(row.share.value > 0.5 for row in own)
    assert red.verdicts[Verdict.PROXY] >= len(own)


def test_the_same_seed_gives_the_same_bytes(red):
    one, same = (curve(RED, priors=[1.0], horizons=[1.0]).to_json() for _ in range(2))
    assert one == same
    assert json.loads(red.to_json())["candidate"] == "red"


def test_the_table_and_the_figure_show_every_row(red, tmp_path):
    shown = render_specification(red, "markdown")
    assert shown.count("| boltzmann") == len(red.rows)
    write_specification(red, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_what_predicts_worse_than_the_random_walk_is_no_model_of_the_policy(monkeypatch):
    worse = {"boltzmann": -9.0}
    scored = specification.score
    monkeypatch.setattr(specification, "score", lambda *a, **how: replace(scored(*a, **how), held_out=worse))
    found = curve(RED, priors=[1.0], horizons=[1.0])
    (row,) = found.rows
    assert "predicts unseen decisions (-9.00) worse than the random walk" in row.reason
    assert (row.verdict, row.share, row.held_out) == (Verdict.UNDETERMINED, None, -9.0)
    assert not found.verdicts
    assert "none of 1 specifications; no answer from 1" in render_specification(found, "text", width=200)


def test_the_random_walk_is_what_chance_predicts(red):
    task = orchard(levels=6)
    valid = [d.model.valid_actions[~d.model.terminal].sum(axis=1) for d in task.distributions]
    assert {n for counts in valid for n in counts} == {4}
    assert red.random_walk == pytest.approx(-np.log(4))


def test_a_combination_that_does_not_apply_is_a_row_with_its_reason():
    task = orchard(levels=8)
    still = replace(task, base=dict.fromkeys(FRUIT, 0.0))
    found = specification_curve(gardener(task, FRUIT), still, methods=["mce"], priors=[1.0], draws=5)
    assert {row.verdict for row in found.rows} == {Verdict.UNDETERMINED}


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        (["outcome-choice"], "cannot carry a verdict"),
        (["max-margin"], "cannot carry a verdict"),
        (["policy-airl"], "cannot carry a verdict"),
        (["mces"], "mce"),
        ([], "at least one"),
    ],
)
def test_methods_that_cannot_serve_are_refused_in_one_line(methods, said):
    with pytest.raises(BirlError, match=said) as caught:
        curve(RED, methods=methods)
    assert "\n" not in str(caught.value)


def test_a_curve_without_answers_is_not_drawn(red, tmp_path):
    empty = replace(red, rows=tuple(replace(row, share=None) for row in red.rows))
    with pytest.raises(BirlError, match="nothing to draw"):
        write_specification(empty, tmp_path / "curve.png")
    assert not list(tmp_path.iterdir())


def test_the_command_refuses_an_unknown_method():
    done = CliRunner().invoke(main, ["curve", "red-door-ppo-rho1-s0", "--task", "red-door", "--method", "mces"])
    assert done.exit_code == 2
    assert "mce" in done.output
