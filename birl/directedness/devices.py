"""Devices: behaviour that looks at what it just did, and at nothing in the world.

A device chooses by its last k actions, k = 0 (a habit), 1 or 2. Its probabilities are Krichevsky-Trofimov estimates
from training levels, mixed over k by how well each explains those levels. If a device predicts held-out levels as well
as the best objective does, no objective was needed.

Exact: the policy's chain gives the discounted frequency of every (context, state), so nothing is sampled.

Axes: S states, A actions, L levels, C contexts (A + 1 symbols a step, the last "none yet").
Source: Krichevsky & Trofimov 1981; Willems, Shtarkov & Tjalkens 1995 (context mixing); Orseau, McGill & Legg 2018
(arXiv 1805.12387), section 3 (devices as the alternative to agents).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import gammaln, logsumexp

from birl.behavior import Behavior
from birl.types import FloatArray

__all__ = ["MAX_ORDER", "Device", "fit_device"]

MAX_ORDER = 2
KT = 0.5  # pseudo-count of each action


@dataclass(frozen=True, kw_only=True, eq=False)
class Device:
    """A mixture of short-context action models.

    Attributes:
        tables: for each order k, P(a | last k actions), [C_k, A].
        weights: posterior weight of each order, [MAX_ORDER + 1]; sums to 1.
    """

    tables: tuple[FloatArray, ...]
    weights: FloatArray

    @property
    def habit(self) -> FloatArray:
        """The action frequencies without any context, [A]."""
        return self.tables[0][0]

    def mixed(self) -> FloatArray:
        """P(a | last two actions) of the whole mixture, [(A + 1)^2, A]."""
        symbols = self.tables[0].shape[1] + 1
        recent = np.arange(symbols**MAX_ORDER)
        by_order = [table[recent % symbols**k] for k, table in enumerate(self.tables)]
        return np.tensordot(self.weights, np.stack(by_order), axes=1)

    def log_likelihood(self, behavior: Behavior) -> FloatArray:
        """Mean log-likelihood of a decision of the policy under the device, level by level, [L]."""
        model = behavior.model
        joint = context_occupancy(behavior)  # [S, C]
        log = np.log(self.mixed())
        per_state = np.einsum("sc,ca,sa->s", joint, log, behavior.policy, optimize=True)
        total = model.per_level(joint.sum(axis=1))
        return model.per_level(per_state) / np.where(total > 0, total, 1.0)


def fit_device(behaviors: Sequence[Behavior]) -> Device:
    """The device that explains these behaviours best, levels weighing equally."""
    n_actions = behaviors[0].model.n_actions
    symbols = n_actions + 1
    counts = np.zeros((symbols**MAX_ORDER, n_actions))
    for b in behaviors:
        weight = b.level_weights()[b.model.level] * b.model.n_levels
        counts += np.einsum("sc,s,sa->ca", context_occupancy(b), weight, b.policy, optimize=True)
    tables, evidence = [], []
    for order in range(MAX_ORDER + 1):
        pooled = counts.reshape(-1, symbols**order, n_actions).sum(axis=0)
        tables.append((pooled + KT) / (pooled + KT).sum(axis=1, keepdims=True))
        evidence.append(_log_evidence(pooled))
    log_weights = np.array(evidence) - logsumexp(evidence)
    return Device(tables=tuple(tables), weights=np.exp(log_weights))


def context_occupancy(behavior: Behavior) -> FloatArray:
    """Expected discounted visits of each live state with each pair of last actions, [S, (A + 1)^2].

    A context is (action before last) * (A + 1) + (last action), with A for "none yet". The occupancy itself says how
    often each state is entered by each action, and that says it for each pair of actions: no sum over time is left to
    do.
    """
    model, symbols = behavior.model, behavior.model.n_actions + 1
    start = np.where(model.terminal, 0.0, model.start)
    last = np.zeros((model.n_states, symbols))
    last[:, -1] = start
    both = np.zeros((model.n_states, symbols, symbols))
    both[:, -1, -1] = start
    alive = sp.diags_array(np.where(model.terminal, 0.0, model.discount))
    enter = [alive @ model.transitions[action :: model.n_actions].T for action in range(model.n_actions)]  # [S, S] each
    for action, move in enumerate(enter):
        last[:, action] = move @ (behavior.occupancy * behavior.policy[:, action])
    for action, move in enumerate(enter):
        both[:, :, action] = move @ (last * behavior.policy[:, [action]])
    return both.reshape(model.n_states, -1)


def _log_evidence(counts: FloatArray) -> float:
    """Log marginal likelihood of counts [C, A] under a Dirichlet(1/2) prior in every context."""
    n_actions = counts.shape[1]
    per_context = gammaln(KT * n_actions) - gammaln(counts.sum(axis=1) + KT * n_actions)
    return float((per_context + (gammaln(counts + KT) - gammaln(KT)).sum(axis=1)).sum())
