"""Blocks of small levels say what sparse factors say, whatever was asked before."""

from dataclasses import replace

import numpy as np
import pytest

from birl.tabular import PolicyChain, hard_plan
from birl.tabular.blocks import LARGEST, blocks_of
from birl.tabular.solve import BlockChain, greedy_chain
from tests.worlds import random_model


@pytest.fixture
def model(rng):
    return random_model(rng, n_levels=4)


def actions(model, rng):
    return rng.integers(model.n_actions, size=model.n_states)


def both(model, action):
    """The chain by blocks and by sparse factors."""
    chain = greedy_chain(model, action)
    assert isinstance(chain, BlockChain)
    return chain, PolicyChain(model, chain.policy)


def test_values_occupancy_and_successor_features_are_those_of_sparse_factors(model, rng):
    for _ in range(5):
        blocks, sparse = both(model, actions(model, rng))
        reward = model.features @ rng.normal(size=model.n_features)
        assert np.allclose(blocks.policy_values(reward), sparse.policy_values(reward), atol=1e-12)
        assert np.allclose(blocks.occupancy(), sparse.occupancy(), atol=1e-12)
        assert np.allclose(blocks.successor_features(), sparse.successor_features(), atol=1e-12)


def test_what_was_asked_before_changes_no_digit(model, rng):
    first, other = actions(model, rng), actions(model, rng)
    reward = model.features @ rng.normal(size=model.n_features)
    kept = greedy_chain(model, first)
    before = kept.policy_values(reward)
    partly = np.where(model.level == 2, other, first)
    for action in (partly, other, partly):
        greedy_chain(model, action).policy_values(reward)
    assert np.array_equal(kept.policy_values(reward), before)
    fresh = replace(model)
    assert np.array_equal(
        greedy_chain(fresh, partly).policy_values(reward), both(model, partly)[0].policy_values(reward)
    )


def test_levels_may_differ_in_size_and_lie_anywhere(rng):
    model = random_model(rng, n_levels=4)
    small = model.restrict([1])  # one level
    order = rng.permutation(model.n_states)
    rows = (order[:, None] * model.n_actions + np.arange(model.n_actions)).ravel()
    mixed = replace(
        model,
        transitions=model.transitions[rows][:, order],
        features=model.features[rows],
        start=model.start[order],
        terminal=model.terminal[order],
        valid_actions=model.valid_actions[order],
        level=np.where(model.level > 2, 2, model.level)[order],  # the last is twice as large
        observe=None,
    )
    for one in (small, mixed):
        blocks, sparse = both(one, actions(one, rng))
        reward = one.features @ rng.normal(size=one.n_features)
        assert np.allclose(blocks.policy_values(reward), sparse.policy_values(reward), atol=1e-12)


def test_planning_is_the_same_with_and_without_blocks(model, rng):
    reward = model.features @ rng.normal(size=model.n_features)
    whole = replace(model, level=np.zeros(model.n_states, np.int64))
    whole.__dict__["blocks"] = None
    assert np.allclose(hard_plan(model, reward).values, hard_plan(whole, reward).values, atol=1e-9)
    assert np.array_equal(hard_plan(model, reward).policy, hard_plan(whole, reward).policy)


def test_there_are_none_where_levels_are_large_or_joined_or_the_future_is_not_discounted(model):
    ask = lambda level, discount: blocks_of(model.transitions, model.n_actions, level, discount)  # noqa: E731
    assert ask(model.level, 0.9) is not None
    assert ask(model.level, 1.0) is None
    assert ask(np.arange(model.n_states) % 2, 0.9) is None
    copies = 1 + LARGEST // model.n_states
    large = random_model(np.random.default_rng(0), n_levels=4 * copies)
    assert blocks_of(large.transitions, large.n_actions, np.zeros(large.n_states, np.int64), 0.9) is None
