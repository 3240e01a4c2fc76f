"""Revealed preference: textbook pairs, utilities that must pass, menus that catch nobody."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.directedness.revealed_preference import (
    Choice,
    _at_random,
    efficiency,
    garp_violations,
    independence,
    intransitive_triads,
    revealed_preference,
)
from birl.types import BirlError

CROSSED = np.array([[2.0, 1.0], [1.0, 2.0]])


def certain(prices, budget, bundle):
    return Choice(
        prices=np.array(prices, float), budget=budget, bundles=np.array([bundle], float), probabilities=np.ones(1)
    )


def test_two_choices_that_contradict_each_other_are_caught():
    """Each bundle could have been had for less where the other was chosen: 4 for 5."""
    bundles = np.array([[2.0, 1.0], [1.0, 2.0]])
    assert garp_violations(CROSSED, bundles).sum() == 2
    assert efficiency(CROSSED, bundles) == pytest.approx(0.8)


def test_the_same_budgets_with_the_bundles_exchanged_are_consistent():
    bundles = np.array([[1.0, 2.0], [2.0, 1.0]])
    assert not garp_violations(CROSSED, bundles).any()
    assert efficiency(CROSSED, bundles) == 1.0


def test_a_circle_of_three_is_no_pair_and_still_a_violation():
    """Each is preferred to the next by direct comparison, and the last to the first: no pair alone contradicts."""
    prices = np.array([[4.0, 1.0, 2.0], [2.0, 4.0, 1.0], [1.0, 2.0, 4.0]])
    bundles = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert garp_violations(prices, bundles).any()
    assert efficiency(prices, bundles) < 1.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_who_maximises_a_utility_violates_nothing(seed):
    """Cobb-Douglas demand: a fixed share of the budget for every good."""
    rng = np.random.default_rng(seed)
    prices, shares = rng.uniform(0.5, 3.0, (8, 3)), rng.dirichlet(np.ones(3))
    bundles = 10.0 * shares / prices
    assert not garp_violations(prices, bundles).any()
    assert efficiency(prices, bundles) == 1.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_efficiency_is_where_violations_begin_and_does_not_depend_on_money(seed):
    rng = np.random.default_rng(seed)
    prices = rng.uniform(0.5, 3.0, (6, 3))
    bundles = 10.0 * rng.dirichlet(np.ones(3), 6) / prices
    found = efficiency(prices, bundles)
    assert not garp_violations(prices, bundles, efficiency=found - 1e-6).any()
    if found < 1.0:
        assert garp_violations(prices, bundles, efficiency=found + 1e-6).any()
    assert efficiency(7.0 * prices, bundles) == pytest.approx(found)


def test_a_maximiser_beats_choosers_at_random_where_budgets_cross():
    rng = np.random.default_rng(0)
    prices = rng.uniform(1.0, 4.0, (12, 3))
    choices = [certain(p, 12.0, 12.0 * np.array([0.6, 0.3, 0.1]) / p) for p in prices]
    found = revealed_preference(choices, rng=rng, draws=60)
    assert found.consistent == 1.0
    assert found.efficiency.value == 1.0
    assert found.power > 0.5
    assert found.better_than_random is not None
    assert found.better_than_random.value > 0.7


def test_who_chooses_at_random_is_one_among_choosers_at_random():
    """Half of the others do worse, and efficiency is theirs: resampled menus must not make anybody look better."""
    told = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        prices, budgets = rng.integers(1, 6, (12, 3)).astype(float), rng.integers(8, 16, 12).astype(float)
        bundles = _at_random(prices, budgets, 200, rng)
        choices = [
            Choice(prices=p, budget=m, bundles=bundles[:, t], probabilities=np.full(200, 1 / 200))
            for t, (p, m) in enumerate(zip(prices, budgets, strict=True))
        ]
        told.append(revealed_preference(choices, rng=rng, draws=80))
    assert np.mean([t.better_than_random.value for t in told]) == pytest.approx(0.5, abs=0.08)  # 320 draws of 4 worlds
    assert np.mean([t.efficiency.value - t.random_efficiency for t in told]) == pytest.approx(0.0, abs=0.03)
    assert all(t.better_than_random.low < 0.5 < t.better_than_random.high for t in told)
    assert all(t.efficiency.low < t.efficiency.value < t.efficiency.high for t in told)


def test_menus_without_power_say_so():
    """With one price for everything and one budget, budget sets are the same and nothing can be contradicted."""
    found = revealed_preference(
        [certain([1.0, 1.0], 2.0, [1.0, 1.0]), certain([1.0, 1.0], 2.0, [1.0, 1.0])],
        rng=np.random.default_rng(0),
        draws=20,
    )
    assert found.power == 0.0
    assert found.better_than_random is None
    assert "catch nobody" in found.reason


def test_what_is_not_on_offer_cannot_have_been_preferred():
    prices = np.array([[1.0, np.inf], [1.0, 1.0]])
    bundles = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert not garp_violations(prices, bundles).any()


def test_a_random_chooser_of_bundles_has_an_interval():
    both = Choice(
        prices=np.array([2.0, 1.0]),
        budget=5.0,
        bundles=np.array([[2.0, 1.0], [1.0, 2.0]]),
        probabilities=np.array([0.5, 0.5]),
    )
    other = certain([1.0, 2.0], 5.0, [1.0, 2.0])
    found = revealed_preference([both, other], rng=np.random.default_rng(0), draws=200)
    assert 0.3 < found.consistent < 0.7
    assert found.efficiency.low < found.efficiency.value < found.efficiency.high


@pytest.mark.parametrize(
    ("preference", "circles"),
    [
        ([[0.5, 0.9, 0.1], [0.1, 0.5, 0.9], [0.9, 0.1, 0.5]], 1),
        ([[0.5, 0.9, 0.9], [0.1, 0.5, 0.9], [0.1, 0.1, 0.5]], 0),
        ([[0.5, np.nan, 0.1], [np.nan, 0.5, 0.9], [0.9, 0.1, 0.5]], 0),
    ],
)
def test_circles_of_three_are_counted(preference, circles):
    found, triples = intransitive_triads(np.array(preference))
    assert found == circles
    assert triples == (0 if np.isnan(preference).any() else 1)


def test_a_decoy_that_takes_from_one_option_only_breaks_independence():
    """Half and half becomes a quarter to three quarters among the old options."""
    assert independence({"a": 0.5, "b": 0.5}, {"a": 0.2, "b": 0.6, "decoy": 0.2}) == pytest.approx(0.25)
    assert independence({"a": 0.5, "b": 0.5}, {"a": 0.4, "b": 0.4, "decoy": 0.2}) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: certain([1.0, 1.0], 1.0, [1.0, 1.0]), "a bundle costs 2 on a budget of 1"),
        (lambda: certain([0.0, 1.0], 1.0, [0.0, 1.0]), "prices must be above 0"),
        (lambda: certain([1.0], 1.0, [1.0, 0.0]), r"bundles \(1, 2\)"),
        (lambda: revealed_preference([], rng=np.random.default_rng(0)), "0 choices"),
        (lambda: independence({"a": 0.0}, {"a": 1.0}), "none of the options is ever chosen"),
    ],
)
def test_what_nobody_could_have_chosen_is_refused(make, message):
    with pytest.raises(BirlError, match=message):
        make()
