"""A benchmark's results through pandas: LaTeX and HTML to print, CSV to compute with."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from birl.report.benchmark import HEADINGS, POOLED, cells, explained, failure_cells, notes, pooled_cells, progress
from birl.types import Interval

if TYPE_CHECKING:
    import pandas

if TYPE_CHECKING:
    from birl.bench import Line, Results, Row

__all__ = ["as_csv", "as_html", "as_latex"]

COUNTS = ("checkpoints", "seeds", "rows", "rows_agreeing", "failed_seed")
FAILED = ("agent", "task", "seed", "methods", "reason")
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Benchmark</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }}
body {{ margin: 1.5rem; }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .3em .7em; text-align: left; vertical-align: top; border-bottom: 1px solid gray; }}
</style>
</head>
<body>
<h1>Benchmark</h1>
{body}
</body>
</html>
"""


def as_csv(found: Results) -> str:
    """Numbers with their ends in columns of their own; failed units below, with their reason.

    What `notes` say is not in it: it is for programs.
    """
    import pandas as pd  # heavy, and only some formats need it

    lines = [_numbers(line) for line in found.lines] + [_failure(row) for row in found.failures]
    frame = pd.DataFrame(lines)
    counts = [name for name in COUNTS if name in frame]
    return frame.astype(dict.fromkeys(counts, "Int64")).to_csv(index=False, lineterminator="\n")


def as_latex(found: Results) -> str:
    """Tables with captions for a paper that uses booktabs and multirow; what is missing and failures as comments."""
    told = [*progress(found), *(" | ".join(failure_cells(row)) for row in found.failures)]
    comments = "".join(f"% {line}\n" for line in ("\\usepackage{booktabs,multirow}", *told))
    caption = " ".join(explained(found)).replace("%", r"\%").replace("`", "")
    return comments + "\n".join(_table(frame, title, caption) for title, frame in _frames(found).items())


def _table(frame: pandas.DataFrame, title: str, caption: str) -> str:
    style: Any = frame.style  # its methods are declared on a class of their own
    for axis in (0, 1):
        style = style.format_index(escape="latex", axis=axis)
    columns = "l" * (frame.index.nlevels + frame.shape[1])
    return style.format(escape="latex").to_latex(
        hrules=True,
        multirow_align="t",
        column_format=columns,
        position_float="centering",
        caption=f"{title}. {caption}",
        label=f"tab:{title.lower().replace(' ', '-')}",
    )


def as_html(found: Results) -> str:
    """One page with nothing outside it."""
    parts = [f"<p>{html.escape(line)}</p>" for line in notes(found)]
    frames = {**_frames(found), "Failures": _frame(FAILED, map(failure_cells, found.failures), keys=1)}
    for title, frame in frames.items():
        if len(frame):
            parts += [f"<h2>{title}</h2>", f"<div>{frame.to_html(border=0)}</div>"]
    return PAGE.format(body="\n".join(parts))


def _frames(found: Results) -> Mapping[str, pandas.DataFrame]:
    lines = _frame(("task", *HEADINGS), ((line.task, *cells(line)) for line in found.lines), keys=2)
    pooled = _frame(POOLED, map(pooled_cells, found.pooled), keys=1)
    return {"By task": lines} | ({"Over tasks": pooled} if len(pooled) else {})


def _frame(columns: Sequence[str], rows: Iterable[tuple[str, ...]], *, keys: int) -> pandas.DataFrame:
    import pandas as pd  # heavy, and only some formats need it

    return pd.DataFrame(list(rows), columns=list(columns)).set_index(list(columns[:keys]))


def _numbers(line: Line) -> Mapping[str, Any]:
    return {
        "task": line.task,
        "agent": line.agent,
        "checkpoints": line.checkpoints,
        "seeds": line.seeds,
        "rows": line.rows,
        "verdict": line.verdict,
        "rows_agreeing": line.agreeing,
        "probability": line.probability,
        "kind": line.kind,
        "flags": "; ".join(line.flags),
        "truth": " or ".join(line.truth),
        "right": line.right,
        **_ends("return_in_training", line.trained),
        "worst_shift": line.shift,
        **_ends("return_there", line.shifted),
        **_ends("goal_regret", line.goal_regret),
        **_ends("distance", line.distance),
        "methods": line.methods,
        "methods_agreeing": line.consenting,
        "failed_seed": None,
        "reason": None,
    }


def _ends(name: str, found: Interval | None) -> Mapping[str, float | None]:
    if found is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _failure(row: Row) -> Mapping[str, Any]:
    unit = row.unit
    return {"task": unit.task, "agent": unit.agent, "failed_seed": unit.seed, "reason": row.reason}
