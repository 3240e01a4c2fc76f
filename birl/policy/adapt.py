"""One door for policies that were not made here: Stable-Baselines3's, imitation's, anybody's.

imitation's policies are Stable-Baselines3 policies. Nothing here imports either: objects are known by what they can do,
and torch is imported only once an object that brought it has been met.

Axes: B a batch, A actions, D dimensions of a continuous action.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.policy.box import DeterministicPolicy, GaussianPolicy, Moments, SquashedGaussianPolicy
from birl.policy.critic import ActionValues
from birl.policy.heads import CategoricalPolicy, GreedyPolicy, MaskablePolicy
from birl.policy.memory import Cell, RecurrentPolicy
from birl.policy.plain import CallablePolicy, ChoicePolicy
from birl.policy.sampling import choose
from birl.types import BirlError, FloatArray, IntArray, Policy

__all__ = ["PredictPolicy", "ProbabilityPolicy", "as_policy"]


def _batch(observations: Any) -> Any:
    """Observations as an array; those in parts stay a dictionary."""
    return observations if isinstance(observations, Mapping) else np.asarray(observations)


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
        return _from_sb3(inner, source)
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
    """A Stable-Baselines3 policy of which only `predict` is used (actions in several parts, random policies).

    Attributes:
        source: has `predict(observations, deterministic=...)`.
        see: prepares observations.
    """

    source: Any
    see: Callable[[Any], Any] = _batch
    stateful = False

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> NDArray[Any]:
        """The source's actions, [B, ...]; torch's own generator is seeded from `rng` and put back."""
        with _seeded(rng):
            actions, _ = self.source.predict(self.see(observations), deterministic=deterministic)
        return actions


@contextmanager
def _seeded(rng: np.random.Generator) -> Iterator[None]:
    import torch  # already loaded by the source

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**62)))
        yield


def _cell(policy: Any) -> Cell:
    """One step of a recurrent policy of sb3-contrib."""

    def step(
        observations: Any, held: Any, starts: Any, *, rng: np.random.Generator, deterministic: bool
    ) -> tuple[NDArray[Any], Any]:
        with _seeded(rng):
            return policy.predict(observations, state=held, episode_start=starts, deterministic=deterministic)

    return step


def _from_sb3(policy: Any, model: Any) -> Policy:
    """What a Stable-Baselines3 policy is; its model, where that was given, knows more than the policy itself."""
    if hasattr(policy, "lstm_actor"):
        return RecurrentPolicy(_cell(policy))
    kind = type(policy.action_space).__name__
    if kind == "Discrete":
        return _discrete(policy, model)
    if kind == "Box":
        return _continuous(policy, model)
    return PredictPolicy(policy)


def _discrete(policy: Any, model: Any) -> Policy:
    exploration, discount = float(getattr(model, "exploration_rate", 0.0)), _discount(model)
    if hasattr(policy, "get_distribution"):
        masked = "action_masks" in inspect.signature(policy.predict).parameters
        kind = MaskablePolicy if masked else CategoricalPolicy
        return kind(lambda seen: _distribution(policy, seen).logits.cpu().numpy())
    if hasattr(policy, "q_net"):
        return GreedyPolicy(lambda seen: _forward(policy, policy.q_net, seen).cpu().numpy(), exploration, discount)
    if hasattr(policy, "quantile_net"):
        return GreedyPolicy(
            lambda seen: _forward(policy, policy.quantile_net, seen).mean(dim=1).cpu().numpy(), exploration, discount
        )
    return PredictPolicy(policy)


def _discount(model: Any) -> float | None:
    found = getattr(model, "gamma", None)
    return None if found is None else float(found)


def _continuous(policy: Any, model: Any) -> Policy:
    space, actor = policy.action_space, getattr(policy, "actor", None)
    if hasattr(policy, "get_distribution"):
        kind = SquashedGaussianPolicy if policy.squash_output else GaussianPolicy
        return kind(lambda seen: _moments(_distribution(policy, seen)), space.low, space.high)
    if hasattr(actor, "get_action_dist_params"):
        critic = _critic(policy, model, _temperature(model))
        return SquashedGaussianPolicy(lambda seen: _moments(_squashed(policy, seen)), space.low, space.high, critic)
    if actor is not None and hasattr(actor, "mu"):
        critic = _critic(policy, model, 0.0)
        return DeterministicPolicy(
            lambda seen: _forward(policy, actor, seen).cpu().numpy(), space.low, space.high, critic
        )
    return PredictPolicy(policy)


def _critic(policy: Any, model: Any, temperature: float | None) -> ActionValues | None:
    """The least of the critics' values, or the mean of their quantiles, as the actor was taught by them."""
    if not hasattr(policy, "critic"):
        return None

    def values(observations: Any, actions: Any) -> Any:
        import torch  # already loaded by the policy

        scaled = torch.as_tensor(policy.scale_action(np.asarray(actions, np.float32)))
        found = _forward(policy, lambda seen: policy.critic(seen, scaled), observations)
        return (found.mean(dim=(1, 2)) if torch.is_tensor(found) else torch.cat(found, dim=1).amin(dim=1)).cpu().numpy()

    return ActionValues(network=values, numbered=False, discount=_discount(model), temperature=temperature)


def _temperature(model: Any) -> float | None:
    """SAC's price of entropy, learnt or set."""
    learnt, fixed = getattr(model, "log_ent_coef", None), getattr(model, "ent_coef_tensor", None)
    if learnt is not None:
        return float(np.exp(learnt.item()))
    return None if fixed is None else float(fixed.item())


def _forward(policy: Any, network: Any, observations: Any) -> Any:
    """Run one of the policy's networks on a batch, without gradients and in evaluation mode."""
    import torch  # already loaded by the policy

    policy.set_training_mode(False)
    with torch.no_grad():
        return network(policy.obs_to_tensor(_batch(observations))[0])


def _distribution(policy: Any, observations: Any) -> Any:
    return _forward(policy, policy.get_distribution, observations).distribution


def _squashed(policy: Any, observations: Any) -> Any:
    """The Gaussian of a SAC actor before tanh."""
    actor = policy.actor
    mean, log_std, more = _forward(policy, actor.get_action_dist_params, observations)
    return actor.action_dist.proba_distribution(mean, log_std, **more).distribution


def _moments(normal: Any) -> Moments:
    return Moments(
        mean=normal.mean.detach().cpu().numpy().astype(np.float64),
        std=normal.stddev.detach().cpu().numpy().astype(np.float64),
    )
