"""How the shipped checkpoints were made: `python -m birl_agents.train red-door --rho 1 --seed 0`.

Stable-Baselines3's PPO on a natively vectorised world. Training goes in segments; after each one everything that
decides what happens next (weights, optimizer, both random generators, the world's state) is written to one file,
atomically. An interrupted run, started again with the same command, ends with the same weights as one left alone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from birl.types import BirlError, unknown_name

if TYPE_CHECKING:
    from stable_baselines3 import PPO

__all__ = ["WORLDS", "BadInput", "Progress", "Recipe", "train"]

WORLDS = ("red-door",)
SEGMENT = 5  # rollouts between two writes: about 20,000 steps, one to two seconds


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a run; two runs of one recipe on one machine give the same weights.

    Attributes:
        world: one of `WORLDS`.
        rho: probability that the training levels' door is red.
        seed: of weights, actions, minibatches and the order of levels.
        steps: environment steps, rounded up to whole rollouts of n_envs * n_steps.
        levels: size of the pool of training levels.
        n_envs: environments stepped at once.
        n_steps: steps of each between two updates.
        batch_size: of a minibatch.
    """

    world: str = "red-door"
    rho: float = 1.0
    seed: int = 0
    steps: int = 600_000
    levels: int = 3000
    n_envs: int = 64
    n_steps: int = 64
    batch_size: int = 1024

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        if self.world not in WORLDS:
            raise unknown_name("world to train on", self.world, WORLDS)
        if self.seed < 0:
            raise BirlError(f"seed {self.seed} is negative: give a whole number from 0 up")
        if not 0.0 <= self.rho <= 1.0:
            raise BirlError(f"rho {self.rho} is no probability: give a number from 0 to 1")
        if self.steps < 1:
            raise BirlError(f"{self.steps} steps: give at least 1")

    @property
    def name(self) -> str:
        """`red-door-ppo-rho1-s0` and the like."""
        return f"{self.world}-ppo-rho{self.rho:g}-s{self.seed}"

    @property
    def command(self) -> str:
        """The command that makes this checkpoint."""
        steps = "" if self.steps == Recipe.steps else f" --steps {self.steps}"
        return f"python -m birl_agents.train {self.world} --rho {self.rho:g} --seed {self.seed}{steps}"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands.

    Attributes:
        steps: environment steps so far.
        recent_return: mean undiscounted return of the last 100 episodes; NaN before the first ends.
    """

    steps: int
    recent_return: float


def train(recipe: Recipe, *, run: Path | None = None, report: Callable[[Progress], None] | None = None) -> PPO:
    """A trained model.

    Args:
        recipe: what to train.
        run: the file that makes the run resumable; continued if it is there, written after every segment.
        report: called after every segment.

    Raises:
        BirlError: when the run file belongs to another recipe or cannot be read.
    """
    model = _begin(recipe)
    if run is not None and run.exists():
        _restore(model, recipe, run)
    while model.num_timesteps < recipe.steps:
        segment = min(SEGMENT * recipe.n_envs * recipe.n_steps, recipe.steps - model.num_timesteps)
        model.learn(segment, reset_num_timesteps=False)
        if run is not None:
            _write(model, recipe, run)
        if report is not None:
            episodes = [episode["r"] for episode in model.ep_info_buffer or ()]
            report(Progress(steps=model.num_timesteps, recent_return=float(np.mean(episodes)) if episodes else np.nan))
    return model


def _begin(recipe: Recipe) -> PPO:
    import torch  # these three take seconds to load, and bad arguments should not
    from birl_envs import red_door
    from stable_baselines3 import PPO
    from stable_baselines3.common.logger import Logger

    torch.set_num_threads(1)  # faster for small networks, and sums come in one order
    env = red_door.vec_env(recipe.n_envs, rho=recipe.rho, levels=recipe.levels, seed=recipe.seed)
    model = PPO(
        "MlpPolicy",  # two hidden layers of 64, tanh
        env,
        learning_rate=1e-3,
        gamma=0.95,
        n_steps=recipe.n_steps,
        n_epochs=4,
        batch_size=recipe.batch_size,
        ent_coef=0.01,
        seed=recipe.seed,
        device="cpu",
    )
    model.set_logger(Logger(folder=None, output_formats=[]))  # the default one leaves a folder behind
    return model


def _write(model: PPO, recipe: Recipe, run: Path) -> None:
    """Write the whole state beside the file, then put it in place in one move."""
    import torch

    env: Any = model.get_env()
    kind, key, position, has_gauss, cached = np.random.get_state(legacy=True)  # noqa: NPY002 - shuffles minibatches
    state = {
        "recipe": json.dumps(asdict(recipe)),
        "policy": model.policy.state_dict(),
        "optimizer": model.policy.optimizer.state_dict(),
        "torch": torch.get_rng_state(),
        "numpy": [kind, torch.from_numpy(np.asarray(key, np.int64)), position, has_gauss, cached],
        "env": json.dumps(env.state()),
        "episode_starts": np.asarray(model._last_episode_starts).tolist(),
        "steps": model.num_timesteps,
        "updates": model._n_updates,
    }
    run.parent.mkdir(parents=True, exist_ok=True)
    beside = run.with_name(run.name + ".part")
    torch.save(state, beside)
    os.replace(beside, run)


def _restore(model: PPO, recipe: Recipe, run: Path) -> None:
    """Put everything back as `_write` found it."""
    import torch

    state = _read(run)
    if json.loads(state["recipe"]) != asdict(recipe):
        raise BirlError(f"{run} belongs to another run ({state['recipe']}): remove it or give another --out")
    env: Any = model.get_env()
    model.policy.load_state_dict(state["policy"])
    model.policy.optimizer.load_state_dict(state["optimizer"])
    model._last_obs = env.restore(json.loads(state["env"]))
    model._last_episode_starts = np.array(state["episode_starts"], bool)
    model.num_timesteps, model._n_updates = state["steps"], state["updates"]
    kind, key, *rest = state["numpy"]
    np.random.set_state((kind, key.numpy().astype(np.uint32), *rest))  # noqa: NPY002 - the one SB3 draws from
    torch.set_rng_state(state["torch"])


def _read(run: Path) -> Mapping[str, Any]:
    import torch

    try:
        return torch.load(run, weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a damaged file
        raise BirlError(f"{run} cannot be read ({type(error).__name__}): remove it to start over") from error


class BadInput(click.ClickException):
    """One line on standard error, exit code 2."""

    exit_code = 2


@click.command()
@click.argument("world", type=click.Choice(WORLDS))
@click.option("--rho", default=1.0, show_default=True, help="Probability that the door is red in training.")
@click.option("--seed", default=0, show_default=True)
@click.option("--steps", default=Recipe.steps, show_default=True, help="Environment steps.")
@click.option("--out", type=click.Path(path_type=Path), help="Checkpoint to write; named after the recipe by default.")
def main(world: str, rho: float, seed: int, steps: int, out: Path | None) -> None:
    """Train a checkpoint; run the same command again to go on after an interruption."""
    from birl_agents.ship import ship

    try:
        recipe = Recipe(world=world, rho=rho, seed=seed, steps=steps)
        out = out or Path(f"{recipe.name}.zip")
        run = out.with_suffix(".run")
        model = _shown(recipe, run) if sys.stderr.isatty() else train(recipe, run=run, report=_line(recipe))
        ship(model, recipe, out)
    except BirlError as error:
        raise BadInput(str(error)) from error
    run.unlink(missing_ok=True)
    click.echo(str(out))


def _line(recipe: Recipe) -> Callable[[Progress], None]:
    """Report in lines, about ten a run: for logs."""
    last = [-1]

    def report(progress: Progress) -> None:
        tenth = 10 * progress.steps // recipe.steps
        if tenth > last[0]:
            last[0] = tenth
            click.echo(f"{recipe.name}: {progress.steps:,} steps, return {progress.recent_return:.3f}", err=True)

    return report


def _shown(recipe: Recipe, run: Path) -> PPO:
    """Train under a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, TextColumn("return {task.fields[reward]:.3f}"), console=Console(stderr=True)) as bars:
        bar = bars.add_task(recipe.name, total=recipe.steps, reward=float("nan"))
        return train(recipe, run=run, report=lambda p: bars.update(bar, completed=p.steps, reward=p.recent_return))


if __name__ == "__main__":
    main()
