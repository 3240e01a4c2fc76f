"""`birl recover`, once its arguments make sense: find, load, recover, show; a method that fails stops no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from birl.cli.console import complain, progress
from birl.cli.loading import (
    Opening,
    Target,
    check_methods,
    find_targets,
    in_colour,
    limit_threads,
    open_policy,
    open_task,
)
from birl.cli.recover_request import RecoverRequest
from birl.cli.request import destination

if TYPE_CHECKING:
    from birl.rewards import Rewards

__all__ = ["recover"]

DONE, FAILED = 0, 2


def recover(request: RecoverRequest) -> int:
    """Recover rewards by every method asked for and show them; the exit code."""
    limit_threads(request.num_threads)
    assert request.checkpoint is not None
    check_methods(request.methods)
    targets, _ = find_targets([request.checkpoint])
    if not targets:
        return FAILED
    found = _recovered(targets[0], request)
    _write(found, request)
    for name, reason in found.failed.items():
        complain(reason if name in reason else f"{name}: {reason}")
    from birl.report import render_rewards

    colour = in_colour(request.format)
    click.echo(render_rewards(found, request.format, colour=colour), nl=False, color=colour)
    return FAILED if found.failed else DONE


def _recovered(target: Target, request: RecoverRequest) -> Rewards:
    from birl.rewards import Asked, recover_rewards

    assert request.task is not None
    task = open_task(request.task, request.levels)
    for name in request.distributions:
        task.distribution(name)  # before a network is loaded
    how = Opening(trust=request.trust_checkpoint, vecnormalize=request.vecnormalize, num_threads=request.num_threads)
    asked = Asked(
        methods=request.methods,
        distributions=request.distributions,
        episodes=request.episodes,
        seed=request.seed,
        deterministic=request.deterministic,
    )
    with progress(target.name) as tell:
        tell("load", 0, 1)
        policy = open_policy(target, task, how)
        found = recover_rewards(policy, task, asked, source=target.given, sha256=target.sha256, progress=tell)
    also = {"task": request.task, "levels": request.levels, "trust_checkpoint": request.trust_checkpoint}
    return replace(found, settings={**found.settings, **{name: value for name, value in also.items() if value}})


def _write(found: Rewards, request: RecoverRequest) -> None:
    """The files that were asked for; figures are drawn before anything is written."""
    assert request.checkpoint is not None
    name = Path(request.checkpoint).stem
    if request.figures is not None:
        from birl.report import write_reward_figures

        write_reward_figures(found, destination(request.figures, name))
    if request.out is not None:
        for method, estimate in found.estimates.items():
            estimate.save(destination(request.out, method))
    if request.json is not None:
        from birl.files import write_whole

        write_whole(destination(request.json, name), found.to_json().encode())
