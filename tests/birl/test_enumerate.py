import numpy as np
import pytest

from birl.enumerate import breadth_first
from birl.types import BirlError


def line(codes):
    """Cells 0..9 in a row, left and right; 9 is terminal."""
    moves = np.stack([np.maximum(codes - 1, 0), codes + 1], axis=1)
    return np.where(codes[:, None] == 9, 9, moves)


def test_everything_reachable_is_found_nearest_first():
    found = breadth_first(np.array([7]), line)
    assert found.codes.tolist() == [7, 6, 8, 5, 9, 4, 3, 2, 1, 0]
    assert found.roots.tolist() == [0]


def test_successors_are_indices_of_the_codes_they_lead_to():
    found = breadth_first(np.array([3, 5]), line)
    assert (found.codes[found.successor] == line(found.codes)).all()
    assert found.codes[found.roots].tolist() == [3, 5]


def test_what_cannot_be_reached_is_left_out():
    assert breadth_first(np.array([20]), lambda codes: codes[:, None]).codes.tolist() == [20]


def test_repeated_roots_are_one_state():
    found = breadth_first(np.array([9, 9]), line)
    assert found.codes.tolist() == [9]
    assert found.roots.tolist() == [0, 0]


def test_the_number_of_states_does_not_depend_on_the_order_of_roots(rng):
    # adding 131 modulo the prime 997 visits every number
    def rule(codes):
        return np.stack([(codes * 7) % 997, (codes + 131) % 997], axis=1)

    roots = rng.integers(0, 997, size=5)
    assert breadth_first(roots, rule).codes.size == breadth_first(roots[::-1], rule).codes.size == 997


def test_no_roots_is_an_error():
    with pytest.raises(BirlError, match="at least one level"):
        breadth_first(np.array([], np.int64), line)


def test_an_endless_world_stops_at_the_limit():
    with pytest.raises(BirlError, match="more than 100 states"):
        breadth_first(np.array([0]), lambda codes: codes[:, None] + 1, limit=100)
