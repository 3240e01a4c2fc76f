"""A specification curve: every combination's answer in order of size, and below it the choices that made it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from birl.diagnosis import Verdict
from birl.report.plots.style import BASE, INK, OKABE_ITO, new_figure, style, tidy
from birl.report.words import clean
from birl.specification import SpecificationCurve, Specified
from birl.types import BirlError

__all__ = ["draw_specification"]

COLOURS = dict(zip(Verdict, ("green", "orange", "blue", "purple", "cyan", "grey", "yellow", "black"), strict=True))
MARKS = dict(zip(Verdict, "osD^vPX.", strict=True))  # nothing is said by colour alone


def draw_specification(curve: SpecificationCurve) -> Figure:
    """The candidate's part (of a task without candidates the distance to the base) under every combination.

    Raises:
        BirlError: when no combination gives one.
    """
    quantity = "share" if curve.candidate else "distance"
    rows = [row for row in curve.rows if getattr(row, quantity) is not None]
    if not rows:
        raise BirlError(f"{curve.policy} on {curve.task}: no combination gives a {quantity}: nothing to draw")
    rows.sort(key=lambda row: getattr(row, quantity).value)
    choices = _choices(rows)
    shown = len(rows) if len(rows) == len(curve.rows) else f"{len(rows)} of {len(curve.rows)}"
    with style():
        drawn = new_figure(max(6.0, 2.6 + 0.28 * len(rows)), 3.2 + 0.2 * len(choices))
        upper, lower = drawn.subplots(2, 1, sharex=True, height_ratios=[3.0, 0.25 * len(choices)])
        _answers(upper, rows, quantity, curve)
        _dashboard(lower, rows, choices)
        drawn.suptitle(
            f"{clean(curve.policy)} on {clean(curve.task)}: {shown} specifications",
            x=0.01,
            ha="left",
            fontsize=10,
            fontweight="bold",
        )
        return drawn


def _answers(axes: Axes, rows: Sequence[Specified], quantity: str, curve: SpecificationCurve) -> None:
    """Values with intervals, a colour and a mark for each verdict."""
    for verdict in dict.fromkeys(row.verdict for row in rows):
        where = [i for i, row in enumerate(rows) if row.verdict is verdict]
        found = [getattr(rows[i], quantity) for i in where]
        value, low, high = (np.array([getattr(i, end) for i in found]) for end in ("value", "low", "high"))
        axes.errorbar(
            where,
            value,
            yerr=[np.maximum(value - low, 0), np.maximum(high - value, 0)],
            fmt=MARKS[verdict],
            color=OKABE_ITO[COLOURS[verdict]],
            label=f"{verdict.value} ({len(where)})",
            elinewidth=1,
            markersize=5,
        )
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel(f"part of {clean(curve.candidate)}" if curve.candidate else "distance to the base")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    axes.grid(axis="y")
    tidy(axes)


def _choices(rows: Sequence[Specified]) -> list[tuple[str, list[bool]]]:
    """Each choice by name, and whether each row made it."""
    named = {
        "method": lambda c: c.method,
        "prior": lambda c: "no prior" if c.prior is None else f"prior x {c.prior:g}",
        "discount": lambda c: f"discount {c.discount:.4g}",
    }
    found = []
    for name in named.values():
        for value in dict.fromkeys(name(row.choice) for row in sorted(rows, key=lambda r: str(r.choice))):
            found.append((value, [name(row.choice) == value for row in rows]))
    return found


def _dashboard(axes: Axes, rows: Sequence[Specified], choices: Sequence[tuple[str, list[bool]]]) -> None:
    """A dot where a row made a choice."""
    for y, (_, made) in enumerate(choices):
        axes.scatter(np.arange(len(rows)), np.full(len(rows), y), s=9, color=BASE)
        axes.scatter(np.flatnonzero(made), np.full(sum(made), y), s=16, color=INK)
    axes.set_yticks(range(len(choices)), [name for name, _ in choices])
    axes.set_xticks([])
    axes.invert_yaxis()
    tidy(axes, hide=("bottom", "left"))
    axes.tick_params(length=0)
