"""`enumerate_env`: a deterministic Gymnasium environment as an exact model.

Axes: S states, A actions, F features, L levels.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from birl.enumerate.meaning import Features, from_observations, told_names
from birl.enumerate.reach import Found, breadth_first
from birl.enumerate.search import Search, environment_name, explore
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["enumerate_env"]


def enumerate_env(
    make_env: Callable[[], Any],
    seeds: Iterable[int],
    features: Features,
    *,
    discount: float = 0.99,
    key: Callable[[Any], Hashable] | None = None,
    search: Search | None = None,
) -> TabularModel:
    """The exact model of some levels of a deterministic environment with discrete actions.

    Copies of the environment are stepped breadth first from `reset(seed=...)` of every seed; two copies are in the same
    state when their keys are equal. `truncated` is not an end: a time limit is stepped past, and belongs in
    `Distribution.time_limit`. The reward is not read: objectives are weights of the features.

    Args:
        make_env: builds the environment, wrapped as a policy will see it. Observations must be arrays or integers: a
            dictionary needs a wrapper, for instance `gymnasium.wrappers.FlattenObservation`.
        seeds: reset seed of each level, all different; starts are spread evenly over them.
        features: names of entries of `info` (one number each, every step), as in `birl.Distribution`; or a mapping of
            name -> callable of arrays (obs, action, next_obs) that returns [B]; or one such callable that returns
            [B, F], its columns then named `feature-0` and so on.
        discount: per step, in (0, 1].
        key: environment (with its wrappers) -> a hashable state; `birl.enumerate.state_key()` if left out: a hash of
            all it holds except random numbers, spaces, rendering and step counters. An environment's own `hash()`
            often leaves things out (MiniGrid's: what is carried).
        search: state limit, how often to check, how to copy, progress; `birl.enumerate.Search()` if left out.

    Returns:
        A model whose level i is seed i, with `observe` showing the recorded observations.

    Raises:
        BirlError: naming environment, seed and feature, when the environment is stochastic, ignores its seed, cannot be
            copied or hashed, shares state between copies, has too many states, a key that leaves out what matters, or
            actions or observations that do not fit; for a feature that is missing or not finite; for no seeds or
            repeated ones.
    """
    levels, names = _checked_seeds(seeds), told_names(features)
    env = make_env()
    try:
        _check_actions(env)
        name = environment_name(env)
        found = explore(env, levels, names, key=key, search=search or Search())
    finally:
        env.close()
    if names:
        values = found.told
    else:
        names, values = from_observations(features, found, lambda s: f"environment {name!r}, seed {found.seed[s]}")
    return _model(found, names, values, discount)


def _checked_seeds(seeds: Iterable[int]) -> list[int]:
    levels = [int(seed) for seed in seeds]
    if not levels:
        raise BirlError("no seeds: give the reset seed of at least one level")
    if len(set(levels)) != len(levels):
        twice = next(seed for seed in levels if levels.count(seed) > 1)
        raise BirlError(f"seed {twice} is given {levels.count(twice)} times: give each level once")
    return levels


def _check_actions(env: Any) -> None:
    from gymnasium.spaces import Discrete  # .2 s, and grid worlds use this layer without it

    if not isinstance(env.action_space, Discrete) or env.action_space.start != 0:
        raise BirlError(
            f"environment {environment_name(env)!r}: actions are {env.action_space}: an exact model needs "
            "Discrete(n), numbered from 0: wrap it"
        )


def _model(found: Found, names: tuple[str, ...], values: FloatArray, discount: float) -> TabularModel:
    """One block for each level: what can be reached from its start, in the order of the search."""
    n_found, n_actions = found.successor.shape

    def following(codes: IntArray) -> IntArray:
        return (codes - codes % n_found)[:, None] + found.successor[codes % n_found]

    roots = np.arange(found.roots.size) * n_found + found.roots
    codes = np.sort(breadth_first(roots, following).codes)
    level, state = np.divmod(codes, n_found)
    n_rows = codes.size * n_actions
    rows = (state[:, None] * n_actions + np.arange(n_actions)).ravel()
    successor = np.searchsorted(codes, following(codes).ravel())
    start = np.zeros(codes.size)
    start[np.searchsorted(codes, roots)] = 1.0 / roots.size
    return TabularModel(
        transitions=sp.csr_matrix((np.ones(n_rows), successor, np.arange(n_rows + 1)), shape=(n_rows, codes.size)),
        features=sp.csr_matrix(values)[rows],
        start=start,
        terminal=found.ended[state],
        discount=discount,
        feature_names=names,
        level=level,
        observe=partial(_recorded, seen=found.seen, state=state),
    )


def _recorded(states: IntArray, *, seen: NDArray[Any], state: IntArray) -> NDArray[Any]:
    return seen[state[states]]
