"""What every inverse-RL method owes its users, as a suite anybody's method can run.

It judges the contract, not the science: a method that passes answers in the agreed form, says what it needs and what
it cannot know, gives the same answer to the same data and generator, and does not depend on names. Known-answer tests
are its author's own.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import AnyBehavior, RewardEstimate
from birl.irl.needs import NEEDS
from birl.testing import worlds
from birl.testing.estimate import apart, as_bytes, judge, survives_the_disk, values
from birl.types import BirlError

__all__ = ["check_estimator"]

DECLARED = ("name", "behavioral_model", "cannot_identify", "source")
GIVEN = {"self", "behaviors", "rng", "candidates", "start"}  # what `fit` may ask for


def check_estimator(estimator: Any, *, tolerance: float = 1e-3) -> None:
    """Run the contract suite on a method.

    It declares itself and what it needs; its settings are frozen; `fit` sees behaviour and no reward; the estimate is
    one reward in an agreed form, every part of it finite, with a status for each weight, ordered intervals, and checks
    that say what to do where they fail; it survives being saved and loaded; the same data and generator give the same
    bytes, whatever states and levels are called; behaviour with just what the method needs is enough, behaviour that
    lacks any of it, no behaviour, or behaviours of different tasks are a `BirlError` of one line; a policy that leaves
    nothing to chance is one, too, or an answer in the same form.

    Args:
        estimator: the method, with the settings to try; small ones, since it fits half a dozen times.
        tolerance: how far rewards may move when names change, relative to the largest. Methods that sample need one
            that allows for their noise, since renamed states are drawn in another order.

    Raises:
        AssertionError: naming what is broken.
    """
    name = _declaration(estimator)
    _settings(estimator, name)
    _signature(estimator, name)
    both = worlds.behaviors()
    alone = both[:1]
    estimate = _fit_and_judge(estimator, alone)
    again = _fit(estimator, alone)
    assert as_bytes(again) == as_bytes(estimate), f"{name}: two fits of the same data differ: use only rng"
    survives_the_disk(estimate, alone[0].model)
    seen = alone if _is_of_one_world(estimator, estimate, both) else both
    together = estimate if seen is alone else _fit_and_judge(estimator, both)
    _names_do_not_matter(estimator, together, seen, tolerance)
    _needs_no_more(estimator, alone)
    _nothing_left_to_chance(estimator, alone)
    _refusals(estimator, name, both[0])


def _fit(estimator: Any, behaviors: Sequence[AnyBehavior]) -> RewardEstimate:
    return estimator.fit(behaviors, rng=np.random.default_rng(0))


def _fit_and_judge(estimator: Any, seen: Sequence[Behavior]) -> RewardEstimate:
    before = copy.deepcopy(vars(estimator))
    estimate = _fit(estimator, seen)
    assert vars(estimator) == before, f"{estimator.name}: fit changed the method itself: keep results in the estimate"
    judge(estimate, estimator, seen)
    return estimate


def _declaration(estimator: Any) -> str:
    kind = type(estimator).__name__
    for attribute in DECLARED:
        value = getattr(estimator, attribute, None)
        said = isinstance(value, str) and bool(value.strip())
        assert said, f"{kind}: declare `{attribute}` as a string that says something"
    needs = getattr(estimator, "needs", None)
    listed = isinstance(needs, frozenset) and needs and all(isinstance(need, str) for need in needs)
    assert listed, f"{kind}: declare `needs` as a frozenset of strings, such as {{'model', 'policy'}}"
    assert isinstance(needs, frozenset)
    strange = needs - set(NEEDS)
    assert not strange, f"{kind}: needs {sorted(strange)}, which nobody can give: choose from {', '.join(NEEDS)}"
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


def _is_of_one_world(estimator: Any, estimate: RewardEstimate, both: Sequence[Behavior]) -> bool:
    """Whether the reward is a table that holds in one world only, and the method says so of two."""
    if estimate.table is None:
        return False
    try:
        _fit(estimator, both)
    except BirlError as error:
        _one_line(str(error), f"{estimator.name}: a table for two worlds")
        return True
    return False


def _names_do_not_matter(estimator: Any, estimate: RewardEstimate, seen: Sequence[Behavior], tolerance: float) -> None:
    rng = np.random.default_rng(1)
    names = [worlds.renaming(behavior.model, rng) for behavior in seen]
    other = _fit(estimator, [worlds.renamed(behavior, new) for behavior, new in zip(seen, names, strict=True)])
    model = seen[0].model
    here, there = values(estimate, model), values(other, model)
    if estimate.table is not None:
        here = here[names[0].states]  # the old world's reward in the new world's order
    moved = apart(here, there)
    assert moved <= tolerance, (
        f"{estimate.method}: rewards move by {moved:.2g} of the largest (limit {tolerance:.2g}) when states and "
        "levels are renamed"
    )
    assert dict(other.status) == dict(estimate.status), f"{estimate.method}: a status depends on the names of states"


def _needs_no_more(estimator: Any, alone: Sequence[Behavior]) -> None:
    """Behaviour with what the method declares, and nothing else, is enough."""
    bare = [worlds.with_only(behavior, estimator.needs) for behavior in alone]
    listed = ", ".join(need for need in NEEDS if need in estimator.needs)
    try:
        estimate = _fit(estimator, bare)
    except Exception as error:  # whatever it is: the declaration promised more
        raise AssertionError(
            f"{estimator.name}: declares {listed} and fails with just that: {type(error).__name__}: {error}"
        ) from error
    judge(estimate, estimator, alone)


def _nothing_left_to_chance(estimator: Any, alone: Sequence[Behavior]) -> None:
    seen = [worlds.greedy(behavior) for behavior in alone]
    try:
        estimate = _fit(estimator, seen)
    except BirlError as error:
        _one_line(str(error), f"{estimator.name}: a greedy policy")
    except Exception as error:  # whatever it is, a user would see a traceback
        what = f"{estimator.name}: a greedy policy"
        raise AssertionError(f"{what}: {type(error).__name__} instead of BirlError: {error}") from error
    else:
        judge(estimate, estimator, seen)


def _refusals(estimator: Any, name: str, behavior: Behavior) -> None:
    other = worlds.corridors("touch:door&red", "touch:ball&blue")
    strange = other.with_features([f"other:{f}" for f in other.feature_names], np.eye(other.n_features))
    _refuses(estimator, [], f"{name}: no behaviour at all")
    _refuses(
        estimator,
        [behavior, worlds.observed("other", strange, strange.uniform)],
        f"{name}: behaviours of different tasks",
    )
    for need in NEEDS:
        if need in estimator.needs:
            lacking = [worlds.with_only(behavior, _all_but(need))]
            _refuses(estimator, lacking, f"{name}: behaviour without {need}", naming=need)


def _all_but(need: str) -> set[str]:
    """Everything that can be had where one thing cannot."""
    goes_with: dict[str, set[str]] = {
        "model": {"model"},
        "policy": {"policy"},
        "simulator": {"simulator", "model"},  # a model is one
        "trajectories": {"trajectories", "policy"},  # a policy and a world make some
    }
    return set(NEEDS) - goes_with.get(need, {need})


def _refuses(estimator: Any, behaviors: Sequence[AnyBehavior], what: str, *, naming: str = "") -> None:
    try:
        _fit(estimator, behaviors)
    except BirlError as error:
        message = str(error)
    except Exception as error:  # whatever it is, a user would see a traceback
        raise AssertionError(f"{what}: {type(error).__name__} instead of BirlError: {error}") from error
    else:
        raise AssertionError(f"{what}: no error: raise BirlError")
    _one_line(message, what)
    assert naming in message, f"{what}: the error does not say what is missing: {message}"


def _one_line(message: str, what: str) -> None:
    assert message.strip(), f"{what}: the error says nothing"
    assert "\n" not in message, f"{what}: the error is not one line: {message}"
