"""What a network believes is read back: exactly where its values are exact, with what is left over said where not."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import birl
from birl.behavior import observe
from birl.irl.critic import Critic
from birl.irl.implied import implied_in_model, implied_on_episodes
from birl.policy import ActionValues, GreedyPolicy, SquashedGaussianPolicy, as_policy
from birl.policy.box import Moments
from birl.sampled import as_sampled, watch
from birl.tabular import TabularModel, hard_plan
from birl.task import Distribution
from birl.testing import check_estimator
from birl.types import BirlError
from birl.zoo import agent
from tests.behaviors import behave, permuted
from tests.worlds import corridor, gridworld, random_model

SEEDS = st.integers(0, 10_000)


def believer(model: TabularModel, q: np.ndarray, *, discount: float | None = 0.9, name: str = "train"):
    """Greedy for action values [S, A] of a model whose states are seen one-hot."""
    return observe(GreedyPolicy(lambda seen: seen @ q, discount=discount), Distribution(name, model, shift="train"))


def check(estimate, name: str):
    """The one check of that name."""
    (found,) = [c for c in estimate.checks if c.name == name]
    return found


@given(SEEDS)
def test_exact_values_give_any_reward_back_as_a_table(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    reward = rng.normal(size=model.n_states * model.n_actions) * model.live
    estimate = Critic(form="table").fit([believer(model, hard_plan(model, reward).q)])
    assert np.abs(estimate.on(model) - reward).max() < 1e-10


@given(SEEDS)
def test_exact_values_give_planted_weights_back(seed):
    rng = np.random.default_rng(seed)
    model, weights = random_model(rng, n_levels=2), rng.normal(size=4)
    estimate = Critic().fit([believer(model, hard_plan(model, model.features @ weights).q)])
    assert np.abs(estimate.vector - weights).max() < 1e-10
    assert check(estimate, "explained").value == pytest.approx(1.0)
    assert estimate.nuisance["residual"] < 1e-10
    assert all(c.passed for c in estimate.checks)


def test_on_episodes_of_a_world_without_chance_the_same_comes_back(rng):
    model = corridor()
    behavior = believer(model, np.where(model.terminal[:, None], 0, hard_plan(model, model.features @ [1.0, -0.1]).q))
    estimate = Critic().fit([as_sampled(behavior)], rng=rng)
    assert np.allclose(estimate.vector, [1.0, -0.1], atol=1e-10)


def test_where_chance_decides_episodes_are_right_on_average_and_less_is_explained(rng):
    model, weights = random_model(rng, n_levels=2), rng.normal(size=4)
    behavior = believer(model, hard_plan(model, model.features @ weights).q)
    estimate = Critic(episodes=400).fit([as_sampled(behavior)], rng=rng)
    errors = np.sqrt(np.diag(estimate.covariance))
    assert (np.abs(estimate.vector - weights) < 4 * errors).all()
    assert 0 < estimate.nuisance["R2"] < 0.9


def test_the_shipped_dqn_believes_in_red_doors_and_in_red_under_shift():
    dqn = agent("red-door-dqn-rho1-s0")
    task = birl.load_task("red-door", levels=4)
    policy = dqn.policy(task)
    train, shift = (observe(policy, task.distribution(name)) for name in ("train", "blue-door"))
    estimate = Critic().fit([train])
    assert check(estimate, "discount").passed
    assert estimate.weights["touch:door&red"] == pytest.approx(1.0, abs=0.05)  # what it was paid
    assert abs(estimate.weights["step"]) < 0.02
    assert check(estimate, "explained").value > 0.9  # measured: .95; what is left is the network's own error
    assert estimate.nuisance["residual"] < 0.1
    other = Critic().fit([shift])
    assert other.weights["touch:ball&red"] > 0.4  # never paid, and believed in: colour counts
    assert other.weights["touch:ball&red"] - other.weights["touch:ball&blue"] > 0.3


def test_the_shipped_dqns_values_are_optimal_for_the_rewards_they_imply():
    task = birl.load_task("red-door", levels=3)
    behavior = observe(agent("red-door-dqn-rho1-s0").policy(task), task.train)
    model = behavior.model
    found = implied_in_model(behavior, noise=0.1)
    q = behavior.critic.action_values(model.observe(np.arange(model.n_states)))
    visited = (found.weight.reshape(q.shape) > 0) & model.live.reshape(q.shape)
    assert np.abs(hard_plan(model, found.reward).q - q)[visited].max() < 1e-5  # the network speaks float32


def gaussian(critic: ActionValues | None = None) -> SquashedGaussianPolicy:
    """The same squashed Gaussian of two-dimensional actions in [-2, 2], whatever is seen."""
    moments = lambda seen: Moments(mean=np.zeros((len(seen), 2)), std=np.full((len(seen), 2), 0.5))  # noqa: E731
    return SquashedGaussianPolicy(moments, np.full(2, -2.0), np.full(2, 2.0), critic)


class Drift:
    """One number, moved by the first action; over above 1."""

    render_mode = spec = None

    def __init__(self):
        from gymnasium import spaces

        self.observation_space = spaces.Box(-np.inf, np.inf, (1,), np.float64)
        self.action_space = spaces.Box(-2.0, 2.0, (2,), np.float64)
        self.place = np.zeros(1)

    @property
    def unwrapped(self):
        return self

    def reset(self, *, seed=None, options=None):
        self.place = np.random.default_rng(seed).uniform(-1, 1, size=1)
        return self.place.copy(), {}

    def step(self, action):
        self.place = self.place + np.asarray(action, np.float64)[:1] / 4
        return self.place.copy(), 0.0, bool(self.place[0] > 1.0), False, {}

    def close(self):
        """Nothing is open."""


def test_a_soft_critic_of_vectors_prices_entropy_in_the_networks_own_units(rng):
    # values that are q everywhere imply q at the end and q - g (q + alpha H) before it, H the entropy of an action
    # in [-1, 1], whatever the box is: for tanh of a Gaussian of deviation s, H = H(Gaussian) + E ln(1 - tanh^2)
    q, alpha, g, s = 3.0, 0.5, 0.9, 0.5
    critic = ActionValues(
        network=lambda seen, actions: np.full(len(seen), q), numbered=False, discount=g, temperature=alpha
    )
    world = Distribution("train", make_env=Drift, features=_one, feature_names=["one"], time_limit=20)
    seen = watch(gaussian(critic), world, episodes=2, rng=rng, discount=g)
    found = implied_on_episodes(seen, episodes=50, noise=0.0, draws=64, rng=rng)
    over = np.asarray(found.observations)[:, 0] + np.asarray(found.actions)[:, 0] / 4 > 1.0
    draws = s * rng.standard_normal((2, 400_000))
    entropy = 2 * 0.5 * np.log(2 * np.pi * np.e * s**2) + np.log(1 - np.tanh(draws) ** 2).sum(axis=0).mean()
    assert over.any()
    assert np.allclose(found.reward[over], q)
    assert np.isclose(found.reward[~over].mean(), q - g * (q + alpha * entropy), atol=0.01)


def _one(observations, _actions, _after):
    return np.ones((len(observations), 1))


def test_without_features_episodes_give_a_network(rng):
    model = gridworld()
    behavior = believer(model, np.where(model.terminal[:, None], 0, hard_plan(model, model.features @ [1.0, 0]).q))
    seen = replace(as_sampled(behavior), feature_names=())
    estimate = Critic(episodes=40, noise=0.3).fit([seen], rng=rng)
    assert estimate.network is not None
    assert estimate.network.inputs == ("observation", "action")
    assert check(estimate, "explained").value > 0.9
    values = estimate.on(model)
    ends = model.terminal[model.transitions.indices] & model.live[model.elimination.row]
    assert values[ends].mean() > 0.8
    assert abs(values[~ends].mean()) < 0.1


@given(SEEDS)
def test_names_of_states_and_order_of_features_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    model, order, states = random_model(rng, n_levels=2), rng.permutation(4), rng.permutation(12)
    q = rng.normal(size=(12, 3))
    other = permuted(model, states, rng.permutation(2)).with_features([f"f{i}" for i in order], np.eye(4)[:, order])
    other = replace(other, observe=lambda ids: np.eye(12)[ids])
    first, second = Critic().fit([believer(model, q)]), Critic().fit([believer(other, q[states])])
    assert np.allclose(first.vector[order], second.vector, atol=1e-8)
    assert np.allclose(first.covariance[np.ix_(order, order)], second.covariance, atol=1e-8)


@settings(max_examples=10)
@given(SEEDS, st.floats(0.1, 10))
def test_the_reward_scales_with_the_values(seed, factor):
    rng = np.random.default_rng(seed)
    model, q = random_model(rng), rng.normal(size=(6, 3))
    first, second = (
        Critic(form="table").fit([believer(model, q)]),
        Critic(form="table").fit([believer(model, factor * q)]),
    )
    assert np.allclose(factor * first.table, second.table)


def test_another_discount_and_an_unknown_one_are_said(rng):
    model, q = random_model(rng), rng.normal(size=(6, 3))
    other = check(Critic().fit([believer(model, q, discount=0.5)]), "discount")
    assert not other.passed
    assert (other.value, other.limit) == (0.5, 0.9)
    unknown = check(Critic().fit([believer(model, q, discount=None)]), "discount")
    assert not unknown.passed
    assert "the checkpoint does not say" in unknown.message
    assert Critic().fit([believer(model, q, discount=0.5)]).nuisance["discount"] == 0.5


def test_values_that_features_do_not_explain_are_said_to_be_unexplained(rng):
    model = random_model(rng, n_states=20)
    estimate = Critic().fit([believer(model, rng.normal(size=(20, 3)))])
    assert not check(estimate, "explained").passed
    assert estimate.covariance is None  # a single level
    assert not check(estimate, "clusters").passed


def test_the_contract_holds():
    check_estimator(Critic())


def test_a_policy_without_a_critic_is_refused_in_one_line(rng):
    model = random_model(rng)
    for behavior in (behave(model, model.uniform), as_sampled(behave(model, model.uniform))):
        with pytest.raises(BirlError, match="critic needs critic, which distribution 'train' does not have"):
            Critic().fit([behavior])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"form": "poem"}, "form 'poem'"), ({"noise": 2.0}, "noise in"), ({"draws": 0}, "draws from 1")],
)
def test_settings_that_mean_nothing_are_refused(options, message):
    with pytest.raises(BirlError, match=message):
        Critic(**options)


def test_forms_that_behaviour_does_not_allow_are_refused(rng):
    model = random_model(rng)
    behavior = believer(model, rng.normal(size=(6, 3)))
    both = [behavior, believer(model, rng.normal(size=(6, 3)), name="shift")]
    with pytest.raises(BirlError, match="form 'table' needs one exact model"):
        Critic(form="table").fit(both)
    with pytest.raises(BirlError, match="form 'network' needs behaviour that was rolled out"):
        Critic(form="network").fit([behavior])
    with pytest.raises(BirlError, match="it gives"):
        Critic().fit([replace(behavior, critic=ActionValues(network=lambda seen: seen))])


def test_a_soft_critic_of_unknown_temperature_says_what_it_took():
    library = pytest.importorskip("stable_baselines3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        policy = as_policy(library.SAC("MlpPolicy", "Pendulum-v1", seed=0, device="cpu").policy)
    task = birl.load_task("pendulum", levels=2)
    seen = watch(policy, replace(task.train, time_limit=5), episodes=2, rng=np.random.default_rng(0))
    estimate = Critic(episodes=4, draws=1).fit([seen])
    assert not check(estimate, "price of entropy").passed
    assert set(estimate.weights) == {"cheaply-upright", "upright", "idle"}
