"""Everything that decides a training run, and the command that says it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from birl.task import task_names
from birl.types import BirlError, unknown_name

__all__ = ["ALGORITHMS", "PLANNING_NETS", "Recipe", "world_module"]

ALGORITHMS = {
    "ppo": ("stable_baselines", 600_000),
    "a2c": ("stable_baselines", 1_500_000),
    "dqn": ("stable_baselines", 600_000),
    "qrdqn": ("stable_baselines", 600_000),
    "sac": ("stable_baselines", 100_000),
    "recurrent-ppo": ("stable_baselines", 600_000),
    "maskable-ppo": ("stable_baselines", 600_000),
    "vin": ("stable_baselines", 300_000),
    "treeqn": ("stable_baselines", 400_000),
    "es": ("evolution", 15_000_000),
    "bc": ("imitating", 40_000),
    "dagger": ("imitating", 40_000),
    "preferences": ("imitating", 600_000),
}
"""Name -> the module of this package that trains with it, and how many environment steps unless told otherwise."""

PLANNING_NETS = ("vin", "treeqn")  # networks of our own, which no general reader rebuilds
OF_THE_POOL = ("n_envs", "levels", "split", "seed")


def world_module(name: str) -> ModuleType:
    """The module of a world that can be trained on: one that has a `vec_env`.

    Raises:
        BirlError: when there is no such world, or it has no vectorised environment.
    """
    known = task_names()
    if name not in known:
        raise unknown_name("world to train on", name, known)
    module = importlib.import_module(known[name].partition(":")[0])
    if not hasattr(module, "vec_env"):
        raise BirlError(f"world {name!r} has no vectorised environment to train on: choose another")
    return module


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a run; two runs of one recipe on one machine give the same weights.

    Attributes:
        world: short name of a world with a `vec_env`.
        algorithm: one of `ALGORITHMS`.
        setting: arguments of the world's `vec_env`, such as `rho`; what is left out is the world's default.
        seed: of weights, actions, minibatches and the order of levels.
        steps: environment steps, rounded up to whole rollouts; 0 for the algorithm's own number.
        levels: size of the pool of training levels.
        options: the algorithm's settings where they differ from its table.
    """

    world: str = "red-door"
    algorithm: str = "ppo"
    setting: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    steps: int = 0
    levels: int = 3000
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        if self.algorithm not in ALGORITHMS:
            raise unknown_name("algorithm", self.algorithm, ALGORITHMS)
        if self.seed < 0:
            raise BirlError(f"seed {self.seed} is negative: give a whole number from 0 up")
        if self.steps < 0:
            raise BirlError(f"{self.steps} steps: give at least 1")
        known = [
            name for name in inspect.signature(world_module(self.world).vec_env).parameters if name not in OF_THE_POOL
        ]
        for name in self.setting:
            if name not in known:
                raise unknown_name(f"setting of world {self.world!r}", name, known)

    @property
    def budget(self) -> int:
        """Environment steps wanted."""
        return self.steps or ALGORITHMS[self.algorithm][1]

    @property
    def name(self) -> str:
        """`red-door-ppo-rho1-s0` and the like; `-t4096` at the end where the steps are told."""
        told = [f"{name}{_short(value)}" for name, value in self.setting.items()]
        cut = [f"t{self.steps}"] if self.steps else []
        return "-".join([self.world, self.algorithm, *told, f"s{self.seed}", *cut])

    @property
    def command(self) -> str:
        """The command that makes this checkpoint."""
        words = [self.world, "--algorithm", self.algorithm]
        for flag, pairs in (("--set", self.setting), ("--option", self.options)):
            words += [word for name, value in pairs.items() for word in (flag, f"{name}={_short(value)}")]
        words += ["--seed", str(self.seed)] + (["--steps", str(self.steps)] if self.steps else [])
        return " ".join(["python -m birl_agents.train", *words])

    def pool(self, split: str, count: int) -> Sequence[Any]:
        """The first levels of what this recipe trains on, of the split `train` or `test`."""
        return world_module(self.world).vec_env(1, levels=count, split=split, **self.setting).levels

    def vec_env(self, n_envs: int, *, seed: int | None = None) -> Any:
        """Training levels, as many at once as asked for.

        Raises:
            BirlError: when the world refuses the setting.
        """
        make = world_module(self.world).vec_env
        return make(n_envs, levels=self.levels, seed=self.seed if seed is None else seed, **self.setting)


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
