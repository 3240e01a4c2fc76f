from __future__ import annotations

import numpy as np
import pytest
from birl_envs.env import GridEnv
from birl_envs.exact import tabular_model
from birl_envs.grid import Level, Thing
from birl_envs.purchases import bundle, menu, menus, purchases
from birl_envs.revealed_choice import (
    CANDIDATES,
    SHIFTS,
    TRAIN,
    WORLD,
    WORTH,
    Shop,
    conflict,
    make_levels,
    task,
    vec_env,
)
from birl_envs.shop import HUB, KINDS, SPOKES
from birl_envs.split import split_of
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.tabular import PolicyChain, hard_plan, reward_vector
from birl.types import BirlError

UP, RIGHT, DOWN, LEFT = range(4)


def shop_with(goods: dict[str, tuple[str, int]], budget: int) -> Level:
    """A level by hand: spoke -> kind and price."""
    ways = {spoke: [(HUB[0] + r * n, HUB[1] + c * n) for n in range(1, 9)] for spoke, (r, c) in SPOKES.items()}
    free = {HUB}.union(*(ways[spoke][:price] for spoke, (_, price) in goods.items()))
    return Level(
        height=17,
        width=17,
        walls=frozenset((r, c) for r in range(17) for c in range(17)) - free,
        things=tuple(
            Thing(kind=kind, colour="yellow", cell=ways[spoke][price - 1]) for spoke, (kind, price) in goods.items()
        ),
        start=HUB,
        settings={"budget": budget},
    )


TWO = shop_with({"up": ("coin", 2), "right": ("gem", 3)}, 8)


def lamps(env: GridEnv, seen: np.ndarray) -> set[str]:
    return {flag for flag, lit in zip(WORLD.flags, seen[0, 0, -len(WORLD.flags) :], strict=True) if lit}


def optimum(level: Level) -> float:
    model = tabular_model(WORLD, [level])
    return float(hard_plan(model, reward_vector(model, WORLD.base)).values @ model.start)


def test_a_good_costs_its_distance_and_comes_back():
    env = GridEnv(WORLD, [TWO])
    env.reset(seed=0)
    steps = [env.step(action) for action in (UP, UP, RIGHT, RIGHT, RIGHT, UP, UP, UP)]
    assert [reward for _, reward, *_ in steps] == [0, WORTH["coin"], 0, 0, WORTH["gem"], 0, WORTH["coin"], 0]
    assert [done for _, _, done, _, _ in steps] == [False] * 7 + [True]
    assert not any(cut for _, _, _, cut, _ in steps)


def test_a_wall_and_a_way_back_cost_steps_too():
    assert bundle(TWO, (DOWN, UP, DOWN, UP, UP, LEFT, RIGHT, RIGHT)).taken == (1, 0)


def test_the_longest_budget_ends_before_it_is_cut():
    env = GridEnv(WORLD, [shop_with({"up": ("coin", 1)}, 40)])
    env.reset(seed=0)
    ends = [env.step(UP)[2:4] for _ in range(40)]
    assert ends == [(False, False)] * 39 + [(True, False)]


def test_the_agent_sees_offers_prices_its_place_and_its_purse():
    env = GridEnv(WORLD, [TWO])
    seen = lamps(env, env.reset(seed=0)[0])
    menu_lamps = {"offer:coin@up", "offer:gem@right", *(f"price@up>={n}" for n in (1, 2))}
    menu_lamps |= {f"price@right>={n}" for n in (1, 2, 3)}
    assert seen == menu_lamps | {f"left>={n}" for n in range(1, 9)}
    env.step(RIGHT)
    seen = lamps(env, env.step(RIGHT)[0])
    assert seen == menu_lamps | {f"left>={n}" for n in range(1, 7)} | {"at:right", "out>=1", "out>=2"}


def test_no_two_live_states_of_a_level_look_alike():
    model = tabular_model(WORLD, make_levels(SHIFTS["expanded"][0], 3))
    assert model.observe is not None
    live = np.flatnonzero(~model.terminal)
    seen = model.observe(live).reshape(live.size, -1)
    assert len(np.unique(np.column_stack([model.level[live], seen]), axis=0)) == live.size


def test_the_best_return_is_that_of_the_best_bundle():
    for level in make_levels(SHIFTS["expanded"][0], 6):
        offered, worth = menu(level), np.zeros(level.settings["budget"] + 1)
        for left in range(1, worth.size):  # the unbounded knapsack, by its own recursion
            buys = [
                WORTH[kind] + worth[left - price]
                for kind, price in zip(offered.kinds, offered.prices, strict=True)
                if price <= left
            ]
            worth[left] = max([worth[left - 1], *buys])
        assert optimum(level) == pytest.approx(worth[-1])


def test_training_menus_have_one_or_two_kinds_at_training_prices():
    for offered in menus(make_levels(TRAIN, 200)):
        assert len(set(offered.kinds)) == len(offered.kinds) <= 2
        assert set(offered.prices) <= set(TRAIN.prices)
        assert max(offered.prices) <= offered.budget
        assert TRAIN.budgets[0] <= offered.budget <= TRAIN.budgets[1]


