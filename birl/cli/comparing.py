"""`birl compare`: files in, one matrix a distribution out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from birl.cli.loading import in_colour, limit_threads, open_task
from birl.cli.request import check_pattern, existing_file, short_name

if TYPE_CHECKING:
    from birl.comparison import Compared
    from birl.task import Task

__all__ = ["METRICS", "CompareRequest", "check_compare", "compare"]

METRICS = {"starc": "starc-val", "starc-min": "starc-min", "epic": "epic", "npec": "npec"}


@dataclass(frozen=True, kw_only=True)
class CompareRequest:
    """The arguments of `birl compare`.

    Attributes:
        files: cards, estimates, or weights by feature.
        task: short name or module:NAME; that of the cards if None.
        levels: of each distribution; those of the cards if None.
        distance: one of `METRICS`.
        draws: of estimates and levels.
        seed: of the draws.
        figures: folder for the figure.
        format: of what goes to standard output.
    """

    files: tuple[str, ...]
    task: str | None
    levels: int | None
    distance: str
    draws: int
    seed: int
    figures: str | None
    format: str


def check_compare(request: CompareRequest) -> None:
    """Refuse what cannot be read or written.

    Raises:
        click.UsageError: with what to do instead.
    """
    if not request.files:
        raise click.UsageError("nothing to compare: name cards (.json), estimates (.npz) or weights by feature (.json)")
    for file in request.files:
        existing_file(file, "card or estimate")
    names = [Path(file).stem for file in request.files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise click.UsageError(f"several files are called {', '.join(twice)}: rename one, names tell them apart")
    if request.figures is not None:
        check_pattern("--figures", request.figures, [short_name(names[0])], folder=True)


def compare(request: CompareRequest) -> int:
    """Read, compare, show; the exit code."""
    limit_threads(1)
    from birl.comparison import compare_rewards, read_rewards
    from birl.report import render_comparison, write_matrix

    read = {file: read_rewards(Path(file), Path(file).stem) for file in request.files}
    task = _task(request, read)
    rewards = {name: reward for one in read.values() for name, reward in one.rewards.items()}
    metric = METRICS[request.distance]
    matrix = compare_rewards(task, rewards, metric=metric, draws=request.draws, seed=request.seed)  # type: ignore[arg-type]
    if request.figures is not None:
        write_matrix(matrix, Path(request.figures) / "matrix.png", title=f"Rewards on {task.name}")
    colour = in_colour(request.format)
    shown = render_comparison(matrix, request.format, task=task.name, colour=colour)
    click.echo(shown, nl=False, color=colour)
    return 0


def _task(request: CompareRequest, read: dict[str, Compared]) -> Task:
    """The task asked for, or the one all cards are about; likewise the number of levels."""
    from birl.types import BirlError

    told = {file: one.settings for file, one in read.items() if "task" in one.settings}
    tasks = sorted({str(settings["task"]) for settings in told.values()})
    if request.task is None and len(tasks) != 1:
        said = f"the cards are about {' and '.join(tasks)}" if tasks else "no card says which task they are about"
        raise BirlError(f"{said}: give --task")
    levels = sorted({int(settings["levels"]) for settings in told.values() if "levels" in settings})
    if request.levels is None and len(levels) > 1:
        raise BirlError(f"the cards have {' and '.join(map(str, levels))} levels a distribution: give --levels")
    return open_task(request.task or tasks[0], request.levels or (levels[0] if levels else None))
