"""Planted rewards come back from the log-policy: exactly on models and for a linear regulator, nearly by sampling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.counted import from_trajectories
from birl.irl import IDENTIFIED, PolicyAIRL, RewardEstimate
from birl.irl.base import HELD
from birl.irl.log_policy_exact import log_ratio, reward_of_mean
from birl.irl.log_policy_fit import Choices, explained, in_order, least_squares, order_fit
from birl.irl.log_policy_material import random_layer
from birl.irl.log_policy_rows import ask, visit
from birl.irl.log_policy_sampled import joint_choices
from birl.policy import DeterministicPolicy, GaussianPolicy
from birl.policy.box import Moments
from birl.sampled import PlacePolicy, as_sampled, watch
from birl.simulator import Actions
from birl.tabular import hard_plan
from birl.task import Distribution, load_task
from birl.testing import check_estimator
from birl.trajectories import Transitions, sample_episodes
from birl.types import BirlError
from tests.behaviors import behave, boltzmann_agent, soft_agent
from tests.worlds import corridor, random_model, two_ends

EXACT = PolicyAIRL()
SEEDS = st.integers(0, 10_000)


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def check_of(estimate: RewardEstimate, name: str):
    return next(c for c in estimate.checks if c.name == name)


# --- exact models -----------------------------------------------------------------------------------------------------


@given(SEEDS)
def test_the_two_stage_form_gives_back_any_reward_whose_mean_under_any_reference_is_known(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2, invalid=True)
    shape = (model.n_states, model.n_actions)
    valid = model.valid_actions
    draw = lambda: np.where(valid, rng.uniform(0.1, 1.0, shape), 0.0)  # noqa: E731
    policy, reference = (p / p.sum(axis=1, keepdims=True) for p in (draw(), draw()))
    values = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
    onward = model.discount * (model.transitions @ values).reshape(shape)
    truth = np.where(model.live.reshape(shape), log_ratio(model, policy) + values[:, None] - onward, 0.0)
    found = reward_of_mean(model, policy, reference, (reference * truth).sum(axis=1))
    assert np.abs(found - truth).max() < 1e-12


@settings(max_examples=25)
@given(SEEDS)
def test_planted_weights_come_back_in_stochastic_worlds(seed):
    rng = np.random.default_rng(seed)
    model, weights = random_model(rng, n_levels=2, invalid=True), rng.normal(size=4)
    estimate = EXACT.fit([soft_agent(model, weights)])
    assert np.allclose(estimate.vector, weights, atol=1e-6)
    assert estimate.identifiability.nullity == 0
    assert check_of(estimate, "log-policy explained").value == pytest.approx(1.0, abs=1e-9)
    assert np.allclose(EXACT.predict(estimate, model), soft_agent(model, weights).policy, atol=1e-6)


def test_a_planted_door_seeker_comes_back_in_red_door():
    where = load_task("red-door", levels=4).train
    assert where.model is not None
    names = where.model.feature_names
    truth = np.array([{"touch:door&red": 4.0, "touch:ball&blue": 1.0}.get(name, 0.0) for name in names])
    agent = soft_agent(where.model, truth)
    estimate = EXACT.fit([agent])
    seen = [i for i, name in enumerate(names) if estimate.status[name] == IDENTIFIED]
    assert names.index("touch:door&red") in seen
    assert np.allclose(EXACT.predict(estimate, where.model), agent.policy, atol=1e-5)


@pytest.mark.parametrize("form", ["successor", "order"])
def test_a_planted_seeker_comes_back_in_corridors_of_two_contexts(form):
    truth = np.array([2.0, 1.0, 0.5, 0.0])
    train = soft_agent(two_ends(("touch:door", "touch:red"), ("touch:ball",)), truth)
    shift = soft_agent(two_ends(("touch:door",), ("touch:ball", "touch:red")), truth, "shift")
    found = PolicyAIRL(form=form).fit([train, shift]).vector
    assert cosine(found, truth) > (1 - 1e-9 if form == "successor" else 0.9)


def test_shaping_the_true_reward_changes_nothing(rng):
    model, weights = random_model(rng, n_levels=2), rng.normal(size=4)
    potential = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
    shaping = model.discount * (model.transitions @ potential) - np.repeat(potential, model.n_actions)
    longer = np.column_stack([model.features.toarray(), shaping])
    shaped = replace(model, features=longer, feature_names=[*model.feature_names, "shaping"])
    agent = soft_agent(shaped, np.append(weights, 1.0))
    assert np.allclose(EXACT.fit([replace(agent, model=model)]).vector, weights, atol=1e-6)


def test_a_step_that_shaping_makes_redundant_is_held_at_0():
    estimate = EXACT.fit([soft_agent(corridor(), {"goal": 2.0, "step": -0.3})])
    assert estimate.weights["step"] == 0.0
    assert estimate.status["step"] == HELD


def test_a_greedy_policy_fails_the_cardinal_check_which_says_what_to_do(rng):
    model = random_model(rng, terminal=False)
    greedy = hard_plan(model, model.features @ rng.normal(size=4)).greedy
    estimate = EXACT.fit([behave(model, greedy)])
    check = check_of(estimate, "cardinal information")
    assert not check.passed
    assert "only the order" in check.message
    assert not check_of(estimate, "coverage of actions").passed
    assert np.isfinite(estimate.vector).all()


def test_a_policy_of_another_kind_is_explained_less_and_points_the_same_way(rng):
    model, weights = random_model(rng, n_states=20, n_levels=4), rng.normal(size=4)
    estimate = EXACT.fit([boltzmann_agent(model, 4 * weights, 0.1)])
    assert check_of(estimate, "log-policy explained").value < 0.9
    assert cosine(estimate.vector, weights) > 0.95
    assert (np.diag(estimate.covariance) > 0).all()


def test_a_network_over_one_hot_states_recovers_a_reward_of_states(rng):
    model = random_model(rng, n_states=8, terminal=False)
    by_state = rng.normal(size=model.n_states)
    reward = np.repeat(by_state, model.n_actions)[:, None]
    agent = soft_agent(replace(model, features=reward, feature_names=["truth"]), np.ones(1))
    estimate = PolicyAIRL(reward="network").fit([agent])
    assert estimate.network is not None
    assert estimate.weights == {}
    assert np.allclose(EXACT.predict(estimate, model), agent.policy, atol=0.02)


@settings(max_examples=15)
@given(SEEDS, st.floats(0.1, 10.0))
def test_weights_follow_their_features_when_these_are_reordered_and_rescaled(seed, factor):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    agent = behave(model, rng.dirichlet(np.ones(3), size=model.n_states))
    order = rng.permutation(4)
    names = [model.feature_names[i] for i in order]
    other = replace(model, features=factor * model.features.toarray()[:, order], feature_names=names)
    found, moved = EXACT.fit([agent]).vector, EXACT.fit([replace(agent, model=other)]).vector
    assert np.allclose(factor * moved, found[order], rtol=1e-6, atol=1e-8)


# --- regression -------------------------------------------------------------------------------------------------------


def noisy_choices(rng, places: int, noise: float):
    """y = x.w exactly, x seen twice with independent noise."""
    weights = np.array([1.0, -2.0, 0.5])
    x = rng.normal(size=(places, 4, 3))
    seen = [x + noise * rng.normal(size=x.shape) for _ in range(2)]
    about = {"target": x @ weights, "weight": np.ones((places, 4)), "cluster": np.arange(places) % 50}
    return weights, Choices(brought=seen[0], instrument=seen[1], **about)


def test_a_second_measurement_removes_the_bias_of_noise(rng):
    weights, choices = noisy_choices(rng, 20_000, 0.5)
    once = least_squares(replace(choices, instrument=choices.brought)).weights
    twice = least_squares(choices)
    assert np.allclose(once / weights, 0.8, atol=0.02)  # 1 / (1 + noise^2)
    assert np.allclose(twice.weights, weights, atol=4 * np.sqrt(np.diag(twice.covariance)).max())


def test_clustered_intervals_cover_the_truth(rng):
    inside = 0
    for _ in range(200):
        weights, choices = noisy_choices(rng, 200, 0.5)
        fitted = least_squares(choices)
        inside += np.sum(np.abs(fitted.weights - weights) < 1.96 * np.sqrt(np.diag(fitted.covariance)))
    assert 0.90 < inside / 600 < 0.99


def test_order_alone_gives_the_direction_whatever_is_done_to_sizes(rng):
    weights, choices = noisy_choices(rng, 500, 0.0)
    bent = replace(choices, target=np.sign(choices.target) * np.abs(choices.target) ** 3)
    assert cosine(order_fit(bent).weights, weights) > 0.999
    assert in_order(bent, weights) == 1.0
    assert explained(choices, weights) == pytest.approx(1.0)


def two_steps(places: int):
    """The joint form in a world of chance: how far reward and shaping are off, from one next state and from two."""
    rng = np.random.default_rng(3)
    model, weights = random_model(rng, n_states=6, terminal=False), np.array([1.0, -0.5, 0.3, 0.8])
    behavior = as_sampled(soft_agent(model, weights))
    seen = visit(behavior, count=places, episodes=100, noises=(0.0, 0.5), rng=rng)
    asked = ask(behavior, seen.places, count=0, rng=rng)
    layer = random_layer([seen.places.observations], 12, rng=rng)
    choices = joint_choices(behavior, seen, asked, lambda _places, step: step.features, layer, rng=rng)
    fits = (replace(choices, instrument=choices.brought), choices)
    return weights, [least_squares(c, ridge=np.append(np.zeros(4), np.full(12, 1e-9))) for c in fits]


def test_one_next_state_biases_the_joint_form_and_two_do_not():
    weights, (once, twice) = two_steps(4000)
    assert cosine(once.weights[:4], weights) < 0.98  # whatever the number of places: .976, .977, .974 from 1k, 4k, 16k
    assert cosine(twice.weights[:4], weights) > 0.995
    errors = [np.abs(f.weights - np.append(weights, f.weights[4:])) for f in (once, twice)]
    sigmas = [(e[:4] / np.sqrt(np.diag(f.covariance)[:4])).max() for e, f in zip(errors, (once, twice), strict=True)]
    assert sigmas[0] > 20  # certain of the wrong answer
    assert sigmas[1] < 4


# --- by sampling ------------------------------------------------------------------------------------------------------


def test_followed_choices_find_a_planted_seeker_without_its_model():
    truth = np.array([2.0, 0.5])
    agent = as_sampled(soft_agent(two_ends(("touch:door",), ("touch:ball",)), {"touch:door": 2.0, "touch:ball": 0.5}))
    estimate = PolicyAIRL(places=300, noises=(0.0, 0.5)).fit([agent])
    found = np.array([estimate.weights["touch:door"], estimate.weights["touch:ball"]])
    assert found[0] - found[1] == pytest.approx(truth[0] - truth[1], abs=0.3)
    assert estimate.status["step"] == HELD
    assert estimate.intervals["touch:door"].low < 2.0 < estimate.intervals["touch:door"].high


class Regulated(gymnasium.Env):
    """A number that is pushed about: x' = x + a."""

    observation_space = spaces.Box(-np.inf, np.inf, (1,), np.float64)
    action_space = spaces.Box(-50.0, 50.0, (1,), np.float64)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x = self.np_random.uniform(-3.0, 3.0, 1)
        return self.x.copy(), {}

    def step(self, action):
        self.x = self.x + np.asarray(action, np.float64).reshape(1)
        return self.x.copy(), 0.0, False, False, {}

    def get_state(self):
        return self.x.copy()

    def set_state(self, state):
        self.x = state.copy()
        return self.x.copy()


