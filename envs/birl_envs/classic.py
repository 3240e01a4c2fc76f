"""Gymnasium's classic control as tasks: the same physics in training, changed physics and other starts under shift.

These worlds are continuous: there is no exact model, and they are for the methods that need rollouts and copies of a
state (`birl.branch`). Base objectives reproduce the environments' own rewards; candidates are what a policy may
have learnt instead. Rewards and features are functions of (obs, action, next_obs), observations being [B, ...].

Axes: B steps, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.task import DEFAULT_LEVELS, Distribution, Task
from birl.types import BirlError, FloatArray

__all__ = ["acrobot", "cart_pole", "changed", "mountain_car", "pendulum"]

DISCOUNT = 0.99

Reward = Callable[[Any, Any, Any], FloatArray]


def cart_pole(levels: int = DEFAULT_LEVELS) -> Task:
    """Keep the pole up; the candidates keep the cart in the middle, or keep it moving to the right.

    Shifts: a pole twice as long, weaker gravity (as on the moon), and starts away from the middle, where keeping the
    pole up and going back part.
    """

    def alive(_obs: Any, _action: Any, next_obs: Any) -> FloatArray:
        return np.ones(len(np.atleast_2d(next_obs)))  # 1 for every step, the last one too

    def centred(_obs: Any, _action: Any, next_obs: Any) -> FloatArray:
        return -np.abs(np.atleast_2d(next_obs)[:, 0])

    def rightward(_obs: Any, _action: Any, next_obs: Any) -> FloatArray:
        return np.atleast_2d(next_obs)[:, 1].astype(np.float64)

    return _task(
        ("cart-pole", "CartPole-v1", "balance a pole on a cart; upright, in the middle, or off to the right?"),
        {"upright": alive, "centred": centred, "rightward": rightward},
        {
            "long-pole": ({"length": 1.0, "polemass_length": 0.1}, "dynamics"),
            "moon": ({"gravity": 1.62}, "dynamics"),
            "off-centre": ({"start": (0, 1.5)}, "feature"),
        },
        levels,
        time_limit=500,
    )


def mountain_car(levels: int = DEFAULT_LEVELS) -> Task:
    """Reach the flag; the candidates want height, or speed.

    Shifts: a weaker engine, stronger gravity, and starts on the left slope.
    """

    def step_cost(_obs: Any, _action: Any, next_obs: Any) -> FloatArray:
        return -np.ones(len(np.atleast_2d(next_obs)))

    def height(_obs: Any, _action: Any, next_obs: Any) -> FloatArray:
        return np.sin(3.0 * np.atleast_2d(next_obs)[:, 0].astype(np.float64))

    def speed(_obs: Any, _action: Any, next_obs: Any) -> FloatArray:
        return np.abs(np.atleast_2d(next_obs)[:, 1].astype(np.float64))

    return _task(
        ("mountain-car", "MountainCar-v0", "swing a car up a hill; the flag, height for its own sake, or speed?"),
        {"flag": step_cost, "height": height, "speed": speed},
        {
            "weak-engine": ({"force": 0.0008}, "dynamics"),
            "heavy": ({"gravity": 0.003}, "dynamics"),
            "left-slope": ({"start": (0, -0.5)}, "feature"),
        },
        levels,
        time_limit=200,
    )


def acrobot(levels: int = DEFAULT_LEVELS) -> Task:
    """Swing the tip above the line; the candidates want height of the tip, or to spin.

    Shifts: a longer link, a heavier one, and starts with the upper link raised.

    Raises:
        BirlError: with gymnasium below 1 and NumPy 2, whose names its Acrobot does not know.
    """
    if version("gymnasium").startswith("0.") and not hasattr(np, "float_"):
        raise BirlError(
            "task 'acrobot': Acrobot of gymnasium below 1 does not run on NumPy 2: install gymnasium 1 or newer"
        )

    def step_cost(_obs: Any, _action: Any, next_obs: Any) -> FloatArray:
        return np.where(_tip(next_obs) > 1.0, 0.0, -1.0)

    def height(_obs: Any, _action: Any, next_obs: Any) -> FloatArray:
        return _tip(next_obs)

    def spin(_obs: Any, _action: Any, next_obs: Any) -> FloatArray:
        return np.abs(np.atleast_2d(next_obs)[:, 5].astype(np.float64))

    return _task(
        ("acrobot", "Acrobot-v1", "swing two links up; above the line, as high as possible, or round and round?"),
        {"line": step_cost, "height": height, "spin": spin},
        {
            "long-link": ({"LINK_LENGTH_1": 1.5}, "dynamics"),
            "heavy-link": ({"LINK_MASS_2": 1.5}, "dynamics"),
            "raised": ({"start": (0, 1.0)}, "feature"),
        },
        levels,
        time_limit=500,
    )


def pendulum(levels: int = DEFAULT_LEVELS) -> Task:
    """Swing up and stay up at little cost; the candidates want only to stand, or only to save torque.

    Shifts: a heavier bob, weaker gravity, and a start hanging still.
    """

    def cost(obs: Any, action: Any, _next_obs: Any) -> FloatArray:
        angle, speed, torque = _pendulum(obs, action)
        return -(angle**2 + 0.1 * speed**2 + 0.001 * torque**2)

    def upright(obs: Any, action: Any, _next_obs: Any) -> FloatArray:
        return -(_pendulum(obs, action)[0] ** 2)

    def idle(obs: Any, action: Any, _next_obs: Any) -> FloatArray:
        return -(_pendulum(obs, action)[2] ** 2)

    return _task(
        ("pendulum", "Pendulum-v1", "swing a pendulum up and hold it; at little cost, at any cost, or not at all?"),
        {"cheaply-upright": cost, "upright": upright, "idle": idle},
        {
            "heavy": ({"m": 1.5}, "dynamics"),
            "light-gravity": ({"g": 5.0}, "dynamics"),
            "hanging": ({"start": (0, np.pi)}, "feature"),
        },
        levels,
        time_limit=200,
    )


def _tip(obs: Any) -> FloatArray:
    """Height of the acrobot's tip: -cos(a) - cos(a + b), from cosines and sines."""
    seen = np.atleast_2d(np.asarray(obs, np.float64))
    cos_a, sin_a, cos_b, sin_b = seen[:, :4].T
    return -cos_a - (cos_a * cos_b - sin_a * sin_b)


