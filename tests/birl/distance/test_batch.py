from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.distance import canonical_gram, dard, distances_from_gram, epic, starc
from birl.types import BirlError
from tests.rewards import beside, corridor_of_three
from tests.worlds import gridworld, random_model

SEEDS = st.integers(0, 2**32 - 1)
SINGLE = {
    "starc-val": starc,
    "starc-min": lambda *given, **named: starc(*given, canonical="min", **named),
    "epic": epic,
    "dard": dard,
}
LEVELS = 3


def scrambled(model, rng):
    """The same world with its states in another order, so that levels are not contiguous."""
    order = rng.permutation(model.n_states)
    rows = (order[:, None] * model.n_actions + np.arange(model.n_actions)).ravel()
    return replace(
        model,
        transitions=model.transitions[rows][:, order],
        features=model.features[rows],
        start=model.start[order],
        terminal=model.terminal[order],
        level=model.level[order],
        valid_actions=model.valid_actions[order],
    )


@pytest.mark.parametrize("metric", SINGLE)
@given(SEEDS, st.booleans())
def test_draws_together_are_what_single_calls_are(metric, seed, covered):
    """Resampling a level is weighing its coverage: the single call does so by hand."""
    rng = np.random.default_rng(seed)
    model = scrambled(random_model(rng, n_levels=LEVELS, invalid=True), rng)
    coverage = rng.random(model.live.size) if covered else model.live.astype(float)
    a, b = rng.normal(size=(2, 5, 4))
    picks = rng.multinomial(LEVELS, np.full(LEVELS, 1 / LEVELS), size=5)
    columns = model.features.toarray()
    found = distances_from_gram(canonical_gram(model, columns, metric=metric, coverage=coverage), a, b, picks)
    assert not found.undefined.any()
    for draw in range(5):
        weights = coverage * np.repeat(picks[draw][model.level], model.n_actions)
        alone = SINGLE[metric](model, columns @ a[draw], columns @ b[draw], coverage=weights)
        assert found.values[draw] == pytest.approx(float(alone), abs=1e-7)


def test_the_share_of_a_shift_among_the_levels_is_what_the_distance_is_the_root_of():
    """Coin left in the second corridor, right in the first: .976850 sqrt(q)."""
    corridor = corridor_of_three()
    right, left = ((corridor.successors == cell).ravel().astype(float) for cell in (2, 0))
    columns = np.stack([np.concatenate([right, left]), np.concatenate([right, right])], axis=1)
    moments = canonical_gram(beside(corridor, corridor), columns)
    share = np.array([0.0, 0.25, 1.0])
    found = distances_from_gram(moments, np.array([1.0, 0]), np.array([0.0, 1]), np.stack([1 - share, share], axis=1))
    assert found.values == pytest.approx(0.976850 * np.sqrt(share), abs=1e-6)


@pytest.mark.parametrize("metric", SINGLE)
def test_one_reward_may_stand_against_many_and_levels_may_be_left_out(metric, rng):
    model = gridworld(3)
    moments = canonical_gram(model, model.features.toarray(), metric=metric)
    found = distances_from_gram(moments, np.array([[1.0, 0.0], [3.0, 0.0], [-1.0, 0.0]]), np.array([1.0, 0.0]))
    assert found.values == pytest.approx([0, 0, 1], abs=1e-9)


@pytest.mark.parametrize("metric", SINGLE)
def test_draws_without_preference_are_masked_and_never_nan(metric):
    model = gridworld(3)
    potential = np.where(model.terminal, 0.0, np.arange(9.0))
    shaping = model.discount * model.transitions @ potential - np.repeat(potential, 4)
    columns = np.column_stack([model.features.toarray(), shaping, np.zeros(36)])
    moments = canonical_gram(model, columns, metric=metric)
    draws = np.array([[1.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 5.0], [0, 0, 1e6, 0]])
    found = distances_from_gram(moments, draws, np.array([1.0, -0.1, 0, 0]))
    shaped = metric.startswith("starc")  # the others cannot see shaping that is given by state and action
    assert found.undefined.tolist() == [False, True, True, shaped]
    assert np.isfinite(found.values).all()
    assert found.values[1:3].tolist() == [0, 0]


def test_a_draw_that_leaves_out_every_level_with_a_preference_is_undefined():
    model = beside(gridworld(3), gridworld(3))
    columns = np.column_stack([np.where(np.arange(72) < 36, model.features.toarray()[:, 0], 0.0)] * 2)
    picks = np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    for metric in SINGLE:
        moments = canonical_gram(model, columns, metric=metric)
        found = distances_from_gram(moments, np.array([1.0, 0]), np.array([0, 1.0]), picks)
        assert found.undefined.tolist() == [False, True, True]


def test_the_interval_is_of_the_defined_draws():
    model = gridworld(3)
    moments = canonical_gram(model, model.features.toarray())
    draws = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, -1.0]])
    found = distances_from_gram(moments, draws, np.array([1.0, 0.0]))
    interval = found.interval(0.1)
    assert interval is not None
    assert (interval.value, interval.level) == (0.1, 0.95)
    assert 0 <= interval.low < interval.high <= found.values.max()
    assert distances_from_gram(moments, 0 * draws, draws).interval(0.1) is None


def test_what_does_not_fit_is_one_clear_line():
    model = gridworld(3)
    columns = model.features.toarray()
    with pytest.raises(BirlError, match="unknown batch metric 'regret'"):
        canonical_gram(model, columns, metric="regret")  # type: ignore[arg-type]
    with pytest.raises(BirlError, match=r"columns: shape \(36,\) for 36 state-action pairs: give \[S\*A, K\]"):
        canonical_gram(model, columns[:, 0])
    with pytest.raises(BirlError, match="columns: a value is not finite"):
        canonical_gram(model, columns * np.nan)
    moments = canonical_gram(model, columns)
    with pytest.raises(BirlError, match=r"distances: b is \(1, 3\) or not finite: give finite weights \[D, 2\]"):
        distances_from_gram(moments, np.ones(2), np.ones(3))
    with pytest.raises(BirlError, match="distances: a is"):
        distances_from_gram(moments, np.full(2, np.nan), np.ones(2))
    with pytest.raises(BirlError, match="level_weights is"):
        distances_from_gram(moments, np.ones(2), np.ones(2), np.ones((4, 3)))
    with pytest.raises(BirlError, match="draws differ in number"):
        distances_from_gram(moments, np.ones((3, 2)), np.ones((4, 2)))
