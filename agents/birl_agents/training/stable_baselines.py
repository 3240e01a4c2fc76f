"""Training with Stable-Baselines3 and sb3-contrib, resumable: what decides what happens next is written to one file.

An interrupted run, started again with the same command, ends with the same weights as one left alone.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from birl.types import BirlError, unknown_name
from birl_agents.training.progress import Progress
from birl_agents.training.recipe import Recipe
from birl_agents.training.snapshot import restore, write

__all__ = ["METHODS", "begin", "train"]

ON_POLICY = {"n_envs": 64, "learning_rate": 1e-3, "n_steps": 64, "n_epochs": 4, "batch_size": 1024, "ent_coef": 0.01}
REPLAYING = {
    "n_envs": 16,
    "learning_rate": 5e-4,
    "buffer_size": 50_000,
    "learning_starts": 5_000,
    "batch_size": 128,
    "train_freq": 4,
    "gradient_steps": 4,
    "target_update_interval": 2_000,
    "exploration_fraction": 0.3,
    "exploration_final_eps": 0.05,
    "policy_kwargs": {"net_arch": [64, 64]},
}


@dataclass(frozen=True, kw_only=True)
class Method:
    """An algorithm of one of the two libraries.

    Attributes:
        library: the module that has it.
        cls: its class.
        policy: its name for the policy.
        settings: the algorithm's arguments, and `n_envs`.
        segment: environment steps between two writes of the run file.
    """

    library: str
    cls: str
    policy: str
    settings: Mapping[str, Any]
    segment: int = 20_480


METHODS = {
    "ppo": Method(library="stable_baselines3", cls="PPO", policy="MlpPolicy", settings=ON_POLICY),
    "a2c": Method(
        library="stable_baselines3",
        cls="A2C",
        policy="MlpPolicy",
        settings={"n_envs": 64, "learning_rate": 1e-3, "n_steps": 16, "gae_lambda": 0.95, "ent_coef": 0.01},
    ),
    "dqn": Method(library="stable_baselines3", cls="DQN", policy="MlpPolicy", settings=REPLAYING, segment=100_000),
    "qrdqn": Method(
        library="sb3_contrib",
        cls="QRDQN",
        policy="MlpPolicy",
        settings=REPLAYING | {"policy_kwargs": {"net_arch": [64, 64], "n_quantiles": 25}},
        segment=100_000,
    ),
    "sac": Method(
        library="stable_baselines3",
        cls="SAC",
        policy="MlpPolicy",
        settings={
            "n_envs": 8,
            "learning_rate": 1e-3,
            "buffer_size": 100_000,
            "learning_starts": 2_000,
            "batch_size": 256,
            "train_freq": 1,
            "gradient_steps": 2,
            "policy_kwargs": {"net_arch": [64, 64]},
        },
        segment=20_000,
    ),
    "recurrent-ppo": Method(
        library="sb3_contrib",
        cls="RecurrentPPO",
        policy="MlpLstmPolicy",
        settings=ON_POLICY
        | {"policy_kwargs": {"lstm_hidden_size": 32, "shared_lstm": True, "enable_critic_lstm": False}},
    ),
    "maskable-ppo": Method(library="sb3_contrib", cls="MaskablePPO", policy="MlpPolicy", settings=ON_POLICY),
    "vin": Method(
        library="stable_baselines3", cls="PPO", policy=f"{__package__}.planning_nets:VinPolicy", settings=ON_POLICY
    ),
    "treeqn": Method(
        library="stable_baselines3", cls="PPO", policy=f"{__package__}.planning_nets:TreePolicy", settings=ON_POLICY
    ),
}
"""Name -> library, class and settings; what a recipe's `options` say comes first."""


def train(recipe: Recipe, *, run: Path | None = None, report: Callable[[Progress], None] | None = None) -> Any:
    """A trained model.

    Args:
        recipe: what to train.
        run: the file that makes the run resumable; continued if it is there, written after every segment.
        report: called after every segment.

    Raises:
        BirlError: when the run file belongs to another recipe or cannot be read.
    """
    model = begin(recipe)
    if run is not None and run.exists():
        restore(model, recipe, run)

    def note(model: Any) -> None:
        if run is not None:
            write(model, recipe, run)
        if report is not None:
            report(Progress(steps=model.num_timesteps, recent_return=_recent(model)))

    if model.num_timesteps < recipe.budget:
        callback = _log_book(METHODS[recipe.algorithm].segment, note)
        model.learn(recipe.budget - model.num_timesteps, callback=callback, reset_num_timesteps=False)
    return model


def _recent(model: Any) -> float:
    episodes = [episode["r"] for episode in model.ep_info_buffer or ()]
    return float(np.mean(episodes)) if episodes else float("nan")


def begin(recipe: Recipe) -> Any:
    """The model before its first step."""
    import torch  # seconds to load, as Stable-Baselines3 is
    from stable_baselines3.common.logger import Logger

    torch.set_num_threads(1)  # faster for small networks, and sums come in one order
    method = METHODS[recipe.algorithm]
    settings = {**method.settings, **_known(method, recipe.options)}
    env = recipe.vec_env(settings.pop("n_envs"))
    arguments = {"gamma": env.discount, **settings}
    try:
        model = _class(method)(_policy(method.policy), env, **arguments, seed=recipe.seed, device="cpu")
    except AssertionError as error:  # how the library refuses a kind of action
        raise BirlError(
            f"{recipe.algorithm} cannot be trained on {recipe.world}, whose actions are {env.action_space}: "
            f"choose another algorithm"
        ) from error
    model.set_logger(Logger(folder=None, output_formats=[]))  # the default one leaves a folder behind
    return model


def _known(method: Method, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options, unless one of them is none of the algorithm's."""
    arguments = inspect.signature(_class(method)).parameters
    for name in options:
        if name not in (*arguments, "n_envs"):
            raise unknown_name(f"option of {method.cls}", name, arguments)
    return options


def _class(method: Method) -> Any:
    try:
        return getattr(importlib.import_module(method.library), method.cls)
    except ImportError as error:
        raise BirlError(f"{method.cls} needs {method.library}: pip install 'birl[contrib]'") from error


def _policy(name: str) -> Any:
    """A policy by the library's name for it, or as `module:class`."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute) if attribute else name


def _log_book(segment: int, note: Callable[[Any], None]) -> Any:
    """Calls `note` between rollouts, a segment apart, and at the end: the moments when nothing is half done."""
    from stable_baselines3.common.callbacks import BaseCallback

    class LogBook(BaseCallback):
        due = 0

        def _on_step(self) -> bool:
            return True

        def _on_training_start(self) -> None:
            self.due = self.model.num_timesteps + segment

        def _on_rollout_start(self) -> None:
            if self.model.num_timesteps >= self.due:
                self.due = self.model.num_timesteps + segment
                note(self.model)

        def _on_training_end(self) -> None:
            note(self.model)

    return LogBook()
