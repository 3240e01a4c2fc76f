"""Do verdicts say what was planted? Run: `OMP_NUM_THREADS=1 python benchmarks/planted_verdicts.py`.

Seeds 0 to 9 are the panel. Thresholds may only be set on other seeds: `--seeds 100-104 --out FILE` scores a calibration
set. A unit that is in the output already is not scored again, so an interrupted run goes on where it stopped; `--fresh`
begins again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from planted_panel import AGENTS, Subject, subject

import birl
from birl.diagnosis import Diagnosis, Evidence
from birl.files import write_whole

RESULTS = Path(__file__).parent / "results" / "planted_verdicts.json"
PANEL = "0-9"
DRAWS = 200
SHOWN = (
    "base_return",
    "directedness",
    "device",
    "own_directedness",
    "outcome_directedness",
    "consistency",
    "outcome_consistency",
    "distance",
    "goal_regret",
    "candidate_share",
    "residual",
)
"""What is kept of the evidence, and printed for a miss."""
PACKAGES = ("birl", "numpy", "scipy", "gymnasium")

Row = Mapping[str, Any]


def measure(agent: str, seed: int, cards: Path | None) -> Row:
    """Score one unit."""
    made = subject(agent, seed)
    began = time.perf_counter()
    card = birl.score(made.policy, made.task, seed=seed, draws=DRAWS, source=agent)
    seconds = time.perf_counter() - began
    if cards is not None:
        card.save(cards / f"{agent}-{seed}.json")
    if card.evidence is None or card.diagnosis is None:
        raise SystemExit(f"{agent}, seed {seed}: the card has no diagnosis")
    return row(agent, seed, made, card.evidence, card.diagnosis) | {
        "preferred": card.preferred,
        "seconds": round(seconds, 2),
    }


def row(agent: str, seed: int, made: Subject, evidence: Evidence, diagnosis: Diagnosis) -> dict[str, Any]:
    """What is kept of one unit: the truth, the answer, and the numbers it rests on."""
    return {
        "agent": agent,
        "seed": seed,
        "detail": made.detail,
        "levels": made.task.train.model.n_levels if made.task.train.model else 0,
        "noise": round(made.noise, 4),
        "truth": made.truth.value,
        "borderline": made.borderline.value if made.borderline else None,
        "mixed": made.mixed,
        "planted_regret": {name: round(value, 3) for name, value in made.regret.items()},
        "verdict": diagnosis.verdict.value,
        "rule": diagnosis.rule,
        "flags": sorted(diagnosis.flags),
        "probabilities": {v.value: round(p, 3) for v, p in diagnosis.probabilities.items()},
        "evidence": {
            quantity: {key: [round(x, 3) for x in (i.value, i.low, i.high)] for key, i in found.items()}
            for quantity in SHOWN
            if (found := getattr(evidence, quantity))
        },
        "disagreement": list(evidence.disagreement),
        "failed": list(evidence.failed),
        "undefined": dict(evidence.undefined),
    }


def outcome(r: Row) -> str:
    """`right`, `undetermined` or `wrong`; a mixed proxy must be flagged, another must not."""
    if r["verdict"] == "undetermined":
        return "undetermined"
    flagged = r["verdict"] != "proxy" or ("mixed" in r["flags"]) == r["mixed"]
    return "right" if r["verdict"] in (r["truth"], r["borderline"]) and flagged else "wrong"


def named(verdict: str, mixed: bool) -> str:
    """A verdict as the table has it."""
    return "proxy, mixed" if verdict == "proxy" and mixed else verdict


def called(r: Row) -> str:
    """The verdict a unit got."""
    return named(r["verdict"], "mixed" in r["flags"])


def wanted(r: Row) -> list[str]:
    """The verdicts that are right for a unit."""
    return [named(verdict, r["mixed"]) for verdict in (r["truth"], r["borderline"]) if verdict]


def confusion(rows: Sequence[Row]) -> str:
    """Planted agents and their right verdicts against what was called, as a Markdown table."""
    counts = Counter((r["agent"], tuple(sorted(wanted(r))), called(r)) for r in rows)
    columns = sorted({key[2] for key in counts}, key=lambda name: (name == "undetermined", name))
    lines = ["| planted | right verdict | " + " | ".join(columns) + " |", "|---|---|" + "---|" * len(columns)]
    for agent, right in sorted({key[:2] for key in counts}, key=lambda key: (list(AGENTS).index(key[0]), key[1])):
        found = {column: counts[(agent, right, column)] for column in columns}
        cells = [f"**{n}**" if column in right and n else str(n or "") for column, n in found.items()]
        lines.append(f"| {agent} | {' or '.join(right)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def miss(r: Row) -> str:
    """Everything known about a unit whose verdict is not the right one."""
    head = f"{r['agent']} {r['seed']} {r['detail']}: {' or '.join(wanted(r))} called {called(r)}"
    lines = [
        f"{head}; rule {r['rule']}, {r['probabilities']}, flags {r['flags']}, noise {r['noise']}, {r['preferred']}"
    ]
    lines.append(f"  planted regret: {r['planted_regret']}")
    for quantity, found in r["evidence"].items():
        lines.append(
            f"  {quantity}: " + ", ".join(f"{k} {v[0]:.2f} [{v[1]:.2f}, {v[2]:.2f}]" for k, v in found.items())
        )
    return "\n".join(lines + [f"  {text}" for text in (*r["disagreement"], *r["failed"])])


def summary(rows: Sequence[Row]) -> str:
    """Counts, the confusion matrix, and one line on cost, as Markdown."""
    counts = Counter(outcome(r) for r in rows)
    seconds = sorted(r["seconds"] for r in rows)
    robust = [i[0] for r in rows if r["agent"] == "door" for i in r["evidence"].get("distance", {}).values()]
    lines = [
        f"{len(rows)} planted agents: {counts['right']} right, {counts['undetermined']} undetermined, "
        f"{counts['wrong']} wrong. Median {seconds[len(seconds) // 2]:.1f} s a unit on one thread.",
        f"For {sum(bool(r['borderline']) for r in rows)} two verdicts are right: their loss is near the tolerance.",
    ]
    if robust:
        lines.append(f"Largest distance of an agent that wants doors: {max(robust):.3f}.")
    return "\n".join([*lines, "", confusion(rows)])


def read(out: Path) -> list[dict[str, Any]]:
    """Rows of an earlier run; none where there is none."""
    return json.loads(out.read_text(encoding="utf-8"))["rows"] if out.exists() else []


def write(out: Path, rows: Sequence[Row]) -> None:
    """The rows as JSON and their summary as Markdown, each in one step."""
    content = {
        "draws": DRAWS,
        "source": sorted({r["source"] for r in rows}),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": platform.machine(),
        "rows": list(rows),
    }
    write_whole(out, (json.dumps(content, indent=1) + "\n").encode())
    title = (
        "# Verdicts on planted agents\n\nMade by `python benchmarks/planted_verdicts.py`; rows beside it as JSON.\n\n"
    )
    write_whole(out.with_suffix(".md"), (title + summary(rows) + "\n").encode())


def source_digest() -> str:
    """Of the library's code: rows of different code are not one experiment."""
    digest = hashlib.sha256()
    for path in sorted(Path(birl.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def seeds(text: str) -> list[int]:
    """`3`, `0-9` or `1,5,7` as a list."""
    parts = [part.split("-") for part in text.split(",")]
    return [seed for part in parts for seed in range(int(part[0]), int(part[-1]) + 1)]


def run(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Score what is missing, seed by seed, and keep every unit as it comes."""
    units = [(agent, seed) for seed in options.seeds for agent in options.agents]
    rows = [] if options.fresh else read(options.out)
    done = {(r["agent"], r["seed"]) for r in rows}
    code = source_digest()
    for n, (agent, seed) in enumerate(units, 1):
        if (agent, seed) in done:
            continue
        rows.append({**measure(agent, seed, options.cards), "source": code})
        write(options.out, rows)
        r = rows[-1]
        told = f"{n}/{len(units)} {agent} {seed}: {called(r)} {r['probabilities']}, {r['seconds']:.1f} s, {outcome(r)}"
        print(told, file=sys.stderr, flush=True)
        if outcome(r) != "right":
            print(miss(r), file=sys.stderr, flush=True)
    return rows


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description="verdicts on planted agents")
    parser.add_argument("--seeds", type=seeds, default=PANEL, help="such as 0-9 (the panel) or 100-104 (calibration)")
    parser.add_argument("--agents", nargs="+", choices=list(AGENTS), default=list(AGENTS))
    parser.add_argument("--out", type=Path, default=RESULTS, help="JSON of the rows; Markdown goes beside it")
    parser.add_argument("--cards", type=Path, help="keep whole scorecards in this folder")
    parser.add_argument("--fresh", action="store_true", help="forget earlier rows")
    options = parser.parse_args()
    rows = run(options)
    write(options.out, rows)
    if len({r["source"] for r in rows}) > 1:
        print("rows were made by different code: run again with --fresh before publishing", file=sys.stderr)
    print(summary(rows))


if __name__ == "__main__":
    main()