def _pendulum(obs: Any, action: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Angle from upright, speed and torque, [B] each."""
    seen = np.atleast_2d(np.asarray(obs, np.float64))
    torque = np.clip(np.asarray(action, np.float64).reshape(len(seen), -1)[:, 0], -2.0, 2.0)
    return np.arctan2(seen[:, 1], seen[:, 0]), seen[:, 2], torque


def changed(env_id: str, change: Mapping[str, Any], time_limit: int) -> Any:
    """An environment of Gymnasium's with some of its constants changed, and started elsewhere if asked to.

    Args:
        env_id: as registered.
        change: attribute of the unwrapped environment -> its value; `start`: (index into `state`, value after reset).
        time_limit: steps.
    """
    import gymnasium
    from gymnasium import wrappers

    class Started(gymnasium.Wrapper[Any, Any, Any, Any]):
        """Puts one coordinate of the state where it is wanted, at every reset."""

        def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
            seen, info = self.env.reset(**options)
            if "start" not in change:
                return seen, info
            inner: Any = self.env.unwrapped
            index, value = change["start"]
            state = np.array(inner.state, np.float64)
            state[index] += value
            inner.state = tuple(state.tolist()) if isinstance(inner.state, tuple) else state
            return _seen(inner), info

    env = gymnasium.make(env_id, disable_env_checker=True).unwrapped
    for name, value in change.items():
        if name != "start":
            setattr(env, name, value)
    return wrappers.TimeLimit(Started(env), time_limit)  # pyright: ignore[reportPrivateImportUsage]


def _seen(inner: Any) -> NDArray[np.float32]:
    """The observation of the state as it is now."""
    look = getattr(inner, "_get_obs", None) or getattr(inner, "_get_ob", None)
    return np.asarray(inner.state if look is None else look(), np.float32)


def _task(
    named: tuple[str, str, str],
    rewards: Mapping[str, Reward],
    shifts: Mapping[str, tuple[Mapping[str, Any], str]],
    levels: int,
    *,
    time_limit: int,
) -> Task:
    """A task; the first reward is the base objective, the others are candidates."""
    name, env_id, about = named
    base, *_ = rewards.values()

    def features(obs: Any, action: Any, next_obs: Any) -> FloatArray:
        return np.stack([reward(obs, action, next_obs) for reward in rewards.values()], axis=1)

    def distribution(label: str, change: Mapping[str, Any], shift: str) -> Distribution:
        make = partial(changed, env_id, change, time_limit)
        seeds = tuple(range(levels))
        return Distribution(
            label,
            make_env=make,
            shift=shift,
            features=features,
            feature_names=tuple(rewards),
            seeds=seeds,
            time_limit=time_limit,
        )

    return Task(
        name=name,
        train=distribution("train", {}, "train"),
        shifts=[distribution(label, change, shift) for label, (change, shift) in shifts.items()],
        base=base,
        candidates={label: reward for label, reward in rewards.items() if reward is not base},
        discount=DISCOUNT,
        about=about,
    )
