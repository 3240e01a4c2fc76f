"""Showing a scorecard: as text, Markdown or JSON, and as figures."""

from birl.report.figures import FIGURES, figure, write_figures
from birl.report.render import FORMATS, render

__all__ = ["FIGURES", "FORMATS", "figure", "render", "write_figures"]
