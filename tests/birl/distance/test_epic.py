import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.distance import dard, epic
from birl.types import BirlError
from tests.rewards import ARRIVE, LANDS, SWITCH, corridor_of_three, dense, shaping, switch, world
from tests.worlds import corridor, random_model

SEEDS = st.integers(0, 2**32 - 1)
ON_EDGES = "transitions that cannot happen"


def flat(model):
    """Rewards by stored transition of a dense table."""
    edges = model.transitions.tocoo()
    return lambda table: table.reshape(-1, model.n_states)[edges.row, edges.col]


@given(SEEDS, st.sampled_from([0.5, 0.9, 0.99]), st.booleans(), st.sampled_from([None, "uniform"]))
def test_shaping_and_scale_change_nothing_with_or_without_ends(seed, discount, ends, coverage):
    rng = np.random.default_rng(seed)
    model = random_model(rng, discount=discount, terminal=ends, invalid=True)
    reward = rng.normal(size=dense(model).shape)
    potential = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
    same = 3 * (reward + shaping(potential, model.n_actions, discount=discount))
    assert float(epic(model, reward, same, coverage=coverage)) == pytest.approx(0, abs=1e-9)
    assert float(epic(model, reward, -same, coverage=coverage)) == pytest.approx(1, abs=1e-9)


@given(SEEDS)
def test_a_distance_is_between_0_and_1_symmetric_and_obeys_the_triangle(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True)
    a, b, c = (rng.normal(size=dense(model).shape) for _ in range(3))
    apart = lambda x, y: float(epic(model, x, y, coverage=np.ones(model.live.size)))  # noqa: E731
    assert 0 <= apart(a, b) <= 1
    assert apart(a, b) == pytest.approx(apart(b, a))
    assert apart(a, c) <= apart(a, b) + apart(b, c) + 1e-12


def test_a_reward_for_every_step_is_not_shaping_where_episodes_end():
    model = corridor(4)
    assert float(epic(model, {"goal": 1.0}, {"goal": 1.0, "step": 0.5})) > 0.1
    assert float(epic(switch(), ARRIVE, ARRIVE + 0.5)) == pytest.approx(0, abs=1e-9)


def test_redistribution_over_next_states_is_not_removed(rng):
    model = random_model(rng, terminal=False)
    chance = dense(model)
    reward, noise = rng.normal(size=(2, *chance.shape))
    spread = noise - (chance * noise).sum(axis=2, keepdims=True)
    assert float(epic(model, reward, reward + spread)) > 0.1
    assert float(dard(model, reward, reward + spread)) > 0.1


def test_a_reward_by_pair_is_not_the_same_question_as_one_by_arrival():
    """Where the coin moved, .866 by arrival; by pair the same values say less about transitions that cannot happen."""
    model = corridor_of_three()
    left, right = ((model.successors == cell).astype(float) for cell in (0, 2))
    assert float(epic(model, left, right)) == pytest.approx(0.972739, abs=1e-6)
    table = lambda cell: np.zeros((3, 2, 3)) + (np.arange(3) == cell)  # noqa: E731
    assert float(epic(model, table(0), table(2))) == pytest.approx(0.866025, abs=1e-6)


def test_values_on_what_happens_are_values_by_pair_where_nothing_is_left_to_chance():
    model = corridor(4)
    goal, step = model.features.toarray().T[:, model.live]
    assert float(epic(model, goal, goal + step)) == pytest.approx(
        float(epic(model, {"goal": 1}, {"goal": 1, "step": 1}))
    )


@pytest.mark.parametrize("metric", [epic, dard])
def test_values_on_what_happens_alone_leave_the_distance_undefined(metric):
    model = world(np.array([[[0.8, 0.2], [0.3, 0.7]], [[0.4, 0.6], [1.0, 0.0]]]), discount=0.9)
    edges = flat(model)
    found = metric(model, edges(ARRIVE), edges(SWITCH))
    assert found.value is None
    assert found.reason == f"a and b have no values for {ON_EDGES}, which {found.metric} asks for: use starc"
    assert metric(model, ARRIVE, edges(SWITCH)).reason.startswith("b has no values")


def test_coverage_may_be_given_and_is_named():
    found = epic(switch(), LANDS, SWITCH, coverage=np.array([[1.0, 1], [0, 0]]))
    assert (found.coverage, found.metric, found.policy) == ("given", "epic", "uniform")
    assert float(found) == pytest.approx(0, abs=1e-9)  # leaving state 0, both say the same


def test_uniform_coverage_says_how_much_of_it_can_happen():
    assert epic(switch(), ARRIVE, SWITCH, coverage="uniform").supported == pytest.approx(0.5)
    assert epic(switch(), ARRIVE, SWITCH).supported == 1.0


@pytest.mark.parametrize("coverage", [None, "uniform"])
def test_a_constant_reward_expresses_no_preference_where_nothing_ends(coverage):
    found = epic(switch(), ARRIVE, np.full((2, 2, 2), 3.0), coverage=coverage)
    assert found.value is None
    assert found.reason.startswith("b expresses no preference on")


def test_uniform_coverage_of_a_large_world_is_refused():
    model = corridor(3000)
    with pytest.raises(BirlError, match=r"18,000,000 state-action-state triples .limit 10,000,000.: use 'feasible'"):
        epic(model, {"goal": 1.0}, {"step": 1.0}, coverage="uniform")
