"""Policies read off on every state, episodes that follow the model, and no reward anywhere."""

from __future__ import annotations

from dataclasses import fields, replace

import gymnasium
import numpy as np
import pytest

from birl.behavior import Behavior, observe, rollouts
from birl.policy import TabularPolicy
from birl.tabular import PolicyChain
from birl.task import Distribution
from birl.trajectories import Trajectory, from_imitation, to_imitation
from birl.types import BirlError
from tests.behaviors import behave
from tests.worlds import corridor, gridworld, random_model, two_ends


def always(model, action):
    return np.tile(np.eye(model.n_actions)[action], (model.n_states, 1))


class Seer:
    """Goes right in cell 1 of the corridor, and flips a coin elsewhere; counts what it is asked."""

    def __init__(self):
        self.asked = 0

    def action_probabilities(self, observations):
        self.asked += len(observations)
        right = np.where(observations[:, 1] > 0, 1.0, 0.5)
        return np.stack([1 - right, right], axis=1).astype(np.float32)


def test_behaviour_has_no_place_for_a_reward():
    assert not {f.name for f in fields(Behavior)} & {"reward", "rewards", "base", "returns"}
    assert not {f.name for f in fields(Trajectory)} & {"reward", "rewards", "returns", "infos"}


def test_a_network_is_asked_once_about_every_state():
    seer = Seer()
    table = observe(seer, Distribution("train", corridor(), shift="train")).policy
    assert seer.asked == 5
    assert np.allclose(table[:4], [[0.5, 0.5], [0, 1], [0.5, 0.5], [0.5, 0.5]])
    assert np.allclose(table[4], 0.5)  # the end: whatever it said


def test_occupancy_is_discounted_and_empty_where_an_episode_is_over():
    behavior = behave(corridor(5), always(corridor(5), 1))
    assert np.allclose(behavior.occupancy, [1, 0.9, 0.81, 0.729, 0])


def test_where_nothing_is_discounted_visits_are_counted_up_to_the_horizon():
    model = replace(corridor(4), discount=1.0)
    behavior = behave(model, always(model, 0), time_limit=7)  # it never gets away from the wall
    assert behavior.occupancy.tolist() == [7, 0, 0, 0]
    assert behave(model, always(model, 1), time_limit=7).occupancy.tolist() == [1, 1, 1, 0]


def test_greedy_first_if_asked_and_never_an_action_that_is_not_valid(rng):
    model = random_model(rng, invalid=True)
    table = model.uniform * rng.random(model.uniform.shape)
    table /= table.sum(axis=1, keepdims=True)
    greedy = behave(model, table, deterministic=True)
    assert greedy.deterministic
    assert (greedy.policy.max(axis=1) == 1).all()
    assert (greedy.policy[~model.valid_actions] == 0).all()
    live = ~model.terminal
    assert np.array_equal(greedy.policy[live].argmax(axis=1), table[live].argmax(axis=1))


def test_outcomes_come_along_or_the_reason_why_not(rng):
    assert behave(corridor(), always(corridor(), 1)).outcomes.share.tolist() == [[1.0, 0.0]]
    assert "not events" in behave(random_model(rng, n_states=30), random_model(rng, n_states=30).uniform).outcomes


def test_the_horizon_and_the_place_in_the_task_come_from_the_distribution():
    behavior = behave(corridor(), corridor().uniform, "night", shift="cue", pair="day", time_limit=7)
    assert (behavior.distribution, behavior.shift, behavior.pair, behavior.horizon) == ("night", "cue", "day", 7)


def test_the_likelihood_of_a_decision_is_a_mean_over_each_level():
    model = two_ends(("touch:door",), ("touch:ball",))
    behavior = behave(model, always(model, 1))
    assert np.allclose(behavior.log_likelihood(np.tile([0.25, 0.75], (model.n_states, 1))), np.log(0.75))


def test_what_the_policy_never_does_does_not_count_in_a_likelihood():
    behavior = behave(corridor(), always(corridor(), 1))
    assert behavior.log_likelihood(always(corridor(), 1)).tolist() == [0.0]
    assert behavior.log_likelihood(always(corridor(), 0))[0] < -100


def test_feature_counts_of_a_straight_walk_are_a_geometric_sum():
    # four steps to the goal at discount .9: the goal counts .9^3, the steps 1 + .9 + .81 + .729
    assert np.allclose(behave(corridor(), always(corridor(), 1)).feature_counts, [0.729, 3.439])


