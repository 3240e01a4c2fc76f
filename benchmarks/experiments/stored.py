"""Where rows are kept: one JSON file an experiment, written whole after every unit, so that a stopped run goes on."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from birl.bench.unit import versions
from birl.files import write_whole
from birl.report.figures import as_png
from experiments.experiment import Experiment, Row

__all__ = ["RESULTS", "read", "write", "write_figure"]

RESULTS = Path(__file__).parents[1] / "results" / "experiments"


def read(experiment: Experiment, folder: Path = RESULTS) -> Sequence[Row]:
    """Rows of an earlier run of the same size; none where there are none."""
    path = folder / f"{experiment.name}.json"
    if not path.exists():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    return found["rows"] if found["settings"] == asdict(experiment.size) else []


def write(experiment: Experiment, rows: Sequence[Row], folder: Path = RESULTS) -> None:
    """The rows with what made them, in one step."""
    order = {case: i for i, case in enumerate(experiment.cases)}
    content = {
        "experiment": experiment.name,
        "settings": asdict(experiment.size),
        "seeds": sorted({row["seed"] for row in rows}),
        "source": sorted({row["source"] for row in rows}),
        "versions": {**versions(), "seaborn": version("seaborn")},
        "machine": platform.machine(),
        "rows": sorted(rows, key=lambda row: (order.get(row["case"], len(order)), row["seed"])),
    }
    write_whole(folder / f"{experiment.name}.json", (json.dumps(content) + "\n").encode())


def write_figure(experiment: Experiment, rows: Sequence[Row], folder: Path = RESULTS) -> None:
    """The figure of the rows."""
    write_whole(folder / f"{experiment.name}.png", as_png(experiment.draw(rows)))
