"""Noise ranks a planted reward right, does not take living for wanting, and says when there was nothing to rank."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import birl
from birl.irl.action_features import depends_on_action
from birl.irl.base import HELD
from birl.irl.noise_ranked import NoiseRanked
from birl.irl.pairwise import accuracy, bradley_terry, information
from birl.irl.ranking import rank_correlation
from birl.irl.segments import cut, pairs
from birl.sampled import as_sampled, walk, watch
from birl.stats import percentile_interval
from birl.tabular import TabularModel, hard_plan, reward_vector
from birl.testing import check_estimator
from birl.types import BirlError
from tests.behaviors import behave, slope
from tests.worlds import deterministic_model, random_model

QUICK = NoiseRanked(episodes=16, pairs=1500)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Of the angle between two vectors."""
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def check(estimate, name: str):
    """The one check of that name."""
    (found,) = [c for c in estimate.checks if c.name == name]
    return found


def ring(size: int = 12) -> TabularModel:
    """A ring that never ends; moves: back, stay, on. Features: `home` in cell 0, `far` opposite, `floor` everywhere."""
    cell = np.arange(size)
    after = np.stack([cell - 1, cell, cell + 1], axis=1) % size
    features = np.stack([after == 0, after == size // 2, np.ones_like(after)], axis=2).astype(float)
    return deterministic_model(
        after,
        features,
        start=np.full(size, 1 / size),
        terminal=np.zeros(size, bool),
        names=("home", "far", "floor"),
    )


def ridge(names: tuple[str, ...], size: int = 12) -> TabularModel:
    """A ring along a ridge; moves: back, stay, on, and off, which ends it. Grass grows in every other cell.

    Whoever goes round and round lives among grass and stones alike; noise makes it fall.
    """
    cell = np.arange(size)
    around = np.stack([cell - 1, cell, cell + 1], axis=1) % size
    after = np.concatenate([np.column_stack([around, np.full(size, size)]), np.full((1, 4), size)])
    kinds = {"grass": (after < size) & (after % 2 == 0), "on": np.arange(4) == np.full((size + 1, 1), 2)}
    kinds["step"] = np.ones_like(after)
    return deterministic_model(
        after,
        np.stack([kinds[name] for name in names], axis=2).astype(float),
        start=np.append(np.full(size, 1 / size), 0),
        terminal=np.arange(size + 1) == size,
        names=names,
    )


def rounds(*names: str):
    """The agent that always goes on."""
    return behave(ridge(names), np.tile(np.eye(4)[2], (13, 1)), time_limit=40)


def wanting(model: TabularModel, reward: dict[str, float], **options):
    """A policy optimal for a reward, ties split."""
    return behave(model, hard_plan(model, reward_vector(model, reward)).policy, **options)


def ranks_episodes(estimate, behavior, truth: np.ndarray, rng: np.random.Generator):
    """Spearman of recovered and true returns over episodes at all noise levels, with a bootstrap interval."""
    seen, found, known = as_sampled(behavior), [], []
    for eps in (0.0, 0.1, 0.3, 0.6, 1.0):
        steps = walk(seen, 20, rng=rng, noise=eps, horizon=20)
        for values, weights in ((found, estimate.vector), (known, truth)):
            values.append(np.bincount(steps.episode, weights=steps.features @ weights, minlength=20))
    a, b = np.concatenate(found), np.concatenate(known)
    picks = rng.integers(a.size, size=(200, a.size))
    return percentile_interval(rank_correlation(a, b), np.array([rank_correlation(a[p], b[p]) for p in picks]))


def test_a_planted_reward_is_ranked_right_on_a_ring(rng):
    behavior = wanting(ring(), {"home": 1.0}, time_limit=40)
    estimate = NoiseRanked().fit([behavior], rng=rng)
    assert estimate.status["floor"] == HELD
    assert estimate.intervals["home"].low > 0
    assert estimate.weights["home"] > 2 * abs(estimate.weights["far"])
    assert all(c.passed for c in estimate.checks)
    agree = ranks_episodes(estimate, behavior, np.array([1.0, 0.0, 0.0]), rng)
    assert agree.low > 0.9


def test_the_direction_of_planted_rewards_comes_back_on_random_worlds():
    # only what noise disturbs is seen, so single worlds fare from .7 to .97 (measured over ten: median .89)
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        model, weights = random_model(rng, n_states=12, terminal=False), rng.normal(size=4)
        behavior = behave(model, hard_plan(model, model.features @ weights).policy)
        found.append(cosine(NoiseRanked().fit([behavior], rng=rng).vector, weights))
    assert np.median(found) > 0.8
    assert min(found) > 0.5


def test_what_is_merely_lived_among_is_not_taken_for_wanted():
    # noise makes the agent fall, so there is less grass under noise; it never cared for grass
    naive = NoiseRanked(survival=False).fit([rounds("grass")], rng=np.random.default_rng(1))
    controlled = NoiseRanked().fit([rounds("grass", "step")], rng=np.random.default_rng(1))
    assert naive.intervals["grass"].low > 0  # the trap
    assert controlled.intervals["grass"].low < 0 < controlled.intervals["grass"].high
    assert controlled.status["step"] == HELD
    assert controlled.nuisance["survival"] > 0
    assert not check(controlled, "survival control").passed
    assert "beyond living longer" in check(controlled, "survival control").message


def test_what_is_wanted_is_found_beside_survival():
    estimate = NoiseRanked().fit([rounds("grass", "on", "step")], rng=np.random.default_rng(1))
    assert estimate.intervals["on"].low > 0.5
    assert estimate.intervals["grass"].low < 0 < estimate.intervals["grass"].high
    assert check(estimate, "survival control").passed


def test_a_network_finds_nothing_but_survival_there_either():
    seen = replace(as_sampled(rounds("grass")), feature_names=())
    estimate = NoiseRanked(steps=60, episodes=20).fit([seen], rng=np.random.default_rng(1))
    assert estimate.nuisance["survival"] > 0
    assert not check(estimate, "survival control").passed


def test_what_the_action_itself_changes_is_held(rng):
    # in a corner two moves go nowhere alike; one of them makes noise (`shout`), which the agent neither wants nor not
    model = ring()
    stay = np.stack([np.arange(12)] * 2 + [(np.arange(12) + 1) % 12], axis=1)
    features = np.stack([stay == 0, np.arange(3) == np.ones((12, 1))], axis=2).astype(float)
    shouting = deterministic_model(
        stay, features, start=model.start, terminal=model.terminal, names=("home", "shout"), discount=0.9
    )
    behavior = wanting(shouting, {"home": 1.0, "shout": -0.01}, time_limit=40)
    estimate = NoiseRanked().fit([behavior], rng=rng)
    assert estimate.status == {"home": "identified", "shout": HELD}
    assert estimate.weights["shout"] == 0 < estimate.intervals["home"].low
    assert "shout held at 0" in check(estimate, "state features").message


def test_torque_is_known_to_be_an_action():
    pendulum = replace(birl.load_task("pendulum", levels=2).train, time_limit=5)
    seen = watch(lambda seen: np.zeros(1, np.float32), pendulum, episodes=1, rng=np.random.default_rng(0))
    found = depends_on_action(seen, np.random.default_rng(0))
    assert dict(zip(seen.feature_names, found, strict=True)) == {
        "cheaply-upright": True,
        "upright": False,
        "idle": True,
    }


def test_where_noise_does_no_harm_the_checks_say_so(rng):
    model = random_model(rng)
    estimate = NoiseRanked().fit([behave(model, model.uniform)], rng=rng)
    for name in ("ranking", "survival control", "degradation"):
        assert not check(estimate, name).passed
    assert "does not degrade" in check(estimate, "degradation").message


def test_distributions_are_ranked_apart_and_fitted_together(rng):
    behaviors = [
        wanting(ring(size), {"home": 1.0}, name=name, time_limit=40) for size, name in ((12, "train"), (8, "b"))
    ]
    estimate = QUICK.fit(behaviors, rng=rng)
    assert estimate.distributions == ("train", "b")
    assert estimate.intervals["home"].low > 0
    with pytest.raises(BirlError, match="seen in different shapes"):
        replace(QUICK, form="network").fit(behaviors, rng=rng)
    windows = cut([as_sampled(b) for b in behaviors], (0.0, 1.0), episodes=5, length=10, each=2, rng=rng)
    ranked = pairs(windows, 50, rng)
    assert (windows.side[ranked[:, 0]] == windows.side[ranked[:, 1]]).all()
    assert (windows.noise[ranked[:, 0]] < windows.noise[ranked[:, 1]]).all()


def test_without_features_a_network_of_what_is_seen_ranks_as_well(rng):
    behavior = wanting(ring(), {"home": 1.0}, time_limit=40)
    seen = replace(as_sampled(behavior), feature_names=())
    estimate = NoiseRanked(steps=200, episodes=20).fit([seen], rng=rng)
    assert estimate.network is not None
    assert estimate.network.inputs == ("next_observation",)
    assert check(estimate, "ranking").passed
    values = np.array([estimate.on(ring())[ring().transitions.indices == cell].mean() for cell in range(12)])
    assert values.argmax() == 0


def test_windows_are_as_long_as_each_other_and_say_how_much_was_lived(rng):
    windows = cut([as_sampled(rounds("grass", "step"))], (0.2,), episodes=50, length=10, each=3, rng=rng)
    assert len(windows.alive) == 150
    assert np.allclose(windows.sums[:, 1], 10 * windows.alive)  # the step counts lived steps
    assert np.array_equal(windows.steps, np.rint(10 * windows.alive))
    row, owner = windows.rows()
    grass = np.bincount(owner, weights=windows.seen[row][:, :12:2].sum(axis=1), minlength=150)
    assert np.allclose(grass, windows.sums[:, 0])  # features and rows are of the same steps
    assert (windows.alive < 1).any()
    assert (windows.alive == 1).any()


def test_matched_pairs_live_equally_long_and_end_alike(rng):
    windows = cut([as_sampled(rounds("grass"))], (0.0, 0.2, 0.5), episodes=40, length=10, each=3, rng=rng)
    ranked = pairs(windows, 400, rng, matched=True)
    assert len(ranked) == 400
    for what in (windows.steps, windows.ended, windows.side):
        assert np.array_equal(what[ranked[:, 0]], what[ranked[:, 1]])
    assert (windows.noise[ranked[:, 0]] < windows.noise[ranked[:, 1]]).all()
    assert windows.ended[ranked].any()
    assert (windows.steps < 10)[windows.ended].any()
    assert windows.ended[windows.steps < 10].all()


def test_bradley_terrys_weights_are_its_maximum(rng):
    ahead, weight, w = rng.normal(size=(60, 3)), rng.integers(0, 3, size=60).astype(float), rng.normal(size=3)

    def value(at: np.ndarray) -> float:
        return float(-(weight / weight.sum()) @ np.logaddexp(0, -ahead @ at) - 0.05 * at @ at)

    found = bradley_terry(ahead, weight, decay=0.1)
    assert np.abs(slope(value, found)).max() < 1e-9
    even = np.ones(60)
    gradient = lambda at: ahead.T @ (even / 60 / (1 + np.exp(ahead @ at)))  # noqa: E731
    assert np.allclose(information(ahead, w), -slope(gradient, w), atol=1e-8)


def test_one_pair_has_the_answer_of_a_logistic_with_ridge():
    # d/dw [ln sigmoid(w) - .25 w^2 / 2] = 0 at 1 - sigmoid(w) = .25 w
    w = bradley_terry(np.ones((1, 1)), np.ones(1), decay=0.25)[0]
    assert np.isclose(1 / (1 + np.exp(w)), 0.25 * w)


def test_ties_are_half_right_and_rank_correlations_take_mean_ranks():
    assert accuracy(np.array([1.0, 0.0, -1.0, 2.0]), np.ones(4)) == 2.5 / 4
    assert rank_correlation([1, 2, 2, 4], [10, 20, 20, 40]) == pytest.approx(1.0)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
    assert rank_correlation([1, 2, 3], [5, 5, 5]) is None


@settings(max_examples=3)
@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_order_and_units_of_features_do_not_matter(seed, factor):
    rng = np.random.default_rng(seed)
    model, order = random_model(rng), rng.permutation(4)
    other = model.with_features([f"f{i}" for i in order], factor * np.eye(4)[:, order])
    policy = hard_plan(model, model.features @ rng.normal(size=4)).policy
    first, second = (QUICK.fit([behave(m, policy)], rng=np.random.default_rng(2)) for m in (model, other))
    assert np.allclose(first.vector[order], factor * second.vector, atol=1e-6)
    assert np.allclose(first.covariance[np.ix_(order, order)], factor**2 * second.covariance, atol=1e-6)


def test_the_contract_holds():
    # windows are drawn anew when states are renamed: sampling is all that moves weights, by up to their own size
    check_estimator(NoiseRanked(episodes=60, pairs=2000), tolerance=1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "poem"}, "form 'poem'"),
        ({"noise": (0.5,)}, "two rising shares"),
        ({"noise": (0.5, 0.1)}, "two rising shares"),
        ({"noise": (0.0, 1.5)}, "two rising shares"),
        ({"episodes": 3}, "episodes from 4"),
        ({"decay": 0.0}, "decay above 0"),
        ({"length": 0}, "from 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options, message):
    with pytest.raises(BirlError, match=message):
        NoiseRanked(**options)


def test_features_of_a_world_that_names_none_are_refused(rng):
    seen = replace(as_sampled(wanting(ring(), {"home": 1.0})), feature_names=())
    with pytest.raises(BirlError, match="noise-ranked: distribution 'train' names no features"):
        NoiseRanked(form="features").fit([seen], rng=rng)


def test_windows_that_cannot_be_matched_are_an_error(rng):
    behavior = rounds("grass")
    with pytest.raises(BirlError, match="no two windows of different noise live equally long"):
        NoiseRanked(noise=(0.0, 1.0), episodes=4, each=1, length=40, pairs=50).fit([behavior], rng=rng)