@dataclass(frozen=True)
class Regulator:
    """The soft-optimal policy of -q x^2 - r a^2: a Gaussian, by Riccati's equation."""

    q: float = 1.0
    r: float = 0.5
    discount: float = 0.9

    def policy(self) -> GaussianPolicy:
        p, k = self.q, 0.0
        for _ in range(500):
            k = self.discount * p / (self.r + self.discount * p)
            p = self.q + self.r * k**2 + self.discount * p * (1 - k) ** 2
        std = np.sqrt(0.5 / (self.r + self.discount * p))
        moments = lambda seen: Moments(mean=-k * np.asarray(seen, float), std=np.full((len(seen), 1), std))  # noqa: E731
        return GaussianPolicy(moments, np.array([-50.0]), np.array([50.0]))


def regulated(cost: float = 0.5, **options):
    where = Distribution("train", make_env=Regulated, shift="train", seeds=tuple(range(20)), time_limit=40, **options)
    return watch(Regulator(r=cost).policy(), where, episodes=1, rng=np.random.default_rng(0), discount=0.9)


LOW = np.array([-2.0])


def squares(obs, action, _next_obs):
    return np.stack([np.asarray(obs, float)[:, 0] ** 2, np.asarray(action, float).reshape(len(obs), -1)[:, 0] ** 2], 1)


