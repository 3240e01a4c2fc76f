"""All rewards for which a policy's choices are best: a cone, cut off by the unit box.

Let psi(s, a) be the discounted features that follow (s, a) under the policy. Its choice a* in s is at least as good as
a where (psi(s, a*) - psi(s, a)).w >= 0: linear in w, one row for each alternative. For a greedy policy these rows are
(P_pi - P_a)(I - g P_pi)^-1 R >= 0 and the set is exact; of a policy that is not greedy, the most probable action is
held against the others, the policy going on as it does. R = 0 satisfies every row, whatever was seen, and so does every
multiple of a member: only signs and ratios are in the data. A row counts in units of its own length, so the margin of a
reward is its distance from the nearest row. "Decisive" rewards are those with at least a tenth of the greatest margin.

Axes: S states, A actions, F parameters of the reward, N alternatives, U distinct ones.
Source: Ng & Russell 2000 (ICML; theorem 3, section 3.2); Metelli, Ramponi, Concetti & Restelli 2021 (ICML; the explicit
form); Boyd & Vandenberghe 2004, section 8.5.1 (Chebyshev centre).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import scipy.sparse as sp

from birl.behavior import Behavior
from birl.irl.choices import Choices, Distinct, choices, distinct, parametrised
from birl.irl.linear_program import Program, shadow_prices, solve
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["DECISIVE", "FeasibleSet", "Width"]

DECISIVE = 0.1  # share of the greatest margin from which on a reward counts as an explanation
EMPTY = 1e-6  # margin below which no reward makes the choices strictly better; an LP is good to 1e-9


@dataclass(frozen=True, kw_only=True)
class Width:
    """What a direction of the reward can be.

    Attributes:
        low: least value over the set.
        high: greatest.
    """

    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 or -1 where every reward of the set agrees on it, else 0."""
        return int(self.low > EMPTY) - int(self.high < -EMPTY)


