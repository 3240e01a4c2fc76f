"""Pages from templates: everything a card says is escaped, and the page may load and run nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from birl.report.html.parts import Picture
from birl.report.words import share

__all__ = ["digest", "typeset"]

ENDS = re.compile(r"(?P<value>[^\[\]]+) (?P<ends>\[[^\[\]]*\])")


def typeset(template: str, **content: Any) -> bytes:
    """A page, as UTF-8.

    Args:
        template: its file in `templates`.
        content: what the template shows.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only where a page is written

    environment = Environment(
        loader=PackageLoader("birl.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(kind=lambda part: type(part).__name__, address=address, ends=ends, share=share)
    return environment.get_template(template).render(**content).encode("utf-8", errors="replace")


def address(picture: Picture) -> str:
    """The picture itself, as what an `src` may say."""
    return "data:image/svg+xml;base64," + base64.b64encode(picture.svg.encode()).decode()


def ends(cell: str) -> tuple[str, str]:
    """A cell as its value and the ends of its interval; `''` where it has none."""
    found = ENDS.fullmatch(cell)
    return (found["value"], found["ends"]) if found else (cell, "")


def digest(script: str) -> str:
    """How a page says which script it lets run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
