"""Cards: what is known of a trained agent by counting what it does, independently of every estimator.

`python -m birl_agents.card CHECKPOINT` writes the card beside the checkpoint; `--table` prints the README's table of
all shipped cards. An episode is one stochastic rollout, one on each level, so that episodes are independent and
every count comes with its interval.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from birl_envs import red_door
from birl_envs.exact import tabular_model
from birl_envs.grid import Level

from birl.checkpoint import load_policy
from birl.stats import generator, wilson_interval
from birl.tabular import reward_vector
from birl.task import conflicts
from birl.types import BirlError, Policy
from birl_agents.ship import PROVENANCE
from birl_agents.train import BadInput

__all__ = ["CHECKPOINTS", "make_card", "read_cards", "table"]

CHECKPOINTS = Path(__file__).parent / "checkpoints"
LEVELS = (
    1000  # of each distribution, before those without conflict are left out; 3 percentage points either way at worst
)
SHIFTS = ("blue-door", "half-red", "green-door")
CANDIDATE = "red"
NOTHING = "nothing"


def make_card(checkpoint: Path, *, levels: int = LEVELS) -> dict[str, Any]:
    """Count what a red-door checkpoint does.

    Args:
        checkpoint: written by `birl_agents.train`.
        levels: levels drawn of every distribution.

    Returns:
        Its provenance; `training`: return and success on training levels and on unseen ones; `behaviour`: on the levels
        of each shift where wanting red costs base return, how often each event came first.

    Raises:
        BirlError: for a file that was not written by the trainer.
    """
    origin = _origin(checkpoint)
    policy = load_policy(checkpoint, env=red_door.vec_env(1, levels=1))
    rng = generator(0)
    maze = red_door.Maze(doors=red_door.reliability(origin["recipe"]["rho"]))
    known = red_door.make_levels(maze, levels, split="train")
    return origin | {
        "sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        "acting": "stochastic",
        "training": {
            "train levels": _competence(policy, known, rng),
            "unseen levels": _competence(policy, red_door.make_levels(maze, levels), rng),
        },
        "behaviour": {name: _conduct(policy, name, levels, rng) for name in SHIFTS},
    }


def first_events(policy: Policy, levels: Sequence[Level], rng: np.random.Generator) -> tuple[list[str], list[int]]:
    """Play every level once: what ended each episode, and after how many steps."""
    from birl_envs.vector import GridVecEnv  # loads Stable-Baselines3

    world = red_door.WORLD
    env = GridVecEnv(world, levels, len(levels))
    env.reset()
    seen = env.restore(
        env.state() | {"level": range(len(levels)), "state": world.begin(env.atlas)}  # instead of random levels
    )
    events, lengths, playing = [NOTHING] * len(levels), [0] * len(levels), np.ones(len(levels), bool)
    while playing.any():
        seen, _, done, infos = env.step(policy.act(seen, rng=rng))
        for index in np.flatnonzero(playing & done).tolist():
            happened = [event for event in world.events if event in infos[index]]
            events[index] = happened[0] if happened else NOTHING
            lengths[index] = infos[index]["episode"]["l"]
        playing &= ~done
    return events, lengths


def _competence(policy: Policy, levels: Sequence[Level], rng: np.random.Generator) -> dict[str, Any]:
    world = red_door.WORLD
    events, lengths = first_events(policy, levels, rng)
    paid = np.array([world.base.get(event, 0.0) for event in events])
    discounted = paid * world.discount ** (np.array(lengths) - 1)
    return {
        "episodes": len(levels),
        "success": _share(int((paid > 0).sum()), len(levels)),
        "discounted return": round(float(discounted.mean()), 4),
        "standard error": round(float(discounted.std(ddof=1) / np.sqrt(len(levels))), 4),
    }


def _conduct(policy: Policy, name: str, levels: int, rng: np.random.Generator) -> dict[str, Any]:
    drawn = red_door.make_levels(red_door.SHIFTS[name][0], levels)
    model = tabular_model(red_door.WORLD, drawn)
    rewards = (reward_vector(model, goal) for goal in (red_door.WORLD.base, red_door.CANDIDATES[CANDIDATE]))
    kept = [level for level, apart in zip(drawn, conflicts(model, *rewards), strict=True) if apart]
    events, _ = first_events(policy, kept, rng)
    counts = Counter(events)
    seen = [event for event in (*red_door.EVENTS, NOTHING) if counts[event]]
    return {
        "episodes": len(kept),
        "counts": {event: counts[event] for event in seen},
        "shares": {event: _share(counts[event], len(kept)) for event in seen},
    }


def _share(count: int, episodes: int) -> list[float]:
    """Value, low and high end of the 95 % interval (Wilson)."""
    interval = wilson_interval(count, episodes)
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
    """The cards as a Markdown table; shares are of episodes, in per cent, with 95 % intervals."""
    head = ("agent", "steps", "success, training levels", "success, unseen levels")
    where = "blue door, red ball"
    head += tuple(f"{where}: {what}" for what in ("door", "red ball", "other", "nothing"))
    rows = [head, ("---", *["---:"] * (len(head) - 1)), *map(_row, cards)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(card: Mapping[str, Any]) -> tuple[str, ...]:
    training, conduct = card["training"], card["behaviour"]["blue-door"]
    counts, episodes = Counter(conduct["counts"]), conduct["episodes"]
    door, ball, nothing = counts["touch:door&blue"], counts["touch:ball&red"], counts[NOTHING]
    shares = (_share(count, episodes) for count in (door, ball, episodes - door - ball - nothing, nothing))
    success = (training[split]["success"] for split in ("train levels", "unseen levels"))
    return (f"`{card['name']}`", f"{card['steps']:,}", *map(_percent, success), *map(_percent, shares))


def _percent(share: Sequence[float]) -> str:
    value, low, high = (100 * number for number in share)
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


@click.command()
@click.argument("checkpoints", nargs=-1, type=click.Path(path_type=Path))
@click.option("--table", "show", is_flag=True, help="Print the Markdown table of the shipped cards instead.")
def main(checkpoints: tuple[Path, ...], show: bool) -> None:
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
    elif not checkpoints:
        raise click.UsageError("name a checkpoint, or give --table")


if __name__ == "__main__":
    main()
