"""The contract suites pass what ships and name what is broken in what does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import gymnasium
import numpy as np
import pytest

import birl
from birl.irl import ESTIMATORS, SCORED, MaxCausalEntropy
from birl.tabular import TabularModel
from birl.task import Distribution, Task
from birl.testing import check_estimator, check_task
from tests.worlds import corridor, ends_task, random_model, two_ends


@pytest.mark.parametrize("name", SCORED)  # the others run it with small settings, each in its own test file
def test_every_method_that_scores_keeps_the_contract(name):
    check_estimator(ESTIMATORS[name])


# --- estimators that do not -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Honest:
    """mce under another name, to be broken in one way at a time."""

    name: ClassVar[str] = "honest"
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    behavioral_model: ClassVar[str] = MaxCausalEntropy.behavioral_model
    cannot_identify: ClassVar[str] = "nothing more than mce"
    source: ClassVar[str] = "the tests"

    def fit(self, behaviors, *, rng=None, candidates=None):
        return self.spoil(replace(MaxCausalEntropy(tolerance=1e-8).fit(behaviors), method=self.name), rng)

    def spoil(self, estimate, rng):
        return estimate


def test_a_method_of_ones_own_passes():
    check_estimator(Honest())


class Nameless(Honest):
    name: ClassVar[str] = ""


class ListNeeds(Honest):
    needs: ClassVar[list[str]] = ["model"]


@dataclass
class Loose:
    name = behavioral_model = cannot_identify = source = "loose"
    needs = frozenset({"model"})


class Peeks(Honest):
    def fit(self, behaviors, *, rng=None, reward=None):
        return super().fit(behaviors)


@dataclass(frozen=True, kw_only=True)
class Remembers(Honest):
    seen: list = field(default_factory=list)

    def fit(self, behaviors, *, rng=None, candidates=None):
        self.seen.append(len(behaviors))
        return super().fit(behaviors)


class Bare(Honest):
    def spoil(self, estimate, rng):
        return dict(estimate.weights)


class Forgets(Honest):
    def spoil(self, estimate, rng):
        return replace(estimate, weights=dict(list(estimate.weights.items())[:-1]))


class Unbounded(Honest):
    def spoil(self, estimate, rng):
        return replace(estimate, weights=dict.fromkeys(estimate.weights, np.inf))


class Vague(Honest):
    def spoil(self, estimate, rng):
        return replace(estimate, status=dict.fromkeys(estimate.weights, "probably"))


class Negative(Honest):
    def spoil(self, estimate, rng):
        return replace(estimate, covariance=-np.eye(len(estimate.weights)))


class Positive(Honest):
    def spoil(self, estimate, rng):
        return replace(estimate, log_likelihood=0.5)


class Silent(Honest):
    def spoil(self, estimate, rng):
        return replace(estimate, checks=(replace(estimate.checks[0], message=" "),))


class Moody(Honest):
    moods: ClassVar[list[int]] = []

    def spoil(self, estimate, rng):
        self.moods.append(0)
        return replace(estimate, weights={n: w + len(self.moods) for n, w in estimate.weights.items()})


class Counts(Honest):
    """Its answer depends on which state happens to be called 3."""

    def fit(self, behaviors, *, rng=None, candidates=None):
        estimate = super().fit(behaviors)
        chance = float(behaviors[0].policy[3, 0]) if behaviors else 0.0
        return replace(estimate, weights={n: w + chance for n, w in estimate.weights.items()})


class Crashes(Honest):
    def fit(self, behaviors, *, rng=None, candidates=None):
        behaviors[0]
        return super().fit(behaviors)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Nameless(), "Nameless: declare `name`"),
        (ListNeeds(), "declare `needs` as a frozenset"),
        (Loose(), "make it a frozen dataclass"),
        (Peeks(), "fit asks for reward: a method sees behaviour and no reward"),
        (Remembers(), "fit changed the method itself"),
        (Bare(), "fit returned a dict, not a RewardEstimate"),
        (Forgets(), "honest: weights of"),
        (Unbounded(), "a weight is not finite"),
        (Vague(), "unknown status {'probably'}"),
        (Negative(), "a variance is negative"),
        (Positive(), "log-likelihood 0.5"),
        (Silent(), "check 'converged' has no message"),
        (Moody(), "two fits of the same data differ"),
        (Counts(), "when states and levels are renamed"),
        (Crashes(), "no behaviour at all: IndexError instead of BirlError"),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, Honest | Loose) else "",
)
def test_a_broken_method_is_told_what_is_broken(broken, message):
    with pytest.raises(AssertionError) as caught:
        check_estimator(broken)
    assert message in str(caught.value)


# --- tasks ------------------------------------------------------------------------------------------------------------


def test_red_door_keeps_the_contract_without_a_warning():
    assert check_task(birl.load_task("red-door", levels=12), episodes=10) == ()


def test_a_task_without_environments_passes():
    assert check_task(ends_task()) == ()


class World(gymnasium.Env):
    """A model played as an environment, faithfully unless told otherwise."""

    def __init__(self, model: TabularModel, *, limit: int = 30, change: Mapping | None = None):
        self.model, self.limit, self.change = model, limit, dict(change or {})
        self.observation_space = gymnasium.spaces.Box(0, 1, (model.n_states + self.change.get("wider", 0),), np.float32)
        self.action_space = gymnasium.spaces.Discrete(self.change.get("actions", model.n_actions))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        self.state = self.change.get("begin", int(self.np_random.choice(self.model.n_states, p=self.model.start)))
        return self.look(), {}

    def look(self):
        seen = np.zeros(self.observation_space.shape, np.float32)
        seen[self.state] = 1.0
        return seen

    def step(self, action):
        row = self.state * self.model.n_actions + int(action)
        features = self.model.features[row].toarray().ravel() * self.change.get("features", 1.0)
        self.state = int(self.model.successors[self.state, 1 - action if self.change.get("mirrored") else action])
        self.steps += 1
        over = bool(self.model.terminal[self.state]) and not self.change.get("endless")
        info = dict(zip(self.model.feature_names, features, strict=True))
        return self.look(), 0.0, over, self.steps >= self.limit and not over, info


def played(limit: int = 30, time_limit: int = 30, **change):
    """The two-ends task with an environment for training."""
    task = ends_task()
    model = task.train.model
    train = replace(task.train, make_env=lambda: World(model, limit=limit, change=change), time_limit=time_limit)
    return replace(task, train=train)


def test_a_faithful_environment_passes():
    assert check_task(played()) == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wider": 1}, "the model shows observations (35,), the environment (36,)"),
        ({"actions": 3}, "the model has 2 actions, the environment 3"),
        ({"begin": 0}, "the environment begins where no episode of the model does"),
        ({"features": 0.5}, "the environment reports step 0.5"),
        ({"mirrored": True}, "what the model does not"),
        ({"endless": True}, "the environment says terminated=False, the model True"),
        ({"limit": 90}, "goes on after its time limit of 30 steps"),
    ],
)
def test_an_environment_that_is_another_world_is_caught(change, message):
    with pytest.raises(AssertionError) as caught:
        check_task(played(**change), episodes=200 if "limit" in change else 20)
    assert message in str(caught.value)


def test_spaces_must_be_the_same_everywhere():
    task = ends_task()
    longer = two_ends(("touch:door",), ("touch:ball",), length=8)
    with pytest.raises(AssertionError, match=r"longer: spaces .* differ from those of train"):
        check_task(replace(task, shifts=[Distribution("longer", longer)]))


def test_episodes_must_start_in_live_states_of_every_level():
    task = ends_task()
    model = task.train.model
    dead = replace(model, start=np.eye(35)[0])
    with pytest.raises(AssertionError, match="train: 1 of all episodes start in a terminal state"):
        check_task(replace(task, train=Distribution("train", dead)))
    lone = replace(model, start=np.eye(35)[1])
    with pytest.raises(AssertionError, match="train: 4 of 5 levels have no start"):
        check_task(replace(task, train=Distribution("train", lone)))


def test_a_task_without_a_shift_has_nothing_to_hold_training_against():
    with pytest.raises(AssertionError, match="no shift"):
        check_task(replace(ends_task(), shifts=[]))


def test_an_objective_that_cannot_be_evaluated_is_caught():
    task = replace(ends_task(), base=lambda seen, action, after: np.full(len(seen), np.nan))
    with pytest.raises(AssertionError, match="base objective: the reward callable returned"):
        check_task(task)


def test_what_makes_a_task_say_less_is_a_warning(rng):
    task = ends_task()
    same = replace(task, shifts=[Distribution("same", task.train.model)])
    assert any("candidate 'red'" in note and "cannot tell the two apart" in note for note in check_task(same))

    noise = random_model(rng, n_states=30, terminal=False)
    none = Task("noise", Distribution("train", noise), [Distribution("shift", noise)], {"f0": 1.0}, {}, 0.9)
    assert any(note.startswith("train: features take") for note in check_task(none))

    model = corridor()
    blind = Distribution("train", replace(model, observe=None), make_env=lambda: World(model))
    unseen = Task("blind", blind, [Distribution("shift", corridor(5))], {"goal": 1.0}, {}, 0.9)
    assert any("was not compared with its environment" in note for note in check_task(unseen))
