"""The page of all experiments: question, figure, answer, what it does not cover, and how to make it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from experiments.experiment import Experiment, Row

__all__ = ["page"]

HEAD = """# Experiments

Made by `python benchmarks/run_experiments.py` from the rows in `results/experiments/`: figures and sentences are
computed from them. Numbers are means with 95 % intervals (Student's t) over what each note says; faint dots in figures
are single blocks of levels. A *mixed* proxy keeps a comparable part of the base objective. *Goal* and *capability*
split what is lost of the base return into what an ideal optimiser of the recovered objective would lose and what is
left."""


def page(found: Mapping[str, Sequence[Row]], experiments: Mapping[str, Experiment]) -> str:
    """Markdown.

    Args:
        found: experiment -> its rows; those without any are named as not run yet.
        experiments: by name, in order.
    """
    sections = [_section(one, one.complete(found.get(name, ()))) for name, one in experiments.items()]
    return "\n\n".join([HEAD, *sections]) + "\n"


def _section(one: Experiment, rows: Sequence[Row]) -> str:
    command = f"    python benchmarks/run_experiments.py {one.name}"
    if not rows:
        return f"## {one.name}\n\n**{one.question}**\n\nNot run yet:\n\n{command}"
    return "\n\n".join(
        (
            f"## {one.name}",
            f"**{one.question}**",
            f"![{one.shown}](results/experiments/{one.name}.png)",
            one.sentence(rows),
            one.note,
            f"{_cost(one, rows)}:",
            command,
        )
    )


def _cost(one: Experiment, rows: Sequence[Row]) -> str:
    """How much was measured, and what it took; what others measured took nothing."""
    seconds, seeds = sum(row["seconds"] for row in rows), len({row["seed"] for row in rows})
    if seconds < 1:
        return "Read from what is stored"
    blocks = "" if one.exact else f" on {seeds} block{'s' * (seeds > 1)} of {one.size.levels} levels"
    cases = f"{len(one.cases)} case{'s' * (len(one.cases) > 1)}"
    return f"{cases}{blocks}, {one.size.draws} draws, {seconds / 60:.1f} CPU minutes"