@pytest.mark.parametrize("path", [1, 5])
def test_a_soft_optimal_regulator_gives_its_costs_back(path):
    behavior = regulated(features=squares, feature_names=("x2", "a2"))
    estimate = PolicyAIRL(form="successor", places=40, episodes=4, steps=80, path=path).fit([behavior])
    assert np.allclose(estimate.vector, [-1.0, -0.5], atol=1e-3)
    assert check_of(estimate, "log-policy explained").value == pytest.approx(1.0, abs=1e-6)


def test_paths_find_the_direction_without_any_density():
    behavior = regulated(features=squares, feature_names=("x2", "a2"))
    assert behavior.policy is not None
    assert behavior.simulator is not None
    behavior.simulator.actions = Actions(low=LOW, high=-LOW)  # random pushes of a size with the policy's own
    sure = DeterministicPolicy(lambda x: Regulator().policy().moments(x).mean / 2, LOW, -LOW)
    for source in (behavior.policy.source, sure):
        seen = replace(behavior, policy=PlacePolicy(source=source))
        estimate = PolicyAIRL(places=100, episodes=6, steps=40, path=3, noises=(0.0,)).fit([seen])
        assert estimate.weights["x2"] < 0
        assert check_of(estimate, "choices in order").value > 0.8


def test_without_features_the_reward_is_a_network_that_saves_and_loads(tmp_path):
    method = PolicyAIRL(form="successor", places=60, episodes=10, steps=30, path=5, width=16, noises=(0.0,))
    estimate = method.fit([regulated(cost=0.05)])  # a cost of pushing is no function of the state
    x = np.linspace(-2.5, 2.5, 41)[:, None]
    seen = Transitions(observations=x, actions=0 * x, next_observations=x, terminal=np.zeros(41, bool))
    assert np.corrcoef(estimate.evaluate(seen), -(x[:, 0] ** 2))[0, 1] > 0.9
    estimate.save(tmp_path / "found.npz")
    assert np.allclose(RewardEstimate.load(tmp_path / "found.npz").evaluate(seen), estimate.evaluate(seen))


