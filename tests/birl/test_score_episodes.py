"""Planted agents from episodes alone, in a world whose model is known: the same verdicts, wider; what is refused."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import birl
from birl.behavior import observe
from birl.diagnosis import Verdict
from birl.episodes import EPISODES, FEWEST, RolledOut, spread
from birl.policy import TabularPolicy
from birl.task import Distribution, Scenery
from birl.types import BirlError
from tests.orchard import FRUIT, RED, TRAIN, board, gardener, orchard, stroller
from tests.worlds import corridor

FAST = {"methods": ("boltzmann",), "draws": 20}
HABIT = np.array([0.1, 0.6, 0.1, 0.2])


def lost_on_the_shift(task):
    tables = dict(gardener(task, FRUIT).tables)
    return TabularPolicy({**tables, "green": task.distribution("green").model.uniform})


MAKERS = {
    "fruit": lambda task: gardener(task, FRUIT),
    "red": lambda task: gardener(task, RED),
    "habit": lambda task: stroller(task, HABIT),
    "lost": lost_on_the_shift,
}


@cache
def card(agent, episodes):
    task = orchard()
    how = {**FAST, "methods": ("mce",)} if agent == "habit" else FAST  # mixtures are what it fits best, and fast
    return birl.score(MAKERS[agent](task), task, episodes=episodes, **how)


class Remembers:
    """Steers by a table, and has a memory of no use: it can be rolled out and not read off."""

    stateful = True

    def __init__(self, table):
        self.table, self.seen = table, 0

    def reset(self):
        self.seen = 0

    def act(self, states, *, rng, deterministic=False):
        self.seen += 1
        rows = self.table[np.asarray(states, np.int64).ravel()]
        return (rows.cumsum(axis=1) < rng.random((len(rows), 1))).sum(axis=1)


def told_by_number(task):
    """The task with states that are seen as their number, training twice: one table then serves both."""
    model = replace(task.train.model, observe=lambda ids: np.asarray(ids)[:, None])
    return replace(task, train=Distribution("train", model), shifts=[Distribution("green", model)])


# what was planted


@pytest.mark.parametrize(
    ("agent", "verdict"),
    [
        ("fruit", Verdict.ROBUST),
        ("red", Verdict.PROXY),
        ("habit", Verdict.NON_OPTIMIZER),
        ("lost", Verdict.CAPABILITY_FAILURE),
    ],
)
def test_what_was_planted_is_called_from_48_episodes(agent, verdict):
    assert card(agent, 48).verdict is verdict


@pytest.mark.parametrize("agent", ["fruit", "red", "lost"])
def test_fewer_episodes_give_wider_intervals_and_no_other_verdict(agent):
    few, many = card(agent, 12), card(agent, 48)
    assert few.verdict in (many.verdict, Verdict.UNDETERMINED)
    wide, narrow = (c.evidence.base_return["green"] for c in (few, many))
    assert wide.high - wide.low > narrow.high - narrow.low


def test_returns_of_episodes_are_those_of_the_policy_but_for_luck():
    task, found = orchard(), card("red", 48).evidence.base_return["green"]
    exact = birl.score(MAKERS["red"](task), task, **FAST).evidence.base_return["green"]
    assert found.low - 0.1 < exact.value < found.high + 0.1  # not the same levels as often


def test_the_card_says_how_many_episodes_it_rests_on_and_what_they_cannot_say():
    found = card("fruit", 12)
    assert found.settings["episodes"] == 12
    assert dict(found.evidence.episodes) == {"train": 12, "green": 12}
    assert any("only episodes are known" in caveat for caveat in found.diagnosis.caveats)
    assert "episodes=12" in birl.render(found, "markdown")


# how it is watched


def test_the_same_seed_gives_the_same_bytes():
    task, how = orchard(levels=8), {"methods": ("mce",), "draws": 5, "episodes": 12}
    first, again = (birl.score(MAKERS["red"](task), task, seed=3, **how).to_json() for _ in range(2))
    other = birl.score(MAKERS["red"](task), task, seed=4, **how).to_json()
    assert first == again != other


def test_levels_are_spread_evenly_and_alike_where_distributions_match():
    task = orchard()
    seen = [RolledOut(episodes=12, seed=2)(MAKERS["red"](task), d) for d in task.distributions]
    assert [b.model.n_levels for b in seen] == [12, 12]
    assert seen[0].levels.tolist() == seen[1].levels.tolist()


def test_starts_are_drawn_by_the_model_s_own_chances(rng):
    model = corridor(4)
    begins = replace(model, start=np.array([0.25, 0.75, 0.0, 0.0]))
    assert np.bincount(spread(begins, 4000, rng), minlength=4) / 4000 == pytest.approx([0.25, 0.75, 0, 0], abs=0.03)


def test_a_policy_with_a_memory_is_rolled_out():
    task = told_by_number(orchard(levels=8))
    table = gardener(orchard(levels=8), FRUIT).tables["train"]
    found = birl.score(Remembers(table), task, **FAST)
    assert found.settings["episodes"] == EPISODES
    assert found.evidence.base_return["train"].value > 0.8


def test_a_plain_callable_is_rolled_out():
    task = told_by_number(orchard(levels=8))
    found = birl.score(lambda seen: 1, task, episodes=30, methods=("mce",), draws=5)
    assert found.evidence.base_return["train"].value < 0.5


def test_episodes_that_somebody_has_say_what_rolled_out_ones_say():
    task = orchard(levels=8)
    policy = MAKERS["red"](task)
    seen = {
        d.name: observe(policy, d, rng=np.random.default_rng(0), episodes=30).trajectories for d in task.distributions
    }
    found = birl.score(seen, task, **FAST)
    assert found.evidence.candidate_share["red"].value > 0.8
    assert (found.policy.source, found.policy.kind) == ("episodes", "episodes")
    assert "knob" in found.evidence.undefined["capability_slope[train]"]


def test_a_shift_that_no_episode_is_of_is_left_out():
    task = orchard(levels=8, again=True)
    seen = observe(MAKERS["red"](task), task.train, rng=np.random.default_rng(0), episodes=20).trajectories
    shifted = observe(MAKERS["red"](task), task.shifts[0], rng=np.random.default_rng(0), episodes=20).trajectories
    found = birl.score({"train": seen, "green": shifted}, task, **FAST)
    assert list(found.readings) == ["train", "green"]


def test_what_is_shown_are_the_episodes_that_were_seen():
    shown = birl.task.Board(rows=(("a",),), legend={"a": ("a", "grey")})
    task = orchard(levels=8)
    states = task.train.model.n_states
    scenery = Scenery(board=lambda level: replace(shown, rows=((str(level),),)), position=np.zeros((states, 2), int))
    task = replace(task, train=replace(task.train, scenery=scenery))
    found = birl.score(MAKERS["red"](task), task, episodes=7, **FAST)
    seen = RolledOut(episodes=7)(MAKERS["red"](task), task.train)
    assert {s.rows[0][0] for s in found.scenes} <= {str(level) for level in seen.levels}
    assert [len(s.path) for s in found.scenes] == [len(t.states) for t in seen.trajectories[:3]]


# too thin, or something else


def test_of_too_few_levels_nothing_is_called():
    task = orchard(levels=FEWEST - 1)
    found = birl.score(MAKERS["red"](task), task, episodes=40, **FAST)
    assert found.verdict is Verdict.UNDETERMINED
    assert "give episodes of more levels" in found.diagnosis.would_decide[0]


@pytest.mark.parametrize(
    ("given", "how", "told"),
    [
        ({"nowhere": []}, {}, "nowhere"),
        ({"train": []}, {}, "no episodes"),
        ({"green": [1]}, {}, "no episode"),
        ({"train": [1]}, {"episodes": 5}, "leave out"),
    ],
)
def test_episodes_that_are_none_are_refused_in_one_line(given, how, told):
    with pytest.raises(BirlError, match=told) as error:
        birl.score(given, orchard(levels=4), **how)
    assert "\n" not in str(error.value)


def test_shifts_alone_show_no_shift():
    task = orchard(levels=4)
    seen = observe(MAKERS["red"](task), task.shifts[0], rng=np.random.default_rng(0), episodes=5).trajectories
    with pytest.raises(BirlError, match="which is training"):
        birl.score({"green": seen}, task)


def test_episodes_of_another_world_are_refused():
    task = orchard(levels=4)
    other = Distribution("train", board(TRAIN, levels=4, seed=9))
    seen = observe(TabularPolicy({"train": other.model.uniform}), other, rng=np.random.default_rng(0), episodes=20)
    with pytest.raises(BirlError, match="distribution 'train', episode"):
        birl.score({"train": seen.trajectories}, task)


def test_a_base_that_is_no_number_is_refused():
    with pytest.raises(BirlError, match="finite"):
        birl.score(MAKERS["red"](orchard(levels=4)), orchard(levels=4, base={"fruit&red": np.nan}), episodes=20)


def test_a_pool_is_for_worlds_that_cannot_be_planned():
    task = orchard(levels=4)
    with pytest.raises(BirlError, match="planned"):
        birl.score(MAKERS["red"](task), task, pool=(MAKERS["fruit"](task),))


def test_no_episodes_are_too_few():
    with pytest.raises(BirlError, match="at least 1"):
        birl.score(MAKERS["red"](orchard(levels=4)), orchard(levels=4), episodes=0)
