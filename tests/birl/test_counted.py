"""Behaviour counted from episodes: shares by hand, planted weights recovered, and episodes of other worlds refused."""

from dataclasses import replace

import numpy as np
import pytest

from birl.behavior import observe
from birl.counted import from_trajectories
from birl.irl import MaxCausalEntropy
from birl.irl.soft_likelihood import SoftLikelihood
from birl.policy import TabularPolicy
from birl.tabular import soft_plan
from birl.task import Distribution
from birl.trajectories import Trajectory, sample_episodes
from birl.types import BirlError
from tests.worlds import corridor, deterministic_model, ends_task, random_model

ROOM = Distribution("room", corridor(4), time_limit=8)


def episode(path, actions, *, terminal=False, **how):
    seen = np.eye(10, 4, dtype=np.float32)[path]  # as the corridor shows its cells
    known = {"observations": seen, "states": np.array(path)}
    return Trajectory(actions=np.array(actions), terminal=terminal, **(known | how))


TO_GOAL = episode([0, 1, 2, 3], [1, 1, 1], terminal=True)
BACK = episode([0, 1, 0], [1, 0])


# by hand


def test_visits_and_shares_are_counted():
    """Two episodes, 0.9 a step: 0 is visited at 0 and 0 (and at 2 it is only arrived at), 1 at 1 and 1, 2 at 2."""
    found = from_trajectories([TO_GOAL, BACK], ROOM)
    assert found.occupancy == pytest.approx([1.0, 0.9, 0.81 / 2, 0.0])
    assert found.policy == pytest.approx(np.array([[0, 1], [0.5, 0.5], [0, 1], [0.5, 0.5]]))
    assert not found.policy_known
    assert found.model.start.tolist() == [1, 0, 0, 0]


def test_a_state_that_was_never_met_weighs_nothing():
    found = from_trajectories([BACK], ROOM)
    assert found.policy[2].tolist() == [0.5, 0.5]
    assert found.occupancy[2] == 0


def test_states_are_traced_from_what_was_seen():
    blind = [replace(t, states=None) for t in (TO_GOAL, BACK)]
    found, known = from_trajectories(blind, ROOM), from_trajectories([TO_GOAL, BACK], ROOM)
    assert np.array_equal(found.policy, known.policy)
    assert [t.states.tolist() for t in found.trajectories] == [[0, 1, 2, 3], [0, 1, 0]]


def test_of_states_that_look_alike_the_one_that_explains_the_end_is_taken():
    """0 and 1 look alike; only from 1 does an action lead to 2."""
    features, seen = np.ones((3, 1, 1)), np.array([[0.0], [0.0], [1.0]])
    model = deterministic_model(
        np.array([[0], [2], [2]]),
        features,
        start=np.array([0.5, 0.5, 0]),
        terminal=np.array([False, False, True]),
        names=("step",),
    )
    model = replace(model, observe=lambda ids: seen[ids])
    ends = Trajectory(observations=seen[[1, 2]], actions=np.array([0]), terminal=True)
    assert from_trajectories([ends], Distribution("alike", model)).occupancy.tolist() == [0, 1, 0]


def test_only_levels_that_were_met_are_kept(rng):
    model = random_model(rng, n_states=4, n_levels=5)
    seen = sample_episodes(model, model.uniform, 40, horizon=10, rng=rng)
    few = [t for t in seen if model.level[t.states[0]] in (1, 3) and len(t.actions)]
    found = from_trajectories(few, Distribution("few", model))
    assert found.model.n_levels == 2
    assert found.model.n_states == 8


def test_many_episodes_come_close_to_the_policy(rng):
    model = random_model(rng, n_states=5, terminal=False)
    table = rng.dirichlet(np.ones(3), size=5)
    exact = observe(TabularPolicy({"one": table}), Distribution("one", model, time_limit=60))
    seen = sample_episodes(model, table, 800, horizon=60, rng=rng)
    found = from_trajectories(seen, Distribution("one", model, time_limit=60))
    assert found.policy == pytest.approx(exact.policy, abs=0.06)  # each row from 2,000 choices or more
    assert found.occupancy == pytest.approx(exact.occupancy, abs=0.2)


def test_outcomes_are_counted():
    task = ends_task()
    train = task.train
    model = train.model
    seen = sample_episodes(model, model.uniform, 500, horizon=30, rng=np.random.default_rng(0))
    found = from_trajectories(seen, replace(train, time_limit=30))
    exact = observe(TabularPolicy({"train": model.uniform}), replace(train, time_limit=30))
    assert found.outcomes.share.sum(axis=1) == pytest.approx(1.0)
    assert found.outcomes.share == pytest.approx(exact.outcomes.share, abs=0.25)  # 100 episodes a level: 5 errors


# the likelihood


def planted(seed, n_levels=40, n_features=3):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=8, n_levels=n_levels, n_features=n_features)
    weights = 2 * rng.normal(size=n_features)
    return model, weights, soft_plan(model, model.features @ weights).policy


def counted(model, policy, episodes, seed=1):
    seen = sample_episodes(model, policy, episodes, horizon=60, rng=np.random.default_rng(seed))
    return from_trajectories(seen, Distribution("train", model, shift="train", time_limit=60))


@pytest.mark.parametrize("n_levels", [1, 12])
def test_the_value_is_how_much_likelier_the_actions_seen_are_than_under_the_random_walk(n_levels):
    model, weights, policy = planted(5, n_levels)
    behavior = counted(model, policy, 30)
    point = SoftLikelihood([behavior], equal_levels=False).at(0.7 * weights)
    log = np.log(soft_plan(behavior.model, behavior.model.features @ (0.7 * weights)).policy / behavior.model.uniform)
    total = sum((0.9 ** np.arange(len(t.actions)) * log[t.states[:-1], t.actions]).sum() for t in behavior.trajectories)
    assert point.value == pytest.approx(total / len(behavior.trajectories), abs=1e-9)


