"""One card, or recovered rewards alone, in three formats."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from birl.matrix import DistanceMatrix
from birl.report.benchmark import benchmark
from birl.report.benchmark_frames import as_csv, as_html, as_latex
from birl.report.blocks import Section
from birl.report.comparison import comparison
from birl.report.markdown import markdown
from birl.report.rewards import rewards
from birl.report.story import story
from birl.report.text import text
from birl.rewards import Rewards
from birl.scorecard import Scorecard
from birl.types import BirlError, unknown_name

if TYPE_CHECKING:
    from birl.bench import Results
    from birl.specification import SpecificationCurve

__all__ = [
    "FORMATS",
    "TABLE_FORMATS",
    "render",
    "render_comparison",
    "render_results",
    "render_rewards",
    "render_specification",
]

FORMATS = ("text", "markdown", "json")
TABLE_FORMATS = ("text", "markdown", "latex", "csv", "html")
NARROWEST = 40  # columns; below this no table is legible


def render(card: Scorecard, format: str = "text", width: int | None = None, *, colour: bool = False) -> str:
    """A card for people (`text`, `markdown`) or for programs (`json`).

    Args:
        card: what to show.
        format: one of `FORMATS`.
        width: columns of text; those of the terminal if left out. The other formats have no width.
        colour: put terminal colours in text; nothing is said by colour alone.

    Raises:
        BirlError: for an unknown format or a width no table fits in.
    """
    _check(format, width)
    return card.to_json() if format == "json" else _typeset(story(card), format, width, colour)


def render_rewards(found: Rewards, format: str = "text", width: int | None = None, *, colour: bool = False) -> str:
    """Recovered rewards for people or for programs; everything as for `render`."""
    _check(format, width)
    return found.to_json() if format == "json" else _typeset(rewards(found), format, width, colour)


def render_comparison(
    matrix: DistanceMatrix, format: str = "text", width: int | None = None, *, task: str, colour: bool = False
) -> str:
    """Distances between rewards on the levels of a task; everything else as for `render`."""
    _check(format, width)
    if format == "json":
        return json.dumps({"task": task, **asdict(matrix)}, indent=1) + "\n"
    return _typeset(comparison(matrix, task=task), format, width, colour)


def render_results(found: Results, format: str = "text", width: int | None = None, *, colour: bool = False) -> str:
    """The table of a benchmark: `text`, `markdown`, `latex` and `html` to read, `csv` to compute with.

    Args:
        found: what to show.
        format: one of `TABLE_FORMATS`.
        width: columns of text; those of the terminal if left out. The other formats have no width.
        colour: put terminal colours in text; nothing is said by colour alone.

    Raises:
        BirlError: for an unknown format or a width no table fits in.
    """
    if format not in TABLE_FORMATS:
        raise unknown_name("format", format, TABLE_FORMATS)
    through_pandas = {"csv": as_csv, "latex": as_latex, "html": as_html}
    if format in through_pandas:
        return through_pandas[format](found)
    _check(format, width)
    return _typeset(benchmark(found), format, width, colour)


def render_specification(
    curve: SpecificationCurve, format: str = "text", width: int | None = None, *, colour: bool = False
) -> str:
    """A specification curve; everything as for `render`."""
    from birl.report.specification import specification  # with all of scoring

    _check(format, width)
    return curve.to_json() if format == "json" else _typeset(specification(curve), format, width, colour)


def _check(format: str, width: int | None) -> None:
    if format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    if width is not None and width < NARROWEST:
        raise BirlError(f"width {width} is below {NARROWEST} columns: no table fits, give more")


def _typeset(sections: Sequence[Section], format: str, width: int | None, colour: bool) -> str:
    if format == "markdown":
        return markdown(sections)
    return text(sections, width=max(NARROWEST, width or shutil.get_terminal_size().columns), colour=colour)
