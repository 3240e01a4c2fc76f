"""Estimated distances against exact ones: the same world, asked through a simulator."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp
from birl_envs.exact import distribution
from birl_envs.red_door import WORLD, Maze, make_levels
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.distance import (
    DISTANCES,
    ESTIMATES,
    Branching,
    Draws,
    OneHot,
    StarcMin,
    StarcVal,
    cover,
    distances_from_gram,
    estimate,
    mixture,
    sampled_moments,
)
from birl.testing.worlds import observed
from birl.types import BirlError
from tests.rewards import dense, moves, shaping
from tests.worlds import ends_task, random_model

SEEDS = st.integers(0, 2**32 - 1)
TELLING = {
    "epic": "epic",
    "dard": "dard",
    "starc": StarcVal(potentials=OneHot()),
    "starc-min": StarcMin(potentials=OneHot()),
}
METRICS = tuple(TELLING)


def asked(table):
    """A reward R[s, a, s'] as a callable of one-hot observations."""
    return lambda obs, action, nxt: table[np.asarray(obs).argmax(1), np.asarray(action), np.asarray(nxt).argmax(1)]


def sampled(model, rng, states=1200, **how):
    how = {"ahead": 1} | how
    return cover(observed("w", model, model.uniform), states, source="uniform", branching=Branching(**how), rng=rng)


def certain(rng, n_states=6, n_actions=3, discount=0.9):
    """A world in which nothing is left to chance."""
    model = random_model(rng, n_states, n_actions, terminal=False, discount=discount)
    after = rng.integers(n_states, size=n_states * n_actions)
    chance = sp.csr_matrix((np.ones(after.size), (np.arange(after.size), after)), shape=(after.size, n_states))
    return replace(model, transitions=chance)


def redistribution(model, rng):
    """Values of [S, A, S'] whose expectation over next states is 0."""
    chance = dense(model)
    noise = rng.normal(size=chance.shape)
    return noise - (chance * noise).sum(axis=2, keepdims=True)


@pytest.fixture(scope="module")
def red_door():
    """Eight small mazes, half of them with blue doors."""
    maze = Maze(doors={"red": 0.5, "blue": 0.5}, size=6)
    model = distribution(WORLD, "red-door", make_levels(maze, 8), shift="train").model
    assert model is not None
    return model


@pytest.mark.parametrize("metric", METRICS)
def test_where_every_state_is_drawn_once_the_estimate_is_the_exact_distance(metric, red_door):
    sample = sampled(red_door, np.random.default_rng(0), int((~red_door.terminal).sum()))
    exact = float(DISTANCES[metric](red_door, WORLD.base, WORLD.candidates["red"]))
    found = estimate(TELLING[metric], sample, WORLD.base, WORLD.candidates["red"])
    assert found.value == pytest.approx(exact, abs=1e-9)
    assert exact > 0.05


@pytest.fixture(scope="module")
def agreement():
    """Whether the exact distance lies within the interval, in 20 worlds by metric."""
    within = {metric: [] for metric in METRICS}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        model = random_model(rng, terminal=seed % 2 == 0, invalid=seed % 3 == 0)
        a, b = rng.normal(size=(2, *dense(model).shape))
        sample = sampled(model, rng, 600)
        for metric in METRICS:
            found = estimate(TELLING[metric], sample, asked(a), asked(a + b)).interval
            assert found is not None
            within[metric].append(found.low <= float(DISTANCES[metric](model, a, a + b)) <= found.high)
    return within


@pytest.mark.parametrize("metric", METRICS)
def test_the_two_ways_agree_where_chance_has_a_say(metric, agreement):
    """At least 17 of 20 intervals: one that covers 95 % does so in 98 % of runs."""
    assert sum(agreement[metric]) >= 17


@pytest.mark.parametrize("metric", METRICS)
def test_the_two_ways_agree_where_nothing_is_left_to_chance(metric, rng):
    model = certain(rng)
    a, b = rng.normal(size=(2, *dense(model).shape))
    found = estimate(TELLING[metric], sampled(model, rng, 1200), asked(a), asked(a + b))
    assert found.repeats == 1
    exact = float(DISTANCES[metric](model, a, a + b))  # every state is drawn 200 times; EPIC's next states by chance
    assert found.value == pytest.approx(exact, abs=0.01 if metric == "epic" else 1e-9)


@pytest.mark.parametrize("metric", ["epic", "dard", "starc", "starc-min"])
def test_the_two_ways_agree_on_occupancy(metric, rng):
    model = random_model(rng, n_levels=40)
    behavior = observed("w", model, model.uniform)
    a, b = {"f0": 1.0, "f1": 0.5}, {"f0": 1.0, "f2": -1.0}
    weights = (behavior.occupancy[:, None] * model.uniform).ravel()
    exact = float(DISTANCES[metric](model, a, b, coverage=weights))
    found = estimate(
        TELLING[metric], cover(behavior, 1500, branching=Branching(ahead=1, episodes=300), rng=rng), a, b, rng=rng
    ).interval
    assert found is not None
    assert found.low <= exact <= found.high
    assert found.high - found.low < 0.12


def test_the_error_falls_with_the_root_of_the_sample():
    """Sixteen times the states, a quarter of the error: between a half and an eighth, over 16 worlds."""
    sizes, errors = (100, 1600), {100: [], 1600: []}
    for seed in range(16):
        rng = np.random.default_rng(seed)
        model = random_model(rng)
        a, b = rng.normal(size=(2, *dense(model).shape))
        exact = float(DISTANCES["starc"](model, a, a + b))
        for size in sizes:
            found = estimate(TELLING["starc"], sampled(model, rng, size, ahead=0), asked(a), asked(a + b))
            errors[size].append(float(found) - exact)
    small, large = (float(np.sqrt(np.mean(np.square(errors[size])))) for size in sizes)
    assert 2.0 < small / large < 8.0


@pytest.mark.parametrize("metric", ["starc", "starc-min"])
def test_noise_does_not_drive_equal_rewards_apart(metric):
    """Rewards that differ in which next state pays, not in what an action pays: uncorrected, .12 to .3 whatever n."""
    lows, values = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        model = random_model(rng, terminal=False)
        base = np.repeat(rng.normal(size=(6, 3, 1)), 6, axis=2)
        same = base + redistribution(model, rng)
        found = estimate(TELLING[metric], sampled(model, rng, 800, ahead=0), asked(base), asked(same))
        assert found.interval is not None
        lows.append(found.interval.low)
        values.append(float(found))
    assert np.mean(values) < 0.05
    assert sum(low < 1e-6 for low in lows) >= 9


@settings(max_examples=10)
@given(SEEDS, st.sampled_from(METRICS), st.booleans())
def test_equal_rewards_are_at_0_and_opposite_ones_at_1(seed, metric, chance):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True) if chance else certain(rng)
    sample = sampled(model, rng, 200, repeats=2)
    reward = np.repeat(rng.normal(size=(6, 3, 1)), 6, axis=2)
    again = estimate(TELLING[metric], sample, asked(reward), asked(3 * reward))
    assert float(again) == pytest.approx(0, abs=1e-6)
    against = estimate(TELLING[metric], sample, asked(reward), asked(-reward))
    assert float(against) == pytest.approx(1, abs=1e-9)
    assert against.interval is not None
    assert against.interval.low == pytest.approx(1, abs=1e-6)


