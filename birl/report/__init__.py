"""Showing a scorecard: as text, Markdown or JSON, and as figures."""

from birl.report.figures import FIGURES, figure, write_figures
from birl.report.render import FORMATS, render
from birl.report.verdicts import verdict_table

__all__ = ["FIGURES", "FORMATS", "figure", "render", "verdict_table", "write_figures"]
