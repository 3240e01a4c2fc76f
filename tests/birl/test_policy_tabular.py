import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from birl.policy import TabularPolicy
from birl.policy.sampling import choose
from birl.tabular import TabularModel
from birl.task import Distribution
from birl.types import BirlError


def chain(name="train", n_states=3):
    model = TabularModel(
        transitions=sp.csr_matrix(np.repeat(np.eye(n_states), 2, axis=0)),
        features=np.zeros((2 * n_states, 1)),
        start=np.eye(n_states)[0],
        terminal=np.zeros(n_states, bool),
        discount=0.9,
        feature_names=["step"],
    )
    return Distribution(name, model)


def test_a_table_comes_back_as_it_was_given():
    table = np.array([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]])
    assert np.array_equal(TabularPolicy({"train": table}).table(chain()), table)


def test_a_table_cannot_be_changed_from_outside():
    source = np.full((3, 2), 0.5)
    policy = TabularPolicy({"train": source})
    source[0] = 7.0
    assert policy.table(chain())[0, 0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        policy.table(chain())[0, 0] = 1.0


def test_a_row_that_is_no_distribution_is_named():
    with pytest.raises(BirlError, match=r"'train': row of state 1 sums to 0\.9"):
        TabularPolicy({"train": [[0.5, 0.5], [0.5, 0.4]]})
    with pytest.raises(BirlError, match=r"'shift': row of state 0 sums to 1 with an entry of -0\.5"):
        TabularPolicy({"shift": [[-0.5, 1.5]]})
    with pytest.raises(BirlError, match=r"row of state 0 sums to nan"):
        TabularPolicy({"train": [[np.nan, 0.5]]})


@pytest.mark.parametrize("table", [[0.5, 0.5], np.zeros((0, 2)), [[[1.0]]]])
def test_a_table_of_another_shape_is_refused(table):
    with pytest.raises(BirlError, match=r"give probabilities \[S, A\]"):
        TabularPolicy({"train": table})


def test_no_tables_at_all_are_refused():
    with pytest.raises(BirlError, match="without tables"):
        TabularPolicy({})


def test_a_model_of_another_size_is_named_with_both_shapes():
    policy = TabularPolicy({"train": np.full((3, 2), 0.5)})
    with pytest.raises(BirlError, match=r"\(3, 2\).*\(5, 2\)"):
        policy.table(chain(n_states=5))


def test_an_unknown_distribution_is_answered_with_the_nearest():
    policy = TabularPolicy({"blue-door": np.full((3, 2), 0.5)})
    with pytest.raises(BirlError, match=r"'blue-dor': did you mean blue-door\?"):
        policy.table(chain("blue-dor"))


def test_with_one_table_states_are_its_observations():
    policy = TabularPolicy({"train": [[0.0, 1.0], [1.0, 0.0]]})
    assert policy.act([0, 1, 0], rng=np.random.default_rng(0)).tolist() == [1, 0, 1]


def test_with_several_tables_a_state_alone_is_not_enough():
    policy = TabularPolicy({"a": [[1.0]], "b": [[1.0]]})
    with pytest.raises(BirlError, match="over 2 distributions cannot act"):
        policy.act([0], rng=np.random.default_rng(0))


def test_choices_come_as_often_as_their_probability():
    drawn = choose(np.tile([0.2, 0.0, 0.8], (20_000, 1)), rng=np.random.default_rng(0))
    share = np.bincount(drawn, minlength=3) / drawn.size
    assert share[1] == 0.0
    assert abs(share[0] - 0.2) < 0.012  # four standard errors of 20,000 draws


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda row: sum(row) > 0.01), st.integers(0, 99))
def test_an_impossible_action_is_never_chosen(row, seed):
    probabilities = np.array([row]) / sum(row)
    drawn = choose(np.tile(probabilities, (50, 1)), rng=np.random.default_rng(seed))
    assert (probabilities[0, drawn] > 0).all()
    assert choose(probabilities, rng=np.random.default_rng(seed), deterministic=True)[0] == np.argmax(row)