def test_fresh_distances_were_never_in_training():
    fresh = SHIFTS["fresh-distances"][0]
    assert not set(fresh.prices) & set(TRAIN.prices)
    assert {price for offered in menus(make_levels(fresh, 100)) for price in offered.prices} == set(fresh.prices)


def test_the_decoy_is_the_same_menu_plus_a_dearer_copy():
    for plain, more in zip(*(menus(make_levels(shop, 60)) for shop in (TRAIN, SHIFTS["decoy"][0])), strict=True):
        offers = dict(zip(more.spokes, zip(more.kinds, more.prices, strict=True), strict=True))
        kept = dict(zip(plain.spokes, zip(plain.kinds, plain.prices, strict=True), strict=True))
        assert kept.items() < offers.items()
        assert more.budget == plain.budget
        ((kind, price),) = (offers[spoke] for spoke in offers.keys() - kept.keys())
        assert price > more.price_by_kind[KINDS.index(kind)]
        np.testing.assert_array_equal(plain.price_by_kind, more.price_by_kind)


def test_an_expanded_menu_is_the_same_menu_plus_two_kinds():
    for plain, more in zip(*(menus(make_levels(shop, 60)) for shop in (TRAIN, SHIFTS["expanded"][0])), strict=True):
        assert set(zip(plain.spokes, plain.kinds, plain.prices, strict=True)) < set(
            zip(more.spokes, more.kinds, more.prices, strict=True)
        )
        assert len(more.kinds) == len(set(more.kinds)) == len(plain.kinds) + 2
        assert more.budget == plain.budget


def test_adding_a_decoy_or_a_kind_never_lowers_and_a_decoy_never_raises_the_optimum():
    plain, decoy, expanded = (make_levels(shop, 8) for shop in (TRAIN, SHIFTS["decoy"][0], SHIFTS["expanded"][0]))
    for one, same, more in zip(plain, decoy, expanded, strict=True):
        assert optimum(one) == pytest.approx(optimum(same))
        assert optimum(more) >= optimum(one) - 1e-9


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_menu_keeps_its_side_of_the_split_whatever_is_added(split: str):
    bare = [
        split_of(
            type(level.layout)(height=17, width=17, walls=frozenset(), spots=level.layout.spots, start=HUB),
            level.settings,
        )
        for level in make_levels(TRAIN, 40, split=split)
    ]
    assert set(bare) == {split}
    for shift in ("decoy", "expanded"):
        drawn = make_levels(SHIFTS[shift][0], 40, split=split)
        assert [level.settings for level in drawn] == [level.settings for level in make_levels(TRAIN, 40, split=split)]


def test_who_counts_goods_alone_parts_from_the_base():
    cheap_ball = shop_with({"up": ("ball", 1), "left": ("gem", 2)}, 10)
    assert conflict(cheap_ball, "nearest")
    assert not conflict(cheap_ball, "gem")
    assert conflict(shop_with({"up": ("coin", 1), "left": ("gem", 7)}, 10), "gem")
    with pytest.raises(BirlError, match="did you mean nearest"):
        conflict(cheap_ball, "nearst")


def test_ghosts_hide_prices_or_gems_and_keep_the_world():
    small = task(3)
    for name, sign in (("nearest", "price@"), ("gem", "offer:gem")):
        ghost, seen = small.ghosts[name].model, small.distribution(str(small.ghosts[name].pair)).model
        assert ghost is not None
        assert seen is not None
        assert (ghost.transitions != seen.transitions).nnz == 0
        assert ghost.observe is not None
        assert seen.observe is not None
        lit = {
            which: model.observe(np.arange(model.n_states))[:, 0, 0, -len(WORLD.flags) :].any(axis=0)
            for which, model in (("ghost", ghost), ("seen", seen))
            if model.observe is not None
        }
        gone = {flag for flag, a, b in zip(WORLD.flags, lit["seen"], lit["ghost"], strict=True) if a and not b}
        assert gone
        assert all(flag.startswith(sign) for flag in gone)


def test_a_menu_is_read_off_its_level():
    offered = menu(shop_with({"left": ("gem", 3), "up": ("coin", 2), "down": ("gem", 8)}, 11))
    assert (offered.kinds, offered.spokes, offered.prices) == (
        ("coin", "gem", "gem"),
        ("up", "down", "left"),
        (2, 8, 3),
    )
    assert offered.budget == 11
    np.testing.assert_array_equal(offered.price_by_kind, [3, 2, np.inf, np.inf])


def test_an_episode_is_a_bundle_within_the_budget():
    bought = bundle(TWO, (UP, UP, RIGHT, RIGHT, RIGHT, UP, UP, UP))
    assert bought.taken == (2, 1)
    assert bought.spent == 7
    np.testing.assert_array_equal(bought.by_kind, [1, 2, 0, 0])


