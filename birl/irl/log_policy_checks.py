"""Whether a log-policy can be read as a soft value: what of it is explained, in which order, where it says anything.

Axes: P places, K choices in each.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from birl.irl.base import Check
from birl.irl.common import GREEDY
from birl.irl.log_policy_fit import Choices, Fitted, explained, in_order

__all__ = ["checks_of", "held_out", "spread_check"]

EXPLAINED = 0.5  # share of the log-policy within places, below which its differences are no differences of value
ORDERED = 0.6  # share of pairs of choices in the policy's order, half of which chance gets right
ALTERNATIVE, CHOICE = 0.01, 0.5  # an action taken this often is an alternative; this share of places should have two


def held_out(choices: Choices, fit: Callable[[Choices], Fitted], score: Callable[..., float]) -> float | None:
    """A score of weights fitted on the other half of the clusters, both ways; None with a single cluster."""
    if np.unique(choices.cluster).size < 2:
        return None
    even = choices.cluster % 2 == 0
    halves = choices.take(even), choices.take(~even)
    if not all(half.weight.sum() > 0 for half in halves):
        return None
    return float(np.mean([score(b, fit(a).weights) for a, b in (halves, halves[::-1])]))


def checks_of(
    choices: Choices, fit: Callable[[Choices], Fitted], fitted: Fitted, *, sizes: bool = True
) -> tuple[Check, ...]:
    """How well weights explain the log-policy, as a number and as an order, where they were not fitted.

    Args:
        choices: all of them.
        fit: to some of them.
        fitted: to all.
        sizes: whether the targets are more than an order.
    """
    share, ordered = (held_out(choices, fit, score) for score in (explained, in_order))
    where = "on held-out clusters" if share is not None else "in sample (one level: nothing to hold out)"
    share = explained(choices, fitted.weights) if share is None else share
    ordered = in_order(choices, fitted.weights) if ordered is None else ordered
    checks = (
        _check(
            "log-policy explained",
            share,
            EXPLAINED,
            f"the reward explains {share:.2f} of the differences of log pi {where}",
            "log pi is no soft value here: read directions, not sizes, and compare `order` or successor-margin",
        ),
        _check(
            "choices in order",
            ordered,
            ORDERED,
            f"{ordered:.2f} of pairs of choices come in the policy's order {where}",
            "the features say little of what the policy prefers: name others, or follow choices for longer",
        ),
    )
    return checks if sizes else checks[1:]


def spread_check(decided: np.ndarray) -> Check:
    """Whether the policy leaves enough to chance for its log to be more than an order, [P]."""
    left = float(1.0 - np.mean(decided))
    return _check(
        "cardinal information",
        left,
        GREEDY,
        f"{left:.2g} of a choice is left to chance",
        "the policy is greedy, only the order of its choices is known: use successor-margin, or a policy with noise",
    )


def alternatives_check(choices: Choices) -> Check:
    """Whether places have a choice at all: two actions that the policy takes now and then."""
    weight = choices.weight
    total = weight.sum(axis=1)
    open_ = (weight >= ALTERNATIVE * np.maximum(total, 1e-300)[:, None]).sum(axis=1) >= 2
    share = float(total @ open_ / max(total.sum(), 1e-300))
    return _check(
        "coverage of actions",
        share,
        CHOICE,
        f"in {share:.2f} of places two actions are each taken one time in a hundred",
        "most places say nothing: visit others (`noises`), or ask a less decided policy",
    )


def _check(name: str, value: float, limit: float, measured: str, remedy: str) -> Check:
    passed = bool(value >= limit)
    return Check(
        name=name,
        passed=passed,
        value=float(value),
        limit=limit,
        message=measured + ("" if passed else f" (limit {limit:g}): {remedy}"),
    )
