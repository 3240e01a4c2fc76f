from __future__ import annotations

import numpy as np
import pytest
from birl_envs.env import GridEnv
from birl_envs.exact import tabular_model
from birl_envs.fork import CANDIDATES, PROXIES, SHIFTS, TRAIN, WORLD, Crossing, conflict, make_levels, task, vec_env
from birl_envs.grid import Level, parse_level
from hypothesis import given
from hypothesis import strategies as st

from birl.tabular import hard_plan, reward_vector
from birl.task import conflicts
from birl.types import BirlError

LEFT, RIGHT = 0, 1


def fork(bits: str, k: int, lamp: int = 0, bell: int = 0) -> Level:
    """A level by hand; the bits as they are shown, the first on the left."""
    return parse_level(f"bits={int(bits[::-1], 2)} k={k} lamp={lamp} bell={bell}\nEe @@ Ee")


def right_way(level: Level) -> int:
    bits = [level.settings["bits"] >> number & 1 for number in range(level.settings["k"])]
    return sum(bits) % 2


@pytest.mark.parametrize(
    ("bits", "k", "way"),
    [
        ("00000000", 5, LEFT),
        ("10000000", 1, RIGHT),
        ("01111111", 1, LEFT),
        ("11000000", 2, LEFT),
        ("01000000", 2, RIGHT),
        ("11100111", 3, RIGHT),
        ("11111000", 5, RIGHT),
        ("11110111", 5, LEFT),
    ],
)
def test_an_odd_number_of_ones_among_the_first_k_means_right(bits: str, k: int, way: int):
    env = GridEnv(WORLD, [fork(bits, k)])
    for action in (LEFT, RIGHT):
        env.reset(seed=0)
        _, reward, terminated, truncated, info = env.step(action)
        assert reward == info["choose:rule"] == float(action == way)
        assert terminated
        assert not truncated


def test_several_signals_can_be_followed_at_once():
    env = GridEnv(WORLD, [fork("10000000", 1, lamp=1, bell=0)])
    env.reset(seed=0)
    *_, info = env.step(RIGHT)
    assert [info[f"choose:{name}"] for name in ("rule", "lamp", "bell")] == [1.0, 1.0, 0.0]
    env.reset(seed=0)
    *_, info = env.step(LEFT)
    assert [info[f"choose:{name}"] for name in ("rule", "lamp", "bell")] == [0.0, 0.0, 1.0]


def test_the_agent_sees_every_bit_and_both_proxies_and_never_k():
    seen = [GridEnv(WORLD, [fork("10100001", k, lamp=1)]).reset(seed=0)[0][0, 0] for k in (1, 5)]
    np.testing.assert_array_equal(seen[0], seen[1])
    assert seen[0][-len(WORLD.flags) :].astype(int).tolist() == [1, 0, 1, 0, 0, 0, 0, 1, 1, 0]


def test_a_level_has_one_choice_and_two_ends():
    model = tabular_model(WORLD, make_levels(TRAIN, 7))
    assert model.n_states == 3 * 7
    assert model.terminal.sum() == 2 * 7
    assert hard_plan(model, reward_vector(model, WORLD.base)).values @ model.start == pytest.approx(1.0)


@pytest.mark.parametrize("q", [0.0, 0.5, 0.6, 0.75, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("k", [1, 5])
def test_a_proxy_is_right_as_often_as_promised(q: float, k: int):
    n = 1500
    levels = make_levels(Crossing(k=k, reliability={"lamp": q}), n, split="all")
    for proxy, chance in (("lamp", q), ("bell", 0.5)):
        share = np.mean([level.settings[proxy] == right_way(level) for level in levels])
        assert share == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / n))  # four standard errors
    assert np.mean([right_way(level) for level in levels]) == pytest.approx(0.5, abs=0.06)


@given(k=st.integers(1, 5), low=st.floats(0, 1), high=st.floats(0, 1), seed=st.integers(0, 50))
def test_bits_stay_and_a_right_proxy_stays_right_as_reliability_grows(k: int, low: float, high: float, seed: int):
    low, high = sorted((low, high))
    less, more = (make_levels(Crossing(k=k, reliability={"lamp": q}), 12, seed=seed) for q in (low, high))
    for one, other in zip(less, more, strict=True):
        assert one.settings["bits"] == other.settings["bits"]
        assert one.settings["bell"] == other.settings["bell"]
        if one.settings["lamp"] == right_way(one):
            assert other.settings["lamp"] == right_way(other)


