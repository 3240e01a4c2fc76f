"""What base and candidate do to each other in training, found by intervening in the world's exact model.

Two interventions, each done in both directions, x on y:

- pursue one and measure the other: what the optimiser of x gains on y over the random walk, as a share of what can be
  gained,                            brings(x, y) = (J_y(pi*_x) - J_y(walk)) / (J_y(pi*_y) - J_y(walk))            (1)
- make one happen and measure the other afterwards. In each state the random walk draws actions by lot; so the
  regression, within states, of what y earns from the next step on upon what x earns now is the effect of x on y with
  everything else held equal:
           later(x, y) = sum_s rho(s) Cov_a(x, g P V_y) / sum_s rho(s) Var_a(x) * gain_x / gain_y                   (2)
  scaled to all of x there is to gain; rho and V_y are the random walk's. What x earns and y earns by the same action
  is no effect of one on the other: that is left to their correlation within states. Where no state offers a choice
  about x, there is nothing of it to make happen, and it has no effect.

Cannot tell apart two rewards that are equal everywhere in training: no intervention sets one without the other. In a
world so large that the walk hardly gets from one to the other, effects are small whatever the causes.

Axes: S states, A actions, L levels, D draws.
Source: Hubinger et al. 2019, section 3.2, for what counts as bringing about; Pearl 2009, section 3.3, for adjustment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from birl.behavior import Behavior, expected_visits
from birl.diagnosis.ledger import Ledger
from birl.gap import CANNOT_BE_EARNED, LevelReturns, level_return
from birl.stats import with_point
from birl.tabular import PolicyChain, TabularModel, hard_plan
from birl.types import FloatArray

__all__ = ["LINKS", "enter_links", "one_event"]

ALIKE = 1e-9  # relative difference of rewards that is rounding
LINKS = ("proxy_brings_base", "base_brings_proxy", "proxy_causes_base", "base_causes_proxy", "coincidence")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Side:
    """One of the two rewards, [L] each."""

    reward: FloatArray  # [S*A]
    plan: FloatArray  # its optimal policy, ties shared, [S, A]
    returns: LevelReturns  # the policy's own are the optimiser's

    @property
    def gain(self) -> FloatArray:
        return self.returns.gain


def enter_links(
    ledger: Ledger,
    train: Behavior,
    candidates: Mapping[str, FloatArray],
    *,
    base: FloatArray,
    picks: FloatArray,
) -> None:
    """Enter what training makes of each candidate.

    Args:
        ledger: where they are entered.
        train: where; only its model is looked at.
        candidates: name -> the candidate on that model, [S*A].
        base: the base objective, [S*A].
        picks: bootstrap weights of the levels, [D, L].
    """
    model = train.model
    rows = with_point(picks)
    visits = expected_visits(model, model.uniform, horizon=train.horizon)
    mine = _side(model, base)
    for name, reward in candidates.items():
        other = _side(model, reward)
        lacking = [
            text
            for side, text in ((mine, CANNOT_BE_EARNED), (other, "no policy gains on the candidate in training"))
            if not side.returns.can_be_earned(side.reward)
        ]
        if lacking:
            ledger.undefined.update({f"{quantity}[{name}]": lacking[0] for quantity in LINKS})
            continue
        found = (
            _brings(model, other, mine, rows),
            _brings(model, mine, other, rows),
            _later(model, other, mine, visits, rows),
            _later(model, mine, other, visits, rows),
            _coincidence(model, other, mine, visits, rows),
        )
        for quantity, values in zip(LINKS, found, strict=True):
            ledger.put(quantity, name, float(values[0]), values[1:])


def one_event(train: Behavior, candidates: Mapping[str, FloatArray]) -> Mapping[str, tuple[str, ...]]:
    """Candidates that pay alike for everything that can be done in training, up to units: which no links tell apart.

    Args:
        train: where; only its model is looked at.
        candidates: name -> the candidate on that model, [S*A].
    """
    paid = {name: np.where(train.model.live, reward, 0.0) for name, reward in candidates.items()}
    units = {name: reward / np.abs(reward).max() for name, reward in paid.items() if reward.any()}
    alike = {
        name: tuple(other for other in units if other != name and np.abs(units[other] - mine).max() <= ALIKE)
        for name, mine in units.items()
    }
    return {name: others for name, others in alike.items() if others}


def _side(model: TabularModel, reward: FloatArray) -> _Side:
    plan = hard_plan(model, reward)
    best = model.per_level(model.start * plan.values)
    walk = level_return(model, model.uniform, reward)
    return _Side(reward=reward, plan=plan.policy, returns=LevelReturns(policy=best, walk=walk, best=best))


def _brings(model: TabularModel, x: _Side, y: _Side, rows: FloatArray) -> FloatArray:
    """Equation (1) for each draw, the point estimate first, [1 + D]."""
    gained = level_return(model, x.plan, y.reward) - y.returns.walk
    return (rows @ gained) / (rows @ y.gain)


def _later(model: TabularModel, x: _Side, y: _Side, visits: FloatArray, rows: FloatArray) -> FloatArray:
    """Equation (2) for each draw, the point estimate first, [1 + D]."""
    values = PolicyChain(model, model.uniform).policy_values(y.reward)
    after = model.discount * (model.transitions @ values)
    together, alone = _spread(model, x.reward, after, visits), _spread(model, x.reward, x.reward, visits)
    return _over(rows @ together, rows @ alone) * (rows @ x.gain) / (rows @ y.gain)


def _coincidence(model: TabularModel, x: _Side, y: _Side, visits: FloatArray, rows: FloatArray) -> FloatArray:
    """Correlation, within states, of what both earn by the same action, [1 + D]."""
    both, one, other = (
        rows @ _spread(model, a, b, visits)
        for a, b in ((x.reward, y.reward), (x.reward, x.reward), (y.reward, y.reward))
    )
    return _over(both, np.sqrt(one * other))


def _over(spread: FloatArray, variance: FloatArray) -> FloatArray:
    """Their ratio, 0 where nothing varies."""
    varies = variance > 0
    return np.where(varies, spread / np.where(varies, variance, 1.0), 0.0)


def _spread(model: TabularModel, x: FloatArray, y: FloatArray, visits: FloatArray) -> FloatArray:
    """Covariance over the actions of the random walk, summed over the states it visits, level by level, [L]."""
    x, y, walk = x.reshape(model.uniform.shape), y.reshape(model.uniform.shape), model.uniform
    mean = (walk * x).sum(axis=1, keepdims=True)
    return model.per_level(visits * (walk * (x - mean) * y).sum(axis=1))
