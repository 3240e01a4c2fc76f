"""What a method needs of behaviour, checked in one place and said in one line.

`needs` is data on every method: `model` (exact dynamics), `policy` (to be asked anywhere), `simulator` (to go back to
any state; a model is one), `trajectories` (episodes), `critic` (what the policy's own network believes actions are
worth: value-based policies have one).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import AnyBehavior
from birl.sampled import SampledBehavior, as_sampled
from birl.types import BirlError

__all__ = ["NEEDS", "exact", "lacking", "sampled"]

NEEDS: tuple[str, ...] = ("model", "policy", "simulator", "trajectories", "critic")


def lacking(behavior: AnyBehavior, needs: frozenset[str]) -> list[str]:
    """What a behaviour does not have of what is needed; episodes can be made where there are policy and simulator."""
    if isinstance(behavior, Behavior):
        has = {"model", "simulator", *(["policy"] if behavior.policy_known else [])}
    else:
        has = {n for n in ("policy", "simulator") if getattr(behavior, n) is not None}
    carrier = behavior if isinstance(behavior, Behavior) else behavior.policy
    if getattr(carrier, "critic", None) is not None:
        has.add("critic")
    if behavior.trajectories or {"policy", "simulator"} <= has:
        has.add("trajectories")
    return [need for need in NEEDS if need in needs - has]


def exact(behaviors: Sequence[AnyBehavior], method: Any) -> list[Behavior]:
    """The behaviours, all of them on exact models.

    Raises:
        BirlError: naming the method, the distribution and what is missing.
    """
    _refuse(behaviors, method, method.needs | {"model"})
    return [b for b in behaviors if isinstance(b, Behavior)]


def sampled(
    behaviors: Sequence[AnyBehavior], method: Any, *, rng: np.random.Generator | None, episodes: int = 0
) -> list[SampledBehavior]:
    """The behaviours as episodes, of one set of features.

    Args:
        behaviors: exact or sampled.
        method: whose needs are checked.
        rng: for rollouts.
        episodes: to roll out where there are none.

    Raises:
        BirlError: naming the method, the distribution and what is missing.
    """
    _refuse(behaviors, method, method.needs)
    found = [as_sampled(b, episodes=episodes, rng=rng) for b in behaviors]
    for b in found[1:]:
        if b.feature_names != found[0].feature_names:
            raise BirlError(
                f"features of {b.distribution!r} differ from {found[0].distribution!r}: "
                "fit distributions of one task together"
            )
    return found


def _refuse(behaviors: Sequence[AnyBehavior], method: Any, needs: frozenset[str]) -> None:
    if not behaviors:
        raise BirlError("no behaviour to fit: give at least one distribution")
    for behavior in behaviors:
        if not isinstance(behavior, Behavior | SampledBehavior):
            raise BirlError(
                f"{method.name}: a {type(behavior).__name__} is no behaviour: give what observe or watch returns"
            )
        missing = lacking(behavior, needs)
        if missing:
            raise BirlError(
                f"{method.name} needs {' and '.join(missing)}, which distribution {behavior.distribution!r} does not "
                "have: see `birl methods` for what each method needs"
            )
