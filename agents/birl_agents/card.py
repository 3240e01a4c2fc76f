"""Cards: what is known of a trained agent by counting what it does, independently of every estimator.

`python -m birl_agents.card CHECKPOINT` writes the card beside the checkpoint; `--table` prints the README's table of
all shipped cards, `--commands` what makes their checkpoints. An episode is one stochastic rollout, one on each level,
so that episodes are independent and every count comes with its interval.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from birl_envs.exact import tabular_model
from birl_envs.grid import Level
from birl_envs.world import World

from birl.checkpoint import load_policy
from birl.stats import generator, normal_interval, wilson_interval
from birl.tabular import PolicyChain, hard_plan, reward_vector
from birl.task import conflicts
from birl.types import BirlError, FloatArray, Interval
from birl_agents.play import Played, play
from birl_agents.ship import PROVENANCE
from birl_agents.train import BadInput
from birl_agents.training.recipe import PLANNING_NETS, Recipe, world_module

__all__ = ["CHECKPOINTS", "make_card", "read_cards", "table"]

CHECKPOINTS = Path(__file__).parent / "checkpoints"
LEVELS = (
    1000  # of each distribution, before those without conflict are left out; 3 percentage points either way at worst
)
STATES, SAMPLE = 400_000, 10  # fewer levels where these many would have more states, as some of them tell
NOTHING = "nothing"
SHOWN = 4  # events in a row of the table


def make_card(checkpoint: Path, *, levels: int = LEVELS) -> dict[str, Any]:
    """Count what a checkpoint does.

    Args:
        checkpoint: written by `birl_agents.train`, of a grid world.
        levels: levels drawn of every distribution.

    Returns:
        Its provenance; `training`: what it earns on training levels and on unseen ones; `behaviour`: by shift, on the
        levels where wanting the world's first candidate costs base return (on all, where there are none), in how many
        episodes each event happened and what was earned.

    Raises:
        BirlError: for a file that was not written by the trainer.
    """
    origin = _origin(checkpoint)
    recipe, rng = Recipe(**origin["recipe"]), generator(0)
    module, pool = world_module(recipe.world), recipe.pool
    policy = _policy(checkpoint, recipe)
    states = tabular_model(module.WORLD, pool("test", SAMPLE)).n_states / SAMPLE
    count = min(levels, max(SAMPLE, int(STATES / states)))
    return origin | {
        "sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        "acting": "stochastic",
        "training": {
            name: _earned(play(policy, module.WORLD, drawn, rng), drawn)
            for name, drawn in (("train levels", pool("train", count)), ("unseen levels", pool("test", count)))
        },
        "behaviour": {
            name: {"shift": shift[1]} | _conduct(policy, module.WORLD, module.make_levels(shift[0], count), rng)
            for name, shift in module.SHIFTS.items()
        },
    }


def _policy(checkpoint: Path, recipe: Recipe) -> Any:
    env = recipe.vec_env(1)
    if recipe.algorithm not in PLANNING_NETS:
        return load_policy(checkpoint, env)
    from birl_agents.training.planning_nets import read_policy  # loads torch and Stable-Baselines3

    return read_policy(checkpoint, recipe.algorithm, env.observation_space, env.action_space)


def _conduct(policy: Any, world: World, drawn: Sequence[Level], rng: np.random.Generator) -> dict[str, Any]:
    candidate = next(iter(world.candidates), None)
    apart = np.zeros(len(drawn), bool) if candidate is None else _apart(world, drawn, candidate)
    kept = [level for level, parted in zip(drawn, apart, strict=True) if parted or not apart.any()]
    played = play(policy, world, kept, rng)
    some = played.counts > 0
    happened = {event: int(some[:, number].sum()) for number, event in enumerate(world.events) if some[:, number].any()}
    silent = int((~some.any(axis=1)).sum())
    counts = happened | ({NOTHING: silent} if silent else {})
    return {
        "conflict with": candidate if apart.any() else None,
        **_earned(played, kept),
        "counts": counts,
        "shares": {event: _numbers(wilson_interval(number, len(kept))) for event, number in counts.items()},
        "times per episode": {
            event: _numbers(_mean(played.counts[:, number]))
            for number, event in enumerate(world.events)
            if played.counts[:, number].max(initial=0.0) > 1
        },
        "candidates": {name: _numbers(_mean(played.returns(weights))) for name, weights in world.candidates.items()},
    }


def _apart(world: World, drawn: Sequence[Level], candidate: str) -> np.ndarray:
    """Levels on which wanting the candidate costs base return, bool [L]."""
    model = tabular_model(world, drawn)
    return conflicts(model, reward_vector(model, world.base), reward_vector(model, world.candidates[candidate]))


def _earned(played: Played, levels: Sequence[Level]) -> dict[str, Any]:
    """What episodes earned of the base objective, and how that compares with the best and with a random walk."""
    world = played.world
    returns = played.returns(world.base)
    paying = [number for number, event in enumerate(world.events) if world.base.get(event, 0.0) > 0]
    best, walk = _bounds(world, levels)
    told: dict[str, Any] = {
        "episodes": len(levels),
        "discounted return": _numbers(_mean(returns)),
        "share of what can be gained": None,
    }
    if best - walk > 1e-9:
        told["share of what can be gained"] = _numbers(_mean((returns - walk) / (best - walk)))
    if paying:
        won = int((played.counts[:, paying] > 0).any(axis=1).sum())
        told["success"] = _numbers(wilson_interval(won, len(levels)))
    return told


def _bounds(world: World, levels: Sequence[Level]) -> tuple[float, float]:
    """Discounted base return of the optimal policy and of the random walk, without a time limit."""
    model = tabular_model(world, levels)
    base = reward_vector(model, world.base)
    walk = PolicyChain(model, model.uniform).policy_values(base)
    return float(model.start @ hard_plan(model, base).values), float(model.start @ walk)


def _mean(values: FloatArray) -> Interval:
    """Of independent episodes [B]."""
    return normal_interval(float(values.mean()), float(values.var(ddof=1) / values.size))


def _numbers(interval: Interval) -> list[float]:
    """Value, low and high end of the 95 % interval."""
    return [round(number, 4) for number in (interval.value, interval.low, interval.high)]


def _origin(checkpoint: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            return json.loads(archive.read(PROVENANCE))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BirlError(f"{checkpoint} was not written by birl_agents.train ({error}): train it with that") from error


def read_cards(folder: Path = CHECKPOINTS) -> Mapping[str, Mapping[str, Any]]:
    """Cards by the name of their checkpoint, in alphabetical order."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def table(cards: Iterable[Mapping[str, Any]]) -> str:
    """The cards as a Markdown table: what each agent earns, and what it does first of all where objectives part."""
    head = (
        "agent",
        "steps",
        "gained in training",
        "gained on unseen levels",
        "where objectives part",
        "episodes in which",
    )
    rows = [head, ("---", "---:", "---:", "---:", "---", "---"), *map(_row, cards)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(card: Mapping[str, Any]) -> tuple[str, ...]:
    gained = [card["training"][split]["share of what can be gained"] for split in ("train levels", "unseen levels")]
    parting = [name for name, conduct in card["behaviour"].items() if conduct["conflict with"]]
    where = parting[0] if parting else next(iter(card["behaviour"]))
    conduct = card["behaviour"][where]
    often = sorted(conduct["shares"].items(), key=lambda share: -share[1][0])[:SHOWN]
    told = "; ".join(f"`{event}` {_percent(share)}" for event, share in often)
    place = f"{where} (n = {conduct['episodes']:,})"
    return (f"`{card['name']}`", f"{card['steps']:,}", *map(_percent, gained), place, told)


def _percent(share: Sequence[float] | None) -> str:
    if share is None:
        return "-"
    value, low, high = (100 * number for number in share)
    return f"{value:.0f} [{low:.0f}, {high:.0f}]"


@click.command()
@click.argument("checkpoints", nargs=-1, type=click.Path(path_type=Path))
@click.option("--table", "show", is_flag=True, help="Print the Markdown table of the shipped cards instead.")
@click.option("--commands", is_flag=True, help="Print the commands that make the shipped checkpoints instead.")
def main(checkpoints: tuple[Path, ...], show: bool, commands: bool) -> None:
    """Write the card of each checkpoint beside it, as NAME.json."""
    try:
        for checkpoint in checkpoints:
            card = json.dumps(make_card(checkpoint), indent=1)
            checkpoint.with_suffix(".json").write_text(card + "\n", "utf-8")
            click.echo(str(checkpoint.with_suffix(".json")))
    except BirlError as error:
        raise BadInput(str(error)) from error
    if show:
        click.echo(table(read_cards().values()))
    if commands:
        click.echo("\n".join(card["command"] for card in read_cards().values()))
    if not (checkpoints or show or commands):
        raise click.UsageError("name a checkpoint, or give --table or --commands")


if __name__ == "__main__":
    main()
