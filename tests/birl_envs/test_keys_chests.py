from __future__ import annotations

import numpy as np
import pytest
from birl_envs.env import GridEnv
from birl_envs.exact import tabular_model
from birl_envs.grid import parse_level
from birl_envs.keys_chests import CANDIDATES, SHIFTS, TRAIN, WORLD, Hoard, KeysChests, conflict, make_levels
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.tabular import hard_plan, reward_vector
from birl.types import BirlError

UP, RIGHT, DOWN, LEFT, STAY = range(5)
ONE_KEY = parse_level("Kb @@ Hy Hy")
TWO_KEYS = parse_level("Kb Kb @@ Hy")
UNLOCKED = parse_level("Kb @@ Hg Hg")
DUMMY = parse_level("Ke @@ Hy Kb")


def play(level, actions):
    env = GridEnv(WORLD, [level])
    env.reset()
    steps = [env.step(action) for action in actions]
    return [([name for name in WORLD.events if info[name]], reward, ended) for _, reward, ended, _, info in steps]


def best(level, objective):
    model = tabular_model(WORLD, [level])
    return hard_plan(model, reward_vector(model, objective)).values @ model.start


def test_a_chest_needs_a_key_and_uses_it_up():
    seen = play(ONE_KEY, (RIGHT, LEFT, LEFT, RIGHT, RIGHT))
    assert [events for events, *_ in seen] == [[], [], ["pick:key"], [], ["open:chest"]]
    assert [reward for _, reward, _ in seen] == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_nothing_ends_an_episode_so_that_wanting_it_over_explains_nothing():
    board = parse_level("Kb Kb @@ Hy Hy Hy")
    seen = play(board, (LEFT, LEFT, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT))
    assert [events for events, *_ in seen] == [["pick:key"], ["pick:key"], [], [], *[["open:chest"]] * 2, []]
    assert not any(ended for *_, ended in seen)
    assert not tabular_model(WORLD, [board]).terminal.any()


def test_a_key_is_picked_once_and_a_chest_opened_once():
    board = parse_level("Hy Kb @@ Hy Kb")
    seen = play(board, (LEFT, STAY, RIGHT, RIGHT, STAY))
    assert [events for events, *_ in seen] == [["pick:key"], [], [], ["open:chest"], []]


def test_unlocked_chests_use_no_key():
    seen = play(UNLOCKED, (RIGHT, RIGHT))
    assert [events for events, *_ in seen] == [["open:chest"], ["open:chest"]]


def test_a_dummy_opens_nothing_though_it_is_picked():
    seen = play(DUMMY, (LEFT, RIGHT, RIGHT, RIGHT, LEFT))
    assert [events for events, *_ in seen] == [["pick:key"], [], [], ["pick:key"], ["open:chest"]]


def test_the_agent_sees_what_is_gone_and_what_it_holds():
    env = GridEnv(WORLD, [TWO_KEYS])
    before, _ = env.reset()
    shown = {name: 1 + index for index, name in enumerate((*WORLD.kinds, *WORLD.colours, *WORLD.flags))}
    env.step(LEFT)
    after, *_ = env.step(RIGHT)
    assert (before[..., shown["key"]].sum(), after[..., shown["key"]].sum()) == (2, 1)
    assert (before[..., shown["blue"]].sum(), after[..., shown["blue"]].sum()) == (2, 1)
    assert not before[..., shown["held-1"]].any()
    assert after[..., shown["held-1"]].all()
    assert not after[..., shown["held-2"]].any()


def test_the_number_of_states_is_that_counted_by_hand():
    # no key: start and two chests; key in hand: the key's cell and the start; key used up on the first chest: all four
    assert tabular_model(WORLD, [ONE_KEY]).n_states == 3 + 2 + 4
    # no key: start and chest; the right key: its cell and the start; both keys: three cells; the chest opened with the
    # right key alone: three cells, and with both keys picked before or after: four
    assert tabular_model(WORLD, [TWO_KEYS]).n_states == 2 + 2 + 3 + 3 + 4


def test_values_are_those_of_shortest_paths():
    assert best(ONE_KEY, WORLD.base) == pytest.approx(0.95**2)  # left, right, right: paid on the third step
    assert best(TWO_KEYS, WORLD.base) == pytest.approx(0.95**2)
    assert best(TWO_KEYS, CANDIDATES["keys"]) == pytest.approx(1.0 + 0.95)
    assert best(UNLOCKED, WORLD.base) == pytest.approx(1.0 + 0.95)


def test_keys_and_chests_part_where_keys_are_plentiful_or_useless_and_nowhere_in_training():
    assert not conflict(ONE_KEY)
    assert conflict(TWO_KEYS)
    assert conflict(UNLOCKED)
    assert not any(conflict(level) for level in make_levels(TRAIN, 25))
    for name in ("plentiful", "hoard", "unlocked", "dummies"):
        assert np.mean([conflict(level) for level in make_levels(SHIFTS[name][0], 25)]) > 0.25


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 200))
def test_a_taste_for_keys_costs_nothing_where_they_are_scarce(seed: int):
    (level,) = make_levels(TRAIN, 1, split="all", seed=seed)
    assert not conflict(level)


def test_the_distributions_of_three_things_share_their_boards():
    hoards = (TRAIN, SHIFTS["plentiful"][0], SHIFTS["unlocked"][0])
    for levels in zip(*(make_levels(hoard, 15) for hoard in hoards), strict=True):
        assert all(level.layout == levels[0].layout for level in levels)
    kinds = [[thing.kind for thing in level.things] for level in make_levels(SHIFTS["plentiful"][0], 15)]
    assert all(sorted(each) == ["chest", "key", "key"] for each in kinds)


def test_large_boards_are_for_playing():
    env = KeysChests(size=13, stock=(4, 8), levels=2)
    env.reset(seed=0)
    rng, events = np.random.default_rng(0), dict.fromkeys(WORLD.events, 0.0)
    for _ in range(3000):
        info = env.step(rng.integers(5))[-1]
        events = {name: events[name] + info[name] for name in events}
    assert 0 < events["open:chest"] <= events["pick:key"] <= 4


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ({"stock": (0, 2)}, "nothing to open"),
        ({"stock": (1, 0)}, "nothing to open"),
        ({"stock": (-1, 2)}, r"0\.\.20 things"),
        ({"stock": (10, 20)}, r"0\.\.20 things"),
        ({"dummies": -1}, r"0\.\.20 things"),
        ({"size": 2}, "side 2"),
    ],
)
def test_a_hoard_that_cannot_be_drawn_is_refused(change, pattern):
    with pytest.raises(BirlError, match=pattern):
        Hoard(**change)


def test_more_things_than_a_board_holds_are_refused():
    with pytest.raises(BirlError, match="no maze of side 3"):
        make_levels(Hoard(stock=(8, 8), size=3), 1)
