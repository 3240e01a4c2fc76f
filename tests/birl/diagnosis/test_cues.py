"""The cue gap, in corridors that are the same and in which an agent does not do the same."""

from dataclasses import replace

import numpy as np
import pytest

from birl.diagnosis.cues import enter_cue_gaps
from birl.gap import level_returns
from birl.tabular import hard_plan, reward_vector
from tests.behaviors import behave
from tests.entries import Entries
from tests.worlds import DOOR, RED, two_ends

WORLD = two_ends(("touch:door",), ("touch:ball", "touch:red"))
BASE = reward_vector(WORLD, DOOR)
LOYAL = hard_plan(WORLD, BASE).policy
OTHER = hard_plan(WORLD, reward_vector(WORLD, RED)).policy
FIRST = (WORLD.level == 0)[:, None]


def gaps(lit, dark, *, model=WORLD, base=None, **options):
    """Cue gaps of an agent with one table where the lamp is lit, another where it is dark."""
    entries, options = Entries(), {"shift": "cue", "pair": "train", **options}
    behaviors = [behave(WORLD, lit), replace(behave(model, dark, "dark"), **options)]
    rewards = {b.distribution: BASE if b.model is WORLD else reward_vector(b.model, DOOR) for b in behaviors}
    rewards = rewards if base is None else dict.fromkeys(rewards, base)
    enter_cue_gaps(
        entries,
        behaviors,
        base=rewards,
        returns={b.distribution: level_returns(b, rewards[b.distribution]) for b in behaviors},
        level_weights={
            b.distribution: np.vstack([np.ones(5), [5, 0, 0, 0, 0]])[:, : b.model.n_levels] for b in behaviors
        },
    )
    return entries


@pytest.mark.parametrize(
    ("lit", "dark", "expected"),
    [
        (LOYAL, LOYAL, 0.0),
        (LOYAL, OTHER, 1.0),  # worse than the walk is no less than none
        (LOYAL, WORLD.uniform, 1.0),
        (WORLD.uniform, LOYAL, -1.0),
        (OTHER, WORLD.uniform, 0.0),
    ],
)
def test_the_gap_is_what_compliance_loses_in_the_dark(lit, dark, expected):
    assert gaps(lit, dark)["cue_gap"] == pytest.approx(expected)


def test_draws_pick_the_same_levels_on_both_sides():
    found = gaps(np.where(FIRST, LOYAL, OTHER), np.where(FIRST, OTHER, OTHER))
    whole, only_the_first = found.draws["cue_gap", "dark"]
    assert only_the_first == pytest.approx(1.0)
    assert whole < 1.0


def test_only_shifts_of_cue_have_one():
    assert not gaps(LOYAL, OTHER, shift="feature").values


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"pair": None}, "names no distribution that it matches"),
        ({"pair": "attic"}, "'attic' was not seen"),
        ({"model": two_ends((), (), length=5), "dark": two_ends((), (), length=5).uniform}, "do not match"),
        ({"base": np.zeros_like(BASE)}, "no policy gains"),
    ],
)
def test_what_cannot_be_matched_says_why(given, why):
    found = gaps(**{"lit": LOYAL, "dark": OTHER, **given})
    assert not found.values
    assert why in found.undefined["cue_gap[dark]"]
