"""Sets of rewards: the known matrix, and what holds for all sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.distance import between_sets, canonical_gram, starc
from birl.types import BirlError
from tests.rewards import switch
from tests.worlds import gridworld, random_model

SEEDS = st.integers(0, 2**32 - 1)
PAIRS = np.array([[0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]]).T  # arriving in 1, and switching
HALF, EIGHTH = 0.5**0.5, float(np.sin(np.pi / 8))


def test_two_sets_that_share_a_reward_have_known_distances():
    """{s', s' + 1[a]} and {1[a], s' + 1[a]}."""
    found = between_sets(canonical_gram(switch(), PAIRS), np.array([[1.0, 0], [1, 1]]), np.array([[0.0, 1], [1, 1]]))
    assert found.matrix == pytest.approx(np.array([[HALF, EIGHTH], [EIGHTH, 0.0]]), abs=1e-7)
    assert found.hausdorff == pytest.approx(EIGHTH)
    assert (found.least, found.greatest) == pytest.approx((0.0, HALF), abs=1e-7)
    assert found.mean == pytest.approx((HALF + 2 * EIGHTH) / 4)
    assert (found.metric, found.coverage, found.left_out) == ("starc-val", "feasible", 0.0)


@given(SEEDS)
def test_every_entry_is_the_distance_of_its_pair_and_sets_are_ordered(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    a, b = rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
    moments = canonical_gram(model, model.features.toarray())
    found, back = between_sets(moments, a, b), between_sets(moments, b, a)
    alone = [[float(starc(model, model.features @ x, model.features @ y)) for y in b] for x in a]
    assert found.matrix == pytest.approx(np.array(alone), abs=1e-7)
    assert found.hausdorff == pytest.approx(back.hausdorff)
    assert found.least <= found.mean <= found.greatest
    assert found.least - 1e-12 <= found.hausdorff <= found.greatest
    assert between_sets(moments, a, 3.0 * a[::-1]).hausdorff == pytest.approx(0.0, abs=1e-7)


def test_rewards_without_preference_are_left_out_and_counted():
    model = gridworld(3)
    moments = canonical_gram(model, model.features.toarray())
    some = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, -1.0]])
    found = between_sets(moments, some, np.array([1.0, 0.0]))
    assert found.matrix.shape == (2, 1)
    assert found.left_out == pytest.approx(0.25)
    none = between_sets(moments, np.zeros((2, 2)), some)
    assert (none.mean, none.least, none.greatest, none.hausdorff) == (None, None, None, None)
    assert none.reason == "no reward of a expresses a preference on feasible coverage"


def test_weights_that_do_not_fit_are_refused():
    moments = canonical_gram(gridworld(3), gridworld(3).features.toarray())
    with pytest.raises(BirlError, match=r"give finite weights \[D, 2\]"):
        between_sets(moments, np.ones((2, 3)), np.ones((2, 2)))
