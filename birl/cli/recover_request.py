"""What `birl recover` was asked for, and what can be refused before anything heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass

import click

from birl.cli.request import check_checkpoint_options, check_pattern

__all__ = ["RecoverRequest", "check_recover"]


@dataclass(frozen=True, kw_only=True)
class RecoverRequest:
    """The arguments of `birl recover`.

    Attributes:
        checkpoint: a file, or the name of an installed agent.
        task: short name or module:NAME.
        methods: names.
        distributions: of the task; all if empty.
        levels: of each distribution; as the task comes if None.
        episodes: rolled out on each distribution.
        seed: of rollouts and of methods that draw.
        deterministic: whether the likeliest action is taken.
        num_threads: that torch may use.
        out: file for the estimate.
        json: file for everything but its arrays.
        figures: folder for the figures.
        format: of what goes to standard output.
        trust_checkpoint: whether the checkpoint may run code.
        vecnormalize: statistics of observations: auto, none, or a file.
    """

    checkpoint: str | None
    task: str | None
    methods: tuple[str, ...]
    distributions: tuple[str, ...]
    levels: int | None
    episodes: int
    seed: int
    deterministic: bool
    num_threads: int
    out: str | None
    json: str | None
    figures: str | None
    format: str
    trust_checkpoint: bool
    vecnormalize: str


def check_recover(request: RecoverRequest) -> None:
    """Refuse what does not make sense together and what cannot be written.

    Raises:
        click.UsageError: with what to do instead.
    """
    if request.checkpoint is None:
        raise click.UsageError(
            "nothing to recover a reward from: name a checkpoint (.zip, folder or hf:owner/name) or an agent of "
            "`birl agents`"
        )
    check_checkpoint_options(request.task, request.vecnormalize)
    if not request.methods:
        raise click.UsageError("--method is missing: give a name that `birl methods` prints; it may be repeated")
    names = tuple(dict.fromkeys(request.methods))
    if request.out is not None:
        check_pattern("--out", request.out, names, what="method")
    for option, pattern, folder in (("--json", request.json, False), ("--figures", request.figures, True)):
        if pattern is not None:
            check_pattern(option, pattern, [request.checkpoint], folder=folder)