def test_feature_counts_without_discount_are_those_of_the_horizon_where_nothing_ends(rng):
    model = random_model(rng, discount=1.0, terminal=False)
    model = replace(model, features=np.ones((model.n_states * model.n_actions, 4)))
    behavior = behave(model, model.uniform)
    assert np.allclose(behavior.feature_counts, behavior.horizon)
    assert np.allclose(behavior.walk_feature_counts, behavior.horizon)


def test_feature_counts_by_level_add_up_to_those_of_the_occupancy(rng):
    model = random_model(rng, n_levels=3)
    behavior = behave(model, rng.dirichlet(np.ones(3), size=model.n_states))
    total = behavior.occupancy @ PolicyChain(model, behavior.policy).features()
    assert np.allclose(behavior.level_feature_counts().sum(axis=0), total)
    assert behavior.level_feature_counts(model.uniform).shape == (3, 4)


# --- levels -----------------------------------------------------------------------------------------------------------


def test_some_levels_are_the_world_of_those_levels():
    model = two_ends(("touch:door",), ("touch:ball",))
    policy = np.random.default_rng(1).dirichlet(np.ones(2), size=model.n_states)
    some = behave(model, policy).restrict([3, 1])
    apart = behave(model.restrict([1, 3]), policy[model.states_of([1, 3])])
    assert np.allclose(some.policy, apart.policy)
    assert np.allclose(some.occupancy, apart.occupancy)
    assert np.allclose(some.outcomes.share, apart.outcomes.share)
    assert np.allclose(some.outcomes.distance, apart.outcomes.distance)
    assert some.model.n_levels == 2
    assert np.allclose(
        PolicyChain(some.model, some.policy).occupancy()[~some.model.terminal], some.occupancy[some.occupancy > 0]
    )


def test_the_first_levels_are_itself_where_there_are_no_more():
    behavior = behave(two_ends(("touch:door",), ("touch:ball",)), np.full((35, 2), 0.5))
    assert behavior.first_levels(5) is behavior
    assert behavior.first_levels(2).model.n_levels == 2


def test_level_weights_even_out_time_spent(rng):
    model = random_model(rng, n_levels=3)
    behavior = behave(model, model.uniform)
    evened = model.per_level(behavior.occupancy) * behavior.level_weights()
    assert np.allclose(evened, behavior.occupancy.sum() / 3)


def test_a_level_without_a_start_weighs_nothing(rng):
    model = random_model(rng, n_levels=2)
    start = np.where(model.level == 0, model.start, 0.0)
    behavior = behave(replace(model, start=start / start.sum()), model.uniform)
    assert behavior.level_weights().tolist() == [1.0, 0.0]


# --- rollouts ---------------------------------------------------------------------------------------------------------


def test_rollouts_end_as_often_as_the_exact_outcomes_say(rng):
    model = two_ends(("touch:door",), ("touch:ball",))
    policy = np.tile([0.4, 0.6], (model.n_states, 1))
    behavior = behave(model, policy, rng=rng, episodes=4000, time_limit=6)
    share = model.level_starts @ behavior.outcomes.share
    ends = np.array([t.states[-1] % 7 for t in behavior.trajectories])
    done = np.array([t.terminal for t in behavior.trajectories])
    found = [np.mean(done & (ends == 0)), np.mean(done & (ends == 6)), np.mean(~done)]
    spread = np.sqrt(share * (1 - share) / 4000)
    assert (np.abs(found - share) < 4 * spread).all()  # four standard errors


def test_rollouts_follow_the_transitions(rng):
    model = random_model(rng)
    paths = rollouts(TabularPolicy({"d": model.uniform}), Distribution("d", model), 500, rng=rng)
    counts = np.zeros((model.n_states * model.n_actions, model.n_states))
    for t in paths:
        np.add.at(counts, (t.states[:-1] * model.n_actions + t.actions, t.states[1:]), 1)
    total = counts.sum(axis=1, keepdims=True)
    exact = model.transitions.toarray()
    busy = total[:, 0] > 100
    spread = np.sqrt(np.maximum(exact * (1 - exact), 1e-3) / np.maximum(total, 1))
    assert busy.sum() > 5
    assert (np.abs(counts / np.maximum(total, 1) - exact) < 5 * spread)[busy].all()


