"""One door for policies that were not made here: Stable-Baselines3's, imitation's, anybody's.

imitation's policies are Stable-Baselines3 policies. Nothing here imports either: objects are known by what they can do,
and torch is imported only once an object that brought it has been met.

Axes: B a batch, A actions, D dimensions of a continuous action.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.policy.heads import CategoricalPolicy, GaussianPolicy, GreedyPolicy, Moments
from birl.policy.plain import CallablePolicy, ChoicePolicy
from birl.policy.sampling import choose
from birl.types import BirlError, FloatArray, IntArray, Policy

__all__ = ["PredictPolicy", "ProbabilityPolicy", "RecurrentPolicy", "as_policy"]


def as_policy(source: Any, *, n_actions: int | None = None) -> Policy:
    """A policy from whatever stands for one.

    Args:
        source: a policy of ours; anything with `action_probabilities`; a Stable-Baselines3 model or policy; one of
            imitation; or a plain callable `observation -> action`.
        n_actions: how many actions there are, so that a callable can be tabulated.

    Raises:
        BirlError: for anything else.
    """
    if isinstance(source, Policy) and not hasattr(source, "predict"):
        return source
    if hasattr(source, "action_probabilities"):
        return ProbabilityPolicy(source)
    inner = getattr(source, "policy", source)
    if hasattr(inner, "predict") and hasattr(inner, "action_space"):
        return _from_sb3(inner)
    if callable(source):
        return CallablePolicy(source) if n_actions is None else ChoicePolicy(source, n_actions)
    raise BirlError(
        f"a {type(source).__name__} is no policy: give a callable, a Stable-Baselines3 model or policy, "
        "or an object with action_probabilities(observations)"
    )


@dataclass(frozen=True)
class ProbabilityPolicy:
    """Lends `act` to an object that only gives probabilities.

    Attributes:
        source: has `action_probabilities(observations) -> [B, A]`.
    """

    source: Any
    stateful = False

    def action_probabilities(self, observations: Any) -> FloatArray:
        """The source's probabilities, [B, A]."""
        return np.asarray(self.source.action_probabilities(observations), np.float64)

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> IntArray:
        """Actions drawn from the probabilities, or the likeliest, [B]."""
        return choose(self.action_probabilities(observations), rng=rng, deterministic=deterministic)


@dataclass(frozen=True)
class PredictPolicy:
    """A Stable-Baselines3 policy of which only `predict` is used (SAC, TD3, actions in several parts).

    Attributes:
        source: has `predict(observations, deterministic=...)`.
    """

    source: Any
    stateful = False

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> NDArray[Any]:
        """The source's actions, [B, ...]; torch's own generator is seeded from `rng` and put back."""
        import torch  # already loaded by the source

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**62)))
            actions, _ = self.source.predict(np.asarray(observations), deterministic=deterministic)
        return actions


class RecurrentPolicy:
    """A Stable-Baselines3 policy with memory: it can be rolled out, never tabulated.

    The one mutable policy: it carries its hidden state from one `act` to the next. Call `reset` before new episodes, or
    say with `episode_starts` which rows of the batch begin one.
    """

    stateful = True

    def __init__(self, source: Any) -> None:
        self.source = source
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._memory: Any = None

    def act(
        self,
        observations: Any,
        *,
        rng: np.random.Generator,
        deterministic: bool = False,
        episode_starts: Any = None,
    ) -> NDArray[Any]:
        """Actions, [B, ...]; the batch must keep its size and order until `reset`.

        Args:
            observations: [B, ...].
            rng: seeds torch's generator for this call.
            deterministic: take the likeliest action or the mean.
            episode_starts: bool [B]; after a reset every row starts one.
        """
        import torch  # already loaded by the source

        seen = np.asarray(observations)
        if episode_starts is None:
            episode_starts = np.full(len(seen), self._memory is None)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**62)))
            actions, self._memory = self.source.predict(
                seen, state=self._memory, episode_start=np.asarray(episode_starts), deterministic=deterministic
            )
        return actions


def _from_sb3(policy: Any) -> Policy:
    if hasattr(policy, "lstm_actor"):
        return RecurrentPolicy(policy)
    discrete = type(policy.action_space).__name__ == "Discrete"
    if discrete and hasattr(policy, "get_distribution"):
        return CategoricalPolicy(lambda seen: _distribution(policy, seen).logits.cpu().numpy())
    if discrete and hasattr(policy, "q_net"):
        return GreedyPolicy(lambda seen: _forward(policy, policy.q_net, seen).cpu().numpy())
    if type(policy.action_space).__name__ == "Box" and hasattr(policy, "get_distribution") and not policy.squash_output:
        space = policy.action_space
        return GaussianPolicy(lambda seen: _moments(policy, seen), space.low, space.high)
    return PredictPolicy(policy)


def _forward(policy: Any, network: Any, observations: Any) -> Any:
    """Run one of the policy's networks on a batch, without gradients and in evaluation mode."""
    import torch  # already loaded by the policy

    policy.set_training_mode(False)
    with torch.no_grad():
        return network(policy.obs_to_tensor(np.asarray(observations))[0])


def _distribution(policy: Any, observations: Any) -> Any:
    return _forward(policy, policy.get_distribution, observations).distribution


def _moments(policy: Any, observations: Any) -> Moments:
    normal = _distribution(policy, observations)
    return Moments(
        mean=normal.mean.cpu().numpy().astype(np.float64), std=normal.stddev.cpu().numpy().astype(np.float64)
    )
