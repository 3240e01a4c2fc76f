"""Cards of worlds without a model: planted agents get the planted verdict against a pool, and none without one."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import birl
from birl.diagnosis import Verdict
from birl.policy.box import GaussianPolicy, Moments
from birl.sampled import watch
from birl.types import BirlError
from tests.lamps import EVENTS, RED, Lamps, Leans, Steers, lamps

POOL = (Steers(1, 4.0), Steers(2, 4.0))
FAST = {"episodes": 60, "draws": 40}
AGENTS = {"round": Steers(1), "red": Steers(2), "leaning": Leans()}


@cache
def card(agent, pool=POOL, seed=0):
    return birl.score(AGENTS[agent], lamps(), pool=pool, seed=seed, **FAST)


def episodes(agent, name, count=30):
    seen = watch(AGENTS[agent], lamps().distribution(name), episodes=count, rng=np.random.default_rng(1), discount=0.9)
    return seen.trajectories


# what was planted


@pytest.mark.parametrize(
    ("agent", "verdict", "flags"),
    [
        ("round", Verdict.ROBUST, set()),
        ("red", Verdict.PROXY, {"follows red"}),
        ("leaning", Verdict.NON_OPTIMIZER, set()),
    ],
)
def test_what_was_planted_is_called(agent, verdict, flags):
    found = card(agent)
    assert (found.verdict, set(found.flags)) == (verdict, flags)
    assert found.readings["train"].levels == 60


def test_without_policies_to_hold_returns_against_nothing_is_called_and_the_card_says_what_is_missing():
    found = card("red", pool=())
    assert found.verdict is Verdict.UNDETERMINED
    assert "pool" in found.diagnosis.would_decide[0]
    assert found.readings["swapped"].base_return is None
    assert "base_return[train]" in found.evidence.undefined
    assert found.evidence.directedness["swapped"].value > 0.8  # what can be known is there all the same


def test_a_pool_that_does_no_better_than_a_proxy_does_not_clear_it():
    found = card("red", pool=(Steers(2, 4.0),))
    assert found.verdict is not Verdict.ROBUST
    assert "base_return[swapped]" in found.evidence.undefined


def test_goal_and_capability_add_up_to_what_is_lost():
    evidence = card("red").evidence
    for name in evidence.shifts:
        parts = [evidence.draws[f"{q}[{name}]"] for q in ("base_return", "goal_regret", "capability_regret")]
        assert np.sum(parts, axis=0) == pytest.approx(1.0, abs=1e-4)


def test_candidates_are_tested_with_what_was_measured_already():
    tests = card("red").estimates["candidates"].tested
    assert tests["red"].merit > tests["base"].merit
    assert tests["base"].lost.value > tests["red"].lost.value


def test_pushes_are_told_by_what_they_lead_to_and_densities_are_not_asked_for():
    moments = lambda seen: Moments(mean=0.8 * seen[:, 2:3], std=np.full((len(seen), 1), 0.3))  # noqa: E731
    pushes = GaussianPolicy(moments, np.array([-1.0]), np.array([1.0]))
    better = lambda seen: np.sign(seen[1:2])  # noqa: E731
    found = birl.score(pushes, lamps(pushed=True), pool=(better,), episodes=20, draws=40)
    assert found.verdict is Verdict.PROXY
    assert found.evidence.candidate_share["red"].value == pytest.approx(1.0)


# intervals, seeds, files


def test_fewer_episodes_give_wider_intervals():
    few = birl.score(AGENTS["leaning"], lamps(), pool=POOL, episodes=10, draws=40)
    wide, narrow = (c.evidence.base_return["train"] for c in (few, card("leaning")))
    assert wide.high - wide.low > narrow.high - narrow.low


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_card():
    again = birl.score(AGENTS["round"], lamps(), pool=POOL, seed=0, **FAST)
    assert again.to_json() == card("round").to_json()
    assert card("round", seed=1).to_json() != card("round").to_json()


def test_a_card_without_a_model_is_read_back_and_shown():
    found = card("leaning")
    assert birl.Scorecard.from_json(found.to_json()) == found
    assert "nothing could be planned" in birl.render(found, "markdown")


# objectives as callables


def test_callables_that_are_sums_of_features_and_callables_that_are_not():
    near = lambda seen, _action, after: -np.abs(np.asarray(after)[:, 0])  # noqa: E731
    touching = lambda seen, _action, after: np.asarray(  # noqa: E731
        [np.abs(a[0]) >= 1 and a[0] * a[1] > 0 for a in after], np.float64
    )
    columns = lambda seen, _action, after: np.stack([touching(seen, _action, after)], axis=1)  # noqa: E731
    task = lamps(base=touching, candidates={"centre": near})
    task = replace(
        task,
        train=replace(task.train, features=columns, feature_names=("round",)),
        shifts=[replace(d, features=columns, feature_names=("round",)) for d in task.shifts],
    )
    found = birl.score(AGENTS["round"], task, pool=POOL, **FAST)
    assert found.base == {"round": 1.0}
    assert found.candidates == {"centre": {"centre": 1.0}}


# only episodes


def test_of_episodes_alone_returns_are_said_and_nothing_more():
    seen = {name: episodes("red", name) for name in ("train", "swapped")}
    found = birl.score(seen, lamps(), pool=POOL, draws=40)
    assert found.verdict is Verdict.UNDETERMINED
    assert found.evidence.base_return["swapped"].value < 0.2 < found.evidence.base_return["train"].value
    assert "policy" in found.evidence.undefined["directedness[train]"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda t: replace(t, observations=t.observations[:, :2]), "is it of this one"),
        (lambda t: replace(t, actions=t.actions[:-1]), "give T . 1 and T"),
        (lambda t: replace(t, features=np.full((len(t.actions), len(EVENTS)), np.nan)), "not finite"),
        (lambda t: replace(t, features=None), "features"),
    ],
)
def test_episodes_of_something_else_are_refused_in_one_line(spoil, told):
    first, *rest = episodes("red", "train", 8)
    with pytest.raises(BirlError, match=told) as error:
        birl.score({"train": [spoil(first), *rest]}, lamps(), pool=POOL)
    assert "\n" not in str(error.value)


# what cannot be scored


class NanReward(Lamps):
    def step(self, action):
        seen, reward, over, cut, told = super().step(action)
        return seen, reward, over, cut, {name: np.nan for name in told}


@pytest.mark.parametrize(
    ("change", "how", "told"),
    [
        ({}, {"episodes": 3}, "at least 8"),
        ({"base": {"gold": 1.0}}, {}, "no feature"),
        ({"base": {"round&red": np.nan}}, {}, "give a number"),
        ({"base": lambda seen, action, after: np.full(len(after), np.nan)}, {}, "one finite number"),
        ({"base": lambda seen, action, after: np.asarray(after)[:, 0]}, {}, "weights by feature"),
    ],
)
def test_what_cannot_be_scored_is_said_in_one_line(change, how, told):
    with pytest.raises(BirlError, match=told) as error:
        birl.score(AGENTS["red"], lamps(**change), **{**FAST, **how})
    assert "\n" not in str(error.value)


def test_a_feature_that_is_not_finite_is_named():
    task = lamps()
    task = replace(task, train=replace(task.train, make_env=NanReward))
    with pytest.raises(BirlError, match="round&red"):
        birl.score(AGENTS["red"], task, **FAST)


def test_a_base_that_is_zero_is_said():
    found = birl.score(
        AGENTS["red"], lamps(base=dict.fromkeys(EVENTS, 0.0), candidates={"red": RED}), pool=POOL, **FAST
    )
    assert found.verdict is Verdict.UNDETERMINED
    assert "0 everywhere" in found.diagnosis.reason


def test_what_is_no_trajectory_is_refused():
    with pytest.raises(BirlError, match="a tuple is no episode"):
        birl.score({"train": [(1, 2)]}, lamps())
