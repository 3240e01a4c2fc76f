"""Worst-case regret: the most that trusting b's ranking of policies can cost under a.

    max r_a . (d1 - d2)  subject to  r_b . (d1 - d2) <= 0,  divided by  max J_a - min J_a                (1)

d1, d2 are discounted state-action occupancies from the model's start, of two policies of which b likes the second no
less. 0 when b ranks all policies as a does, 1 when it would trade the best under a for the worst. Exact.

Axes: S states, A actions, N live state-action pairs.
Source: Skalse et al. 2024 (arXiv 2309.15257), definition 3, for the quantity; Puterman 1994, section 6.9, for the
linear program of occupancies.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from birl.distance.base import NO_PREFERENCE, Distance, no_preference
from birl.distance.regret import refuse_coverage
from birl.distance.rewards import RewardSource, as_reward
from birl.tabular import TabularModel, hard_plan
from birl.types import BirlError, FloatArray

__all__ = ["worst_case_regret"]


def worst_case_regret(model: TabularModel, a: RewardSource, b: RewardSource, *, coverage: None = None) -> Distance:
    """The greatest share of a's range of returns that can be lost by following b's preferences between policies.

    A linear program with two variables for each state-action pair: milliseconds for tens of states, minutes for tens of
    thousands.

    Args:
        model: the world.
        a: the reward that judges: weights by feature, [S*A], [S, A, S'], or a value for each stored transition.
        b: the reward that is trusted.
        coverage: must be None; a regret is about the model's start.

    Raises:
        BirlError: for rewards that do not fit the model, a coverage, or a program the solver does not finish.
    """
    refuse_coverage("worst-case regret", coverage)
    judge, trusted = as_reward(model, a, "a").pairs, as_reward(model, b, "b").pairs
    about = Distance(metric="worst-case-regret", coverage="", norm="range of returns", discount=model.discount)
    ranges = {"a": _range_of_returns(model, judge), "b": _range_of_returns(model, trusted)}
    idle = [name for name, width in ranges.items() if width <= NO_PREFERENCE]
    if idle:
        return no_preference(about, idle)
    share = _greatest_loss(model, judge, trusted) / ranges["a"]
    return replace(about, value=min(max(0.0, share), 1.0))


def _range_of_returns(model: TabularModel, reward: FloatArray) -> float:
    """max J - min J over policies."""
    return float(model.start @ (hard_plan(model, reward).values + hard_plan(model, -reward).values))


def _greatest_loss(model: TabularModel, judge: FloatArray, trusted: FloatArray) -> float:
    """The optimum of (1) before the division."""
    live, states = np.flatnonzero(model.live), np.flatnonzero(~model.terminal)
    leave = sp.csr_matrix(
        (np.ones(live.size), (live // model.n_actions, np.arange(live.size))), shape=(model.n_states, live.size)
    )
    flow = (leave - model.discount * model.transitions[live].T)[states]
    gain, said = judge[live], trusted[live]
    solved = linprog(
        np.concatenate([-gain, gain]),
        A_ub=sp.csr_matrix(np.concatenate([said, -said])[None]),
        b_ub=[0.0],
        A_eq=sp.block_diag([flow, flow], format="csr"),
        b_eq=np.tile(model.start[states], 2),
        bounds=(0, None),
        method="highs",
    )
    if not solved.success:
        raise BirlError(f"worst-case regret: {solved.message.rstrip('.')}: lower the discount or use fewer levels")
    return -float(solved.fun)
