"""`birl tasks`, `birl agents`, `birl methods`: what is there, one aligned line each."""

from __future__ import annotations

from collections.abc import Sequence

import click

from birl.cli.console import one_line

__all__ = ["list_agents", "list_methods", "list_tasks", "show"]


def list_tasks() -> None:
    """Name, what it is about, its shifts; or why it cannot be loaded here."""
    from birl.task import load_task, task_names
    from birl.types import BirlError

    rows: list[tuple[str, str, str]] = []
    for name in sorted(task_names()):
        try:
            task = load_task(name, levels=1)
        except BirlError as error:
            rows.append((name, f"not here: {error}", ""))
            continue
        rows.append((name, task.about, f"shifts: {', '.join(d.name for d in task.shifts)}"))
    show(rows)


def list_agents() -> None:
    """Name, kind, task, what is known about it."""
    from birl.zoo import agents

    show([(one.name, one.kind, one.task or "any task", one.about) for one in agents().values()])


def list_methods() -> None:
    """Name, what it needs, behavioural model, source, what it cannot identify."""
    from birl.irl import ESTIMATORS
    from birl.irl.needs import NEEDS

    show(
        [
            (
                name,
                f"needs {', '.join(need for need in NEEDS if need in method.needs)}",
                method.behavioral_model,
                method.source,
                f"cannot identify {method.cannot_identify}",
            )
            for name, method in ESTIMATORS.items()
        ]
    )


def show(rows: Sequence[tuple[str, ...]]) -> None:
    """Rows with aligned columns."""
    clean = [tuple(one_line(cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    for row in clean:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
