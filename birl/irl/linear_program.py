"""Linear programs by HiGHS, exact to nine digits; many rows in few variables by cutting planes.

Of tens of thousands of rows in ten variables a dozen decide. So rows are added as a solution breaks them, and the
answer is still that of the whole program. Where every row has a slack of its own, the dual is small instead, and its
shadow prices are the answer.

Axes: N rows, M equations, X variables.
Source: Huangfu & Hall 2018 (HiGHS); Kelley 1960 (cutting planes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.types import BirlError, FloatArray

__all__ = ["Prices", "Program", "shadow_prices", "solve"]

TIGHT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
BROKEN = 1e-9  # how far a row may be overstepped
FIRST, MORE = 256, 64  # rows to begin with, and to add at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """minimise cost.x subject to rows x <= room, equal x = 0 and limits.

    Attributes:
        cost: [X].
        rows: [N, X], dense or sparse.
        room: [N].
        equal: [M, X].
        limits: lowest and highest value of each variable, [X, 2]; infinite where there is none.
        what: whose program it is, for errors.
    """

    cost: FloatArray
    rows: Any
    room: FloatArray
    equal: FloatArray
    limits: FloatArray
    what: str = "feasible set"


def solve(program: Program) -> FloatArray:
    """The x that solves a program, [X].

    Raises:
        BirlError: when there is none, or the solver does not finish.
    """
    bounded = bool(np.isfinite(program.limits).all())
    if not bounded or not isinstance(program.rows, np.ndarray) or len(program.room) <= FIRST:
        return np.asarray(_whole(program, program.rows, program.room).x, np.float64)
    used = np.zeros(len(program.room), bool)
    used[np.linspace(0, len(program.room) - 1, FIRST).astype(np.int64)] = True
    while True:
        found = np.asarray(_whole(program, program.rows[used], program.room[used]).x, np.float64)
        over = np.where(used, 0.0, program.rows @ found - program.room)
        if over.max() <= BROKEN:
            return found
        worst = np.argsort(-over, kind="stable")[:MORE]
        used[worst[over[worst] > BROKEN]] = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Prices:
    """What the optimum of a program would gain, were its rows and equations given one unit more.

    Attributes:
        rows: at least 0, [N].
        equal: [M].
    """

    rows: FloatArray
    equal: FloatArray


def shadow_prices(program: Program) -> Prices:
    """The solution of a program's dual.

    Raises:
        BirlError: when there is none, or the solver does not finish.
    """
    solved = _whole(program, program.rows, program.room)
    return Prices(rows=-np.asarray(solved.ineqlin.marginals), equal=-np.asarray(solved.eqlin.marginals))


def _whole(program: Program, rows: Any, room: FloatArray) -> Any:
    from scipy.optimize import linprog  # a sixth of a second, for those who use it

    equal = program.equal if len(program.equal) else None
    solved: Any = linprog(
        program.cost,
        A_ub=rows,
        b_ub=room,
        A_eq=equal,
        b_eq=None if equal is None else np.zeros(len(equal)),
        bounds=program.limits,
        method="highs",
        options=TIGHT,
    )
    if not solved.success:
        raise BirlError(f"{program.what}: {solved.message.rstrip('.')}: fit fewer levels or features")
    return solved