@settings(max_examples=10)
@given(SEEDS, st.sampled_from(METRICS), st.sampled_from([0.5, 0.9, 0.99]))
def test_shaping_and_scale_change_nothing_however_few_the_samples(seed, metric, discount):
    """Where episodes end DARD keeps some shaping, as the exact one does."""
    rng = np.random.default_rng(seed)
    model = random_model(rng, terminal=metric != "dard", discount=discount)
    reward = np.repeat(rng.normal(size=(6, 3, 1)), 6, axis=2)
    potential = np.where(model.terminal, 0.0, rng.normal(size=6))
    same = 5.0 * (reward + shaping(potential, 3, discount=discount))
    sample = sampled(model, rng, 100, repeats=2)
    other = np.repeat(rng.normal(size=(6, 3, 1)), 6, axis=2)
    assert float(estimate(TELLING[metric], sample, asked(reward), asked(same))) == pytest.approx(0, abs=1e-5)
    apart = [estimate(TELLING[metric], sample, asked(r), asked(other)) for r in (reward, same)]
    assert float(apart[0]) == pytest.approx(float(apart[1]), abs=1e-6)


def test_all_draws_at_once_are_as_one_at_a_time(rng):
    model = random_model(rng)
    sample = sampled(model, rng, 300)
    names = model.feature_names
    for metric in METRICS:
        moments = sampled_moments(TELLING[metric], sample, {name: {name: 1.0} for name in names})
        a, b = rng.normal(size=(2, 3, len(names)))
        together = distances_from_gram(moments, a, b).values
        alone = [
            float(estimate(TELLING[metric], sample, dict(zip(names, x, strict=True)), dict(zip(names, y, strict=True))))
            for x, y in zip(a, b, strict=True)
        ]
        assert together == pytest.approx(alone, abs=1e-7)


