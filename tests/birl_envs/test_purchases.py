"""Choices read off behaviour: the prices of the theory, and what it then says about planners and walkers."""

import numpy as np
import pytest
from birl_envs.exact import tabular_model
from birl_envs.purchases import Menu, Purchase, choice, menu, purchases
from birl_envs.revealed_choice import SHIFTS, WORLD, make_levels
from birl_envs.shop import KINDS

from birl.directedness import revealed_preference
from birl.directedness.revealed_preference import efficiency, garp_violations
from birl.tabular import hard_plan, reward_vector
from birl.types import BirlError

COIN, GEM = KINDS.index("coin"), KINDS.index("gem")
SHOWN = make_levels(SHIFTS["expanded"][0], 20)


def offer(kinds, prices, budget):
    return Menu(kinds=kinds, spokes=("up", "right", "down", "left")[: len(kinds)], prices=prices, budget=budget)


def bought(taken, *menu_, probability=1.0):
    return Purchase(menu=offer(*menu_), taken=taken, probability=probability)


def chosen(policy):
    return [choice(found) for found in purchases(SHOWN, policy)]


def test_goods_that_are_not_on_offer_cost_more_than_any_budget():
    found = choice([bought((1, 2), ("coin", "gem"), (2, 3), 8)])
    assert found.budget == 8.0
    assert (found.prices[COIN], found.prices[GEM]) == (2.0, 3.0)
    assert np.isinf(np.delete(found.prices, [COIN, GEM])).all()
    assert found.bundles.tolist() == [[{COIN: 1.0, GEM: 2.0}.get(kind, 0.0) for kind in range(len(KINDS))]]
    assert found.probabilities.tolist() == [1.0]


def test_a_decoy_is_the_same_good_so_taking_it_wastes_money():
    """Two gems, one of them at the dearer spoke: 7 steps spent on what 6 would have bought, and 8 could be spent."""
    menu_ = (("gem", "coin", "gem"), (3, 2, 4), 8)
    found = choice([bought((1, 0, 1), *menu_)])
    assert found.prices[GEM] == 3.0
    assert found.bundles[0, GEM] == 2.0
    assert float(np.where(np.isfinite(found.prices), found.prices, 0.0) @ found.bundles[0]) == 6.0


def test_two_menus_can_contradict_each_other():
    """The textbook pair: at prices 2 and 1 two of the first, at 1 and 2 two of the second; each for 4 of 5."""
    pair = [
        choice([bought((2, 1), ("coin", "gem"), (2, 1), 5)]),
        choice([bought((1, 2), ("coin", "gem"), (1, 2), 5)]),
    ]
    prices, bundles = np.stack([c.prices for c in pair]), np.stack([c.bundles[0] for c in pair])
    assert garp_violations(prices, bundles).sum() == 2
    assert efficiency(prices, bundles) == pytest.approx(0.8)
    assert revealed_preference(pair, rng=np.random.default_rng(0), draws=30).consistent == 0.0


def test_chances_of_bundles_are_those_of_the_behaviour():
    model = tabular_model(WORLD, SHOWN[:1])
    (found,) = purchases(SHOWN[:1], model.uniform)
    told = choice(found)
    assert told.probabilities.sum() == pytest.approx(1.0)
    assert told.probabilities.tolist() == [one.probability for one in found]
    np.testing.assert_array_equal(told.bundles, [one.by_kind for one in found])
    np.testing.assert_array_equal(told.prices, menu(SHOWN[0]).price_by_kind)


def test_a_planner_is_consistent_on_larger_menus_and_a_walker_is_not():
    model = tabular_model(WORLD, SHOWN)
    greedy = hard_plan(model, reward_vector(model, WORLD.base)).greedy
    told = {
        name: revealed_preference(chosen(policy), rng=np.random.default_rng(0), draws=40)
        for name, policy in {"planner": greedy, "walker": model.uniform}.items()
    }
    assert told["planner"].efficiency.value == 1.0
    assert told["planner"].violations.value == 0.0
    assert told["planner"].power > 0.9
    assert told["planner"].better_than_random.low > 0.9
    assert told["walker"].consistent < 0.5
    assert told["walker"].better_than_random.low < 0.5 < told["walker"].better_than_random.high


def test_a_bundle_beyond_the_budget_is_no_choice():
    with pytest.raises(BirlError, match="a bundle costs 9 on a budget of 8"):
        choice([bought((0, 3), ("coin", "gem"), (2, 3), 8)])
