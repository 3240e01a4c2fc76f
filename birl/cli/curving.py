"""`birl curve`: one policy scored under every defensible specification."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from birl.cli.console import progress
from birl.cli.loading import Opening, check_methods, find_targets, in_colour, limit_threads, open_policy, open_task
from birl.cli.request import check_pattern, destination, short_name

__all__ = ["CurveRequest", "curve"]

DONE, FAILED = 0, 2


@dataclass(frozen=True, kw_only=True)
class CurveRequest:
    """The arguments of `birl curve`.

    Attributes:
        checkpoint: a file, a folder or an agent of the zoo.
        task: short name or module:NAME.
        methods: that carry a verdict; those of `birl.specification` if empty.
        levels: of each distribution.
        seed: of the draws.
        jobs: specifications at a time.
        json: file for everything.
        figures: folder for the figure.
        format: of what goes to standard output.
        trust_checkpoint: whether the checkpoint may run code.
        vecnormalize: statistics of observations.
    """

    checkpoint: str
    task: str
    methods: tuple[str, ...]
    levels: int
    seed: int
    jobs: int
    json: str | None
    figures: str | None
    format: str
    trust_checkpoint: bool
    vecnormalize: str


def curve(request: CurveRequest) -> int:
    """Score, show, write; the exit code."""
    name = short_name(request.checkpoint)
    for option, given in (("--json", request.json), ("--figures", request.figures)):
        if given is not None:
            check_pattern(option, given, [name], folder=option == "--figures")
    limit_threads(1)
    check_methods(request.methods)
    targets, _ = find_targets([request.checkpoint])
    if not targets:
        return FAILED
    from birl.report import render_specification, write_specification
    from birl.specification import METHODS, specification_curve

    task = open_task(request.task, request.levels)
    how = Opening(trust=request.trust_checkpoint, vecnormalize=request.vecnormalize, num_threads=1)
    with progress(targets[0].name) as tell:
        found = specification_curve(
            open_policy(targets[0], task, how),
            task,
            methods=request.methods or METHODS,
            levels=None,
            seed=request.seed,
            jobs=request.jobs,
            source=targets[0].given,
            progress=tell,
        )
    if request.figures is not None:
        write_specification(found, Path(destination(request.figures, name)) / "specification.png")
    if request.json is not None:
        from birl.files import write_whole

        write_whole(Path(destination(request.json, name)), found.to_json().encode())
    colour = in_colour(request.format)
    click.echo(render_specification(found, request.format, colour=colour), nl=False, color=colour)
    return DONE