def test_posterior_draws_widen_the_interval(rng):
    model = random_model(rng)
    sample = sampled(model, rng, 300)
    a, b = {"f0": 1.0}, {"f1": 1.0, "f0": 1.0}
    drawn = np.array([1.0, 0, 0, 0]) + 0.5 * rng.normal(size=(50, 4))
    sure, unsure = estimate("starc", sample, a, b), estimate("starc", sample, a, b, draws=Draws(a=drawn))
    assert sure.interval is not None
    assert unsure.interval is not None
    assert unsure.value == pytest.approx(float(sure), abs=1e-9)
    assert unsure.interval.high - unsure.interval.low > 2 * (sure.interval.high - sure.interval.low)


@dataclass(frozen=True)
class Estimated:
    """A recovered reward, as far as distances know one."""

    weights: dict
    draws: np.ndarray


def test_a_rewards_own_draws_are_taken_in_the_order_of_its_weights(rng):
    model = random_model(rng)
    sample = sampled(model, rng, 300)
    drawn = rng.normal([5.0, 1.0], size=(30, 2))
    recovered = Estimated({"f2": 5.0, "f0": 1.0}, drawn)
    padded = np.zeros((30, 4))
    padded[:, 2], padded[:, 0] = drawn.T
    own = estimate("starc-min", sample, recovered, {"f1": 1.0})  # type: ignore[arg-type]
    given_ = estimate("starc-min", sample, recovered.weights, {"f1": 1.0}, draws=Draws(a=padded))
    assert own.interval == given_.interval
    assert own.value == given_.value


def test_something_that_evaluates_steps_is_a_reward(rng):
    model = random_model(rng)
    sample = sampled(model, rng, 300)

    class Network:
        def evaluate(self, seen):
            return np.asarray(seen.features)[:, 0]

    assert float(estimate("starc", sample, Network(), {"f0": 1.0})) == pytest.approx(0, abs=1e-6)
    assert float(estimate("starc-min", sample, Network(), {"f0": -2.0})) == pytest.approx(1, abs=1e-6)


def test_each_distribution_by_itself_shows_what_the_pool_hides(rng):
    task = ends_task()
    sample = {}
    for where in (task.train, task.shifts[0]):
        assert where.model is not None
        sample[where.name] = cover(observed(where.name, where.model, where.model.uniform), 200, rng=rng)
    base, red = task.base, task.candidates["red"]
    metric = StarcVal(potentials=OneHot())
    train, shift = (estimate(metric, sample[name], base, red) for name in ("train", "blue-door"))
    pooled = estimate(metric, mixture(list(sample.values()), [9, 1]), base, red)
    assert float(train) == pytest.approx(0, abs=1e-6)
    assert float(train) < float(pooled) < float(shift)
    assert pooled.coverage == "90% occupancy in train and 10% occupancy in blue-door"


def test_a_distance_says_what_it_rests_on(rng):
    model = random_model(rng, n_levels=9)
    found = estimate(TELLING["starc-min"], sampled(model, rng, 300), {"f0": 1.0}, {"f1": 1.0})
    assert found.potentials == "any potential"
    assert (found.metric, found.coverage, found.norm, found.policy) == ("starc-min", "feasible in w", "L2", "none")
    assert (found.states, found.clusters, found.unit, found.repeats) == (300, 9, "levels", 3)
    assert found.discount == 0.9
    assert set(found.preference) == {"a", "b"}
    assert all(0 < size <= 1.2 for size in found.preference.values())
    assert estimate("starc", sampled(model, rng, 300), {"f0": 1.0}, {"f1": 1.0}).policy == "uniform"
    assert set(ESTIMATES) <= set(DISTANCES)


