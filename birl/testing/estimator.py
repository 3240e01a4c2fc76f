"""What every inverse-RL method owes its users, as a suite anybody's method can run.

It judges the contract, not the science: a method that passes answers in the agreed form, says what it cannot know, is
deterministic and does not depend on names. Known-answer tests are its author's own.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import BOUNDED, HELD, IDENTIFIED, UNIDENTIFIED, Check, RewardEstimate
from birl.testing import worlds
from birl.types import BirlError

__all__ = ["check_estimator"]

DECLARED = ("name", "behavioral_model", "cannot_identify", "source")
STATUSES = {IDENTIFIED, BOUNDED, HELD, UNIDENTIFIED}
GIVEN = {"self", "behaviors", "rng", "candidates", "start"}  # what `fit` may ask for


def check_estimator(estimator: Any, *, tolerance: float = 1e-3) -> None:
    """Run the contract suite on a method.

    It declares itself; its settings are frozen; `fit` sees behaviour and no reward; the estimate covers every feature,
    with finite weights, a status each and ordered intervals; the same data give the same answer, whatever states and
    levels are called; no behaviour, or behaviours of different tasks, are a `BirlError` of one line.

    Args:
        estimator: the method, with the settings to try.
        tolerance: how far weights may move when names change, relative to the largest weight.

    Raises:
        AssertionError: naming what is broken.
    """
    name = _declaration(estimator)
    _settings(estimator, name)
    _signature(estimator, name)
    both = worlds.behaviors()
    for seen in (both[:1], both):
        before = copy.deepcopy(vars(estimator))
        estimate = _fit(estimator, seen)
        assert vars(estimator) == before, f"{name}: fit changed the method itself: keep results in the estimate"
        _estimate(estimate, name, estimator.behavioral_model, seen)
        again = _fit(estimator, seen)
        assert np.array_equal(estimate.vector, again.vector), f"{name}: two fits of the same data differ: use only rng"
        _names_do_not_matter(estimator, estimate, seen, tolerance)
    _refusals(estimator, name, both[0])


def _fit(estimator: Any, behaviors: Sequence[Behavior]) -> RewardEstimate:
    return estimator.fit(behaviors, rng=np.random.default_rng(0))


def _declaration(estimator: Any) -> str:
    kind = type(estimator).__name__
    for attribute in DECLARED:
        value = getattr(estimator, attribute, None)
        said = isinstance(value, str) and bool(value.strip())
        assert said, f"{kind}: declare `{attribute}` as a string that says something"
    needs = getattr(estimator, "needs", None)
    listed = isinstance(needs, frozenset) and needs and all(isinstance(need, str) for need in needs)
    assert listed, f"{kind}: declare `needs` as a frozenset of strings, such as {{'model', 'policy'}}"
    return estimator.name


def _settings(estimator: Any, name: str) -> None:
    frozen = is_dataclass(estimator) and type(estimator).__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert frozen, f"{name}: settings can be changed after construction: make it a frozen dataclass"


def _signature(estimator: Any, name: str) -> None:
    asked = inspect.signature(estimator.fit).parameters
    assert next(iter(asked), None) == "behaviors", f"{name}: fit takes {list(asked)}: its first argument is `behaviors`"
    extra = set(asked) - GIVEN
    assert not extra, f"{name}: fit asks for {', '.join(sorted(extra))}: a method sees behaviour and no reward"
    kept = {f.name for f in fields(Behavior)} & {"reward", "rewards", "base"}
    assert not kept, f"{name}: behaviour carries {kept}"


def _estimate(estimate: Any, name: str, behavioral_model: str, seen: Sequence[Behavior]) -> None:
    assert isinstance(estimate, RewardEstimate), (
        f"{name}: fit returned a {type(estimate).__name__}, not a RewardEstimate"
    )
    assert estimate.method == name, f"{name}: the estimate says it is by {estimate.method!r}"
    assert estimate.behavioral_model == behavioral_model, f"{name}: the estimate names another behavioural model"
    assert tuple(estimate.distributions) == tuple(b.distribution for b in seen), (
        f"{name}: fitted on {[b.distribution for b in seen]}, the estimate says {list(estimate.distributions)}"
    )
    features = seen[0].model.feature_names
    assert tuple(estimate.weights) == tuple(features), f"{name}: weights of {list(estimate.weights)}, not of {features}"
    assert np.isfinite(estimate.vector).all(), f"{name}: a weight is not finite: {dict(estimate.weights)}"
    assert set(estimate.status) == set(features), f"{name}: give every feature a status"
    odd = set(estimate.status.values()) - STATUSES
    assert not odd, f"{name}: unknown status {odd}: use one of {sorted(STATUSES)}"
    _intervals(estimate, name)
    _honesty(estimate, name)


def _intervals(estimate: RewardEstimate, name: str) -> None:
    size = len(estimate.weights)
    if estimate.covariance is not None:
        covariance = np.asarray(estimate.covariance)
        assert covariance.shape == (size, size), f"{name}: covariance is {covariance.shape}, not {(size, size)}"
        assert np.isfinite(covariance).all(), f"{name}: an entry of the covariance is not finite"
        assert np.allclose(covariance, covariance.T), f"{name}: the covariance is not symmetric"
        assert np.diag(covariance).min() >= 0, f"{name}: a variance is negative"
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
    for check in estimate.checks:
        assert isinstance(check, Check), f"{name}: {check!r} among the checks is no Check"
        assert check.message.strip(), f"{name}: check {check.name!r} has no message"
    assert isinstance(estimate.settings, Mapping), f"{name}: settings are kept as text by name"
    assert estimate.identifiability.selector.strip(), f"{name}: name the selector that chose among equals"


def _names_do_not_matter(estimator: Any, estimate: RewardEstimate, seen: Sequence[Behavior], tolerance: float) -> None:
    rng = np.random.default_rng(1)
    other = _fit(estimator, [worlds.renamed(behavior, rng) for behavior in seen])
    moved = float(np.abs(other.vector - estimate.vector).max())
    limit = tolerance * max(float(np.abs(estimate.vector).max()), 1e-12)
    assert moved <= limit, (
        f"{estimate.method}: weights move by {moved:.2g} (limit {limit:.2g}) when states and levels are renamed"
    )
    assert dict(other.status) == dict(estimate.status), f"{estimate.method}: a status depends on the names of states"


def _refusals(estimator: Any, name: str, behavior: Behavior) -> None:
    other = worlds.corridors("touch:door&red", "touch:ball&blue")
    strange = other.with_features([f"other:{f}" for f in other.feature_names], np.eye(other.n_features))
    _refuses(estimator, [], f"{name}: no behaviour at all")
    _refuses(
        estimator,
        [behavior, worlds.observed("other", strange, strange.uniform)],
        f"{name}: behaviours of different tasks",
    )


def _refuses(estimator: Any, behaviors: Sequence[Behavior], what: str) -> None:
    try:
        _fit(estimator, behaviors)
    except BirlError as error:
        message = str(error)
    except Exception as error:  # whatever it is, a user would see a traceback
        raise AssertionError(f"{what}: {type(error).__name__} instead of BirlError: {error}") from error
    else:
        raise AssertionError(f"{what}: no error: raise BirlError")
    assert message.strip(), f"{what}: the error says nothing"
    assert "\n" not in message, f"{what}: the error is not one line: {message}"
