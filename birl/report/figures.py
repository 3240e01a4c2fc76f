"""Figures of a card by name; the plotting libraries are loaded when one is drawn."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from birl.files import write_whole
from birl.matrix import DistanceMatrix
from birl.scorecard import Scorecard
from birl.types import BirlError, unknown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from birl.specification import SpecificationCurve

__all__ = ["FIGURES", "as_png", "as_svg", "figure", "write_figures", "write_matrix", "write_specification"]

DPI = 150


def _weights(card: Scorecard) -> Figure:
    from birl.report.plots.weights import draw

    return draw(card)


def _levels(card: Scorecard) -> Figure:
    from birl.report.plots.levels import draw

    return draw(card)


def _gap(card: Scorecard) -> Figure:
    from birl.report.plots.gap import draw

    return draw(card)


def _matrix(card: Scorecard) -> Figure:
    from birl.report.plots.matrix import draw

    return draw(card)


def _evidence(card: Scorecard) -> Figure:
    from birl.report.plots.evidence import draw

    return draw(card)


FIGURES: Mapping[str, Callable[[Scorecard], Figure]] = {
    "weights": _weights,
    "levels": _levels,
    "gap": _gap,
    "matrix": _matrix,
    "evidence": _evidence,
}
"""Name -> what draws it: recovered weights beside the base objective, levels with the agent's paths, the gap, how far
apart base, candidates and recovered rewards are, and every number the verdict rests on."""


def figure(card: Scorecard, name: str) -> Figure:
    """A figure of a card, as a matplotlib `Figure` that no window and no global state knows of.

    Args:
        card: what to draw.
        name: one of `FIGURES`.

    Raises:
        BirlError: for an unknown name, or a card without what that figure shows.
    """
    if name not in FIGURES:
        raise unknown_name("figure", name, FIGURES)
    return FIGURES[name](card)


def write_figures(card: Scorecard, folder: str | Path) -> Sequence[Path]:
    """Write every figure the card has something to show in, as PNG; the same card gives the same bytes.

    All are drawn before the first is written.

    Returns:
        The files written.

    Raises:
        BirlError: when a file cannot be written.
    """
    drawn = {name: as_png(figure(card, name)) for name in FIGURES if _has(card, name)}
    paths = {name: Path(folder) / f"{name}.png" for name in drawn}
    for name, content in drawn.items():
        write_whole(paths[name], content)
    if not paths:
        raise BirlError(f"{card.policy.source}: this card has nothing to draw")
    return list(paths.values())


def _has(card: Scorecard, name: str) -> bool:
    shown = {"weights": card.estimates, "levels": card.scenes, "gap": card.gap, "matrix": card.matrix}
    return bool({**shown, "evidence": card.evidence}[name])


def as_png(drawn: Figure) -> bytes:
    """The picture without the name of the software, so that only what it shows decides its bytes."""
    page = io.BytesIO()
    drawn.savefig(page, format="png", dpi=DPI, metadata={"Software": None})
    return page.getvalue()


def as_svg(drawn: Figure) -> str:
    """The same as one `<svg>` element, its text as outlines: it looks alike wherever it is shown."""
    from birl.report.plots.style import style

    page = io.StringIO()
    with style():
        drawn.savefig(page, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = page.getvalue()
    return svg[svg.index("<svg") :]


def write_matrix(matrix: DistanceMatrix, path: Path, *, title: str) -> None:
    """Write a distance matrix as heat maps, one for each distribution.

    Raises:
        BirlError: when the file cannot be written.
    """
    from birl.report.plots.matrix import draw_matrix

    write_whole(path, as_png(draw_matrix(matrix, title=title)))


def write_specification(curve: SpecificationCurve, path: Path) -> None:
    """Write a specification curve.

    Raises:
        BirlError: when there is nothing to draw or the file cannot be written.
    """
    from birl.report.plots.specification import draw_specification

    write_whole(path, as_png(draw_specification(curve)))
