"""What the pages do not say by hand: tables from the code, results as they were written, the names of the API.

A line `{{ name argument ... }}` of a page is replaced by what the function of that name in `MADE` returns, so that no
number and no list of names is typed twice.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
LINE = re.compile(r"^\{\{ (\w+)((?: [\w.*-]+)*) \}\}$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs for every page."""
    return LINE.sub(lambda found: MADE[found[1]](*found[2].split()), markdown)


def method_table() -> str:
    """What every method needs, assumes and cannot tell."""
    from birl.report import method_table

    return method_table()


def verdict_table() -> str:
    """The rules in the order they are tried."""
    from birl.report import verdict_table

    return verdict_table()


def threshold_table() -> str:
    """Every margin, its default, and what it is for, from the record that holds them."""
    from birl import Thresholds

    told = dict(re.findall(r"^ {4}(\w+): (.*?)(?=\n {4}\w+: |\Z)", inspect.getdoc(Thresholds) or "", re.M | re.S))
    rows = [f"| `{f.name}` | {f.default} | {' '.join(told[f.name].split())} |" for f in fields(Thresholds)]
    return "\n".join(["| margin | default | what it is |", "|---|---:|---|", *rows])


def results(pattern: str) -> str:
    """Result files as they were written, their headings put below the page's."""
    parts = []
    for path in sorted(RESULTS.glob(pattern)):
        text = re.sub(r"^(#+) ", r"##\1 ", path.read_text(encoding="utf-8").strip(), flags=re.MULTILINE)
        parts.append(f"{text}\n\nFrom `{path.relative_to(ROOT).as_posix()}`.")
    return "\n\n".join(parts) or f"No file `benchmarks/results/{pattern}` is there yet."


def readme(*title: str) -> str:
    """A section of the README, without its heading."""
    return _between((ROOT / "README.md").read_text(encoding="utf-8"), rf"## {' '.join(title)}\n", r"\n## ")


def card(name: str, *title: str) -> str:
    """A section of a printed scorecard, or what comes before the first."""
    text = (ROOT / "docs" / "examples" / f"{name}.txt").read_text(encoding="utf-8")
    begins = "^" + " ".join(title) + r"\n-+\n" if title else r"\A"
    return "```text\n" + _between(text, begins, r"\n\n[^\n]+\n---+\n") + "\n```"


def _between(text: str, begins: str, ends: str) -> str:
    """What stands between two patterns, the second of which may be missing.

    Raises:
        ValueError: when the first is not there.
    """
    found = re.split(begins, text, maxsplit=1, flags=re.MULTILINE)
    if len(found) != 2:
        raise ValueError(f"no section that begins with {begins!r}")
    return re.split(ends, found[1], maxsplit=1)[0].strip("\n")


def api(package: str) -> str:
    """An entry for every public class and function of a package, each on one page: what `birl` offers is on its own."""
    import birl

    own = {name: getattr(importlib.import_module(package), name) for name in importlib.import_module(package).__all__}
    elsewhere = [] if package == "birl" else [getattr(birl, name) for name in birl.__all__]
    shown = {n: v for n, v in own.items() if inspect.isclass(v) or inspect.isfunction(v)}
    return "\n\n".join(_entry(package, n, v) for n, v in shown.items() if v not in elsewhere)


def _entry(package: str, name: str, value: Any) -> str:
    """One entry, taken from where it is defined, under the name it is used by."""
    return f"::: {value.__module__}.{name}\n    options:\n      heading: {package}.{name}\n      toc_label: {name}"


MADE: Mapping[str, Callable[..., str]] = {
    "api": api,
    "card": card,
    "method_table": method_table,
    "readme": readme,
    "results": results,
    "threshold_table": threshold_table,
    "verdict_table": verdict_table,
}
