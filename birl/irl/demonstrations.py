"""What adversarial methods play with: worlds of one horizon, and the steps that the policy took in them.

Axes: N steps, D numbers in an observation, B behaviours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.env_simulator import EnvSimulator
from birl.sampled import SampledBehavior
from birl.simulator import Actions
from birl.types import BirlError

__all__ = ["Arena", "Steps", "arena", "marked", "steps_of"]

STARTS = 256  # starts that are asked of a simulator for the reset seeds of its levels


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """Single steps before an episode is over, observations marked as `fixed_horizon` does.

    Attributes:
        before: [N, D + 1]; the mark is 0.
        actions: [N, ...].
        after: [N, D + 1]; the mark is 1 where the step ended the episode.
    """

    before: Any
    actions: Any
    after: Any

    def __len__(self) -> int:
        """N."""
        return len(self.actions)

    def take(self, index: Any) -> Steps:
        """Some of them."""
        return Steps(before=self.before[index], actions=self.actions[index], after=self.after[index])

    def draw(self, count: int, rng: np.random.Generator) -> dict[str, Any]:
        """Some of them, with replacement, as imitation names their parts."""
        index = rng.integers(len(self), size=count)
        return {
            "obs": self.before[index],
            "acts": self.actions[index],
            "next_obs": self.after[index],
            "dones": np.zeros(count, bool),  # the mark says it
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Arena:
    """The worlds of one game.

    Attributes:
        makers: builds one of the worlds each, [B]; all wrapped to last `horizon` steps.
        horizon: steps of every episode.
        discount: per step.
        actions: what can be done.
        spaces: of plain observations, flat, and of actions.
    """

    makers: Sequence[Callable[[], Any]]
    horizon: int
    discount: float
    actions: Actions
    spaces: tuple[Any, Any]


def arena(behaviors: Sequence[SampledBehavior], *, horizon: int | None, rng: np.random.Generator) -> Arena:
    """The worlds of some behaviours, cut at a common horizon.

    Args:
        behaviors: with a simulator; an environment is used where there is one, since it is faster.
        horizon: steps; the shortest of the behaviours' own if left out.
        rng: draws starts.

    Raises:
        BirlError: for behaviours whose worlds do not fit each other, or worlds that are no arrays of numbers.
    """
    from gymnasium import spaces

    limit = min(b.horizon for b in behaviors) if horizon is None else horizon
    makers = [_maker(b, limit, rng) for b in behaviors]
    envs = [make() for make in makers]
    seen, acted = envs[0].observation_space, envs[0].action_space
    for env, behavior in zip(envs, behaviors, strict=True):
        if env.observation_space.shape != seen.shape or env.action_space.shape != acted.shape:
            raise BirlError(
                f"spaces of {behavior.distribution!r} differ from {behaviors[0].distribution!r}: "
                "fit distributions of one task together"
            )
        if behavior.discount != behaviors[0].discount:
            raise BirlError(
                f"discount of {behavior.distribution!r} differs from {behaviors[0].distribution!r}: give one"
            )
        env.close()
    assert seen.shape is not None
    plain = spaces.Box(-np.inf, np.inf, (seen.shape[0] - 1,), np.float32)
    return Arena(
        makers=makers,
        horizon=limit,
        discount=behaviors[0].discount,
        actions=behaviors[0].actions,
        spaces=(plain, acted),
    )


def _maker(behavior: SampledBehavior, horizon: int, rng: np.random.Generator) -> Callable[[], Any]:
    from birl.irl.fixed_horizon import FixedHorizon  # loads gymnasium

    where, simulator = f"distribution {behavior.distribution!r}", behavior.simulator
    assert simulator is not None
    make: Callable[[], Any] | None = behavior.make_env
    seeds: Sequence[int] = ()
    if make is None:
        from birl.simulated_env import SimulatedEnv  # loads gymnasium

        make = lambda: SimulatedEnv(simulator, where=where)  # noqa: E731
    elif isinstance(simulator, EnvSimulator):
        seeds = np.unique(simulator.start(STARTS, rng).level).tolist()
    built = make
    return lambda: FixedHorizon(built(), horizon, seeds=seeds, where=where)


def steps_of(behaviors: Sequence[SampledBehavior], *, horizon: int) -> Steps:
    """The steps of all episodes up to the horizon, behaviours weighing by how many they have.

    Raises:
        BirlError: where there are none, one is no finite number, or states have no observation but their number.
    """
    before, actions, after = [], [], []
    for behavior in behaviors:
        for trajectory in behavior.trajectories:
            seen, done = np.asarray(trajectory.observations), np.asarray(trajectory.actions)
            if seen.ndim < 2:
                raise BirlError(
                    f"distribution {behavior.distribution!r}: states are numbers that nobody sees: "
                    "give the model `observe`"
                )
            if not (np.isfinite(seen).all() and np.isfinite(done).all()):
                raise BirlError(
                    f"distribution {behavior.distribution!r}: an episode has an observation or action that is not "
                    "finite: mend the world or leave the episode out"
                )
            over = np.zeros(len(done), bool)
            over[-1:] = trajectory.terminal
            before.append(marked(seen[:-1], False)[:horizon])
            after.append(marked(seen[1:], over)[:horizon])
            actions.append(done[:horizon])
    if not sum(map(len, actions)):
        raise BirlError("no step in any episode: give trajectories, or episodes to roll out")
    return Steps(before=np.concatenate(before), actions=np.concatenate(actions), after=np.concatenate(after))


def marked(observations: Any, over: Any) -> NDArray[np.float32]:
    """Observations [B, ...], flattened, with whether the episode is over as a last column, [B, D + 1]."""
    flat = np.asarray(observations, np.float32).reshape(len(observations), -1)
    return np.concatenate([flat, np.broadcast_to(over, len(flat)).astype(np.float32)[:, None]], axis=1)
