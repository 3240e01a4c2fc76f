"""The figures of a page, each with its caption and with what it shows in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from birl.report.figures import as_svg, figure
from birl.report.ground import Ground
from birl.report.html import alternatives
from birl.report.html.parts import Picture
from birl.report.words import clean
from birl.scorecard import Scorecard

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from birl.specification import SpecificationCurve

__all__ = ["curve", "evidence", "gap", "ground", "matrix", "weights"]

PIXELS = 96  # CSS pixels an inch has
ABREAST = 2  # distance matrices in a row: three would shrink their numbers on a page


def _picture(drawn: Figure, *, alternative: str, caption: str) -> Picture:
    width = round(PIXELS * float(drawn.get_size_inches()[0]))
    return Picture(svg=as_svg(drawn), width=width, alternative=alternative, caption=caption)


def evidence(card: Scorecard) -> Iterable[Picture]:
    """Every number the verdict rests on."""
    if card.evidence is not None and any(getattr(card.evidence, q) for q in ("base_return", "candidate_share")):
        yield _picture(
            figure(card, "evidence"),
            alternative=alternatives.evidence(card.evidence),
            caption="Lines are 95 % intervals, dashed lines the default margins of the rules. Beside directedness, "
            "hollow: that of the best device, which an objective has to beat.",
        )


def gap(card: Scorecard) -> Iterable[Picture]:
    """What a wrong goal costs beside what lack of skill costs."""
    if card.gap:
        yield _picture(
            figure(card, "gap"),
            alternative=alternatives.gap(card),
            caption="What is lost of what the base objective's optimiser gains over the random walk, with 95 % "
            "intervals. Below 0: it does better than an optimiser of the recovered objective would.",
        )


def weights(card: Scorecard) -> Iterable[Picture]:
    """Recovered weights of every method that has some."""
    if any(estimate.weights for estimate in card.estimates.values()):
        yield _picture(
            figure(card, "weights"),
            alternative=alternatives.weights(card),
            caption="Left, what the base objective and the candidates pay (hollow: a penalty). Right, what was "
            "recovered, the largest weight of each method as large as the base's: grey bars are the base objective.",
        )


def matrix(card: Scorecard) -> Iterable[Picture]:
    """Distances between all rewards."""
    if card.matrix is not None:
        from birl.report.plots.matrix import draw_matrix

        yield _picture(
            draw_matrix(card.matrix, title="Distance between rewards", across=ABREAST),
            alternative=alternatives.matrix(card.matrix),
            caption="“Joint” was recovered from all distributions together, “from …” from one alone. Rewards that "
            "agree in training and part under a shift are what training cannot tell apart.",
        )


def curve(found: SpecificationCurve) -> Iterable[Picture]:
    """Every specification's answer in order of size, over the choices that made it."""
    if found.rows:
        from birl.report.plots.specification import draw_specification

        yield _picture(
            draw_specification(found),
            alternative=alternatives.curve(found),
            caption="Each column is one specification; the marks below say which choices made it.",
        )


def ground(name: str, shown: Sequence[Ground]) -> Picture:
    """Some levels of one distribution."""
    from birl.report.plots.ground import draw

    coloured = any(one.reward is not None for one in shown)
    return _picture(
        draw(shown),
        alternative=alternatives.ground(name, shown),
        caption=f"{len(shown)} level{'s' * (len(shown) != 1)} of {clean(name)}"
        + (", each cell in the colour of its best action's reward." if coloured else "."),
    )
