"""One self-contained page for a card, and one that lists many cards: no network, no scripts but for sorting."""

from birl.report.html.index import IndexRow, write_index
from birl.report.html.page import write_html
from birl.report.html.site import write_site

__all__ = ["IndexRow", "write_html", "write_index", "write_site"]
