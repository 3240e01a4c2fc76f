from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.distance import starc
from birl.distance.starc import advantage_form, minimal_form
from birl.tabular import PolicyChain
from birl.types import BirlError
from tests.rewards import ARRIVE, SWITCH, beside, dense, shaping, switch, world
from tests.worlds import corridor, gridworld, random_model

SEEDS = st.integers(0, 2**32 - 1)
CANONICAL = ("val", "min")


def pairs(model, rng):
    return rng.normal(size=model.n_states * model.n_actions)


def coverage_of(model, rng):
    return np.where(rng.random(model.live.size) < 0.7, rng.random(model.live.size), 0.0) + 0.01 * (
        np.arange(model.live.size) == 0
    )


def test_the_advantage_of_arriving_is_known():
    forms = advantage_form(switch(), np.array([[0.0], [1.0], [1.0], [0.0]]))
    assert forms.ravel() == pytest.approx([-0.5, 0.5, 0.5, -0.5])


def test_the_smallest_reward_that_is_arriving_up_to_shaping_is_known():
    forms = minimal_form(switch(), np.array([[0.0], [1.0], [1.0], [0.0]]), np.full(4, 0.25))
    assert forms.ravel() == pytest.approx([-0.6, 0.2, 0.6, -0.2], abs=1e-9)


def test_the_values_of_a_stochastic_world_are_known():
    model = world(np.array([[[0.8, 0.2], [0.3, 0.7]], [[0.4, 0.6], [0.9, 0.1]]]), discount=0.9)
    values = PolicyChain(model, model.uniform).policy_values((dense(model) * ARRIVE).sum(axis=2).ravel())
    assert values == pytest.approx([4.12844037, 4.03669725])


@pytest.mark.parametrize("canonical", CANONICAL)
def test_a_reward_for_every_step_is_shaping_only_where_nothing_ends(canonical):
    never_ends, ends = switch(), corridor(4)
    goal = np.where(ends.features.toarray()[:, 0] > 0, 1.0, 0.0)
    assert float(starc(never_ends, ARRIVE, ARRIVE + 0.5, canonical=canonical)) == pytest.approx(0, abs=1e-9)
    assert float(starc(ends, goal, goal + 0.5, canonical=canonical)) > 0.1


@given(SEEDS, st.sampled_from([0.5, 0.9, 0.99]), st.sampled_from(CANONICAL), st.booleans())
def test_shaping_scale_and_redistribution_change_nothing(seed, discount, canonical, covered):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2, discount=discount, invalid=True)
    chance = dense(model)
    reward = rng.normal(size=chance.shape)
    potential = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
    noise = rng.normal(size=chance.shape)
    spread = noise - (chance * noise).sum(axis=2, keepdims=True)  # expected change 0 for every (s, a)
    same = 7.0 * (reward + shaping(potential, model.n_actions, discount=discount) + spread)
    coverage = coverage_of(model, rng) if covered else None
    assert float(starc(model, reward, same, canonical=canonical, coverage=coverage)) == pytest.approx(0, abs=1e-9)
    assert float(starc(model, reward, -same, canonical=canonical, coverage=coverage)) == pytest.approx(1, abs=1e-9)


@given(SEEDS, st.sampled_from(CANONICAL))
def test_a_distance_is_a_metric_on_preferences(seed, canonical):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True)
    a, b, c = (pairs(model, rng) for _ in range(3))
    apart = lambda x, y: float(starc(model, x, y, canonical=canonical))  # noqa: E731
    assert 0 <= apart(a, b) <= 1
    assert apart(a, b) == pytest.approx(apart(b, a))
    assert apart(a, c) <= apart(a, b) + apart(b, c) + 1e-12


@given(SEEDS, st.sampled_from(CANONICAL))
def test_the_order_of_levels_does_not_matter(seed, canonical):
    rng = np.random.default_rng(seed)
    one, two = random_model(rng), random_model(rng)
    there, back = beside(one, two), beside(two, one)
    a, b = rng.normal(size=(2, 2, one.live.size))
    expected = float(starc(there, a.ravel(), b.ravel(), canonical=canonical))
    assert float(starc(back, a[::-1].ravel(), b[::-1].ravel(), canonical=canonical)) == pytest.approx(expected)


@given(SEEDS)
def test_the_minimal_form_is_the_weighted_least_squares_residual(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True)
    coverage, reward = coverage_of(model, rng), pairs(model, rng)
    kept = np.flatnonzero(model.live & (coverage > 0))
    stay = np.repeat(np.eye(model.n_states), model.n_actions, axis=0)
    shape = (model.discount * model.transitions.toarray() - stay)[kept][:, ~model.terminal]
    root = np.sqrt(coverage[kept])
    potential = np.linalg.lstsq(root[:, None] * shape, root * reward[kept], rcond=None)[0]
    found = minimal_form(model, reward[:, None], np.where(model.live, coverage, 0.0))[kept, 0]
    assert root * found == pytest.approx(root * (reward[kept] - shape @ potential), abs=1e-8)


def test_the_minimal_distance_survives_a_discount_near_one():
    model = gridworld(6, discount=0.999)
    potential = np.where(model.terminal, 0.0, np.random.default_rng(0).normal(size=36) * 100)
    goal = model.features.toarray()[:, 0]
    shaped = goal + model.discount * model.transitions @ potential - np.repeat(potential, 4)
    assert float(starc(model, goal, shaped, canonical="min")) == pytest.approx(0, abs=1e-9)