class Leaning:
    """Pushes a cart towards where its pole leans, or a car the way it rolls, more often than not."""

    def __init__(self, column: int, n_actions: int) -> None:
        self.column, self.n_actions = column, n_actions

    def action_probabilities(self, observations):
        seen = np.asarray(observations, float)[:, self.column] > 0
        share = np.full((len(seen), self.n_actions), 0.1)
        share[np.arange(len(seen)), np.where(seen, self.n_actions - 1, 0)] += 1.0 - 0.1 * self.n_actions
        return share


@pytest.mark.parametrize(("world", "column", "n_actions"), [("cart-pole", 2, 2), ("mountain-car", 1, 3)])
def test_it_runs_on_classic_control(world, column, n_actions):
    where = load_task(f"birl_envs.classic:{world.replace('-', '_')}", levels=4).train
    behavior = watch(Leaning(column, n_actions), where, episodes=1, rng=np.random.default_rng(0))
    estimate = PolicyAIRL(places=16, episodes=2, steps=10, path=1).fit([behavior])
    assert np.isfinite(estimate.vector).all()
    assert {"cardinal information", "coverage of actions", "log-policy explained"} <= {c.name for c in estimate.checks}


def test_paths_of_numbered_actions_are_refused(rng):
    model = random_model(rng)
    with pytest.raises(BirlError, match="actions that are vectors"):
        PolicyAIRL(form="paths").fit([behave(model, model.uniform)])


