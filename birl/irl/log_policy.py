"""The logarithm of a policy as a reward, and what zero probabilities do to it.

A soft-optimal policy obeys t log(n pi) = r + g P V - V, one that is Boltzmann in Q* t log(pi / max pi) = r + g P V - V.
The left-hand side is a reward that explains the policy by itself, with V = 0. n(s) counts the valid actions: soft
planning takes their mean, V = t log mean_a exp(Q / t); with log-sum-exp the left-hand side is t log pi, and the reward
of a step is less by t log n(s).

A probability of 0 has no logarithm. A floor stands in for it, and with it a size that nobody observed: a greedy policy
says in which order it ranks actions, and the floor says by how much.

Axes: S states, A actions.
Source: Fu, Luo & Levine 2018 (arXiv 1710.11248), appendix A.4; Ramachandran & Amir 2007 (Boltzmann in Q*).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import Check
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["FLOOR", "Rationality", "floor_check", "floored", "log_policy"]

Rationality = Literal["soft", "boltzmann"]
FLOOR = 1e-12  # probability that stands in for 0; a softmax in single precision is right to far below


def log_policy(
    model: TabularModel,
    policy: FloatArray,
    *,
    rationality: Rationality = "soft",
    temperature: float = 1.0,
    floor: float = FLOOR,
) -> FloatArray:
    """The reward with V = 0: t log(n pi) of a soft-optimal policy, t log(pi / max pi) of one Boltzmann in Q*, [S*A].

    Args:
        model: the world.
        policy: pi(a | s), [S, A]; probabilities below `floor` count as `floor`.
        rationality: how the policy is assumed to turn values into actions.
        temperature: t, above 0; one with the scale of the reward.
        floor: above 0.

    Raises:
        BirlError: for a rationality that is neither, or a policy of another shape.
    """
    if rationality not in ("soft", "boltzmann"):
        raise unknown_name("rationality", rationality, ("soft", "boltzmann"))
    if policy.shape != model.valid_actions.shape:
        raise BirlError(f"policy: shape {policy.shape}, not {model.valid_actions.shape}: give [S, A]")
    kept = np.maximum(np.where(model.valid_actions, policy, 0.0), floor)
    unit = kept.max(axis=1) if rationality == "boltzmann" else 1.0 / model.valid_counts
    return np.where(model.live, temperature * np.log(kept / unit[:, None]).ravel(), 0.0)


def floored(behaviors: Sequence[Behavior], floor: float) -> int:
    """How many decisions (a valid action of a live state) have less probability than the floor."""
    return sum(int((b.model.live & (b.policy.ravel() < floor)).sum()) for b in behaviors)


def floor_check(behaviors: Sequence[Behavior], floor: float, moved: tuple[float, float] | None) -> Check:
    """Whether the answer rests on probabilities that were seen.

    Args:
        behaviors: what was fitted.
        floor: what stood in for smaller probabilities.
        moved: of the answer with a floor ten times lower: its size relative to this one, and the cosine between the
            two; None where nothing was floored.
    """
    count, total = floored(behaviors, floor), sum(int(b.model.live.sum()) for b in behaviors)
    message = f"{count} of {total} probabilities are below {floor:g}"
    if count and moved is not None:
        message += (
            f" and count as {floor:g}: ten times lower, the answer is {moved[0]:.3g} times as large "
            f"(cosine {moved[1]:.3f}): only the order of choices is known, hold max-margin beside it"
        )
    return Check(name="zero probabilities", passed=not count, value=count / max(total, 1), limit=0.0, message=message)
