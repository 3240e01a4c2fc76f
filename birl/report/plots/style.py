"""How every figure looks: one theme, one palette that colour-blind readers can tell apart, no global state.

Source: Okabe & Ito 2008, "Color universal design" (the palette).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure

__all__ = ["BASE", "INK", "MUTED", "OKABE_ITO", "colour", "new_figure", "style", "tidy"]

INK, MUTED, BASE = "#222222", "#6b6f76", "#cdd2d8"
OKABE_ITO = {
    "red": "#d55e00",
    "blue": "#0072b2",
    "green": "#009e73",
    "yellow": "#e6b800",
    "orange": "#e69f00",
    "purple": "#cc79a7",
    "pink": "#cc79a7",
    "cyan": "#56b4e9",
    "grey": "#7f7f7f",
    "gray": "#7f7f7f",
    "black": INK,
}
"""Plain colour names -> colours of the same name that stay apart for every reader."""


def colour(name: str) -> str:
    """A drawable colour for whatever a legend calls it."""
    return OKABE_ITO.get(name, name if is_color_like(name) else MUTED)


@contextmanager
def style() -> Iterator[None]:
    """The theme, on while a figure is drawn and saved."""
    theme: dict[Any, Any] = {
        **mpl.rcParamsDefault,  # whatever a user's own settings are
        **sns.axes_style("ticks"),
        **sns.plotting_context("notebook", font_scale=0.85),
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib, so the bytes do not depend on the machine
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "grid.color": "#e8eaed",
        "text.color": INK,
        "text.parse_math": False,  # a dollar sign in a name is a dollar sign
        "xtick.color": INK,
        "ytick.color": INK,
        "legend.frameon": False,
        "svg.fonttype": "path",
        "svg.hashsalt": "birl",  # else the names inside an SVG are drawn at random
    }
    theme.pop("backend", None)
    with mpl.rc_context(theme):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches, drawn by Agg and unknown to pyplot."""
    drawn = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(drawn)
    return drawn


def tidy(axes: Axes, *, hide: Sequence[str] = ()) -> None:
    """Take away the frame, and the named sides that are left."""
    sns.despine(ax=axes, left="left" in hide, bottom="bottom" in hide)
    axes.set_axisbelow(True)