def test_no_pattern_is_in_training_and_test_whatever_k_and_proxies():
    seen = {"train": set(), "test": set()}
    for split, patterns in seen.items():
        for k in (1, 3, 5):
            for q in (0.0, 0.5, 1.0):
                drawn = make_levels(Crossing(k=k, reliability={"lamp": q}), 600, split=split, seed=k)
                patterns.update(level.settings["bits"] for level in drawn)
    assert not seen["train"] & seen["test"]
    assert len(seen["train"] | seen["test"]) == 2**8
    assert len(seen["test"]) == pytest.approx(64, abs=28)  # four standard errors of 256 tosses at one in four


def test_training_shows_every_rule_bit_combination_that_is_tested():
    used = {
        split: {level.settings["bits"] % 2**5 for level in make_levels(Crossing(k=5), 3000, split=split)}
        for split in ("train", "test")
    }
    assert used["train"] == set(range(2**5))
    assert used["test"] <= used["train"]


def test_candidates_part_from_the_rule_exactly_where_they_lie():
    whole = task(40)
    parts = {}
    for made in whole.distributions:
        model = made.model
        assert model is not None
        base = reward_vector(model, WORLD.base)
        parts[made.name] = {
            name: conflicts(model, base, reward_vector(model, wanted)).mean() for name, wanted in CANDIDATES.items()
        }
    assert parts["train"]["lamp"] == 0.0
    assert 0.0 < parts["train"]["bell"] < 0.3
    assert parts["lamp-lies"] == {"lamp": 1.0, "bell": parts["train"]["bell"]}
    assert parts["bell-lies"] == {"lamp": 0.0, "bell": 1.0}
    assert parts["all-lie"] == {"lamp": 1.0, "bell": 1.0}
    assert 0.2 < parts["uninformed"]["lamp"] < 0.8


def test_conflict_speaks_of_one_level():
    assert conflict(fork("10000000", 1, lamp=0))
    assert not conflict(fork("10000000", 1, lamp=1))
    assert conflict(fork("10000000", 1, lamp=1, bell=0), "bell")
    with pytest.raises(BirlError, match="did you mean lamp"):
        conflict(fork("10000000", 1), "lmap")


def test_the_task_of_another_training_keeps_its_rule_and_its_other_proxy():
    other = task(8, train=Crossing(k=4, reliability={"lamp": 0.8, "bell": 1.0}))
    same = make_levels(Crossing(k=4, reliability={"lamp": 0.0, "bell": 1.0}), 8)
    model, expected = other.distribution("lamp-lies").model, tabular_model(WORLD, same)
    assert model is not None
    assert (model.features != expected.features).nnz == 0


def test_ghosts_hide_the_proxy_alone():
    small = task(5)
    for proxy in PROXIES:
        ghost, seen = small.ghosts[proxy].model, small.distribution(f"{proxy}-lies").model
        assert ghost is not None
        assert seen is not None
        assert ghost.observe is not None
        assert seen.observe is not None
        everywhere = np.arange(seen.n_states)
        shown, hidden = seen.observe(everywhere), ghost.observe(everywhere)
        plane = shown.shape[-1] - len(WORLD.flags) + WORLD.flags.index(proxy)
        assert shown[..., plane].any()
        assert not hidden[..., plane].any()
        np.testing.assert_array_equal(np.delete(shown, plane, axis=-1), np.delete(hidden, plane, axis=-1))


def test_every_shift_changes_reliability_alone():
    for crossing, kind, pair in SHIFTS.values():
        assert crossing.k == TRAIN.k
        assert (kind, pair) == ("feature", "train")


def test_training_pools_follow_the_settings_asked_for():
    venv = vec_env(2, k=3, lamp=0.0, bell=1.0, levels=20)
    for level in venv.levels:
        assert level.settings["k"] == 3
        assert level.settings["lamp"] != right_way(level) == level.settings["bell"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"k": 0}, "a parity of 0 bits: give 1 to 5"),
        ({"k": 6}, "a parity of 6 bits"),
        ({"reliability": {"lmap": 1.0}}, "did you mean lamp"),
        ({"reliability": {"bell": 1.2}}, "bell with reliability 1.2"),
    ],
)
def test_an_impossible_crossing_says_why(arguments: dict, complaint: str):
    with pytest.raises(BirlError, match=complaint):
        Crossing(**arguments)