@pytest.mark.parametrize("form", ["successor", "order", "joint"])
def test_the_same_generator_gives_the_same_estimate(form):
    agent = as_sampled(soft_agent(two_ends(("touch:door",), ("touch:ball",)), {"touch:door": 2.0}))
    method = PolicyAIRL(form=form, places=30, episodes=4, steps=10)
    assert np.array_equal(method.fit([agent]).vector, method.fit([agent], rng=np.random.default_rng(0)).vector)


# --- contract and refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["successor", "order"])
def test_it_keeps_the_contract(form):
    check_estimator(PolicyAIRL(form=form))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"form": "guess"}, "unknown form"),
        ({"reward": "table"}, "unknown reward"),
        ({"places": 1}, "places is 1"),
        ({"noises": ()}, "noises"),
        ({"noises": (1.5,)}, "noises"),
        ({"wide": 2.0}, "wide"),
        ({"path": 0}, "path is 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong, said):
    with pytest.raises(BirlError, match=said):
        PolicyAIRL(**wrong)


def test_episodes_alone_are_refused(rng):
    model = two_ends(("touch:door",), ("touch:ball",))
    episodes = sample_episodes(model, model.uniform, 5, horizon=20, rng=rng)
    with pytest.raises(BirlError, match="policy-airl needs policy"):
        EXACT.fit([from_trajectories(episodes, Distribution("train", model, shift="train"))])


def test_a_world_without_features_cannot_have_weights():
    with pytest.raises(BirlError, match="names no features"):
        PolicyAIRL(reward="features").fit([regulated()])


def test_actions_without_bounds_are_refused():
    behavior = regulated(features=squares, feature_names=("x2", "a2"))
    assert behavior.simulator is not None
    behavior.simulator.actions = replace(behavior.actions, high=np.array([np.inf]))
    with pytest.raises(BirlError, match="no bounds"):
        PolicyAIRL(places=4, episodes=2, noises=(0.0,)).fit([behavior])


def gaussian(mean: float = 0.0, std: float = 1.0) -> GaussianPolicy:
    moments = lambda seen: Moments(mean=np.full((len(seen), 1), mean), std=np.full((len(seen), 1), std))  # noqa: E731
    return GaussianPolicy(moments, LOW, -LOW)


@dataclass(frozen=True)
class Unsure:
    """Acts, but its density is no number."""

    inner: GaussianPolicy

    def act(self, observations, *, rng, deterministic=False):
        return self.inner.act(observations, rng=rng, deterministic=deterministic)

    def sample(self, observations, *, rng):
        return self.inner.sample(observations, rng=rng)

    def action_log_prob(self, observations, actions):
        return np.full(len(observations), np.nan)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (gaussian(mean=np.nan), "chose an action that is not finite"),
        (Unsure(gaussian()), "a density that is not finite: set form='paths'"),
    ],
)
def test_policies_that_are_not_finite_are_refused(source, said):
    behavior = regulated(features=squares, feature_names=("x2", "a2"))
    method = PolicyAIRL(form="successor", places=4, episodes=2, steps=5, path=2, noises=(0.0,))
    with pytest.raises(BirlError, match=said):
        method.fit([replace(behavior, policy=PlacePolicy(source=source))])


def test_a_network_needs_a_model_that_is_observed(rng):
    model = replace(random_model(rng), observe=None)
    with pytest.raises(BirlError, match="no `observe`"):
        PolicyAIRL(reward="network").fit([behave(model, model.uniform)])
