"""Agents that never saw the reward: clones of a teacher (BC, DAgger) and one that learnt from comparisons.

All three are imitation's algorithms, with networks of the size of the others'. They take a few minutes at most, and an
interrupted one begins again.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.checkpoint import load_policy
from birl.tabular import hard_plan, reward_vector
from birl.types import BirlError
from birl_agents.training.progress import Progress
from birl_agents.training.recipe import Recipe, world_module
from birl_agents.training.stable_baselines import METHODS

__all__ = ["DEFAULTS", "train"]

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "bc": {"teacher": "planner", "epochs": 20},
    "dagger": {"teacher": "planner", "epochs": 4, "round": 2_000},
    "preferences": {"comparisons": 2_000, "rounds": 20, "fragment": 20},
}
"""Algorithm -> its options: whom it imitates (`planner`, optimal for the base objective on the training levels, or the
path of a checkpoint), passes over the data, steps between two updates of the clone; or how many comparisons, in how
many rounds, of how many steps each."""

N_ENVS = 16


def train(recipe: Recipe, *, run: Path | None = None, report: Callable[[Progress], None] | None = None) -> Any:
    """A model of Stable-Baselines3 (PPO) that holds the policy.

    Args:
        recipe: what to train; its `options` are those of `DEFAULTS`.
        run: not used: these runs are short.
        report: called at the end.

    Raises:
        BirlError: for an unknown option, or when imitation is not installed.
    """
    del run
    import torch  # heavy, like all that follows

    try:
        import imitation
    except ImportError as error:
        raise BirlError("clones and preferences need imitation: pip install 'birl[imitation]'") from error
    del imitation
    torch.set_num_threads(1)
    settings = _settings(recipe)
    with tempfile.TemporaryDirectory() as scratch:
        model = {"bc": _clone, "dagger": _clone, "preferences": _prefer}[recipe.algorithm](recipe, settings, scratch)
    model.num_timesteps = recipe.budget
    if report is not None:
        report(Progress(steps=recipe.budget, recent_return=float("nan")))
    return model


def _settings(recipe: Recipe) -> dict[str, Any]:
    known = DEFAULTS[recipe.algorithm]
    for name in recipe.options:
        if name not in known:
            raise BirlError(f"option {name!r}: {recipe.algorithm} has {', '.join(known)}: choose among them")
    return {**known, **recipe.options}


def _model(recipe: Recipe, env: Any) -> Any:
    """An untrained PPO with the networks of the others."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.logger import Logger

    settings = {name: value for name, value in METHODS["ppo"].settings.items() if name != "n_envs"}
    steps = max(2, settings["n_steps"] * METHODS["ppo"].settings["n_envs"] // env.num_envs)
    settings |= {"n_steps": steps, "seed": recipe.seed, "device": "cpu"}
    model = PPO("MlpPolicy", env, gamma=env.discount, **settings)
    model.set_logger(Logger(folder=None, output_formats=[]))
    return model


def _clone(recipe: Recipe, settings: Mapping[str, Any], scratch: str) -> Any:
    from imitation.algorithms.bc import BC
    from imitation.algorithms.dagger import SimpleDAggerTrainer
    from imitation.data import rollout
    from imitation.util import logger

    env, rng = recipe.vec_env(N_ENVS), np.random.default_rng(recipe.seed)
    model, teacher = _model(recipe, env), _teacher(recipe, settings["teacher"], env)
    silent = logger.configure(scratch, format_strs=[])
    clone = BC(
        observation_space=env.observation_space,
        action_space=env.action_space,
        rng=rng,
        policy=model.policy,
        batch_size=256,
        device="cpu",
        custom_logger=silent,
    )
    if recipe.algorithm == "dagger":
        trainer = SimpleDAggerTrainer(
            venv=env, scratch_dir=scratch, expert_policy=teacher, rng=rng, bc_trainer=clone, custom_logger=silent
        )
        passes = {"n_epochs": settings["epochs"], "progress_bar": False}
        with contextlib.redirect_stderr(io.StringIO()):  # a bar for every file written
            trainer.train(recipe.budget, rollout_round_min_timesteps=settings["round"], bc_train_kwargs=passes)
        return model
    enough = rollout.make_min_timesteps(recipe.budget)
    shown = rollout.rollout(teacher, env, enough, rng, unwrap=False, verbose=False)
    clone.set_demonstrations(rollout.flatten_trajectories(shown))
    clone.train(n_epochs=settings["epochs"], progress_bar=False)
    return model


def _teacher(recipe: Recipe, name: str, env: Any) -> Any:
    """Somebody to imitate, as a policy of Stable-Baselines3's kind."""
    from stable_baselines3.common.policies import BasePolicy

    act = _planner(recipe) if name == "planner" else _checkpoint(name, env, recipe.seed)

    class Teacher(BasePolicy):
        def _predict(self, observation: Any, deterministic: bool = False) -> Any:
            import torch

            return torch.as_tensor(act(observation.cpu().numpy().astype(bool)))

    return Teacher(env.observation_space, env.action_space)


def _checkpoint(name: str, env: Any, seed: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    policy, rng = load_policy(name, env), np.random.default_rng(seed)
    return lambda seen: policy.act(seen, rng=rng)


def _planner(recipe: Recipe) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Optimal for the base objective, looked up by what is seen: it knows the training levels and no others."""
    from birl_envs.exact import tabular_model

    world = world_module(recipe.world).WORLD
    model = tabular_model(world, recipe.pool("train", recipe.levels))
    assert model.observe is not None
    best = hard_plan(model, reward_vector(model, world.base)).policy.argmax(axis=1)
    known: dict[bytes, int] = {}
    for some in np.array_split(np.arange(model.n_states), max(1, model.n_states // 5_000)):
        keys = np.packbits(model.observe(some).reshape(some.size, -1), axis=1)
        known |= {key.tobytes(): int(action) for key, action in zip(keys, best[some], strict=True)}
    return lambda seen: np.array([known[key.tobytes()] for key in np.packbits(seen.reshape(len(seen), -1), axis=1)])


def _prefer(recipe: Recipe, settings: Mapping[str, Any], scratch: str) -> Any:
    """PPO on a reward that is learnt, meanwhile, from which of two fragments earned more of the base objective."""
    from imitation.algorithms import preference_comparisons as comparisons
    from imitation.rewards.reward_nets import BasicRewardNet
    from imitation.util import logger

    env, rng = recipe.vec_env(N_ENVS), np.random.default_rng(recipe.seed)
    silent = logger.configure(scratch, format_strs=[])
    model = _model(recipe, env)
    reward = BasicRewardNet(env.observation_space, env.action_space, hid_sizes=(64, 64))
    trainer = comparisons.PreferenceComparisons(
        comparisons.AgentTrainer(
            algorithm=model, reward_fn=reward, venv=env, rng=rng, exploration_frac=0.05, custom_logger=silent
        ),
        reward,
        num_iterations=settings["rounds"],
        fragmenter=comparisons.RandomFragmenter(rng=rng, warning_threshold=0, custom_logger=silent),
        preference_gatherer=comparisons.SyntheticGatherer(
            discount_factor=env.discount, rng=rng, custom_logger=silent, temperature=0.1
        ),
        reward_trainer=comparisons.BasicRewardTrainer(
            preference_model=comparisons.PreferenceModel(reward),
            loss=comparisons.CrossEntropyRewardLoss(),
            rng=rng,
            epochs=3,
            custom_logger=silent,
        ),
        fragment_length=settings["fragment"],
        initial_epoch_multiplier=10,
        allow_variable_horizon=True,
        custom_logger=silent,
    )
    trainer.train(total_timesteps=recipe.budget, total_comparisons=settings["comparisons"])
    model.set_env(env)
    return model
