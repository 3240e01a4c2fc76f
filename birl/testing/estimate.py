"""What an estimate owes, whatever method it is from: one reward, in an agreed form, that says what it cannot know.

Axes: S states, A actions, F features, D draws, E stored transitions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import BOUNDED, HELD, IDENTIFIED, UNIDENTIFIED, Check, RewardEstimate
from birl.tabular import TabularModel
from birl.trajectories import edges
from birl.types import FloatArray

__all__ = ["apart", "as_bytes", "judge", "survives_the_disk", "values"]

STATUSES = {IDENTIFIED, BOUNDED, HELD, UNIDENTIFIED}
REMEDY = re.compile(r"[:;,] \S+ \S+")  # what is wrong, a colon, and what follows from it


def judge(estimate: Any, method: Any, seen: Sequence[Behavior]) -> None:
    """Hold an estimate against its method's declaration and the behaviours it was fitted to.

    Raises:
        AssertionError: naming what is broken.
    """
    name = method.name
    assert isinstance(estimate, RewardEstimate), (
        f"{name}: fit returned a {type(estimate).__name__}, not a RewardEstimate"
    )
    assert estimate.method == name, f"{name}: the estimate says it is by {estimate.method!r}"
    assert estimate.behavioral_model == method.behavioral_model, f"{name}: the estimate names another behavioural model"
    assert tuple(estimate.distributions) == tuple(b.distribution for b in seen), (
        f"{name}: fitted on {[b.distribution for b in seen]}, the estimate says {list(estimate.distributions)}"
    )
    _one_reward(estimate, name, seen[0].model)
    odd = set(estimate.status.values()) - STATUSES
    assert not odd, f"{name}: unknown status {odd}: use one of {sorted(STATUSES)}"
    _uncertainty(estimate, name)
    _honesty(estimate, name)
    for check in estimate.checks:
        _check(check, name)


def _one_reward(estimate: RewardEstimate, name: str, model: TabularModel) -> None:
    forms = {"weights": bool(estimate.weights), "network": estimate.network, "table": estimate.table}
    given = [form for form, there in forms.items() if there is not None and there is not False]
    assert len(given) == 1, f"{name}: a reward has one form, this has {' and '.join(given) or 'none'}"
    features = model.feature_names if estimate.weights else ()
    assert tuple(estimate.weights) == tuple(features), f"{name}: weights of {list(estimate.weights)}, not of {features}"
    assert set(estimate.status) == set(features), f"{name}: give every feature a status, and nothing else"
    if estimate.table is not None:
        shape = (model.n_states, model.n_actions)
        assert np.shape(estimate.table) == shape, f"{name}: the table is {np.shape(estimate.table)}, not {shape}"
    found, what = values(estimate, model), "weight" if estimate.weights else "reward"
    assert np.isfinite(found).all(), f"{name}: a {what} is not finite: {dict(estimate.weights) or found}"


def _uncertainty(estimate: RewardEstimate, name: str) -> None:
    size = len(estimate.weights)
    if estimate.covariance is not None:
        covariance = np.asarray(estimate.covariance)
        assert covariance.shape == (size, size), f"{name}: covariance is {covariance.shape}, not {(size, size)}"
        assert np.isfinite(covariance).all(), f"{name}: an entry of the covariance is not finite"
        assert np.allclose(covariance, covariance.T), f"{name}: the covariance is not symmetric"
        assert np.diag(covariance).min(initial=0.0) >= 0, f"{name}: a variance is negative"
    if estimate.draws is not None:
        draws = np.asarray(estimate.draws)
        assert draws.shape == (len(draws), size), f"{name}: draws are {draws.shape}, not [D, {size}]"
        assert np.isfinite(draws).all(), f"{name}: a draw is not finite"
    for feature, interval in estimate.intervals.items():
        assert interval.low <= interval.value <= interval.high, f"{name}: {feature}: {interval} is not ordered"
        assert estimate.status[feature] in (IDENTIFIED, BOUNDED), (
            f"{name}: {feature} is {estimate.status[feature]}: no interval"
        )


def _honesty(estimate: RewardEstimate, name: str) -> None:
    value = estimate.log_likelihood
    assert value is None or (math.isfinite(value) and value <= 0), (
        f"{name}: log-likelihood {value}: a mean log-probability"
    )
    assert all(map(math.isfinite, estimate.nuisance.values())), (
        f"{name}: nuisance {dict(estimate.nuisance)} is not finite"
    )
    for kept, what in ((estimate.settings, "settings"), (estimate.provenance, "provenance")):
        text = isinstance(kept, Mapping) and all(isinstance(x, str) for pair in kept.items() for x in pair)
        assert text, f"{name}: {what} are kept as text by name"
    assert estimate.identifiability.selector.strip(), f"{name}: name the selector that chose among equals"


def _check(check: Any, name: str) -> None:
    assert isinstance(check, Check), f"{name}: {check!r} among the checks is no Check"
    assert check.message.strip(), f"{name}: check {check.name!r} has no message"
    assert "\n" not in check.message, f"{name}: the message of check {check.name!r} is not one line"
    if check.passed:
        return
    assert REMEDY.search(check.message), (
        f"{name}: failed check {check.name!r} says {check.message!r}: add what to do, after a colon"
    )
    assert check.value is None or check.limit is not None, (
        f"{name}: failed check {check.name!r} measured {check.value} and names no limit"
    )


def values(estimate: RewardEstimate, model: TabularModel) -> FloatArray:
    """What the reward comes down to: its weights [F], its table [S, A], or its network on every transition [E]."""
    if estimate.table is not None:
        return np.asarray(estimate.table)
    return estimate.vector if estimate.network is None else estimate.evaluate(edges(model))


def apart(one: FloatArray, other: FloatArray) -> float:
    """The largest difference, relative to the largest value of the first."""
    return float(np.abs(other - one).max() / max(float(np.abs(one).max()), 1e-12))


def as_bytes(estimate: RewardEstimate) -> bytes:
    """The estimate as a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "estimate.npz"
        estimate.save(path)
        return path.read_bytes()


def survives_the_disk(estimate: RewardEstimate, model: TabularModel) -> None:
    """Save and load: the same reward, the same answers, the same bytes.

    Raises:
        AssertionError: naming what got lost.
    """
    name = estimate.method
    with TemporaryDirectory() as folder:
        path = Path(folder) / "estimate.npz"
        estimate.save(path)
        back = RewardEstimate.load(path)
    for kept in ("weights", "status", "checks", "identifiability", "settings", "provenance", "distributions"):
        assert getattr(back, kept) == getattr(estimate, kept), f"{name}: {kept} changed when saved and loaded"
    assert np.array_equal(values(back, model), values(estimate, model)), f"{name}: the reward changed when saved"
    if estimate.table is None:
        assert np.array_equal(back.evaluate(edges(model)), estimate.evaluate(edges(model))), (
            f"{name}: transitions are worth something else once the estimate was saved and loaded"
        )
    assert as_bytes(back) == as_bytes(estimate), f"{name}: saving what was loaded gives another file"
