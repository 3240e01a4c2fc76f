"""Small checkpoints as one installed version of Stable-Baselines3 writes them, and what that version does with them.

    python make_checkpoints.py FOLDER

writes `FOLDER/<algorithm>.zip`, `vecnormalize.pkl` and `actions.json`: observations, and the deterministic actions the
version itself takes on them. Runs under Stable-Baselines3 1.x (gym) and 2.x (gymnasium); needs sb3-contrib.
"""

import json
import platform
import sys
import zipfile
from pathlib import Path

import numpy as np
import sb3_contrib
import stable_baselines3
import torch
from sb3_contrib import QRDQN, TQC, TRPO, MaskablePPO, RecurrentPPO
from stable_baselines3 import A2C, DQN, PPO, SAC, TD3
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

if stable_baselines3.__version__.startswith("1."):
    import gym
else:
    import gymnasium as gym

LOW, HIGH = np.array([-2.0, 0.5], np.float32), np.array([1.0, 3.0], np.float32)  # off centre: scaling must show
MASK = np.array([True, False, True])
SMALL = {"net_arch": [6, 5], "activation_fn": torch.nn.ELU}
DEEP = {"net_arch": {"pi": [6, 5], "qf": [4]}}
STEPS = 64


class Drift(gym.Env):
    """Four numbers that drift; the reward is the first."""

    observation_space = gym.spaces.Box(-5.0, 5.0, (4,), np.float32)

    def __init__(self, action_space):
        self.action_space = action_space

    def reset(self, *, seed=None, options=None):
        self.rng, self.time = np.random.default_rng(seed or 0), 0
        return self.rng.normal(size=4).astype(np.float32), {}

    def step(self, action):
        self.time += 1
        seen = np.clip(self.rng.normal(size=4) + float(np.sum(action)), -5, 5).astype(np.float32)
        return seen, float(seen[0]), False, self.time >= 10, {}

    def action_masks(self):
        return MASK


CHOICES, BOX = gym.spaces.Discrete(3), gym.spaces.Box(LOW, HIGH, dtype=np.float32)
SHORT = {"n_steps": 32, "batch_size": 32, "n_epochs": 2}
REPLAY = {"buffer_size": 100, "learning_starts": 20, "batch_size": 16}
MADE = {
    "ppo": (PPO, "MlpPolicy", CHOICES, {"policy_kwargs": {**SMALL}, **SHORT}),
    "ppo-box": (PPO, "MlpPolicy", BOX, {"policy_kwargs": {"net_arch": [6]}, **SHORT}),
    "ppo-sde": (PPO, "MlpPolicy", BOX, {"policy_kwargs": {"net_arch": [6]}, "use_sde": True, **SHORT}),
    "a2c": (A2C, "MlpPolicy", CHOICES, {"policy_kwargs": {"net_arch": [6, 5]}, "n_steps": 16}),
    "trpo": (TRPO, "MlpPolicy", CHOICES, {"policy_kwargs": {"net_arch": [6]}, "n_steps": 32, "batch_size": 32}),
    "dqn": (DQN, "MlpPolicy", CHOICES, {"policy_kwargs": {**SMALL}, **REPLAY}),
    "qrdqn": (QRDQN, "MlpPolicy", CHOICES, {"policy_kwargs": {"net_arch": [6], "n_quantiles": 7}, **REPLAY}),
    "sac": (SAC, "MlpPolicy", BOX, {"policy_kwargs": {**DEEP}, **REPLAY}),
    "sac-sde": (SAC, "MlpPolicy", BOX, {"policy_kwargs": {**DEEP}, "use_sde": True, **REPLAY}),
    "tqc": (TQC, "MlpPolicy", BOX, {"policy_kwargs": {**DEEP, "n_quantiles": 5}, **REPLAY}),
    "td3": (TD3, "MlpPolicy", BOX, {"policy_kwargs": {**DEEP}, **REPLAY}),
    "recurrentppo": (
        RecurrentPPO,
        "MlpLstmPolicy",
        CHOICES,
        {"policy_kwargs": {"net_arch": [6], "lstm_hidden_size": 5, "n_lstm_layers": 2}, **SHORT},
    ),
    "maskableppo": (MaskablePPO, "MlpPolicy", CHOICES, {"policy_kwargs": {"net_arch": [6]}, **SHORT}),
}


def adapted(space):
    """The environment in the shape this version takes: gym before 0.26 knows no truncation."""
    return Drift(space) if not stable_baselines3.__version__.startswith("1.") else Old(Drift(space))


class Old(gym.Env):
    """The same with the older signatures of reset and step, which Stable-Baselines3 1.x calls."""

    def __init__(self, inner):
        self.inner, self.action_space, self.observation_space = inner, inner.action_space, inner.observation_space

    def reset(self, **_):
        return self.inner.reset()[0]

    def step(self, action):
        seen, reward, ended, cut, told = self.inner.step(action)
        return seen, reward, ended or cut, told

    def seed(self, seed=None):
        self.inner.reset(seed=seed)

    def action_masks(self):
        return MASK


def predicted(name, model, observations):
    """Actions on each observation; a recurrent policy sees them as one episode."""
    if name == "recurrentppo":
        actions, state = [], None
        for t, one in enumerate(observations):
            action, state = model.predict(one[None], state=state, episode_start=np.array([t == 0]), deterministic=True)
            actions.append(action[0])
        return np.array(actions)
    masks = {"action_masks": np.tile(MASK, (len(observations), 1))} if name == "maskableppo" else {}
    return model.predict(observations, deterministic=True, **masks)[0]


def save(model, path):
    """As `model.save`, but nothing tells of the machine: pickled schedules name their source's folder."""
    for name in ("lr_schedule", "clip_range", "exploration_schedule"):
        forget_folder(getattr(model, name, None))
    model.save(path)
    with zipfile.ZipFile(path) as made:
        members = {name: made.read(name) for name in made.namelist() if name != "system_info.txt"}
    with zipfile.ZipFile(path, "w") as made:
        for name, content in members.items():
            made.writestr(name, content)


def forget_folder(function):
    if hasattr(function, "__code__"):
        name = Path(function.__code__.co_filename).name
        function.__code__ = function.__code__.replace(co_filename=name)
        function.__globals__["__file__"] = name
        for cell in function.__closure__ or ():
            forget_folder(cell.cell_contents)


def main(folder):
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    observations = np.random.default_rng(0).normal(scale=2.0, size=(12, 4)).astype(np.float32)
    versions = {one.__name__: one.__version__ for one in (stable_baselines3, sb3_contrib, gym, np, torch)}
    record = {"python": platform.python_version(), **versions}
    actions = {}
    for name, (algorithm, policy, space, settings) in MADE.items():
        model = algorithm(policy, DummyVecEnv([lambda space=space: adapted(space)]), seed=1, device="cpu", **settings)
        model.learn(STEPS)
        save(model, folder / f"{name}.zip")
        actions[name] = predicted(name, model, observations).tolist()
    statistics = VecNormalize(DummyVecEnv([lambda: adapted(CHOICES)]), clip_obs=2.0)
    statistics.reset()
    for _ in range(STEPS):
        statistics.step(np.array([1]))
    statistics.save(str(folder / "vecnormalize.pkl"))
    told = {"versions": record, "observations": observations.tolist(), "actions": actions}
    told["normalised"] = statistics.normalize_obs(observations).tolist()
    (folder / "actions.json").write_text(json.dumps(told) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
