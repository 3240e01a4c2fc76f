"""What was on offer and what was bought: the observations of revealed preference, read off levels and behaviour.

Every episode in a shop is one choice from a linear budget set: prices and budget are the level's, the bundle is what
was taken. Behaviour that is random is a distribution over bundles; it is computed, not sampled.

Axes: O offers of a menu, G kinds of goods, S states, A actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from birl.directedness import Choice
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, IntArray
from birl_envs.exact import distribution
from birl_envs.grid import Level
from birl_envs.revealed_choice import WORLD
from birl_envs.shop import BUDGET, FARTHEST, HUB, KINDS, LARGEST, SIDE, SPOKES

__all__ = ["Menu", "Purchase", "bundle", "choice", "menu", "menus", "purchases"]

ROWS = 1e-6  # how far action probabilities may sum from 1, which float32 networks need
MOST = LARGEST + 1  # numbers of a good an episode can hold: 0..LARGEST


@dataclass(frozen=True, kw_only=True)
class Menu:
    """A budget set: bundles x >= 0 of whole goods with prices . x <= budget.

    Attributes:
        kinds: what each offer is, [O]; two offers of one kind are a good and its decoy.
        spokes: where each lies, [O].
        prices: steps one costs, [O].
        budget: steps.
    """

    kinds: tuple[str, ...]
    spokes: tuple[str, ...]
    prices: tuple[int, ...]
    budget: int

    @property
    def price_by_kind(self) -> FloatArray:
        """The lowest price of each of `KINDS`, [G]; inf where it is not on offer."""
        lowest = np.full(len(KINDS), np.inf)
        np.minimum.at(lowest, [KINDS.index(kind) for kind in self.kinds], np.array(self.prices, np.float64))
        return lowest


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """One bundle from one menu.

    Attributes:
        menu: what it was chosen from.
        taken: how many of each offer, [O].
        probability: of this bundle on this level; 1 for an episode that was played.
    """

    menu: Menu
    taken: tuple[int, ...]
    probability: float = 1.0

    @property
    def spent(self) -> int:
        """What the bundle costs, in steps; the rest of the budget bought nothing."""
        return sum(price * number for price, number in zip(self.menu.prices, self.taken, strict=True))

    @property
    def by_kind(self) -> IntArray:
        """How many of each of `KINDS`, [G]."""
        counts = np.zeros(len(KINDS), np.int64)
        np.add.at(counts, [KINDS.index(kind) for kind in self.menu.kinds], np.array(self.taken, np.int64))
        return counts


def menu(level: Level) -> Menu:
    """What a level offers, in the order of the spokes: up, right, down, left.

    Raises:
        BirlError: for a level that is no shop: another board, or things beside the spokes.
    """
    if (level.height, level.width, level.start) != (SIDE, SIDE, HUB):
        raise BirlError(f"no shop: a board of {level.height} x {level.width} from {level.start}: use `make_levels`")
    at = {thing.cell: thing for thing in level.things}
    offers = [
        (at.pop(cell).kind, spoke, price)
        for spoke, (down, right) in SPOKES.items()
        for price in range(1, FARTHEST + 1)
        if (cell := (HUB[0] + down * price, HUB[1] + right * price)) in at
    ]
    if at or not offers:
        raise BirlError(f"no shop: {len(offers)} goods on the spokes and {len(at)} beside them: use `make_levels`")
    kinds, spokes, prices = zip(*offers, strict=True)
    return Menu(kinds=kinds, spokes=spokes, prices=prices, budget=level.settings.get(BUDGET, LARGEST))


def menus(levels: Sequence[Level]) -> tuple[Menu, ...]:
    """What each level offers."""
    return tuple(menu(level) for level in levels)


def bundle(level: Level, actions: Sequence[int]) -> Purchase:
    """What an episode bought.

    Args:
        level: the level it was played on.
        actions: its actions; what comes after the end of the budget is refused.

    Raises:
        BirlError: for more actions than the budget has steps, or a level that is no shop.
    """
    offered, atlas = menu(level), WORLD.atlas([level])
    if len(actions) > offered.budget:
        raise BirlError(f"{len(actions)} actions on a budget of {offered.budget} steps: give those of one episode")
    only, state, taken = np.zeros(1, np.int64), WORLD.begin(atlas), [0] * len(offered.spokes)
    for action in actions:
        spoke = _spoke(np.stack(np.divmod(WORLD.cell(atlas, state), SIDE), axis=1), np.array([action]))
        done = WORLD.rule(atlas, only, state, np.array([action]))
        state = done.state
        if done.event[0] >= 0:
            taken[offered.spokes.index(tuple(SPOKES)[spoke[0]])] += 1
    return Purchase(menu=offered, taken=tuple(taken))


def _spoke(position: IntArray, action: IntArray) -> IntArray:
    """The spoke on which a step from a position [B, 2] lands, as its number in `SPOKES`."""
    steps = np.array(list(SPOKES.values()))
    towards = np.sign(position + steps[action] - np.array(HUB))
    return (towards[:, None, :] == steps).all(axis=2).argmax(axis=1)


def purchases(levels: Sequence[Level], policy: FloatArray) -> tuple[tuple[Purchase, ...], ...]:
    """Every bundle a policy can come home with, and how probable it is, exactly; on each level the likeliest first.

    Args:
        levels: the levels.
        policy: pi(a | s) on the states of `tabular_model(WORLD, levels)`, [S, A].

    Raises:
        BirlError: for a policy of another shape or whose rows do not sum to 1, or a level that is no shop.
    """
    offered = menus(levels)
    made = distribution(WORLD, "purchases", levels, shift="train")
    model, scenery = made.model, made.scenery
    assert model is not None  # a distribution of a grid world always has both
    assert scenery is not None
    _check(policy, model)
    onward = model.successors
    assert onward is not None  # and no chance
    action = np.tile(np.arange(model.n_actions), model.n_states)
    spoke = _spoke(scenery.position.repeat(model.n_actions, axis=0), action)
    took = model.dense_features[..., : len(WORLD.events)].any(axis=2)
    gain = np.where(took, MOST ** spoke.reshape(took.shape), 0)
    walk = _Walk(onward=onward, gain=gain, policy=policy, over=model.terminal)
    starts = np.flatnonzero(model.start)  # one a level, in the order of the levels
    return tuple(_read(menu, *walk.bundles(int(start))) for menu, start in zip(offered, starts, strict=True))


def choice(bought: Sequence[Purchase]) -> Choice:
    """The bundles of one menu as the theory of revealed preference wants them: goods are `KINDS`, at the lowest price.

    A decoy is the same good at a higher price, so whoever takes it bought less than the money would have allowed.
    """
    menu = bought[0].menu
    return Choice(
        prices=menu.price_by_kind,
        budget=float(menu.budget),
        bundles=np.stack([one.by_kind for one in bought]).astype(np.float64),
        probabilities=np.array([one.probability for one in bought]),
    )


def _check(policy: FloatArray, model: TabularModel) -> None:
    if policy.shape != (model.n_states, model.n_actions):
        raise BirlError(
            f"purchases: the policy is {policy.shape}, the levels have {model.n_states} states and {model.n_actions} "
            "actions: give [S, A]"
        )
    rows = policy[~model.terminal]
    if not (rows >= 0).all() or np.abs(rows.sum(axis=1) - 1.0).max() > ROWS:
        raise BirlError("purchases: the policy's rows are no probabilities: make them sum to 1")


def _read(menu: Menu, codes: IntArray, mass: FloatArray) -> tuple[Purchase, ...]:
    """Bundles as records, the likeliest first, and of equally likely ones the lower code."""
    order = np.lexsort((codes, -mass))
    digits = [list(SPOKES).index(spoke) for spoke in menu.spokes]
    taken = codes[order, None] // MOST ** np.array(digits) % MOST
    return tuple(
        Purchase(menu=menu, taken=tuple(row), probability=chance)
        for row, chance in zip(taken.tolist(), mass[order].tolist(), strict=True)
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Walk:
    """A policy in a world in which a bundle is one number, its digits to the base `MOST` how many of each spoke.

    Attributes:
        onward: where each action leads, [S, A].
        gain: what it adds to the bundle, [S, A].
        policy: pi(a | s), [S, A].
        over: whether the budget is spent, bool [S].
    """

    onward: IntArray
    gain: IntArray
    policy: FloatArray
    over: NDArray[np.bool_]

    def bundles(self, start: int) -> tuple[IntArray, FloatArray]:
        """Every bundle that can be had from a state, and its probability."""
        state, bundle, mass = np.array([start]), np.zeros(1, np.int64), np.ones(1)
        while not self.over[state].all():  # every step costs one, so all episodes from here end together
            spread = (mass[:, None] * self.policy[state]).ravel()
            some = np.flatnonzero(spread)
            after = self.onward[state].ravel()[some]
            held = (bundle[:, None] + self.gain[state]).ravel()[some]
            state, bundle, mass = _merge(after, held, spread[some])
        _, codes, mass = _merge(np.zeros_like(state), bundle, mass)
        return codes, mass


def _merge(state: IntArray, bundle: IntArray, mass: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Add up the mass of what is alike."""
    n_bundles = MOST ** len(SPOKES)
    keys, number = np.unique(state * n_bundles + bundle, return_inverse=True)
    state, bundle = np.divmod(keys, n_bundles)
    return state, bundle, np.bincount(number.ravel(), weights=mass).astype(np.float64)
