import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.distance import dard
from birl.types import BirlError
from tests.rewards import ARRIVE, SWITCH, dense, shaping, switch
from tests.worlds import gridworld, random_model


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.9, 0.99]))
def test_shaping_and_scale_change_nothing_where_nothing_ends(seed, discount):
    rng = np.random.default_rng(seed)
    model = random_model(rng, discount=discount, terminal=False)
    reward = rng.normal(size=dense(model).shape)
    same = 3 * (reward + shaping(rng.normal(size=model.n_states), model.n_actions, discount=discount))
    assert float(dard(model, reward, same)) == pytest.approx(0, abs=1e-9)
    assert float(dard(model, reward, -same)) == pytest.approx(1, abs=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_a_table_that_ignores_the_next_state_is_a_reward_by_pair(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    a, b = rng.normal(size=(2, model.n_states, model.n_actions))
    table = lambda values: np.repeat(values[:, :, None], model.n_states, axis=2)  # noqa: E731
    assert float(dard(model, table(a), table(b))) == pytest.approx(float(dard(model, a, b)))
    assert float(dard(model, a, b)) == pytest.approx(float(dard(model, b, a)))


def test_a_zero_reward_has_no_distance():
    found = dard(switch(), np.zeros((2, 2, 2)), ARRIVE)
    assert found.value is None
    assert found.reason.startswith("a expresses no preference")


def test_only_feasible_coverage_has_a_name():
    with pytest.raises(BirlError, match="unknown coverage 'uniform'"):
        dard(switch(), ARRIVE, SWITCH, coverage="uniform")


def test_weights_by_feature_serve_on_worlds_that_end():
    assert 0 < float(dard(gridworld(3), {"goal": 1.0}, {"goal": 1.0, "step": -1.0})) < 1
