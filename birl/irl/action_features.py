"""Features that the action itself changes, and not only where it leads: noise in actions changes them for no reason.

Axes: S states, A actions, F features, N steps.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from birl.irl.rolling import simulator_of
from birl.sampled import SampledBehavior, walk
from birl.simulator import ModelSimulator
from birl.tabular import TabularModel

__all__ = ["depends_on_action"]

SAME = 1e-9  # difference that counts as none, relative to the feature's largest magnitude
EPISODES, STEPS = 4, 100  # of a random walk in which actions are exchanged


def depends_on_action(behavior: SampledBehavior, rng: np.random.Generator) -> np.ndarray:
    """Which features differ between actions that lead to the same place, bool [F].

    In a model, between two actions with the same next states; in an environment, when another action is put in the
    place of the one that was taken. False where neither can be told (features read off `info`).
    """
    simulator = simulator_of(behavior)
    if isinstance(simulator, ModelSimulator):
        return _in_model(simulator.model)
    again = getattr(simulator, "features_of", None)
    if again is None:
        return np.zeros(len(behavior.feature_names), bool)
    seen = walk(behavior, EPISODES, rng=rng, noise=1.0, horizon=min(STEPS, behavior.horizon))
    other = again(seen.places, simulator.wander(seen.places, rng), seen.after)
    if other is None:
        return np.zeros(len(behavior.feature_names), bool)
    return _moved(seen.features, other)


def _in_model(model: TabularModel) -> np.ndarray:
    found = np.zeros(model.n_features, bool)
    live, rows = model.live.reshape(model.n_states, model.n_actions), np.arange(model.n_states) * model.n_actions
    for one, other in combinations(range(model.n_actions), 2):
        apart = abs(model.transitions[rows + one] - model.transitions[rows + other])
        alike = live[:, one] & live[:, other] & (np.asarray(apart.sum(axis=1)).ravel() <= SAME)
        chosen = rows[alike]
        found |= _moved(model.features[chosen + one].toarray(), model.features[chosen + other].toarray())
    return found


def _moved(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    size = np.maximum(np.abs(one).max(axis=0, initial=0.0), np.abs(other).max(axis=0, initial=0.0))
    return np.abs(one - other).max(axis=0, initial=0.0) > SAME * np.maximum(size, np.finfo(float).tiny)