def test_an_episode_has_one_observation_more_than_actions_and_stops_at_its_end(rng):
    (path,) = rollouts(TabularPolicy({"d": always(corridor(), 1)}), Distribution("d", corridor()), 1, rng=rng)
    assert path.terminal
    assert path.states.tolist() == [0, 1, 2, 3, 4]
    assert path.actions.tolist() == [1, 1, 1, 1]
    assert np.array_equal(path.observations, np.eye(5))
    (cut,) = rollouts(
        TabularPolicy({"d": always(corridor(), 0)}), Distribution("d", corridor(), time_limit=3), 1, rng=rng
    )
    assert not cut.terminal
    assert cut.states.tolist() == [0, 0, 0, 0]


def test_the_same_generator_gives_the_same_episodes():
    one, other = (behave(gridworld(), gridworld().uniform, rng=np.random.default_rng(5), episodes=3) for _ in range(2))
    for a, b in zip(one.trajectories, other.trajectories, strict=True):
        assert np.array_equal(a.states, b.states)


class Count(gymnasium.Env):
    """Counts up by the action and is over at 3."""

    observation_space = gymnasium.spaces.Box(0, 9, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count, self.seed_given = 0, seed
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.count += int(action)
        return np.array([self.count], np.float32), 1.0, self.count >= 3, False, {}


def test_without_a_model_episodes_are_played_in_the_environment(rng):
    world = Distribution("real", make_env=Count, seeds=(4, 5), time_limit=6)
    over, cut = (rollouts(lambda seen, a=a: a, world, 2, rng=rng) for a in (1, 0))
    assert [(t.terminal, len(t.actions)) for t in (*over, *cut)] == [(True, 3)] * 2 + [(False, 6)] * 2
    assert over[0].observations.ravel().tolist() == [0, 1, 2, 3]
    assert over[0].states is None


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
def test_episodes_survive_the_way_to_imitation_and_back(rng):
    pytest.importorskip("imitation")
    paths = rollouts(TabularPolicy({"d": corridor().uniform}), Distribution("d", corridor(), time_limit=9), 5, rng=rng)
    theirs = to_imitation(paths)
    assert {type(t).__module__ for t in theirs} == {"imitation.data.types"}
    for there, back in zip(paths, from_imitation(theirs), strict=True):
        assert np.array_equal(there.observations, back.observations)
        assert np.array_equal(there.actions, back.actions)
        assert there.terminal == back.terminal


# --- what cannot be observed ------------------------------------------------------------------------------------------


def test_rollouts_need_a_generator():
    with pytest.raises(BirlError, match="rollouts need a generator"):
        behave(corridor(), corridor().uniform, episodes=1)


def test_a_world_without_a_model_cannot_be_tabulated():
    with pytest.raises(BirlError, match="'real' has no exact model"):
        observe(lambda seen: 0, Distribution("real", make_env=Count))


def test_a_plain_callable_cannot_be_tabulated():
    with pytest.raises(BirlError, match="it can be rolled out, not tabulated"):
        observe(lambda seen: 0, Distribution("d", corridor()))


def test_a_model_that_shows_nothing_cannot_ask_a_network():
    with pytest.raises(BirlError, match="has no `observe`"):
        observe(Seer(), Distribution("d", replace(corridor(), observe=None)))


class Fixed:
    def __init__(self, row):
        self.row = row

    def action_probabilities(self, observations):
        return np.tile(self.row, (len(observations), 1))


@pytest.mark.parametrize(
    ("row", "pattern"),
    [
        ([0.5, 0.6], "sum to 1.1: each row must be a distribution"),
        ([np.nan, 1.0], "sum to nan"),
        ([-0.5, 1.5], "each row must be a distribution"),
        ([0.2, 0.3, 0.5], r"gives \(5, 3\), the model has \(5, 2\)"),
    ],
)
def test_a_policy_that_is_no_distribution_is_refused(row, pattern):
    with pytest.raises(BirlError, match=pattern):
        observe(Fixed(row), Distribution("d", corridor()))


def test_a_policy_that_takes_invalid_actions_is_refused():
    valid = np.ones((5, 2), bool)
    valid[2, 0] = False
    with pytest.raises(BirlError, match=r"puts 0\.5 on actions that are not valid"):
        observe(Fixed([0.5, 0.5]), Distribution("d", replace(corridor(), valid_actions=valid)))
