from dataclasses import replace
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from birl.distance import Branching, cover, mixture
from birl.distance.samples import taken
from birl.sampled import as_sampled, watch
from birl.task import Distribution
from birl.testing.worlds import observed
from birl.types import BirlError
from tests.worlds import corridor, ends_task, random_model


def random_behavior(rng, name="w", **how):
    model = random_model(rng, **how)
    return observed(name, model, model.uniform)


class Drift(gymnasium.Env):
    """A point pushed by one number, and by chance where there is noise."""

    action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
    observation_space = spaces.Box(-9.0, 9.0, (1,), np.float32)

    def __init__(self, noise=0.0):
        self.noise, self.x = noise, 0.0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x = float(self.np_random.uniform(-1, 1))
        return np.array([self.x], np.float32), {}

    def step(self, action):
        self.x = float(np.clip(self.x + action[0] + self.noise * self.np_random.normal(), -9, 9))
        return np.array([self.x], np.float32), 0.0, self.x < -8.5, False, {}


class Steady:
    def act(self, observations, *, rng, deterministic=False):
        return np.full((len(observations), 1), 0.25, np.float32)


def drifting(noise=0.0):
    where = Distribution(
        "drift",
        make_env=partial(Drift, noise),
        seeds=range(20),
        time_limit=15,
        features=lambda obs, action, nxt: np.asarray(nxt),
        feature_names=("x",),
    )
    return watch(Steady(), where, episodes=2, rng=np.random.default_rng(0), discount=0.9)


def test_uniform_states_are_those_of_exact_coverage(rng):
    behavior = random_behavior(rng, invalid=True)
    sample = cover(behavior, 4000, source="uniform", rng=rng)
    state, model = np.asarray(sample.here).argmax(axis=1), behavior.model
    visits = np.bincount(np.repeat(state, 3) * 3 + np.tile(np.arange(3), 4000), sample.pair_weights, minlength=18)
    assert visits == pytest.approx(model.live / model.live.sum(), abs=1e-3)
    assert sample.coverage == "feasible in w"
    assert (sample.unit, sample.clusters) == ("groups of states", 200)


def test_occupancy_is_discounted_as_returns_are(rng):
    behavior = random_behavior(rng, discount=0.7)
    sample = cover(behavior, 4000, branching=Branching(episodes=4000), rng=rng)
    share = np.bincount(np.asarray(sample.here).argmax(axis=1), minlength=6) / 4000
    expected = behavior.occupancy / behavior.occupancy.sum()
    assert share == pytest.approx(expected, abs=0.03)  # 4,000 episodes: a standard error of .8 %, dependent states
    assert (sample.coverage, sample.unit) == ("occupancy in w", "episodes")


def test_a_random_walk_does_not_follow_the_policy(rng):
    model = corridor(9)
    rightward = observed("w", model, np.tile([0.0, 1.0], (9, 1)))
    walked = cover(rightward, 500, source="random-walk", rng=rng)
    followed = cover(rightward, 500, rng=rng)
    assert walked.here.argmax(axis=1).mean() < 2 < followed.here.argmax(axis=1).mean()
    assert walked.coverage == "random walk in w"


def test_next_states_follow_the_dynamics(rng):
    behavior = random_behavior(rng, terminal=False)
    sample = cover(behavior, 3000, source="uniform", branching=Branching(repeats=4, ahead=1), rng=rng)
    ahead = sample.ahead
    chance = behavior.model.transitions.toarray()
    assert ahead is not None
    for seen in (sample.steps, ahead.here, ahead.there, ahead.beyond):
        row = seen.observations.argmax(axis=1) * 3 + seen.actions
        count = np.zeros((18, 6))
        np.add.at(count, (row, seen.next_observations.argmax(axis=1)), 1.0)
        assert count / count.sum(axis=1, keepdims=True) == pytest.approx(chance, abs=0.07)  # >= 600 steps a row
    assert sample.shape == (3000, 3, 4)
    tails = ahead.here.next_observations.argmax(axis=1)
    np.testing.assert_array_equal(tails, ahead.beyond.observations.argmax(axis=1))


def test_canonical_actions_start_where_the_tried_ones_led(rng):
    sample = cover(random_behavior(rng, invalid=True), 50, source="uniform", branching=Branching(ahead=1), rng=rng)
    assert sample.ahead is not None
    arrived = sample.first.next_observations
    each = len(sample.ahead.there) // len(arrived)
    np.testing.assert_array_equal(sample.ahead.there.observations, np.repeat(arrived, each, axis=0))
    over = sample.first.terminal.reshape(50, 3)
    sums = sample.ahead.there_weights.sum(axis=3)
    np.testing.assert_allclose(sums, np.where(over[:, :, None], 0.0, 1.0)[:, :, [0, 0]])


def test_levels_are_the_clusters_where_there_are_enough(rng):
    many = random_behavior(rng, n_levels=9)
    sample = cover(many, 300, source="uniform", rng=rng)
    assert (sample.unit, sample.clusters) == ("levels", 9)
    assert cover(many, 300, rng=rng).unit == "levels"
    assert cover(random_behavior(rng, n_levels=3), 300, rng=rng).unit == "episodes"


