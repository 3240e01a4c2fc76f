"""Distances worked out by hand or published, every metric in its column."""

import numpy as np
import pytest

from birl.distance import dard, epic, regret, starc, worst_case_regret
from tests.rewards import (
    ARRIVE,
    LANDS,
    POTENTIAL,
    SWITCH,
    arriving,
    beside,
    corridor_of_three,
    dense,
    moves,
    shaping,
    square_of_three,
    switch,
    world,
)

COLUMNS = {
    "epic, uniform": lambda model, a, b: epic(model, a, b, coverage="uniform"),
    "epic": epic,
    "dard": dard,
    "starc-val": starc,
    "starc-min": lambda model, a, b: starc(model, a, b, canonical="min"),
    "worst case": worst_case_regret,
    "worst case of b": lambda model, a, b: worst_case_regret(model, b, a),
}
SHAPED = shaping(POTENTIAL, 2, discount=0.5)
HALF, EIGHTH = 0.5**0.5, float(np.sin(np.pi / 8))
CASES = {
    "shaping": (ARRIVE, ARRIVE + SHAPED, (0, 0, 0, 0, 0, 0, 0)),
    "negation": (ARRIVE, -ARRIVE, (1, 1, 1, 1, 1, 1, 1)),
    "affine": (ARRIVE, 3 * ARRIVE + 5, (0, 0, 0, 0, 0, 0, 0)),
    "orthogonal": (ARRIVE, SWITCH, (HALF, HALF, HALF, HALF, HALF, 1, 1)),
    "forty-five degrees": (ARRIVE, ARRIVE + SWITCH, (EIGHTH, EIGHTH, EIGHTH, EIGHTH, 0.408248, 0.6, 0.8)),
    "the impossible differs": (ARRIVE, LANDS, (HALF, 0, 0.229753, 0, 0, 0, 0)),
    "the impossible agrees": (ARRIVE, 1 - LANDS, (HALF, 1, 0.973249, 1, 1, 1, 1)),
    "shaped for another discount": (
        SWITCH,
        SWITCH + shaping(POTENTIAL, 2, discount=0.9),
        (0.331007, 0.331007, 0.331007, 0.331007, 0.305573, 12 / 23, 16 / 23),
    ),
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("case", CASES)
def test_the_world_of_two_states_has_known_distances(case, column):
    a, b, expected = CASES[case]
    number = dict(zip(COLUMNS, expected, strict=True))[column]
    assert float(COLUMNS[column](switch(), a, b)) == pytest.approx(number, abs=1e-6)


STOCHASTIC = world(np.array([[[0.8, 0.2], [0.3, 0.7]], [[0.4, 0.6], [0.9, 0.1]]]), discount=0.9)
STOCHASTIC_ROW = (0.229753, 0.233748, 0.234780, 0.402473, 0.420259, 0.677165, 0.858268)


@pytest.mark.parametrize(("column", "expected"), list(zip(COLUMNS, STOCHASTIC_ROW, strict=True)))
def test_a_stochastic_world_has_known_distances(column, expected):
    found = COLUMNS[column](STOCHASTIC, ARRIVE, ARRIVE - 0.5 * SWITCH)
    assert float(found) == pytest.approx(expected, abs=1e-6)


GO_RIGHT = arriving([0, 0, 1])
COIN_LEFT = arriving([1, 0, 0])
CORRIDOR_ROW = (3**0.5 / 2, 3**0.5 / 2, 3**0.5 / 2, 0.976850, 0.948333, 1, 1)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_coin_always_on_the_right_cannot_be_told_from_going_right(column):
    assert float(COLUMNS[column](corridor_of_three(), GO_RIGHT, GO_RIGHT)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("column", "expected"), list(zip(COLUMNS, CORRIDOR_ROW, strict=True)))
def test_a_coin_moved_to_the_left_sets_them_apart(column, expected):
    assert float(COLUMNS[column](corridor_of_three(), COIN_LEFT, GO_RIGHT)) == pytest.approx(expected, abs=1e-6)


def test_going_right_loses_everything_when_the_coin_moved():
    found = regret(corridor_of_three(), COIN_LEFT, GO_RIGHT, normaliser="worst")
    assert (found.value, found.least, found.greatest) == pytest.approx((1, 1, 1))


@pytest.mark.parametrize("share", [0.04, 0.25, 0.81])
def test_a_pooled_distance_hides_the_shift(share):
    """.976850 sqrt(q) when a share q of the coverage lies on the shift: at 4 % a fifth of it is left."""
    corridor = corridor_of_three()
    pooled = beside(corridor, corridor)
    lands_right, lands_left = ((corridor.successors == cell).ravel().astype(float) for cell in (2, 0))
    coin = np.concatenate([lands_right, lands_left])
    right = np.concatenate([lands_right, lands_right])
    coverage = np.repeat([1 - share, share], 6)
    assert float(starc(pooled, coin, right, coverage=coverage)) == pytest.approx(0.976850 * share**0.5, abs=1e-6)


SPARSE, CENTRE = np.eye(9)[8], np.eye(9)[4]
DIRT = np.array([0, -1, -1, 0, 0, 0, -1, -1, 4.0])
CLIFF = np.array([0, -1, -1, 0, 0, 0, -4, -4, 4.0])
FROM_GOAL = -np.array([4, 3, 2, 3, 2, 1, 2, 1, 0.0])
GRID_ROWS = {
    "epic, uniform": (0.7500, 1, 0.1602, 0.3676, 0.2672),
    "starc-val": (0.7695, 1, 0.1292, 0.4203, 0.3529),
    "starc-min": (0.7718, 1, 0.1553, 0.3801, 0.2852),
}


@pytest.mark.parametrize("column", GRID_ROWS)
def test_the_gridworld_of_the_epic_paper_has_its_published_distances(column):
    model, metric = square_of_three(), COLUMNS[column]
    at = lambda values: np.zeros((9, 5, 9)) + values[:, None, None]  # noqa: E731
    pairs = ((SPARSE, CENTRE), (SPARSE, -SPARSE), (SPARSE, DIRT), (SPARSE, CLIFF), (DIRT, CLIFF))
    found = [float(metric(model, at(a), at(b))) for a, b in pairs]
    assert found == pytest.approx(GRID_ROWS[column], abs=5e-5)  # published to four digits
    shaped = at(SPARSE) + shaping(FROM_GOAL, 5, discount=0.99)
    assert float(metric(model, at(SPARSE), shaped)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("size", [4, 10, 50])
def test_uniform_coverage_calls_opposite_rewards_on_a_ring_close(size):
    """Opposite on the 2S transitions that happen, equal on the other 2S(S - 1): sqrt(1 / S); the regret is total."""
    cell = np.arange(size)
    model = moves(np.stack([(cell + 1) % size, (cell - 1) % size], axis=1), discount=0.9)
    a = np.zeros((size, 2, size)) + np.array([1.0, -1.0])[None, :, None]
    b = np.where(dense(model) > 0, -a, a)
    assert float(epic(model, a, b, coverage="uniform")) == pytest.approx(size**-0.5)
    assert float(epic(model, a, b)) == pytest.approx(1)
    assert float(regret(model, a, b, normaliser="worst")) == pytest.approx(1)
