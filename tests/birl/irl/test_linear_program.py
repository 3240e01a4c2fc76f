"""Linear programs: cutting planes give the answer of the whole program, the dual its prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.irl.linear_program import FIRST, Program, shadow_prices, solve
from birl.types import BirlError


def program(rng, rows, variables=4):
    """Tangent planes of a ball: each row is a unit vector that x may follow for a unit."""
    planes = rng.normal(size=(rows, variables))
    return Program(
        cost=rng.normal(size=variables),
        rows=planes / np.linalg.norm(planes, axis=1, keepdims=True),
        room=np.ones(rows),
        equal=np.zeros((0, variables)),
        limits=np.tile([-2.0, 2.0], (variables, 1)),
    )


@settings(max_examples=8)
@given(st.integers(0, 10_000))
def test_a_program_of_many_rows_is_solved_as_if_all_were_there(seed):
    asked = program(np.random.default_rng(seed), 4 * FIRST)
    whole = solve(replace(asked, rows=sp.csr_matrix(asked.rows)))
    found = solve(asked)
    assert asked.cost @ found == pytest.approx(asked.cost @ whole, abs=1e-9)
    assert (asked.rows @ found <= asked.room + 2e-9).all()


def test_equations_hold(rng):
    asked = replace(program(rng, 3 * FIRST), equal=np.array([[1.0, 1.0, 0.0, 0.0]]))
    found = solve(asked)
    assert found[0] == pytest.approx(-found[1])


def test_prices_say_what_one_unit_more_would_gain(rng):
    asked = program(rng, 40)
    best, prices = asked.cost @ solve(asked), shadow_prices(asked)
    assert (prices.rows >= -1e-12).all()
    for row in np.flatnonzero(prices.rows > 1e-9):
        more = replace(asked, room=asked.room + 1e-4 * np.eye(40)[row])
        assert (best - more.cost @ solve(more)) / 1e-4 == pytest.approx(prices.rows[row], abs=1e-5)


def test_a_program_without_a_solution_is_an_error_in_one_line(rng):
    asked = program(rng, 5)
    with pytest.raises(BirlError, match=r"feasible set: .*infeasible.*: fit fewer levels or features") as error:
        solve(replace(asked, room=np.full(5, -9.0)))
    assert "\n" not in str(error.value)
