"""Showing a scorecard, or recovered rewards alone: as text, Markdown or JSON, as figures, and as pages."""

from birl.report.figures import FIGURES, figure, write_figures, write_matrix, write_specification
from birl.report.html import IndexRow, write_html, write_index, write_site
from birl.report.methods import method_table
from birl.report.render import (
    FORMATS,
    TABLE_FORMATS,
    render,
    render_comparison,
    render_results,
    render_rewards,
    render_specification,
)
from birl.report.reward_figures import REWARD_FIGURES, Place, reward_figure, write_reward_figures
from birl.report.verdicts import verdict_table

__all__ = [
    "FIGURES",
    "FORMATS",
    "REWARD_FIGURES",
    "TABLE_FORMATS",
    "IndexRow",
    "Place",
    "figure",
    "method_table",
    "render",
    "render_comparison",
    "render_results",
    "render_rewards",
    "render_specification",
    "reward_figure",
    "verdict_table",
    "write_figures",
    "write_html",
    "write_index",
    "write_matrix",
    "write_reward_figures",
    "write_site",
    "write_specification",
]
