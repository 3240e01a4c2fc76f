"""An evolution strategy: a population of linear policies, selected by return alone; no gradient, no value function.

The genome is small and grows into the policy: it says what counts in favour of going up, the weights of each plane of
the window being a sum of a few broad bumps and of the nearest cells; the other three moves are its rotations. So two
hundred numbers describe several thousand weights. Selection is the CMA-ES of the
`cma` library with a diagonal covariance (Ros & Hansen 2008), which is what scales to this many numbers.

What was told to the strategy is what the run file holds: telling it again brings back the very same state.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from birl_envs.atlas import MOVES

from birl.types import BirlError, FloatArray
from birl_agents.training.progress import Progress
from birl_agents.training.recipe import Recipe

__all__ = ["DEFAULTS", "bumps", "train"]

DEFAULTS = {"population": 32, "episodes": 96, "sigma": 0.3}
NEAR = ((0, 0), (-1, 0), (0, 1), (1, 0), (0, -1))  # (row, column) from the agent
WIDTH = 3.0  # cells between two bumps, and their breadth


def train(recipe: Recipe, *, run: Path | None = None, report: Callable[[Progress], None] | None = None) -> Any:
    """A model of Stable-Baselines3 (PPO without hidden layers) that holds the mean of the last generation.

    Args:
        recipe: what to train; its `options` are those of `DEFAULTS`.
        run: the file that makes the run resumable; continued if it is there, written after every generation.
        report: called after every generation.

    Raises:
        BirlError: when the run file belongs to another recipe or cannot be read.
    """
    settings = _settings(recipe)
    told = _read(run, recipe) if run is not None and run.exists() else []
    arena = _Arena(recipe, settings["population"], settings["episodes"])
    strategy = _strategy(arena.genes, recipe.seed, settings)
    steps = 0
    for generation in range(10**9):
        if steps >= recipe.budget:
            break
        genomes = strategy.ask()
        if generation == len(told):
            told.append(arena.play(np.array(genomes), generation))
            if run is not None:
                _write(told, recipe, run)
        returns, played = told[generation]
        strategy.tell(genomes, [-one for one in returns])
        steps += played
        if report is not None:
            report(Progress(steps=steps, recent_return=float(np.mean(returns))))
    return arena.model(strategy.result.xfavorite, steps)


def _settings(recipe: Recipe) -> dict[str, Any]:
    for name in recipe.options:
        if name not in DEFAULTS:
            raise BirlError(f"option {name!r}: evolution has {', '.join(DEFAULTS)}: choose among them")
    return {**DEFAULTS, **recipe.options}


def _strategy(genes: int, seed: int, settings: dict[str, Any]) -> Any:
    try:
        import cma  # half a second
    except ImportError as error:
        raise BirlError("an evolution strategy needs the library cma: pip install 'birl[zoo]'") from error
    wanted = {"popsize": settings["population"], "CMA_diagonal": True, "seed": seed + 1, "verbose": -9}
    return cma.CMAEvolutionStrategy(np.zeros(genes), settings["sigma"], wanted)


def bumps(side: int) -> FloatArray:
    """The fields a genome mixes on each plane: broad bumps over the window, and its five nearest cells, [K, side**2].

    Args:
        side: of the window, odd.
    """
    row, column = np.divmod(np.arange(side * side), side)
    middle = side // 2
    knots = middle + WIDTH * np.arange(-int(middle // WIDTH), int(middle // WIDTH) + 1)
    broad = [np.exp(-((row - r) ** 2 + (column - c) ** 2) / (2 * (WIDTH / 2) ** 2)) for r in knots for c in knots]
    near = [(row == middle + down) & (column == middle + right) for down, right in NEAR]
    return np.array([*broad, *near], np.float64)


class _Arena:
    """Where a population plays: every genome the same levels, all at once."""

    def __init__(self, recipe: Recipe, population: int, episodes: int) -> None:
        self.recipe, self.population, self.episodes = recipe, population, episodes
        self.env = recipe.vec_env(population * episodes)
        if self.env.world.actions != MOVES:
            raise BirlError(f"world {recipe.world!r}: a genome tells the four moves and staying, this world has others")
        self.shape = self.env.observation_space.shape
        self.fields = bumps(self.shape[0])
        self.genes = self.fields.shape[0] * self.shape[2] + 1  # the last one is in favour of staying

    def weights(self, genome: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weights [A, inputs] and biases [A] that grow from a genome."""
        up = (genome[:-1].reshape(self.shape[2], -1) @ self.fields).T.reshape(self.shape)
        moves = [np.rot90(up, -turns).ravel() for turns in range(len(MOVES) - 1)]  # up, right, down, left
        return np.array([*moves, np.zeros(up.size)]), np.array([0.0, 0.0, 0.0, 0.0, genome[-1]])

    def play(self, genomes: FloatArray, generation: int) -> tuple[list[float], int]:
        """Mean discounted return of each genome, and how many steps were played."""
        rng = np.random.default_rng([self.recipe.seed, generation])
        grown = [self.weights(genome) for genome in genomes]
        weight = np.array([w for w, _ in grown], np.float32).transpose(0, 2, 1)  # [G, inputs, A]
        bias = np.array([b for _, b in grown], np.float32)[:, None]
        seen = self._begin(rng)
        live, earned, played = np.ones(self.env.num_envs, bool), np.zeros(self.env.num_envs), 0
        for step in range(self.env.time_limit):
            inputs = seen.reshape(len(genomes), self.episodes, -1).astype(np.float32)
            logits = inputs @ weight + bias
            action = (logits + rng.gumbel(size=logits.shape)).argmax(axis=2).ravel()
            seen, reward, done, _ = self.env.step(action)
            earned += np.where(live, reward * self.env.discount**step, 0.0)
            played += int(live.sum())
            live &= ~done
            if not live.any():
                break
        return earned.reshape(len(genomes), -1).mean(axis=1).tolist(), played

    def _begin(self, rng: np.random.Generator) -> Any:
        """Everybody at the start of the same levels."""
        self.env.reset()
        level = np.tile(rng.integers(self.env.atlas.n_levels, size=self.episodes), self.population)
        state = self.env.world.begin(self.env.atlas)[level]
        return self.env.restore(self.env.state() | {"level": level, "state": state})

    def model(self, genome: FloatArray, steps: int) -> Any:
        """The genome as a checkpoint that everybody reads."""
        import torch
        from stable_baselines3 import PPO

        env = self.recipe.vec_env(1)
        model = PPO("MlpPolicy", env, policy_kwargs={"net_arch": []}, gamma=env.discount, seed=0, device="cpu")
        weight, bias = self.weights(genome)
        policy: Any = model.policy
        with torch.no_grad():
            policy.action_net.weight.copy_(torch.as_tensor(weight))
            policy.action_net.bias.copy_(torch.as_tensor(bias))
            policy.value_net.weight.zero_()  # there is none
        model.num_timesteps = steps
        return model


def _write(told: list[tuple[list[float], int]], recipe: Recipe, run: Path) -> None:
    run.parent.mkdir(parents=True, exist_ok=True)
    beside = run.with_name(run.name + ".part")
    beside.write_text(json.dumps({"recipe": asdict(recipe), "told": told}), "utf-8")
    os.replace(beside, run)


def _read(run: Path, recipe: Recipe) -> list[tuple[list[float], int]]:
    try:
        state = json.loads(run.read_text("utf-8"))
        told = [(list(returns), int(played)) for returns, played in state["told"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BirlError(f"{run} cannot be read ({type(error).__name__}): remove it to start over") from error
    if state["recipe"] != json.loads(json.dumps(asdict(recipe))):
        raise BirlError(f"{run} belongs to another run ({state['recipe']}): remove it or give another --out")
    return told
