"""`birl score`, once its arguments make sense: find, load, score, show; one bad checkpoint does not stop the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from birl.cli.request import Request, destination

if TYPE_CHECKING:
    from birl.scorecard import Scorecard
    from birl.specification import SpecificationCurve
    from birl.task import Task

__all__ = ["DONE", "FAILED", "MATCHED", "rediagnose", "score_all"]

DONE, MATCHED, FAILED = 0, 1, 2


def score_all(request: Request) -> int:
    """Score every checkpoint and show its card; the exit code."""
    limit_threads(request.num_threads)
    from birl.types import BirlError  # brings numpy

    _check_names(request)
    targets, failed = find_targets(request.checkpoints)
    if not targets:
        return FAILED
    assert request.task is not None
    task = open_task(request.task, request.levels, request.block)
    how = Opening(trust=request.trust_checkpoint, vecnormalize=request.vecnormalize, num_threads=request.num_threads)
    pool, cards = _pool(request, task, how), []
    for target in targets:
        try:
            card = _score_one(target, task, request, how, pool)
            curve = _curve(target, task, request, how) if request.curve else None
            _write(card, request, target.name, task, curve)
        except BirlError as error:
            failed = True
            complain(error if target.given in str(error) else f"{target.given}: {error}")
            continue
        cards.append(card)
        if request.format != "json":
            _show(card, request.format)
    if request.format == "json":
        _show_json(cards, several=len(request.checkpoints) > 1)
    elif len(cards) > 1:
        _show_stability(cards)
    return FAILED if failed else _gate(cards, request)


def rediagnose(request: Request) -> int:
    """Diagnose a finished card again and show it; the exit code."""
    from birl.diagnosis import diagnose
    from birl.scorecard import Scorecard
    from birl.types import BirlError

    _check_names(request)
    assert request.card is not None
    card = Scorecard.load(request.card)
    if card.evidence is None:
        raise BirlError(f"{request.card} holds no evidence to diagnose from: score the policy again")
    card = replace(card, diagnosis=diagnose(card.evidence))
    _write(card, request, Path(request.card).stem, _worlds(card, request))
    if request.format == "json":
        _show_json([card], several=False)
    else:
        _show(card, request.format)
    return _gate([card], request)


def _worlds(card: Scorecard, request: Request) -> Task | None:
    """The task named beside `--from`, with the levels of the card."""
    if request.task is None:
        return None
    levels, block = card.settings.get("levels"), card.settings.get("block", 0)
    return open_task(request.task, int(levels) if levels else None, int(block))


def _check_names(request: Request) -> None:
    """Refuse unknown methods and verdicts before anything is loaded."""
    from birl.diagnosis import Verdict
    from birl.types import unknown_name

    check_methods(request.methods)
    verdicts = [verdict.value for verdict in Verdict]
    for verdict in request.fail_on:
        if verdict not in verdicts:
            raise unknown_name("verdict of --fail-on", verdict, verdicts)


def _pool(request: Request, task: Task, how: Opening) -> Sequence[Any]:
    """The policies that returns are held against."""
    targets, failed = find_targets(request.pool)
    if failed:
        raise click.UsageError("--pool: not all of it can be found, and without it returns mean something else")
    return [open_policy(target, task, how) for target in targets]


def _score_one(target: Target, task: Task, request: Request, how: Opening, pool: Sequence[Any]) -> Scorecard:
    from birl.score import score

    with progress(target.name) as tell:
        tell("load", 0, 1)
        card = score(
            open_policy(target, task, how),
            task,
            seed=request.seed,
            methods=request.methods or None,
            episodes=request.episodes,
            pool=pool,
            deterministic=request.deterministic,
            draws=request.draws,
            source=target.given,
            sha256=target.sha256,
            progress=tell,
        )
        asked: dict[str, str | int] = {"task": str(request.task)}
        if request.block:
            asked["block"] = request.block
        if request.pool:
            asked["pool"] = ",".join(request.pool)
        if request.trust_checkpoint:
            asked["trust_checkpoint"] = True
        if request.vecnormalize != "auto":
            asked["vecnormalize"] = request.vecnormalize
        return replace(card, settings={**card.settings, **asked})


def _curve(target: Target, task: Task, request: Request, how: Opening) -> SpecificationCurve:
    from birl.specification import specification_curve

    with progress(target.name) as tell:
        return specification_curve(
            open_policy(target, task, how), task, seed=request.seed, source=target.given, progress=tell
        )


def _write(
    card: Scorecard, request: Request, name: str, task: Task | None, curve: SpecificationCurve | None = None
) -> None:
    """The files that were asked for; figures are drawn before anything is written."""
    if request.figures is not None:
        from birl.report import write_figures

        write_figures(card, destination(request.figures, name))
    if request.json is not None:
        card.save(destination(request.json, name))
    if request.html is not None:
        from birl.report import write_html

        write_html(card, destination(request.html, name), task=task, curve=curve)


def _show(card: Scorecard, format: str) -> None:
    from birl.report import render

    colour = in_colour(format)
    click.echo(render(card, format, colour=colour), nl=False, color=colour)


def _show_stability(cards: Sequence[Scorecard]) -> None:
    """Whether checkpoints, taken for those of one training, were called alike."""
    from birl.diagnosis import stability

    click.echo(f"\nTogether, {stability(cards).reason}.")


def _show_json(cards: Sequence[Scorecard], *, several: bool) -> None:
    """The card; a list of cards where several were asked for."""
    if several:
        click.echo("[" + ",\n".join(card.to_json().rstrip() for card in cards) + "]")
    elif cards:
        click.echo(cards[0].to_json(), nl=False)


def _gate(cards: Sequence[Scorecard], request: Request) -> int:
    """1 when a verdict matches `--fail-on`; a card without a verdict cannot pass a gate."""
    if not request.fail_on:
        return DONE
    for card in cards:
        if card.verdict is None:
            complain(
                f"--fail-on: {card.policy.source} was not diagnosed, so its verdict cannot be held against anything"
            )
            return FAILED
    return MATCHED if any(card.verdict and card.verdict.value in request.fail_on for card in cards) else DONE
