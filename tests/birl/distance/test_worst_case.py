from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.distance import regret, worst_case_regret
from birl.tabular import PolicyChain
from birl.types import BirlError
from tests.rewards import ARRIVE, SWITCH, switch
from tests.worlds import gridworld, random_model

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=10)
@given(SEEDS)
def test_no_pair_of_policies_does_worse_and_orders_alike_lose_nothing(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=3, n_actions=2, terminal=False)
    a, b = rng.normal(size=(2, 6))
    returns = np.array(
        [
            [model.start @ PolicyChain(model, np.eye(2)[list(choice)]).policy_values(reward) for reward in (a, b)]
            for choice in product((0, 1), repeat=3)
        ]
    )
    under_a, under_b = returns.T
    lost = np.where(under_b[None, :] >= under_b[:, None], under_a[:, None] - under_a[None, :], 0.0)
    found = float(worst_case_regret(model, a, b))
    assert found >= lost.max() / (under_a.max() - under_a.min()) - 1e-7
    assert found >= regret(model, a, b, normaliser="worst").value - 1e-7
    assert found <= 1
    assert float(worst_case_regret(model, a, 3 * a)) == pytest.approx(0, abs=1e-7)
    assert float(worst_case_regret(model, a, -a)) == pytest.approx(1, abs=1e-7)


def test_worlds_that_end_and_sparse_worlds_are_solved():
    found = worst_case_regret(gridworld(4), {"goal": 1.0}, {"goal": 1.0, "step": -0.1})
    assert float(found) == pytest.approx(0, abs=1e-7)  # both only ask to arrive soon
    assert (found.metric, found.norm, found.coverage) == ("worst-case-regret", "range of returns", "")


def test_a_reward_without_preference_is_undefined():
    found = worst_case_regret(switch(), ARRIVE, np.ones((2, 2, 2)))
    assert found.value is None
    assert found.reason == "b expresses no preference: every policy is alike"
    assert worst_case_regret(switch(), np.zeros((2, 2)), SWITCH).value is None


def test_coverage_is_refused():
    with pytest.raises(BirlError, match="worst-case regret: takes no coverage"):
        worst_case_regret(switch(), ARRIVE, SWITCH, coverage="feasible")  # type: ignore[arg-type]
