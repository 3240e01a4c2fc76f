"""NPEC: angles worked out by hand, the minimum found by brute force, and what it leaves alone."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from birl.distance import canonical_gram, distances_from_gram, npec, starc
from birl.tabular import TabularModel
from birl.types import BirlError
from tests.rewards import (
    ARRIVE,
    LANDS,
    POTENTIAL,
    SWITCH,
    arriving,
    beside,
    corridor_of_three,
    dense,
    shaping,
    square_of_three,
    switch,
    world,
)
from tests.worlds import corridor, gridworld, random_model

SEEDS = st.integers(0, 2**32 - 1)
CASES = {
    "shaping": (ARRIVE, ARRIVE + shaping(POTENTIAL, 2, discount=0.5), 0.0),
    "affine": (ARRIVE, 3 * ARRIVE + 5, 0.0),
    "negation": (ARRIVE, -ARRIVE, 1.0),
    "orthogonal": (ARRIVE, SWITCH, 1.0),
    "forty-five degrees": (ARRIVE, ARRIVE + SWITCH, 5**0.5 / 3),  # cos = 1 - 2 (.408248)^2 = 2/3
    "the impossible differs": (ARRIVE, LANDS, 0.0),
    "the impossible agrees": (ARRIVE, 1 - LANDS, 1.0),
    "shaped for another discount": (SWITCH, SWITCH + shaping(POTENTIAL, 2, discount=0.9), 0.581914),
}


@pytest.mark.parametrize("case", CASES)
def test_the_world_of_two_states_has_known_distances(case):
    a, b, expected = CASES[case]
    assert float(npec(switch(), a, b)) == pytest.approx(expected, abs=1e-6)
    assert float(npec(switch(), b, a)) == pytest.approx(expected, abs=1e-6)


def test_in_l1_it_matters_which_reward_is_approached():
    """Scaling and shaping do nothing for one of the two, and take two fifths off the other."""
    one, other = ARRIVE, ARRIVE + SWITCH
    assert float(npec(switch(), one, other, norm="L1")) == pytest.approx(1.0)
    assert float(npec(switch(), other, one, norm="L1")) == pytest.approx(0.6)


def test_a_moved_coin_is_as_far_as_anything_can_be():
    right, left = arriving([0, 0, 1]), arriving([1, 0, 0])
    assert float(npec(corridor_of_three(), left, right)) == pytest.approx(1.0)
    assert float(npec(corridor_of_three(), right, right)) == pytest.approx(0.0, abs=1e-9)


def test_the_gridworld_of_the_paper_is_told_apart_by_angles():
    """Where nothing is left to chance, the sine of the angle whose half the minimal distance is the sine of."""
    model = square_of_three()
    at = lambda values: np.zeros((9, 5, 9)) + np.asarray(values, float)[:, None, None]  # noqa: E731
    sparse, dirt = at(np.eye(9)[8]), at([0, -1, -1, 0, 0, 0, -1, -1, 4])
    half = 0.1553  # the minimal distance of the two, to four digits
    assert float(npec(model, sparse, dirt)) == pytest.approx(2 * half * (1 - half**2) ** 0.5, abs=1e-4)


@settings(max_examples=30)
@given(SEEDS, st.booleans())
def test_it_is_the_smallest_that_scale_and_shaping_reach(seed, covered):
    """Against one dense non-negative least squares: lambda >= 0, and each potential as a difference of two."""
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True)
    a, b = rng.normal(size=(2, *dense(model).shape))
    coverage = rng.random(model.live.size) if covered else model.live.astype(float)
    edges = model.transitions.tocoo()
    weights = np.sqrt((coverage * model.live)[edges.row] * edges.data)
    turn = model.discount * np.eye(model.n_states)[edges.col] - np.eye(model.n_states)[edges.row // model.n_actions]
    turn = weights[:, None] * turn[:, ~model.terminal]
    one, two = (weights * x.reshape(-1, model.n_states)[edges.row, edges.col] for x in (a, b))
    best = nnls(np.column_stack([one, turn, -turn]), two)[1]
    none = nnls(np.column_stack([turn, -turn]), two)[1]
    assert float(npec(model, a, b, coverage=coverage)) == pytest.approx(best / none, abs=1e-6)


@settings(max_examples=15)
@given(SEEDS)
def test_in_l1_no_scale_and_shaping_comes_nearer(seed):
    """Against the minimum itself (the code solves its dual), tried at many scales and at the shaping that is best."""
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=4, n_actions=2)
    a, b = rng.normal(size=(2, *dense(model).shape))
    found = float(npec(model, a, b, norm="L1"))
    edges = model.transitions.tocoo()
    flat = lambda x: x.reshape(-1, model.n_states)[edges.row, edges.col]  # noqa: E731
    weights, (one, two) = model.live[edges.row] * edges.data, (flat(a), flat(b))
    floor = float(npec(model, -b, b, norm="L1"))
    assert floor == pytest.approx(1.0)  # nothing of the opposite helps
    for _ in range(20):
        potential = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
        turn = model.discount * potential[edges.col] - potential[edges.row // model.n_actions]
        near = weights @ np.abs(rng.exponential() * one + turn - two)
        assert found * _shaped_least(model, two, weights) <= near + 1e-7


def _shaped_least(model: TabularModel, two: np.ndarray, weights: np.ndarray) -> float:
    """min over Phi of sum w |shaping - two|, as the primal linear program."""
    from scipy.optimize import linprog

    edges = model.transitions.tocoo()
    turn = model.discount * np.eye(model.n_states)[edges.col] - np.eye(model.n_states)[edges.row // model.n_actions]
    turn, eye = turn[:, ~model.terminal], np.eye(two.size)
    free = turn.shape[1]
    solved = linprog(
        np.concatenate([np.zeros(free), weights, weights]),
        A_eq=sp.csr_matrix(np.concatenate([turn, eye, -eye], axis=1)),
        b_eq=two,
        bounds=[(None, None)] * free + [(0, None)] * (2 * two.size),
    )
    return float(solved.fun)


@given(SEEDS, st.sampled_from([0.5, 0.9, 0.99]), st.floats(1e-6, 1e6))
def test_shaping_and_scale_of_either_change_nothing(seed, discount, scale):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2, discount=discount, invalid=True)
    a, b = rng.normal(size=(2, *dense(model).shape))
    potential = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
    change = shaping(potential, model.n_actions, discount=discount)
    expected = float(npec(model, a, b))
    assert float(npec(model, scale * (a + change), b)) == pytest.approx(expected, abs=1e-8)
    assert float(npec(model, a, scale * (b + change))) == pytest.approx(expected, abs=1e-8)
    assert float(npec(model, a, scale * (a + change))) == pytest.approx(0.0, abs=1e-7)
    assert 0.0 <= expected <= 1.0


@settings(max_examples=10)
@given(SEEDS)
def test_in_l1_shaping_and_scale_change_nothing_either(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True)
    a, b = rng.normal(size=(2, *dense(model).shape))
    potential = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
    change = shaping(potential, model.n_actions, discount=model.discount)
    expected = float(npec(model, a, b, norm="L1"))
    assert float(npec(model, 3.0 * (a + change), 0.2 * (b + change), norm="L1")) == pytest.approx(expected, abs=1e-6)
    assert float(npec(model, a, 2.0 * (a + change), norm="L1")) == pytest.approx(0.0, abs=1e-6)


def test_redistribution_over_next_states_is_not_removed(rng):
    model = random_model(rng, terminal=False)
    chance = dense(model)
    reward, noise = rng.normal(size=(2, *chance.shape))
    spread = noise - (chance * noise).sum(axis=2, keepdims=True)
    assert float(npec(model, reward, reward + spread)) > 0.1
    assert float(starc(model, reward, reward + spread)) == pytest.approx(0.0, abs=1e-9)


def test_a_reward_for_every_step_is_shaping_only_where_nothing_ends():
    assert float(npec(switch(), ARRIVE, ARRIVE + 0.5)) == pytest.approx(0.0, abs=1e-8)
    assert float(npec(corridor(4), {"goal": 1.0}, {"goal": 1.0, "step": 0.5})) > 0.1


def test_values_on_what_happens_are_enough(rng):
    chance = np.array([[[0.8, 0.2], [0.3, 0.7]], [[0.4, 0.6], [1.0, 0.0]]])
    model = world(chance, discount=0.9)
    edges = model.transitions.tocoo()
    flat = lambda table: table.reshape(-1, 2)[edges.row, edges.col]  # noqa: E731
    a, b = rng.normal(size=(2, 2, 2, 2))
    assert float(npec(model, flat(a), flat(b))) == pytest.approx(float(npec(model, a, b)))


def test_draws_together_are_what_single_calls_are(rng):
    model = random_model(rng, n_levels=3, invalid=True)
    columns, (a, b) = model.features.toarray(), rng.normal(size=(2, 5, model.n_features))
    picks = rng.multinomial(3, np.full(3, 1 / 3), size=5)
    found = distances_from_gram(canonical_gram(model, columns, metric="npec"), a, b, picks)
    for draw in range(5):
        weights = np.repeat(picks[draw][model.level], model.n_actions)
        alone = npec(model, columns @ a[draw], columns @ b[draw], coverage=weights)
        assert found.values[draw] == pytest.approx(float(alone), abs=1e-7)


@pytest.mark.parametrize("norm", ["L1", "L2"])
def test_the_order_of_levels_does_not_matter(norm, rng):
    one, two = random_model(rng), random_model(rng)
    a, b = rng.normal(size=(2, 2, one.live.size))
    expected = float(npec(beside(one, two), a.ravel(), b.ravel(), norm=norm))
    assert float(npec(beside(two, one), a[::-1].ravel(), b[::-1].ravel(), norm=norm)) == pytest.approx(expected)


@pytest.mark.parametrize("norm", ["L1", "L2"])
def test_a_reward_without_preference_has_no_distance(norm):
    found = npec(gridworld(3), {"goal": 1.0}, {}, norm=norm)
    assert found.value is None
    assert found.reason == "b expresses no preference on feasible coverage: every policy is alike"
    pure = npec(switch(), shaping(np.array([0.0, 20.0]), 2, discount=0.5), ARRIVE, norm=norm)
    assert pure.reason.startswith("a expresses no preference")
    with pytest.raises(BirlError, match="npec is undefined: b expresses no preference"):
        float(found)


def test_a_distance_says_what_it_was_taken_under():
    found = npec(switch(), ARRIVE, SWITCH, coverage=np.array([1.0, 1, 1, 0]), norm="L1")
    assert (found.metric, found.coverage, found.norm, found.policy) == ("npec", "given", "L1", "none")
    assert (found.discount, found.supported, found.interval) == (0.5, 1.0, None)


def test_an_unknown_norm_is_refused():
    with pytest.raises(BirlError, match="unknown norm 'L3'"):
        npec(switch(), ARRIVE, SWITCH, norm="L3")  # type: ignore[arg-type]