def test_worlds_without_discount_that_end_are_measured():
    """A prize that every policy earns in the end is then no preference; a cost for every step is one."""
    model = corridor(5, discount=1.0)
    for canonical in CANONICAL:
        assert float(starc(model, {"step": -1.0}, {"goal": 1.0, "step": 1.0}, canonical=canonical)) == pytest.approx(1)
        assert starc(model, {"step": -1.0}, {"goal": 1.0}, canonical=canonical).value is None


def test_the_advantage_is_taken_under_the_policy_given(rng):
    model = random_model(rng)
    policy = rng.dirichlet(np.ones(3), size=6)
    a, b = pairs(model, rng), pairs(model, rng)
    found, usual = starc(model, a, b, policy=policy), starc(model, a, b)
    assert (found.policy, usual.policy) == ("given", "uniform")
    assert float(found) != pytest.approx(float(usual), abs=1e-6)


def test_a_distance_says_what_it_was_taken_under():
    found = starc(switch(), ARRIVE, SWITCH, canonical="min", coverage=np.array([1.0, 1, 1, 0]))
    assert (found.metric, found.coverage, found.norm, found.policy) == ("starc-min", "given", "L2", "none")
    assert (found.discount, found.supported, found.interval, found.reason) == (0.5, 1.0, None, "")


@pytest.mark.parametrize("canonical", CANONICAL)
@pytest.mark.parametrize("discount", [0.9, 0.999])
def test_pure_shaping_expresses_no_preference(canonical, discount):
    model = switch(discount=discount)
    found = starc(model, shaping(np.array([0.0, 20.0]), 2, discount=discount), ARRIVE, canonical=canonical)
    assert found.value is None
    assert found.reason == "a expresses no preference on feasible coverage: every policy is alike"


@pytest.mark.parametrize("canonical", CANONICAL)
def test_a_reward_of_nothing_has_no_distance(canonical):
    found = starc(gridworld(3), {}, {"goal": 0.0}, canonical=canonical)
    assert found.value is None
    assert found.reason.startswith("a and b express no preference")
    with pytest.raises(BirlError, match=f"starc-{canonical} is undefined: a and b express no preference"):
        float(found)


def test_rewards_that_differ_only_off_the_coverage_have_no_distance():
    model = gridworld(3)
    start_only = np.repeat(np.arange(9) == 0, 4).astype(float)
    found = starc(model, {"goal": 1.0}, {"goal": -1.0}, canonical="min", coverage=start_only)
    assert found.value is None
    assert "a and b express no preference on given coverage" in found.reason


NORMS = ("L1", "L2", "Linf")


@pytest.mark.parametrize(
    ("canonical", "expected"), [("val", (0.5, 0.382683, 0.5)), ("min", (5 / 11, 0.408248, 5 / 11))]
)
def test_forty_five_degrees_are_known_in_every_norm(canonical, expected):
    """VAL: forms (-1, 1, 1, -1) / 2 and (-1, 1, 0, 0); of MIN those by least squares."""
    found = [float(starc(switch(), ARRIVE, ARRIVE + SWITCH, canonical=canonical, norm=norm)) for norm in NORMS]
    assert found == pytest.approx(expected, abs=1e-6)


@given(SEEDS, st.sampled_from(NORMS), st.sampled_from(CANONICAL), st.booleans())
def test_every_norm_promises_the_same(seed, norm, canonical, covered):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True)
    coverage = coverage_of(model, rng) if covered else None
    apart = lambda x, y: float(starc(model, x, y, canonical=canonical, norm=norm, coverage=coverage))  # noqa: E731
    a, b, c = (pairs(model, rng) for _ in range(3))
    potential = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
    shaped = 3.0 * (a + model.discount * model.transitions @ potential - np.repeat(potential, model.n_actions))
    assert apart(a, shaped) == pytest.approx(0, abs=1e-8)
    assert apart(a, -shaped) == pytest.approx(1, abs=1e-8)
    assert apart(a, b) == pytest.approx(apart(b, a))
    assert 0 <= apart(a, c) <= min(1.0, apart(a, b) + apart(b, c)) + 1e-12


def test_the_norm_is_named_and_unknown_ones_are_refused():
    assert starc(switch(), ARRIVE, SWITCH, norm="Linf").norm == "Linf"
    assert starc(switch(), ARRIVE, 0 * SWITCH, norm="L1").reason.startswith("b expresses no preference")
    with pytest.raises(BirlError, match="unknown norm 'l1': there are L1, L2, Linf"):
        starc(switch(), ARRIVE, SWITCH, norm="l1")  # type: ignore[arg-type]


def test_an_unknown_form_or_a_policy_that_is_none_is_refused():
    model = gridworld(3)
    with pytest.raises(BirlError, match="unknown canonical form 'mim': did you mean min"):
        starc(model, {"goal": 1.0}, {"step": 1.0}, canonical="mim")  # type: ignore[arg-type]
    with pytest.raises(BirlError, match=r"policy: shape \(9,\), not \(9, 4\)"):
        starc(model, {"goal": 1.0}, {"step": 1.0}, policy=np.ones(9))
    with pytest.raises(BirlError, match="policy: a row is negative or does not sum to 1"):
        starc(model, {"goal": 1.0}, {"step": 1.0}, policy=np.ones((9, 4)))


def test_actions_that_are_not_valid_do_not_count():
    model = gridworld(3)
    valid = np.ones((9, 4), bool)
    valid[:, 0] = False
    shut = replace(model, valid_actions=valid)
    a = model.features.toarray()[:, 0]
    b = a + np.where(valid.ravel(), 0.0, 5.0)
    assert float(starc(shut, a, b)) == pytest.approx(0, abs=1e-12)
    assert float(starc(model, a, b)) > 0.1