@dataclass(frozen=True, kw_only=True, eq=False)
class FeasibleSet:
    """{w : every choice at least as good as its alternatives, every tie a tie, |w| <= 1}.

    Attributes:
        names: of the F parameters.
        choices: what each choice gains over each alternative, for one unit of each parameter.
        free: parameters that may differ from 0, bool [F].
    """

    names: tuple[str, ...]
    choices: Choices
    free: np.ndarray

    @classmethod
    def of(
        cls,
        behaviors: Sequence[Behavior],
        *,
        reward: Literal["features", "state", "state-action"] = "features",
        coverage: Literal["visited", "all"] = "visited",
        held: np.ndarray | None = None,
    ) -> FeasibleSet:
        """The rewards that explain some behaviours together.

        Args:
            behaviors: one per distribution; of one model where the reward is by state or by state and action.
            reward: what it is made of.
            coverage: the states whose choices count. With `all` a member makes a greedy policy optimal; with `visited`
                it makes no single departure from it pay.
            held: parameters put to 0, bool [F].

        Raises:
            BirlError: for several behaviours where the reward has no names in common.
        """
        if reward != "features" and len(behaviors) > 1:
            raise BirlError(f"feasible set: a reward by {reward} belongs to one model: give one behaviour, or features")
        models = [parametrised(b.model, reward) for b in behaviors]
        found = choices(behaviors, models, coverage=coverage)
        names = tuple(models[0].feature_names)
        free = np.ones(len(names), bool) if held is None else ~held
        return cls(names=names, choices=found.masked(free), free=free)

    def vector(self, reward: Mapping[str, float] | FloatArray) -> FloatArray:
        """Weights by name, or in order, as an array [F].

        Raises:
            BirlError: for a name the set does not have.
        """
        if not isinstance(reward, Mapping):
            return np.asarray(reward, np.float64)
        for name in reward:
            if name not in self.names:
                raise unknown_name("feature", name, self.names)
        return np.array([float(reward.get(name, 0.0)) for name in self.names])

    def contains(self, reward: Mapping[str, float] | FloatArray, *, tolerance: float = 1e-8) -> bool:
        """Whether a reward makes every choice best, to a tolerance relative to its largest weight; 0 always does."""
        weights = self.vector(reward)
        slack = tolerance * float(np.abs(weights).max(initial=0.0))
        return bool((self._rows @ weights >= -slack).all() and (np.abs(self._ties @ weights) <= slack).all())

    def against(self, reward: Mapping[str, float] | FloatArray) -> np.ndarray:
        """Rows, then ties, that a reward contradicts, bool [N + M]."""
        weights = self.vector(reward)
        slack = EMPTY * float(np.abs(weights).max(initial=0.0))
        worse = self._rows @ weights < -slack
        untied = np.abs(self._ties @ weights) > slack
        return np.concatenate([worse[self._distinct.which], untied[self._distinct_ties.which]])

    def margin(self, reward: Mapping[str, float] | FloatArray) -> float:
        """Distance from the nearest row, of the reward scaled to a largest weight of 1; negative outside the set."""
        weights = self.vector(reward)
        size = float(np.abs(weights).max(initial=0.0))
        return float((self._rows @ weights).min(initial=np.inf)) / size if size > 0 else 0.0

    @property
    def information(self) -> FloatArray:
        """Sum of the rows' squares, [F, F]: null in directions that no choice depends on."""
        rows = np.concatenate([self._rows, self._ties])
        return rows.T @ rows

    @cached_property
    def radius(self) -> float:
        """Radius of the largest ball in the set, within its ties; 0 where no reward makes all choices strictly best."""
        return max(0.0, float(self._ball[-1])) if len(self._rows) else 0.0

    @cached_property
    def centre(self) -> FloatArray:
        """The Chebyshev centre, [F]: of the centres of largest balls, the one with the least sum of |w|."""
        if self.radius <= EMPTY:
            return np.zeros(len(self.names))
        size = len(self.names)
        rows, room = self._walls()
        found = solve(
            Program(
                cost=np.ones(2 * size),  # w = found[:F] - found[F:]
                rows=np.concatenate([rows[:, :-1], -rows[:, :-1]], axis=1),
                room=room - rows[:, -1] * self.radius * (1.0 - EMPTY),
                equal=np.concatenate([self._ties, -self._ties], axis=1),
                limits=np.tile([0.0, 1.0], (2 * size, 1)),
            )
        )
        return found[:size] - found[size:]

    def vertex(self, penalty: float = 0.0) -> FloatArray:
        """Ng & Russell's choice: the greatest sum over states of what the best alternative loses, less penalty * |w|.

        Args:
            penalty: price of one unit of weight.
        """
        size, own = len(self.names), self.choices
        states, which = np.unique(own.state, return_inverse=True)
        least = sp.csr_matrix((np.ones(which.size), (np.arange(which.size), which)), (which.size, states.size))
        gains, free = sp.csr_matrix(own.gains), np.tile(self.free, 2).astype(np.float64)
        best_first = sp.hstack([-gains, gains, 0.0 * least])
        rows = sp.vstack([sp.hstack([-gains, gains, least]), best_first], format="csr")
        share = np.bincount(which, weights=own.weight, minlength=states.size)
        ties = np.concatenate([self._ties, -self._ties, np.zeros((len(self._ties), states.size))], axis=1)
        anything = np.tile([-np.inf, np.inf], (states.size, 1))
        found = solve(
            Program(
                cost=np.concatenate([np.full(2 * size, penalty), -share]),
                rows=rows,
                room=np.zeros(2 * which.size),
                equal=ties,
                limits=np.concatenate([np.column_stack([np.zeros(2 * size), free]), anything]),
            )
        )
        return found[:size] - found[size : 2 * size]

    # --- what the data exclude ----------------------------------------------------------------------------------------

    def width(self, direction: Mapping[str, float], *, margin: float = DECISIVE) -> Width:
        """Least and greatest value of a direction over the rewards that reach a margin.

        Args:
            direction: weights by name, such as {"touch:red": 1}.
            margin: share of the greatest one that a reward must reach; at 0 the set holds R = 0, so that no width
                excludes 0.
        """
        along = self.vector(direction)
        room = np.full(len(self._rows), -margin * self.radius)
        least = Program(cost=along, rows=-self._rows, room=room, equal=self._ties, limits=self._box)
        low, high = (float(along @ solve(program)) for program in (least, replace(least, cost=-along)))
        return Width(low=low, high=high)

    def excludes(self, direction: Mapping[str, float], *, margin: float = DECISIVE) -> bool:
        """Whether every reward that reaches a margin counts a direction, and all with the same sign."""
        return self.radius > EMPTY and self.width(direction, margin=margin).sign != 0

    # --- policies that are not greedy ---------------------------------------------------------------------------------

    def exceptions(self, price: float) -> np.ndarray:
        """Rows, then ties, that need slack for a soft margin, bool [N + M]; none where no reward has one at that price.

        maximise m - price * sum_i share_i xi_i over w, m and slacks xi >= 0 with row_i.w + xi_i >= m. At most one in
        `price` of all decisions needs slack.

        Args:
            price: margin that the slack of all decisions together would cost; above 1.

        Source: Schoelkopf et al. 2000 (Neural Computation 12; nu = 1 / price).
        """
        rows, ties = self._distinct, self._distinct_ties
        if not len(rows.rows):
            return np.zeros(len(self.choices.ties), bool)
        joined = np.concatenate([rows.rows, ties.rows, -ties.rows])
        share = np.concatenate([rows.weight, ties.weight, ties.weight])
        wants = np.concatenate([np.ones(len(rows.rows)), np.zeros(2 * len(ties.rows))])  # a tie has no margin
        weights, margin = self._soft(joined, wants, price * share)
        short = (joined @ weights < wants * margin - EMPTY) & (margin > EMPTY)
        of_rows, over, under = np.split(short, [len(rows.rows), len(rows.rows) + len(ties.rows)])
        return np.concatenate([of_rows[rows.which], (over | under)[ties.which]])

    def _soft(self, rows: FloatArray, wants: FloatArray, prices: FloatArray) -> tuple[FloatArray, float]:
        """w and m of the program above, by its dual: least sum |rows'y| with 0 <= y <= prices and y.wants >= 1."""
        sides = np.eye(int(self.free.sum()))
        beyond = np.zeros(2 * len(sides))
        found = shadow_prices(
            Program(
                cost=np.concatenate([np.zeros(len(rows)), beyond + 1.0]),
                rows=-np.concatenate([wants, beyond])[None],
                room=np.array([-1.0]),
                equal=np.concatenate([rows.T[self.free], -sides, sides], axis=1),
                limits=np.column_stack([np.zeros(len(rows) + beyond.size), np.concatenate([prices, beyond + np.inf])]),
            )
        )
        weights = np.zeros(len(self.names))
        weights[self.free] = found.equal
        return weights, float(found.rows[0])

    def without(self, exceptions: np.ndarray) -> FeasibleSet:
        """The set that leaves out some rows and ties, bool [N + M]."""
        return replace(self, choices=self.choices.without(exceptions))

    @cached_property
    def _distinct(self) -> Distinct:
        return distinct(self.choices.gains, self.choices.weight)

    @cached_property
    def _distinct_ties(self) -> Distinct:
        return distinct(self.choices.ties, self.choices.tie_weight)

    @property
    def _rows(self) -> FloatArray:
        return self._distinct.rows

    @property
    def _ties(self) -> FloatArray:
        return self._distinct_ties.rows

    @property
    def _box(self) -> FloatArray:
        """Limits of the weights, [F, 2]."""
        return np.column_stack([-self.free.astype(np.float64), self.free])

    def _walls(self) -> tuple[FloatArray, FloatArray]:
        """Rows [.., F + 1] and room of: a ball of radius m around w keeps clear of every row and of the box."""
        sides = np.eye(len(self.names))[self.free]
        walls = np.concatenate([-self._rows, sides, -sides])
        inside = sides.T  # within the ties a ball has fewer dimensions
        if len(self._ties):
            inside = inside @ _null(self._ties[:, self.free])
        room = np.concatenate([np.zeros(len(self._rows)), np.ones(2 * len(sides))])
        return np.column_stack([walls, np.linalg.norm(walls @ inside, axis=1)]), room

    @cached_property
    def _ball(self) -> FloatArray:
        size, (rows, room) = len(self.names), self._walls()
        return solve(
            Program(
                cost=np.append(np.zeros(size), -1.0),
                rows=rows,
                room=room,
                equal=np.column_stack([self._ties, np.zeros(len(self._ties))]),
                limits=np.concatenate([self._box, [[0.0, 1.0]]]),
            )
        )


def _null(rows: FloatArray) -> FloatArray:
    from scipy.linalg import null_space  # only where a policy is tied

    return null_space(rows, rcond=1e-9)
