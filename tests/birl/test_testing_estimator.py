"""The contract suite on methods of every form: networks, tables, draws of their own; and on what they promise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from birl.irl import Check, Identifiability, MaxCausalEntropy, RewardEstimate, RewardNetwork
from birl.irl.needs import exact, sampled
from birl.testing import check_estimator, worlds
from birl.testing.estimate import apart, values
from birl.trajectories import edges, transitions
from birl.types import BirlError


class Declared:
    name: ClassVar[str] = "one"
    behavioral_model: ClassVar[str] = "none worth the name"
    cannot_identify: ClassVar[str] = "much"
    source: ClassVar[str] = "the tests"

    def answer(self, seen, **reward):
        return RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in seen),
            **({"weights": {}, "status": {}} | reward),
            nuisance={},
            log_likelihood=None,
            checks=(),
            identifiability=Identifiability(rank=None, nullity=None, null_directions=(), selector="whatever is met"),
        )


@dataclass(frozen=True, kw_only=True)
class Frequent(Declared):
    """A network that likes what its own episodes saw often: it samples, and its answer is a network."""

    needs: ClassVar[frozenset[str]] = frozenset({"policy", "simulator"})
    episodes: int = 400

    def fit(self, behaviors, *, rng=None, candidates=None, start=None):
        own = [replace(b, trajectories=()) for b in behaviors]
        seen = sampled(own, self, rng=rng, episodes=self.episodes)
        steps = [transitions(b.trajectories) for b in seen]
        liked = np.mean([s.next_observations.mean(axis=0) for s in steps], axis=0)
        network = RewardNetwork(inputs=("next_observation",), layers=((liked[None].astype(float), np.zeros(1)),))
        return self.spoil(self.answer(seen, network=network))

    def spoil(self, estimate):
        return estimate


@dataclass(frozen=True, kw_only=True)
class Shares(Declared):
    """A table: how much likelier an action is than the others; it means something in one world only."""

    needs: ClassVar[frozenset[str]] = frozenset({"model", "policy"})

    def fit(self, behaviors, *, rng=None, candidates=None, start=None):
        seen = exact(behaviors, self)
        if len(seen) > 1:
            raise BirlError("one: a table is read off one distribution: give one")
        return self.spoil(self.answer(seen, table=seen[0].policy - seen[0].policy.mean(axis=1, keepdims=True)))

    def spoil(self, estimate):
        return estimate


@dataclass(frozen=True, kw_only=True)
class Counts(Declared):
    """Weights from episodes alone: the mean features of a step."""

    needs: ClassVar[frozenset[str]] = frozenset({"trajectories"})

    def fit(self, behaviors, *, rng=None, candidates=None, start=None):
        seen = sampled(behaviors, self, rng=rng)
        found = np.mean([transitions(b.trajectories).features.mean(axis=0) for b in seen], axis=0)
        names = seen[0].feature_names
        weights = dict(zip(names, found.tolist(), strict=True))
        return self.spoil(self.answer(seen, weights=weights, status=dict.fromkeys(names, "identified")))

    def spoil(self, estimate):
        return estimate


def test_a_method_that_samples_and_answers_with_a_network_passes():
    check_estimator(Frequent(), tolerance=0.2)  # 400 episodes of about 10 steps: a share is known to about 0.01


def test_a_method_that_reads_a_table_off_one_world_passes():
    check_estimator(Shares())


def test_a_method_that_knows_episodes_only_passes():
    check_estimator(Counts())


def test_the_sampling_noise_of_a_method_is_the_callers_to_allow():
    with pytest.raises(AssertionError, match=r"rewards move by .* of the largest \(limit 1e-06\)"):
        check_estimator(Frequent(episodes=5), tolerance=1e-6)


# what a method promises


class Wishful(Counts):
    needs: ClassVar[frozenset[str]] = frozenset({"trajectories", "oracle"})


class Understated(Counts):
    """Says that episodes are enough and asks the policy."""

    def fit(self, behaviors, *, rng=None, candidates=None, start=None):
        for b in behaviors:
            _ = b.policy.table if hasattr(b.policy, "table") else b.policy[0]
        return super().fit(behaviors, rng=rng)


@dataclass(frozen=True, kw_only=True)
class Overstated(Declared):
    """Asks for the policy and never looks whether it is there."""

    needs: ClassVar[frozenset[str]] = frozenset({"model", "policy"})

    def fit(self, behaviors, *, rng=None, candidates=None, start=None):
        found = MaxCausalEntropy(tolerance=1e-8).fit(behaviors)
        return replace(found, method=self.name, behavioral_model=self.behavioral_model)


@dataclass(frozen=True, kw_only=True)
class Restless(Counts):
    """Draws from a generator of its own."""

    def spoil(self, estimate):
        noise = np.random.default_rng().normal()
        return replace(estimate, weights={n: w + noise for n, w in estimate.weights.items()})


class BothForms(Counts):
    def spoil(self, estimate):
        return replace(estimate, table=np.zeros((35, 2)))


class NoForm(Shares):
    def spoil(self, estimate):
        return replace(estimate, table=None)


class SmallTable(Shares):
    def spoil(self, estimate):
        return replace(estimate, table=estimate.table[1:])


class NoNumber(Shares):
    def spoil(self, estimate):
        return replace(estimate, table=estimate.table * np.nan)


class Afraid(Shares):
    """Takes logarithms of probabilities without looking."""

    def spoil(self, estimate):
        if (np.abs(estimate.table) == 0.5).all(axis=1).any():
            raise ZeroDivisionError("log of 0")
        return estimate


class Helpless(Counts):
    def spoil(self, estimate):
        return replace(estimate, checks=(Check(name="enough", passed=False, message="not enough episodes"),))


class Limitless(Counts):
    def spoil(self, estimate):
        check = Check(name="enough", passed=False, message="12 episodes: roll out more", value=12.0)
        return replace(estimate, checks=(check,))


class Numbers(Counts):
    def spoil(self, estimate):
        return replace(estimate, settings={"episodes": 3})


class WideDraws(Counts):
    def spoil(self, estimate):
        return replace(estimate, draws=np.zeros((10, 2)))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Wishful(), "Wishful: needs ['oracle'], which nobody can give: choose from model, policy"),
        (Understated(), "one: declares trajectories and fails with just that: TypeError"),
        (Overstated(), "one: behaviour without policy: no error"),
        (Restless(), "one: two fits of the same data differ"),
        (BothForms(), "one: a reward has one form, this has weights and table"),
        (NoForm(), "one: a reward has one form, this has none"),
        (SmallTable(), "one: the table is (34, 2), not (35, 2)"),
        (NoNumber(), "one: a reward is not finite"),
        (Afraid(), "one: a greedy policy: ZeroDivisionError instead of BirlError"),
        (Helpless(), "one: failed check 'enough' says 'not enough episodes': add what to do"),
        (Limitless(), "one: failed check 'enough' measured 12.0 and names no limit"),
        (Numbers(), "one: settings are kept as text by name"),
        (WideDraws(), "one: draws are (10, 2), not [D, 5]"),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, Declared) else "",
)
def test_a_broken_promise_is_named(broken, message):
    with pytest.raises(AssertionError) as caught:
        check_estimator(broken)
    assert message in str(caught.value)


# the worlds it tries


def test_renaming_changes_names_and_nothing_else(rng):
    behavior = worlds.behaviors()[0]
    names = worlds.renaming(behavior.model, rng)
    other = worlds.renamed(behavior, names)
    assert np.array_equal(other.policy, behavior.policy[names.states])
    assert np.allclose(other.occupancy, behavior.occupancy[names.states])
    assert np.array_equal(edges(other.model).observations.sum(axis=0), edges(behavior.model).observations.sum(axis=0))
    for mine, theirs in zip(other.trajectories, behavior.trajectories, strict=True):
        assert np.array_equal(names.states[mine.states], theirs.states)
        assert np.array_equal(other.model.observe(mine.states), theirs.observations)


def test_behaviour_can_be_stripped_to_what_a_method_needs():
    behavior = worlds.behaviors()[0]
    only = worlds.with_only(behavior, {"trajectories"})
    assert (only.policy, only.simulator) == (None, None)
    assert only.trajectories
    assert worlds.with_only(behavior, {"policy", "simulator"}).trajectories == ()
    assert not worlds.with_only(behavior, {"model"}).policy_known


def test_rewards_are_compared_by_their_largest_value():
    assert apart(np.array([0.0, -4.0]), np.array([1.0, -4.0])) == 0.25
    estimate = Counts().fit(worlds.behaviors())
    assert values(estimate, worlds.behaviors()[0].model).tolist() == estimate.vector.tolist()
