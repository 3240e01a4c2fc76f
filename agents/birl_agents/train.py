"""The command that makes a checkpoint: `python -m birl_agents.train red-door --set rho=1 --seed 0`.

A run can be interrupted at any moment; the same command goes on where it stopped and ends with the same weights.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from birl.types import BirlError
from birl_agents.training.progress import Progress
from birl_agents.training.recipe import ALGORITHMS, Recipe

__all__ = ["BadInput", "Progress", "Recipe", "train"]


def train(recipe: Recipe, *, run: Path | None = None, report: Callable[[Progress], None] | None = None) -> Any:
    """A trained Stable-Baselines3 (or sb3-contrib) model.

    Args:
        recipe: what to train.
        run: the file that makes the run resumable; continued if it is there.
        report: called now and then.

    Raises:
        BirlError: when the run file belongs to another recipe or cannot be read.
    """
    module = importlib.import_module(f"birl_agents.training.{ALGORITHMS[recipe.algorithm][0]}")
    return module.train(recipe, run=run, report=report)


class BadInput(click.ClickException):
    """One line on standard error, exit code 2."""

    exit_code = 2


@click.command()
@click.argument("world")
@click.option("--algorithm", default="ppo", show_default=True, help=f"One of {', '.join(ALGORITHMS)}.")
@click.option("--set", "setting", multiple=True, metavar="NAME=VALUE", help="An argument of the world, as rho=0.9.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="A setting of the algorithm.")
@click.option("--seed", default=0, show_default=True)
@click.option("--steps", default=0, help="Environment steps; the algorithm's own number by default.")
@click.option("--out", type=click.Path(path_type=Path), help="Checkpoint to write; named after the recipe by default.")
def main(world: str, out: Path | None, **wanted: Any) -> None:
    """Train a checkpoint; run the same command again to go on after an interruption."""
    from birl_agents.ship import ship

    try:
        pairs = {name: dict(map(_pair, wanted.pop(name))) for name in ("setting", "options")}
        recipe = Recipe(world=world, **pairs, **wanted)
        out = out or Path(f"{recipe.name}.zip")
        run = out.with_suffix(".run")
        model = _shown(recipe, run) if sys.stderr.isatty() else train(recipe, run=run, report=_line(recipe))
        ship(model, recipe, out)
    except BirlError as error:
        raise BadInput(str(error)) from error
    run.unlink(missing_ok=True)
    click.echo(str(out))


def _pair(said: str) -> tuple[str, Any]:
    """NAME=VALUE, the value a number where it looks like one."""
    name, equals, value = said.partition("=")
    if not (name and equals and value):
        raise BirlError(f"{said!r} is not NAME=VALUE: write it so")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value


def _line(recipe: Recipe) -> Callable[[Progress], None]:
    """Report in lines, about ten a run: for logs."""
    last = [-1]

    def report(progress: Progress) -> None:
        tenth = 10 * progress.steps // recipe.budget
        if tenth > last[0]:
            last[0] = tenth
            click.echo(f"{recipe.name}: {progress.steps:,} steps, return {progress.recent_return:.3f}", err=True)

    return report


def _shown(recipe: Recipe, run: Path) -> Any:
    """Train under a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, TextColumn("return {task.fields[reward]:.3f}"), console=Console(stderr=True)) as bars:
        bar = bars.add_task(recipe.name, total=recipe.budget, reward=float("nan"))
        return train(recipe, run=run, report=lambda p: bars.update(bar, completed=p.steps, reward=p.recent_return))


if __name__ == "__main__":
    main()
