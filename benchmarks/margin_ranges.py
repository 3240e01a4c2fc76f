"""How far could each margin of the rules be moved? Run: `python benchmarks/margin_ranges.py`.

Agents of seeds 120 to 129, which are not in the panel, are scored once; then every margin of `Thresholds` is moved by
itself, and the kept evidence is judged again. A margin that could be halved or doubled without a further wrong verdict
was not tuned to anything; one that could not is where the next mistake will come from. The labels stay what they are.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from planted_panel import AGENTS, WORLDS
from planted_summary import outcome
from planted_verdicts import DRAWS, PACKAGES, Row, kept, measure, seeds, source_digest

import birl
from birl.diagnosis import Thresholds
from birl.files import write_whole

OUT = Path(__file__).parent / "results" / "margin_ranges.json"
SEEDS = "120-129"
FACTORS = (0.25, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 4.0)
SHARES = ("call", "trained", "consistency", "along", "share")
"""Margins that cannot pass 1."""
OUTCOMES = ("right", "undetermined", "wrong")
UNSEEN: Mapping[str, str] = {
    "reliance": "no ghost in these worlds; `tests/birl/diagnosis/test_rules.py`",
    "worth": "no cue and no other dynamics in these worlds; `tests/birl/diagnosis/test_rules.py`",
    "cue": "no cue in these worlds; `tests/birl_agents/test_thesis_verdicts.py`",
    "slope": "no knob in these worlds; `tests/birl/diagnosis/test_rules.py`",
    "kept": "moves a flag only",
    "brings": "moves a kind only",
    "causes": "moves a kind only",
    "still": "moves a caveat only",
    "agreement": "moves a flag only",
}
"""Margins that decide no verdict of this panel, and what they do."""


def values(name: str) -> Sequence[float]:
    """The values a margin is moved to, in order."""
    now = getattr(Thresholds(), name)
    return [now * f for f in FACTORS if name not in SHARES or now * f <= 1.0]


def judged(row: Row, cards: Path) -> Mapping[str, Sequence[str]]:
    """Margin -> the outcome of one unit at each of its values."""
    evidence = birl.Scorecard.load(kept(cards, (row["world"], row["agent"], row["seed"]))).evidence
    assert evidence is not None
    return {
        name: [
            outcome({**row, "verdict": birl.diagnose(evidence, replace(Thresholds(), **{name: value})).verdict.value})
            for value in values(name)
        ]
        for name in moved()
    }


def moved() -> Sequence[str]:
    """Margins that decide verdicts here."""
    return [f.name for f in fields(Thresholds) if f.name not in UNSEEN]


def counted(found: Sequence[Mapping[str, Sequence[str]]]) -> Mapping[str, Sequence[Mapping[str, float]]]:
    """Margin -> for each value how many are right, undetermined, wrong."""
    return {
        name: [
            {"value": value, **{o: Counter(one[name][i] for one in found)[o] for o in OUTCOMES}}
            for i, value in enumerate(values(name))
        ]
        for name in moved()
    }


def markdown(found: Mapping[str, Sequence[Mapping[str, float]]], units: int) -> str:
    """A line for each margin: what half and twice of it would do, and how far it could go."""
    lines = [
        f"{units} planted agents of seeds {SEEDS}, every margin moved by itself. Right / undetermined / wrong.",
        "",
        "| margin | value | half of it | as it is | twice | no further wrong verdict from .. to |",
        "|---|---|---|---|---|---|",
    ]
    for name, every in found.items():
        now = getattr(Thresholds(), name)
        low, high = reach(every, now)
        cells = [shown(every, now * f) for f in (0.5, 1.0, 2.0)]
        lines.append(f"| `{name}` | {now:g} | {' | '.join(cells)} | {low:g} .. {high:g} |")
    lines += ["", "Not moved:", "", *(f"- `{name}`: {why}." for name, why in UNSEEN.items())]
    return "\n".join(lines) + "\n"


def shown(every: Sequence[Mapping[str, float]], value: float) -> str:
    """The counts at a value; a dash where it was not tried."""
    at = next((one for one in every if abs(one["value"] - value) < 1e-12), None)
    return "-" if at is None else " / ".join(f"{at[o]:.0f}" for o in OUTCOMES)


def reach(every: Sequence[Mapping[str, float]], now: float) -> tuple[float, float]:
    """The tried values around the one in use up to which no more verdicts are wrong."""
    at = next(i for i, one in enumerate(every) if abs(one["value"] - now) < 1e-12)
    fine = [one["wrong"] <= every[at]["wrong"] for one in every]
    low, high = at, at
    while low > 0 and fine[low - 1]:
        low -= 1
    while high + 1 < len(fine) and fine[high + 1]:
        high += 1
    return every[low]["value"], every[high]["value"]


def main() -> None:
    """Score what is missing, move the margins, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", type=Path, default=Path("margin-cards"), help="folder that keeps what was scored")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    units = [(w, a, s) for s in seeds(SEEDS) for w in WORLDS for a in AGENTS]
    listed = options.cards / "rows.json"
    rows: list[Row] = json.loads(listed.read_text())["rows"] if listed.exists() else []
    done = {(row["world"], row["agent"], row["seed"]) for row in rows}
    missing = [unit for unit in units if unit not in done]
    parallel = Parallel(n_jobs=options.jobs, return_as="generator_unordered")
    scored: Any = parallel(delayed(measure)(unit, None, options.cards) for unit in missing)
    for n, row in enumerate(scored, 1):
        rows.append({**row, "source": source_digest()})
        write_whole(listed, (json.dumps({"rows": rows}) + "\n").encode())
        print(f"{n} of {len(missing)}", file=sys.stderr, flush=True)
    again: Any = Parallel(n_jobs=options.jobs)(delayed(judged)(row, options.cards) for row in rows)
    found = counted(again)
    told = {
        "versions": {name: version(name) for name in PACKAGES},
        "gathered": sorted({row["source"] for row in rows}),
        "judged": source_digest(),
        "settings": {"seeds": SEEDS, "draws": DRAWS, "units": len(rows)},
        "margins": found,
    }
    write_whole(OUT, (json.dumps(told, indent=1) + "\n").encode())
    write_whole(OUT.with_suffix(".md"), markdown(found, len(rows)).encode())
    print(markdown(found, len(rows)))


if __name__ == "__main__":
    main()
