"""The log-policy of an exact model, split into reward and shaping in closed form.

For a reference policy mu with values V_mu, any reward r whose soft-optimal policy is pi has, with u the random walk,

    r(s, a) = log(pi / u)(s, a) + V(s) - g E V(s'),    V = value under mu of  E_mu[r](s) - E_mu[log(pi / u)](s)   (1)

so that with r = phi.w, the successor features psi of mu, and K = value under mu of log(pi / u),

    log(pi / u)(s, a) + g E K(s') - K(s) = (psi(s, a) - psi(s)).w                                                 (2)

is linear in w alone: the shaping is gone without being fitted. Here mu = pi.

Axes: S states, A actions, F features.
Source: Fu, Luo & Levine 2018 (arXiv 1710.11248), appendix A (the discriminator's optimum is log pi); Cao, Cohen &
Szpruch 2021 (arXiv 2106.03498), theorem 1 (every V is possible); Barreto et al. 2017 (successor features).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from birl.behavior import Behavior
from birl.irl.common import adaptation_check, determinism_check, neutral_constants, shared_features, step_check
from birl.irl.log_policy_checks import alternatives_check
from birl.irl.log_policy_fit import Choices, together
from birl.irl.log_policy_material import Material, random_layer
from birl.tabular import PolicyChain, TabularModel
from birl.types import BirlError, FloatArray

__all__ = ["exact_choices", "exact_material", "log_ratio", "reward_of_mean"]


def log_ratio(model: TabularModel, policy: FloatArray) -> FloatArray:
    """log pi / u, u the random walk, [S, A]; 0 where the policy never acts so, and where nothing goes on."""
    acts = (policy > 0) & model.live.reshape(policy.shape)
    return np.where(acts, np.log(np.where(acts, policy, 1.0) / np.where(acts, model.uniform, 1.0)), 0.0)


def reward_of_mean(model: TabularModel, policy: FloatArray, reference: FloatArray, mean: FloatArray) -> FloatArray:
    """The reward that makes a policy soft-optimal and has a known mean under a reference policy, [S, A]; (1).

    Args:
        model: the world.
        policy: pi > 0, [S, A].
        reference: mu, [S, A].
        mean: E_mu[r], [S].
    """
    ratio = log_ratio(model, policy)
    going = ~model.terminal
    values = PolicyChain(model, reference).values(np.where(going, mean - (reference * ratio).sum(axis=1), 0.0))
    onward = model.discount * (model.transitions @ values).reshape(policy.shape)
    return np.where(model.live.reshape(policy.shape), ratio + values[:, None] - onward, 0.0)


def exact_choices(behavior: Behavior, features: FloatArray, *, noise: float) -> Choices:
    """Equation (2) in every state, weighed by how often the policy is there and acts so.

    Args:
        behavior: on an exact model.
        features: phi, [S*A, F].
        noise: half of the weight of states comes from a copy of the policy with this share of random actions.
    """
    model, pi = behavior.model, behavior.policy
    shape, g = pi.shape, model.discount
    chain = PolicyChain(model, pi)
    live = model.live.reshape(shape)
    phi = np.where(live[..., None], features.reshape(*shape, -1), 0.0)
    ratio = log_ratio(model, pi)
    psi = chain.values(np.einsum("sa,saf->sf", pi, phi))
    regularised = chain.values((pi * ratio).sum(axis=1))
    after = lambda values: (model.transitions @ values).reshape(*shape, *values.shape[1:])  # noqa: E731
    target = ratio + g * after(regularised) - regularised[:, None]
    brought = phi + g * after(psi) - psi[:, None]
    weight = np.where(live, _visits(behavior, noise)[:, None] * pi, 0.0)
    return Choices(brought=brought, instrument=brought, target=target, weight=weight, cluster=model.level)


def _visits(behavior: Behavior, noise: float) -> FloatArray:
    """How much each state counts, every level the same, [S]."""
    model = behavior.model
    noisy = (1.0 - noise) * behavior.policy + noise * model.uniform
    chain = PolicyChain(model, noisy)
    visits = 0.5 * behavior.occupancy + 0.5 * np.where(model.terminal, 0.0, np.maximum(chain.occupancy(), 0.0))
    total = model.per_level(visits)
    return visits * np.where(total > 0, 1.0 / np.where(total > 0, total, 1.0), 0.0)[model.level]


def exact_material(
    behaviors: Sequence[Behavior], *, noise: float, width: int | None, rng: np.random.Generator
) -> Material:
    """The equations of exact behaviours.

    Args:
        behaviors: of one task.
        noise: of the noisy copy of each policy that states are weighed by.
        width: of a random layer for the reward; None for the named features.
        rng: draws the layer.

    Raises:
        BirlError: for a layer where states are not observed.
    """
    names, layer = shared_features(behaviors), None
    held = neutral_constants(behaviors)
    features = [b.model.dense_features.reshape(-1, len(names)) for b in behaviors]
    if width is not None:
        seen = [_observations(b) for b in behaviors]
        layer = random_layer(seen, width, rng=rng)
        features = [np.repeat(layer(o), b.model.n_actions, axis=0) for b, o in zip(behaviors, seen, strict=True)]
        names, held = (), np.zeros(width, bool)
    free = [np.where(held, 0.0, phi) for phi in features]
    parts = [exact_choices(b, phi, noise=noise) for b, phi in zip(behaviors, free, strict=True)]
    choices = together(parts)
    checks = (
        determinism_check(behaviors),
        alternatives_check(choices),
        step_check(behaviors) if layer is None else None,
        adaptation_check(behaviors),
    )
    counts = np.zeros(held.size)
    return Material(
        choices=choices,
        names=names,
        layer=layer,
        random=np.full(held.size, layer is not None),
        held=held,
        own=counts if layer else sum((b.feature_counts for b in behaviors), counts),
        walk=counts if layer else sum((b.walk_feature_counts for b in behaviors), counts),
        checks=tuple(check for check in checks if check is not None),
    )


def _observations(behavior: Behavior) -> FloatArray:
    model = behavior.model
    if model.observe is None:
        raise BirlError(
            f"distribution {behavior.distribution!r}: the model has no `observe`, so a network has nothing to see: "
            "give observe= or recover weights of features"
        )
    return np.asarray(model.observe(np.arange(model.n_states)), np.float64)