def test_features_no_step_has_are_named(rng):
    model = random_model(rng)
    rare = replace(model, features=np.where(np.arange(4) == 2, 0.0, model.features.toarray()))
    found = estimate("starc", sampled(rare, rng, 100), {"f0": 1.0}, {"f0": 1.0, "f2": 3.0})
    assert found.unseen == ("f2",)
    assert float(found) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_rewards_without_preference_have_no_distance(metric, rng):
    model = random_model(rng, terminal=False)
    sample = sampled(model, rng, 200)
    constant = estimate(TELLING[metric], sample, lambda o, a, n: np.full(len(a), 2.0), {"f0": 1.0})
    assert constant.value is None
    assert constant.interval is None
    assert constant.reason == "a expresses no preference on feasible in w coverage: every policy is alike"
    shaped = asked(shaping(rng.normal(size=6), 3, discount=0.9))
    assert estimate(TELLING[metric], sample, {"f0": 1.0}, shaped).reason.startswith("b expresses no preference")
    assert estimate(TELLING[metric], sample, {}, {"f0": 0.0}).reason.startswith("a and b express no preference")


def test_a_preference_that_drowns_in_noise_is_said_to(rng):
    model = random_model(rng, terminal=False)
    spread = redistribution(model, rng)
    weak = estimate(TELLING["starc"], sampled(model, rng, 200), asked(spread), {"f0": 1.0})
    assert weak.value is None
    assert "a expresses no preference" in weak.reason or "the preference of a on" in weak.reason


def test_what_can_never_be_compared_is_refused_in_one_line(rng):
    model = random_model(rng)
    sample, f0 = sampled(model, rng, 50), {"f0": 1.0}
    shallow = sampled(model, rng, 50, ahead=0)
    cases = {
        r"unknown estimated distance 'stark': did you mean starc": ("stark", sample, f0, f0),
        r"regret is about policies that optimise both rewards, .*: use regret_of_rollouts": ("regret", sample, f0, f0),
        r"worst-case-regret is about policies": ("worst-case-regret", sample, f0, f0),
        r"epic needs what can be done next: draw the sample with Branching\(ahead=4\)": ("epic", shallow, f0, f0),
        r"dard needs what can be done next": ("dard", shallow, f0, f0),
        r"unknown feature of reward b 'g0': there are f0, f1, f2, f3": ("starc", sample, f0, {"g0": 1.0}),
        r"reward a: a weight is not finite": ("starc", sample, {"f0": np.nan}, f0),
        r"reward b: a value is not finite": ("starc", sample, f0, lambda o, a, n: np.full(len(a), np.inf)),
        r"reward b: shape \(1,\) for \d+ steps: give one number for each": (
            "starc",
            sample,
            f0,
            lambda o, a, n: np.zeros(1),
        ),
        r"reward a: a ndarray has no value on steps: give weights by feature": ("starc", sample, np.zeros(18), f0),
    }
    for message, given_ in cases.items():
        with pytest.raises(BirlError, match=message) as raised:
            estimate(*given_)
        assert "\n" not in str(raised.value)


def test_draws_that_do_not_fit_are_refused(rng):
    sample, f0 = sampled(random_model(rng), rng, 50), {"f0": 1.0}
    with pytest.raises(BirlError, match=r"draws of a: shape \(5, 3\) or not finite: give finite weights \[D, 4\]"):
        estimate("starc", sample, f0, f0, draws=Draws(a=np.zeros((5, 3))))
    with pytest.raises(BirlError, match="draws: 5 of a and 6 of b: give as many of each"):
        estimate("starc", sample, f0, f0, draws=Draws(a=np.ones((5, 4)), b=np.ones((6, 4))))
    with pytest.raises(BirlError, match="draws of b: the reward is no sum of features"):
        estimate("starc", sample, f0, lambda o, a, n: np.ones(len(a)), draws=Draws(b=np.ones((6, 4))))


def test_epic_asks_about_what_cannot_happen(rng):
    """On a ring where rewards agree wherever nothing leads, but not where something does; as exactly."""
    model = moves(np.array([[1, 2], [2, 0], [0, 1]]), discount=0.9)
    model = replace(model, observe=lambda ids: np.eye(3)[ids])
    here = dense(model)
    a = rng.normal(size=here.shape)
    b = np.where(here > 0, -a, a)
    found = estimate("epic", sampled(model, rng, 3000, ahead=0), asked(a), asked(b))
    assert float(found) == pytest.approx(float(DISTANCES["epic"](model, a, b)), abs=0.03)
