"""What training makes of two objectives, in worlds where the causes are drawn by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.diagnosis.links import LINKS, enter_links, one_event
from birl.tabular import reward_vector
from tests.behaviors import behave
from tests.entries import Entries
from tests.worlds import DOOR, RED, deterministic_model, random_model, two_ends

LEFT, RIGHT = 0, 1


def lamp():
    """A switch to pull, once; from then on the lamp is lit, whatever one does. Actions: wait, pull."""
    features = np.zeros((2, 2, 2))
    features[0, 1] = [1.0, 0.0]  # pulled
    features[1, :, 1] = 1.0  # lit
    return deterministic_model(
        np.array([[0, 1], [1, 1]]),
        features,
        start=np.array([1.0, 0.0]),
        terminal=np.zeros(2, bool),
        names=("pull", "lit"),
    )


def vault(length=7):
    """A key at the left end of a corridor, a chest at the right that it opens, once each; the start is in between.

    A state is a cell and what was had: nothing, the key, both.
    """
    cell = np.tile(np.arange(length), 3)
    had = np.repeat(np.arange(3), length)
    step = np.clip(np.stack([cell - 1, cell + 1], axis=1), 0, length - 1)
    picks = (step == 0) & (had == 0)[:, None]
    opens = (step == length - 1) & (had == 1)[:, None]
    successor = (had[:, None] + picks + opens) * length + step
    return deterministic_model(
        successor,
        np.stack([picks, opens], axis=-1).astype(float),
        start=np.eye(3 * length)[length // 2],
        terminal=np.zeros(3 * length, bool),
        names=("key", "chest"),
    )


def links(model, proxy, base, picks=None):
    entries = Entries()
    picks = np.ones((2, model.n_levels)) if picks is None else picks
    rewards = [reward_vector(model, r) for r in (proxy, base)]
    train = behave(model, model.uniform)
    enter_links(entries, train, {"proxy": rewards[0]}, base=rewards[1], picks=picks)
    return entries


def test_a_switch_lights_the_lamp_and_the_lamp_pulls_no_switch():
    found = links(lamp(), {"pull": 1.0}, {"lit": 1.0})
    assert found["proxy_brings_base"] == pytest.approx(1.0)
    assert found["proxy_causes_base"] > 0.1
    assert found["base_causes_proxy"] == found["coincidence"] == 0.0  # it shines whatever one does


def test_a_key_is_brought_by_wanting_the_chest_and_brings_none():
    found = links(vault(), {"key": 1.0}, {"chest": 1.0})
    assert found["base_brings_proxy"] == pytest.approx(1.0)
    assert found["proxy_brings_base"] < 0.5
    assert found["proxy_causes_base"] > 0.05
    assert found["base_causes_proxy"] == pytest.approx(0.0)


def test_a_red_door_is_both_at_once_and_neither_makes_the_other():
    found = links(two_ends(("touch:door", "touch:red"), ("touch:ball",)), RED, DOOR)
    assert found["proxy_brings_base"] == found["base_brings_proxy"] == pytest.approx(1.0)
    assert found["coincidence"] == pytest.approx(1.0)
    assert max(found["proxy_causes_base"], found["base_causes_proxy"]) < 0.0  # who has it can have it no more


def test_the_effect_of_a_switch_is_what_the_light_is_worth():
    """Pulling gains 1 / (1 - g) of light from the next step on, the walk without it half of that a step later."""
    g, model = 0.9, lamp()
    waiting = (0.5 * g * g / (1 - g)) / (1 - 0.5 * g)  # after one more wait, from the next step on
    later = g / (1 - g) - waiting  # of one pull instead of a wait
    walk = waiting / g
    best_pull, walk_pull = 1.0, 0.5 / (1 - 0.5 * g)
    expected = later * (best_pull - walk_pull) / (g / (1 - g) - walk)
    assert links(model, {"pull": 1.0}, {"lit": 1.0})["proxy_causes_base"] == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), scales=st.tuples(st.floats(0.01, 100.0), st.floats(0.01, 100.0)))
def test_units_of_either_reward_change_no_link(seed, scales):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2)
    proxy, base = rng.normal(size=(2, model.n_states * model.n_actions))
    one, other = links(model, proxy, base), links(model, proxy * scales[0], base * scales[1])
    for quantity in LINKS:
        assert other[quantity] == pytest.approx(one[quantity], rel=1e-6, abs=1e-7)


def test_draws_are_over_levels():
    model = random_model(np.random.default_rng(3), n_levels=3)
    proxy, base = np.random.default_rng(4).normal(size=(2, model.n_states * model.n_actions))
    picks = np.array([[1.0, 1.0, 1.0], [3.0, 0.0, 0.0]])
    found = links(model, proxy, base, picks)
    for quantity in LINKS:
        same, other = found.draws[quantity, "proxy"]
        assert same == pytest.approx(found[quantity])
        assert other != pytest.approx(found[quantity])


@pytest.mark.parametrize(
    ("proxy", "base", "why"),
    [({"goal": 0.0}, DOOR, "candidate"), (RED, {}, "base objective")],
)
def test_what_cannot_be_earned_in_training_has_no_links_and_says_so(proxy, base, why):
    model = two_ends(("touch:door",), ("touch:ball",))
    proxy = RED if proxy is RED else np.zeros(model.n_states * model.n_actions)
    found = links(model, proxy, base)
    assert not found.values
    assert all(why in found.undefined[f"{quantity}[proxy]"] for quantity in LINKS)


@pytest.mark.parametrize(
    ("other", "expected"),
    [({"touch:red": 2.0}, {"a": ("b",), "b": ("a",)}), ({"touch:door": 1.0}, {"a": ("b",), "b": ("a",)}), (DOOR, {})],
)
def test_candidates_that_pay_alike_in_training_are_one_event(other, expected):
    together = other is not DOOR
    model = two_ends(
        ("touch:door", "touch:red") if together else ("touch:red",), ("touch:ball",) if together else ("touch:door",)
    )
    rewards = {"a": reward_vector(model, RED), "b": reward_vector(model, other), "nothing": np.zeros(model.live.size)}
    assert one_event(behave(model, model.uniform), rewards) == expected