@pytest.mark.parametrize("equal_levels", [True, False])
def test_the_gradient_is_that_of_finite_differences(equal_levels):
    model, weights, policy = planted(6, 3)
    likelihood = SoftLikelihood([counted(model, policy, 30)], equal_levels=equal_levels, tolerance=1e-12)
    point, h = likelihood.at(0.5 * weights), 1e-5
    for i, step in enumerate(h * np.eye(3)):
        slope = (likelihood.at(0.5 * weights + step).value - likelihood.at(0.5 * weights - step).value) / (2 * h)
        assert point.gradient[i] == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("n_levels", [1, 12])
def test_the_parts_of_the_gradient_add_up(n_levels):
    model, weights, policy = planted(7, n_levels)
    behavior = counted(model, policy, 60)
    point = SoftLikelihood([behavior], equal_levels=True).at(0.5 * weights)
    parts = point.scores(0)
    assert len(parts) == (len(behavior.trajectories) if n_levels == 1 else n_levels)
    assert parts.sum(axis=0) == pytest.approx(point.gradient, abs=1e-9)


def test_two_thousand_episodes_recover_planted_weights_within_their_intervals():
    model, weights, policy = planted(3)
    found = MaxCausalEntropy(prior=0.0).fit([counted(model, policy, 2000)])
    for name, weight in zip(model.feature_names, weights, strict=True):
        interval = found.intervals[name]
        assert interval.low < weight < interval.high
        assert interval.high - interval.low < 0.25


def test_fewer_episodes_have_wider_intervals():
    model, _, policy = planted(3)
    widths = []
    for episodes in (20, 50, 200, 2000):
        found = MaxCausalEntropy(prior=0.0).fit([counted(model, policy, episodes)])
        widths.append(np.sqrt(np.diag(found.covariance)).mean())
    assert widths == sorted(widths, reverse=True)
    # 100 times the episodes are 10 times less noise; 20 episodes meet a dozen levels, so their own noise is a third
    assert 5 < widths[0] / widths[-1] < 20


def test_episodes_of_one_level_have_intervals_that_hold_what_was_planted():
    """All uncertainty is in the episodes here: clustering by level would call every weight exact."""
    model, weights, policy = planted(3, 1)
    inside = []
    for seed in range(12):
        found = MaxCausalEntropy(prior=0.0).fit([counted(model, policy, 100, seed)])
        error = np.abs(found.vector - weights) / np.sqrt(np.diag(found.covariance))
        inside.append(error < 1.96)
    assert np.mean(inside) > 0.8  # of 36 intervals at 95 %: fewer than 29 inside has a chance of 1e-4


def test_one_episode_has_weights_and_no_intervals():
    found = MaxCausalEntropy().fit([from_trajectories([TO_GOAL], ROOM)])
    assert found.covariance is None
    assert found.intervals == {}
    (failed,) = [check for check in found.checks if check.name == "clusters"]
    assert not failed.passed
    assert "count more levels, or more episodes" in failed.message


# episodes of other worlds


SEEN = corridor(4).observe(np.arange(4))


@pytest.mark.parametrize(
    ("episodes", "message"),
    [
        ([], "no episode has a step"),
        ([episode([0], [])], "no episode has a step"),
        ([episode([0, 1, 9], [1, 1], observations=SEEN[:3])], "states do not fit the model"),
        ([episode([0, 1], [1, 1])], "states do not fit the model"),
        ([episode([0, 2], [1])], "step 0, action 1 from state 0 to 2, never happens in the model"),
        ([episode([0, 1], [2])], "an action outside 0 to 1"),
        ([episode([0, 1], [0.5])], "give one whole number a step"),
        ([episode([0, 1], [[0, 1]])], "give one whole number a step"),
        ([episode([0, 1], [1], terminal=True)], "marked as ended by itself in state 1, where the model goes on"),
        ([episode([0, 1], [1], states=None, observations=SEEN[:1])], "1 observations for 1 actions"),
        (
            [episode([0, 1], [1], states=None, observations=SEEN[:2] + 1)],
            "no state of the model looks like observation 0",
        ),
        ([episode([0, 2], [1], states=None)], "the model cannot produce it"),
        ([episode([1, 2], [1], states=None)], "the model cannot produce it"),  # no episode starts there
    ],
)
def test_episodes_of_another_world_are_refused(episodes, message):
    with pytest.raises(BirlError, match="distribution 'room'.*" + message) as caught:
        from_trajectories(episodes, ROOM)
    assert "\n" not in str(caught.value)


def test_the_episode_at_fault_is_named():
    with pytest.raises(BirlError, match="episode 1: step 0"):
        from_trajectories([BACK, episode([0, 2], [1])], ROOM)


def test_states_that_nothing_tells_apart_are_refused():
    model = replace(corridor(4), observe=lambda ids: np.zeros((len(ids), 1)), start=np.array([0.5, 0.5, 0, 0]))
    alike = Trajectory(observations=np.zeros((2, 1)), actions=np.array([1]), terminal=False)
    with pytest.raises(BirlError, match="several states of the model explain it: give the episode's states"):
        from_trajectories([alike], Distribution("alike", model))


def test_a_world_without_a_model_or_a_look_is_refused():
    with pytest.raises(BirlError, match="'open' has no model to count in"):
        from_trajectories([BACK], Distribution("open", make_env=lambda: None))
    blind = Distribution("room", replace(corridor(4), observe=None))
    with pytest.raises(BirlError, match="no states, and the model has no `observe`"):
        from_trajectories([replace(BACK, states=None)], blind)
