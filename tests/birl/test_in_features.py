"""Objectives as weights by feature: sums are found, others become features, and names that are none are refused."""

from dataclasses import replace

import numpy as np
import pytest

from birl.in_features import in_features
from birl.types import BirlError
from tests.lamps import EVENTS, RED, ROUND, lamps


def measured(**objectives):
    """The task with two features as a callable: where one is, and how far from the middle."""
    features = lambda _seen, _action, after: np.stack([after[:, 0], np.abs(after[:, 0])], axis=1)  # noqa: E731
    task = lamps()
    where = lambda d: replace(d, features=features, feature_names=("where", "far"))  # noqa: E731
    return replace(task, train=where(task.train), shifts=[where(d) for d in task.shifts], **objectives)


def test_weights_stay_as_they_are(rng):
    found = in_features(lamps(), rng)
    assert (found.base, found.candidates) == (ROUND, {"red": RED})


def test_a_callable_that_is_a_feature_is_that_feature_and_a_sum_is_a_sum(rng):
    far = lambda _seen, _action, after: np.abs(after[:, 0])  # noqa: E731
    both = lambda _seen, _action, after: 2.0 * after[:, 0] - 0.5 * np.abs(after[:, 0])  # noqa: E731
    found = in_features(measured(base=far, candidates={"both": both}), rng)
    assert found.base == {"far": 1.0}
    assert found.candidates["both"] == pytest.approx({"where": 2.0, "far": -0.5}, rel=1e-4)


def test_a_callable_that_is_no_sum_becomes_a_feature_of_its_own(rng):
    square = lambda _seen, _action, after: after[:, 0] ** 2  # noqa: E731
    task = in_features(measured(base=square, candidates={}), rng)
    assert task.base == {"base": 1.0}
    assert task.train.feature_names == ("where", "far", "base")
    after = np.array([[0.5, 0, 0]])
    assert task.train.features(after, 0, after) == pytest.approx(np.array([[0.5, 0.5, 0.25]]))


def test_without_features_objectives_are_the_features(rng):
    far = lambda _seen, _action, after: np.abs(after[:, 0])  # noqa: E731
    bare = measured(base=far, candidates={})
    strip = lambda d: replace(d, features=None, feature_names=None)  # noqa: E731
    task = in_features(replace(bare, train=strip(bare.train), shifts=[strip(d) for d in bare.shifts]), rng)
    assert task.base == {"base": 1.0}
    assert task.train.feature_names == ("base",)


def test_a_sum_of_what_info_tells_is_found_and_anything_else_needs_weights(rng):
    touching = lambda _seen, _action, after: (np.abs(after[:, 0]) >= 1).astype(float)  # noqa: E731
    found = in_features(lamps(base=touching), rng).base
    assert found == pytest.approx(dict.fromkeys(EVENTS, 1.0))
    with pytest.raises(BirlError, match="give weights by feature"):
        in_features(lamps(base=lambda _seen, _action, after: after[:, 0]), rng)


@pytest.mark.parametrize("weight", ["x", float("nan"), [1.0, 2.0]])
def test_a_weight_that_is_no_number_is_one_line(weight, rng):
    with pytest.raises(BirlError, match=r"candidate 'red': the weight of 'where' is .*: give a number"):
        in_features(
            measured(base=lambda _seen, _action, after: after[:, 0], candidates={"red": {"where": weight}}), rng
        )