def test_one_next_state_is_enough_where_nothing_is_left_to_chance(rng):
    still, moved = (cover(drifting(noise), 50, rng=rng, branching=Branching(ahead=2)) for noise in (0.0, 0.3))
    assert (still.repeats, moved.repeats) == (1, 3)
    x = moved.steps.next_observations.reshape(50, 8, 3)
    assert x.std(axis=2).mean() == pytest.approx(0.3 * 0.72, rel=0.15)  # of three normal draws, about their mean
    assert cover(observed("c", corridor(5), corridor(5).uniform), 50, source="uniform", rng=rng).repeats == 1


def test_vectors_are_drawn_from_all_there_are_or_as_the_policy_does(rng):
    any_action = cover(drifting(), 100, rng=rng)
    as_policy = cover(drifting(), 100, branching=Branching(chosen="policy", actions=3), rng=rng)
    assert any_action.shape == (100, 8, 1)
    assert any_action.steps.actions.std() == pytest.approx(1 / np.sqrt(3), rel=0.1)
    np.testing.assert_array_equal(as_policy.steps.actions, np.float32(0.25))
    assert (any_action.walker, as_policy.walker) == ("uniform", "the policy covered")
    assert as_policy.coverage == "occupancy in drift, as the policy acts"


def test_numbered_actions_weigh_as_the_policy_takes_them(rng):
    model = corridor(6)
    behavior = observed("w", model, np.tile([0.25, 0.75], (6, 1)))
    sample = cover(behavior, 50, branching=Branching(chosen="policy"), rng=rng)
    np.testing.assert_allclose(sample.chosen, np.tile([0.25, 0.75], (50, 1)))
    np.testing.assert_allclose(sample.uniform, 0.5)


def test_the_same_generator_draws_the_same_sample():
    first, second = (cover(drifting(0.3), 40, rng=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.steps.next_observations, second.steps.next_observations)


def test_a_mixture_keeps_its_parts_apart(rng):
    task = ends_task()
    shift = task.shifts[0].model
    assert task.train.model is not None
    assert shift is not None
    how = Branching(ahead=1)
    parts = [
        cover(observed(name, model, model.uniform), 60, branching=how, rng=rng)
        for name, model in (("train", task.train.model), ("shift", shift))
    ]
    mixed = mixture(parts, [3.0, 1.0])
    assert mixed.coverage == "75% occupancy in train and 25% occupancy in shift"
    assert mixed.clusters == sum(p.clusters for p in parts)
    assert mixed.weights[:60].sum() == pytest.approx(0.75)
    assert mixed.pair_weights.sum() == pytest.approx(1.0)
    assert len(mixed.steps) == len(parts[0].steps) + len(parts[1].steps)
    assert mixed.ahead is not None
    assert len(mixed.ahead.there) == 2 * len(parts[0].ahead.there)  # type: ignore[union-attr]
    np.testing.assert_array_equal(mixed.pool[:2].max() < len(mixed.first), True)


def test_some_steps_can_be_taken(rng):
    sample = cover(drifting(), 10, rng=rng)
    some = taken(sample.steps, np.array([3, 3, 5]))
    np.testing.assert_array_equal(some.features, sample.steps.features[[3, 3, 5]])
    assert len(some) == 3


def test_what_cannot_be_drawn_is_refused(rng):
    behavior = random_behavior(rng)
    with pytest.raises(BirlError, match="unknown coverage source 'ocupancy': did you mean occupancy"):
        cover(behavior, source="ocupancy")  # type: ignore[arg-type]
    with pytest.raises(BirlError, match=r"coverage: 3 states are too few .* give at least 8"):
        cover(behavior, 3)
    with pytest.raises(BirlError, match="coverage: 4 episodes are too few for an interval"):
        cover(behavior, 100, branching=Branching(episodes=4))
    with pytest.raises(
        BirlError, match="coverage 'uniform': the states of 'drift' cannot be listed: use 'random-walk'"
    ):
        cover(drifting(), source="uniform")
    bare = as_sampled(behavior)
    with pytest.raises(BirlError, match="'w' has no simulator"):
        cover(replace(bare, simulator=None))
    with pytest.raises(BirlError, match="'w' has no policy: only its episodes"):
        cover(replace(bare, policy=None))
    with pytest.raises(BirlError, match="'w' has no policy: set chosen='any'"):
        cover(replace(bare, policy=None), source="uniform", branching=Branching(chosen="policy"))


@pytest.mark.parametrize("setting", [{"actions": 0}, {"repeats": 0}, {"ahead": -1}, {"episodes": 0}])
def test_counts_that_make_no_sense_are_refused(setting):
    with pytest.raises(BirlError, match=rf"branching: {next(iter(setting))} is -?\d: give at least"):
        Branching(**setting)
    with pytest.raises(BirlError, match="branching: chosen is 'best': use 'any' or 'policy'"):
        Branching(chosen="best")  # type: ignore[arg-type]


def test_samples_that_do_not_fit_are_not_mixed(rng):
    one, other = cover(random_behavior(rng), 20, rng=rng), cover(random_behavior(rng, discount=0.5), 20, rng=rng)
    with pytest.raises(BirlError, match="'occupancy in w' and 'occupancy in w' differ in actions, features, discount"):
        mixture([one, other])
    for shares in ([1.0], [0.0, 0.0], [-1.0, 2.0], [np.nan, 1.0]):
        with pytest.raises(BirlError, match=r"mixture: shares .* of 2 samples: give one weight"):
            mixture([one, one], shares)
    with pytest.raises(BirlError, match="of 0 samples"):
        mixture([])
