"""Where an estimate comes from: versions, and how much of which distribution was fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from birl.behavior import Behavior
from birl.irl.base import AnyBehavior

__all__ = ["provenance"]


def provenance(behaviors: Sequence[AnyBehavior], *packages: str) -> Mapping[str, str]:
    """Versions by package, and what each distribution contributed, by its name.

    Args:
        behaviors: what was fitted.
        packages: that made a difference, beside birl, numpy and scipy.
    """
    found = {name: _version(name) for name in ("birl", "numpy", "scipy", *packages)}
    return found | {f"fitted on {b.distribution}": _amount(b) for b in behaviors}


def _amount(behavior: AnyBehavior) -> str:
    episodes = len(behavior.trajectories)
    if not isinstance(behavior, Behavior):
        return f"{episodes} episodes"
    size = f"{behavior.model.n_levels} levels, {behavior.model.n_states} states"
    return size if behavior.policy_known else f"{size}, {episodes} episodes"


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
