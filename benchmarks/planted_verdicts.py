"""Do verdicts say what was planted? Do probabilities keep their promise? Run: `python benchmarks/planted_verdicts.py`.

Seeds 0 to 19 are the panel; thresholds may only be set on other seeds: `--seeds 100-104 --out FILE` scores a
calibration set. `--episodes 20` shows the diagnosis that many episodes of each distribution in place of the policy
itself. A unit that is in the output already is not scored again, so an interrupted run goes on where it stopped;
`--fresh` begins again. `--cards FOLDER` keeps the evidence; `--judge` applies rules that have changed since to it.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import hashlib
import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from planted_panel import AGENTS, WORLDS, Subject, subject
from planted_summary import called, outcome, reliability, summary, wanted

import birl
from birl.diagnosis import Diagnosis, Evidence
from birl.files import write_whole

RESULTS = Path(__file__).parent / "results"
PANEL = "0-19"
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
    "choice_distance",
    "goal_regret",
    "candidate_share",
    "candidate_gain",
    "residual",
)
"""What is kept of the evidence, and printed for a miss."""
PACKAGES = ("birl", "numpy", "scipy", "gymnasium")

Row = Mapping[str, Any]


def measure(unit: tuple[str, str, int], episodes: int | None, cards: Path | None) -> Row:
    """Score one unit."""
    world, agent, seed = unit
    made = subject(world, agent, seed)
    how: dict[str, Any] = {} if episodes is None else {"episodes": episodes}
    began = time.process_time()
    card = birl.score(made.policy, made.task, seed=seed, draws=DRAWS, source=agent, **how)
    seconds = time.process_time() - began
    if cards is not None:
        card.save(kept(cards, unit))
    if card.evidence is None or card.diagnosis is None:
        raise SystemExit(f"{world}, {agent}, seed {seed}: the card has no diagnosis")
    return {
        "world": world,
        "agent": agent,
        "seed": seed,
        **planted(made),
        **answered(card.evidence, card.diagnosis),
        "preferred": card.preferred,
        "seconds": round(seconds, 2),
    }


def judge(row: Row, cards: Path) -> Row:
    """The verdict on kept evidence, as the rules are now."""
    card = birl.Scorecard.load(kept(cards, (row["world"], row["agent"], row["seed"])))
    if card.evidence is None:
        raise SystemExit(f"{row['world']}, {row['agent']}, seed {row['seed']}: the card has no evidence")
    return {**row, **answered(card.evidence, birl.diagnose(card.evidence)), "judged": source_digest()}


def kept(cards: Path, unit: tuple[str, str, int]) -> Path:
    """Where the scorecard of a unit is kept."""
    return cards / ("-".join(map(str, unit)) + ".json")


def planted(made: Subject) -> dict[str, Any]:
    """The truth of a unit."""
    return {
        "detail": made.detail,
        "levels": made.task.train.model.n_levels if made.task.train.model else 0,
        "noise": round(made.noise, 4),
        "truth": made.truth.value,
        "borderline": made.borderline.value if made.borderline else None,
        "mixed": made.mixed,
        "planted_regret": {name: round(value, 3) for name, value in made.regret.items()},
    }


def answered(evidence: Evidence, diagnosis: Diagnosis) -> dict[str, Any]:
    """The answer, and the numbers it rests on."""
    return {
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


def miss(r: Row) -> str:
    """Everything known about a unit whose verdict is not the right one."""
    head = f"{r['world']} {r['agent']} {r['seed']} {r['detail']}: {' or '.join(wanted(r))} called {called(r)}"
    lines = [
        f"{head}; rule {r['rule']}, {r['probabilities']}, flags {r['flags']}",
        f"  {r['levels']} levels, noise {r['noise']}, {r['preferred']}",
        f"  planted regret: {r['planted_regret']}",
    ]
    for quantity, found in r["evidence"].items():
        lines.append(
            f"  {quantity}: " + ", ".join(f"{k} {v[0]:.2f} [{v[1]:.2f}, {v[2]:.2f}]" for k, v in found.items())
        )
    return "\n".join(lines + [f"  {text}" for text in (*r["disagreement"], *r["failed"])])


def read(out: Path) -> list[dict[str, Any]]:
    """Rows of an earlier run; none where there is none."""
    return json.loads(out.read_text(encoding="utf-8"))["rows"] if out.exists() else []


def write(out: Path, rows: Sequence[Row], episodes: int | None) -> None:
    """The rows as JSON and their summary as Markdown, each in one step."""
    content = {
        "draws": DRAWS,
        "episodes": episodes,
        "source": sorted({r["source"] for r in rows}),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": platform.machine(),
        "rows": sorted(rows, key=lambda r: (r["world"], r["agent"], r["seed"])),
    }
    write_whole(out, (json.dumps(content) + "\n").encode())
    seen = "the policy itself" if episodes is None else f"{episodes} episodes of each distribution"
    title = f"# Verdicts on planted agents\n\nMade by `python benchmarks/planted_verdicts.py` from {seen}.\n\n"
    write_whole(out.with_suffix(".md"), (title + summary(rows) + "\n").encode())


@cache
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


def run(options: argparse.Namespace) -> list[Row]:
    """Score what is missing and keep every unit as it comes."""
    units = [(w, a, s) for s in options.seeds for w in options.worlds for a in options.agents]
    rows: list[Row] = [] if options.fresh else list(read(options.out))
    done = {(r["world"], r["agent"], r["seed"]) for r in rows}
    missing = [unit for unit in units if unit not in done]
    code = source_digest()
    parallel = Parallel(n_jobs=options.jobs, return_as="generator_unordered")
    scored: Any = parallel(delayed(measure)(unit, options.episodes, options.cards) for unit in missing)
    for n, r in enumerate(scored, 1):
        rows.append({**r, "source": code})
        write(options.out, rows, options.episodes)
        told = f"{called(r)} {r['probabilities']}, {r['seconds']:.1f} s, {outcome(r)}"
        print(f"{n}/{len(missing)} {r['world']} {r['agent']} {r['seed']}: {told}", file=sys.stderr, flush=True)
        if outcome(r) != "right":
            print(miss(r), file=sys.stderr, flush=True)
    return rows


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=seeds, default=PANEL, help="such as 0-19 (the panel) or 100-104 (calibration)")
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    parser.add_argument("--agents", nargs="+", choices=list(AGENTS), default=list(AGENTS))
    parser.add_argument("--episodes", type=int, help="of each distribution, instead of the policy itself")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON of the rows; Markdown and figure go beside it")
    parser.add_argument("--cards", type=Path, help="keep whole scorecards in this folder")
    parser.add_argument("--judge", action="store_true", help="only judge the scorecards kept by --cards again")
    parser.add_argument("--fresh", action="store_true", help="forget earlier rows")
    options = parser.parse_args()
    how = "" if options.episodes is None else f"_{options.episodes}"
    options.out = options.out or RESULTS / f"planted_verdicts{how}.json"
    if options.judge and not options.cards:
        parser.error("--judge needs --cards")
    rows = [judge(row, options.cards) for row in read(options.out)] if options.judge else run(options)
    write(options.out, rows, options.episodes)
    reliability(rows).savefig(
        options.out.with_suffix(".png"), dpi=120, bbox_inches="tight", metadata={"Software": None}
    )
    if len({r["source"] for r in rows}) > 1:
        print("rows were made by different code: run again with --fresh before publishing", file=sys.stderr)
    print(summary(rows))


if __name__ == "__main__":
    main()