def test_a_planner_buys_the_best_bundle_with_certainty():
    model = tabular_model(WORLD, [TWO])
    greedy = np.eye(4)[hard_plan(model, reward_vector(model, WORLD.base)).greedy.argmax(axis=1)]
    ((bought,),) = purchases([TWO], greedy)
    assert bought.taken == (1, 2)  # 2 gems and a coin: 6 + 2 of 8 steps, worth 20
    assert bought.probability == pytest.approx(1.0)


def test_a_coin_toss_at_the_hub_buys_binomial_bundles():
    level = shop_with({"up": ("coin", 1), "right": ("gem", 1)}, 3)
    toss = np.tile([0.25, 0.75, 0.0, 0.0], (tabular_model(WORLD, [level]).n_states, 1))
    (found,) = purchases([level], toss)
    assert {bought.taken: bought.probability for bought in found} == pytest.approx(
        {(0, 3): 27 / 64, (1, 2): 27 / 64, (2, 1): 9 / 64, (3, 0): 1 / 64}
    )


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), number=st.integers(0, 7))
def test_exact_bundles_agree_with_occupancies_and_stay_in_the_budget(seed: int, number: int):
    level = make_levels(TRAIN if number % 2 else SHIFTS["decoy"][0], 8)[number]
    model = tabular_model(WORLD, [level])
    policy = np.random.default_rng(seed).dirichlet(np.full(4, 0.3), size=model.n_states)
    (found,) = purchases([level], policy)
    assert sum(bought.probability for bought in found) == pytest.approx(1.0)
    assert len({bought.taken for bought in found}) == len(found)
    assert all(bought.spent <= bought.menu.budget for bought in found)
    expected, chain = sum(bought.probability * bought.by_kind for bought in found), PolicyChain(model, policy)
    np.testing.assert_allclose(expected, (model.start @ chain.values(chain.features()))[: len(KINDS)], atol=1e-9)


def test_played_episodes_come_from_the_exact_distribution():
    level, rng = TWO, np.random.default_rng(0)
    model = tabular_model(WORLD, [level])
    (found,) = purchases([level], np.full((model.n_states, 4), 0.25))
    exact = {bought.taken: bought.probability for bought in found}
    n = 600
    played = [bundle(level, rng.integers(4, size=8).tolist()).taken for _ in range(n)]
    assert set(played) <= set(exact)
    for taken, chance in exact.items():  # five standard errors
        assert played.count(taken) / n == pytest.approx(chance, abs=5 * np.sqrt(chance / n))


def test_several_levels_are_read_in_their_order():
    levels = make_levels(TRAIN, 5)
    n_states = tabular_model(WORLD, levels).n_states
    every = purchases(levels, np.full((n_states, 4), 0.25))
    assert [found[0].menu for found in every] == list(menus(levels))
    for found in every:
        assert [bought.probability for bought in found] == sorted((b.probability for b in found), reverse=True)


def test_training_pools_follow_the_shop_asked_for():
    venv = vec_env(2, sizes=(3,), prices=(2, 3), levels=5)
    assert {len(offered.kinds) for offered in menus(venv.levels)} == {3}
    assert {price for offered in menus(venv.levels) for price in offered.prices} <= {2, 3}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"sizes": ()}, "do not fit"),
        ({"sizes": (0,)}, "do not fit"),
        ({"sizes": (4,), "extra": 1}, "do not fit"),
        ({"extra": -1}, "do not fit"),
        ({"sizes": (3,), "extra": 1, "decoy": True}, "do not fit"),
        ({"prices": ()}, "cannot be laid out"),
        ({"prices": (0, 2)}, "cannot be laid out"),
        ({"prices": (9,)}, "cannot be laid out"),
        ({"budgets": (6, 41)}, "are impossible"),
        ({"budgets": (9, 8)}, "are impossible"),
        ({"prices": (8,), "budgets": (6, 9)}, "are impossible"),
        ({"prices": (3, 8), "decoy": True}, "must cost more"),
    ],
)
def test_an_impossible_shop_says_why(arguments: dict, complaint: str):
    with pytest.raises(BirlError, match=complaint):
        Shop(**arguments)


def test_what_is_no_purchase_says_why():
    with pytest.raises(BirlError, match="9 actions on a budget of 8"):
        bundle(TWO, [UP] * 9)
    with pytest.raises(BirlError, match="no shop: a board of 2 x 2"):
        menu(Level(height=2, width=2, walls=frozenset(), things=(), start=(0, 0)))
    with pytest.raises(BirlError, match="no shop: 0 goods"):
        menu(shop_with({}, 8))
    n_states = tabular_model(WORLD, [TWO]).n_states
    with pytest.raises(BirlError, match=r"give \[S, A\]"):
        purchases([TWO], np.full((3, 4), 0.25))
    with pytest.raises(BirlError, match="make them sum to 1"):
        purchases([TWO], np.full((n_states, 4), 0.5))


def test_every_candidate_and_the_base_speak_of_the_goods():
    assert set(WORLD.base) == set(WORLD.events) == {f"take:{kind}" for kind in KINDS}
    assert set(CANDIDATES) == {"nearest", "gem"}
