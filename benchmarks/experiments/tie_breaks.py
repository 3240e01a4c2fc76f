"""Tie-breaks: how much of one agent's verdict hangs on rationality model, prior and discount."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import birl
from birl.specification import SpecificationCurve, Specified, specification_curve
from experiments.experiment import Experiment, Row, Size
from experiments.scoring import narrowed

__all__ = ["TIE_BREAKS"]

AGENT = "red-door-ppo-rho1-s0"
SHIFTS = ("blue-door", "half-red")


def measure(case: str, seed: int, size: Size) -> Row:
    """The whole curve."""
    task = narrowed("red-door", seed, size.levels, SHIFTS)
    curve = specification_curve(
        birl.zoo.agent(case).policy(task), task, levels=None, seed=seed, draws=size.draws, source=case
    )
    return {"curve": json.loads(curve.to_json())}


def curve_of(row: Row) -> SpecificationCurve:
    """The curve that a row keeps."""
    from cattrs.preconf.json import make_converter  # reading only

    return make_converter().structure(row["curve"], SpecificationCurve)


def sentence(rows: Sequence[Row]) -> str:
    """On how many blocks of levels all specifications agree, what they call, and how far the candidate's part moves."""
    blocks = [curve_of(row).rows for row in rows]
    every = [one for block in blocks for one in block]
    agree = sum(len({one.verdict for one in block if not one.reason}) == 1 for block in blocks)
    parts = [one.share.value for one in every if one.share is not None]
    by_method = "; ".join(
        f"`{method}`: {_said([one for one in every if one.choice.method == method])}"
        for method in sorted({one.choice.method for one in every})
    )
    spread = f", and red's part runs from {min(parts):.2f} to {max(parts):.2f}" if parts else ""
    return (
        f"Of {len(blocks[0])} specifications (methods x priors x discounts) those that give an answer agree on {agree} "
        f"of {len(blocks)} blocks of levels; over all of them {_said(every)} ({by_method}){spread}. No answer is given "
        "where unseen decisions are predicted worse than by the random walk."
    )


def _said(found: Sequence[Specified]) -> str:
    counts = Counter("no answer" if one.reason else one.verdict.value for one in found)
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def draw(rows: Sequence[Row]) -> Any:
    """The curve on the block of levels on which specifications agree least."""
    from birl.report.plots.specification import draw_specification

    curves = [curve_of(row) for row in rows]
    return draw_specification(min(curves, key=lambda curve: max(curve.verdicts.values(), default=0)))


TIE_BREAKS = Experiment(
    name="tie-breaks",
    question="How much of a verdict hangs on choices that behaviour does not decide?",
    cases=(AGENT,),
    measure=measure,
    sentence=sentence,
    draw=draw,
    shown="Red's part in the objective recovered from one PPO under every combination of method, prior and discount, "
    "in order of size, with the verdict of each; on the block of levels on which they agree least.",
    note="One agent. `birl curve` makes the same of any checkpoint.",
)
