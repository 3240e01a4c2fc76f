"""Agents and worlds unlike those of the planted panel.

Clumsiness that grows under shift, things with two attributes, few conflicts, objectives that no feature names.
"""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

import birl
from birl.diagnosis import Verdict
from birl.tabular import hard_plan, reward_vector
from birl.types import BirlError

SIDE, DISCOUNT = 5, 0.9
MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1))
CELLS = np.arange(SIDE * SIDE)
AFTER = np.stack(
    [np.clip(CELLS // SIDE + d, 0, SIDE - 1) * SIDE + np.clip(CELLS % SIDE + e, 0, SIDE - 1) for d, e in MOVES], axis=1
)  # [cells, A]
TRAIN, SPLIT = (("a", "b"), ("c",)), (("a",), ("b",), ("c",))
ATTRIBUTES = ("a", "b", "c", "step")
CONJUNCTIONS = ("a&b", "a", "b", "c", "step")


def grids(seed, things, *, features, joined):
    """Things lie anywhere and end the episode; `things[level]` lists each one's attributes. Actions: four moves."""
    rng, levels = np.random.default_rng(seed), len(things)
    here = np.zeros((levels, CELLS.size, len(features)))
    start = np.zeros((levels, CELLS.size))
    for level, there in enumerate(things):
        *cells, first = rng.choice(CELLS, len(there) + 1, replace=False)
        for cell, attributes in zip(cells, there, strict=True):
            names = ["&".join(attributes)] if joined else attributes
            here[level, cell, [features.index(name) for name in names]] = 1.0
        start[level, first] = 1.0 / levels
    ends = here.any(axis=-1)
    here[..., -1] = 1.0
    moves = sp.csr_matrix(np.eye(CELLS.size)[AFTER].reshape(-1, CELLS.size))
    return birl.TabularModel(
        transitions=sp.block_diag([moves] * levels, format="csr"),
        features=np.concatenate([here[level][AFTER.ravel()] for level in range(levels)]),
        start=start.ravel(),
        terminal=ends.ravel(),
        discount=DISCOUNT,
        feature_names=features,
        level=np.repeat(np.arange(levels), CELLS.size),
        observe=lambda states: np.asarray(states)[:, None],
    )


def world(base, candidate, *, levels=16, conflicts=None, joined=True):
    """What is a and b in training is two things on the shift, in so many of its levels."""
    features = CONJUNCTIONS if joined else ATTRIBUTES
    conflicts = levels if conflicts is None else conflicts
    shift = [SPLIT] * conflicts + [TRAIN] * (levels - conflicts)
    return birl.Task(
        "grid",
        train=birl.Distribution("train", grids(0, [TRAIN] * levels, features=features, joined=joined)),
        shifts=[birl.Distribution("split", grids(1, shift, features=features, joined=joined))],
        base=base,
        candidates={"b": candidate},
        discount=DISCOUNT,
    )


def planner(task, objective, **noise):
    """Plans for it; on each distribution a share of its actions is random, 5 % unless told."""
    tables = {}
    for d in task.distributions:
        share = noise.get(d.name, 0.05)
        reward = reward_vector(d.model, objective) if isinstance(objective, dict) else objective(d.model)
        tables[d.name] = (1 - share) * hard_plan(d.model, reward).policy + share * d.model.uniform
    return birl.TabularPolicy(tables)


def score(policy, task):
    return birl.score(policy, task, draws=30)


A, B = {"a&b": 1.0, "a": 1.0}, {"a&b": 1.0, "b": 1.0}


@pytest.mark.parametrize(("clumsy", "least"), [(0.3, 0.9), (0.5, 0.7)])
def test_who_only_gets_clumsier_is_no_proxy(clumsy, least):
    task = world(A, B, levels=24)
    card = score(planner(task, A, split=clumsy), task)
    assert card.probabilities[Verdict.ROBUST] >= least
    assert Verdict.PROXY not in card.probabilities
    assert card.evidence.base_return["split"].value < card.evidence.base_return["train"].value - 0.15


def test_attributes_that_go_together_in_training_are_told_apart():
    task = world({"a": 1.0}, {"b": 1.0}, joined=False)
    card = score(planner(task, {"a": 1.0, "b": 0.9}), task)
    assert card.verdict is Verdict.PROXY, card.probabilities
    assert "mixed" in card.flags
    weights = card.estimates["joint"].weights
    assert weights["step"] == 0
    assert weights["b"] / weights["a"] == pytest.approx(0.9, abs=0.05)


def test_a_price_of_time_that_shows_is_not_held_at_zero():
    task = world({"a": 1.0}, {"b": 1.0}, joined=False)
    policy = planner(task, {"a": 0.5, "b": 0.5, "c": 1.2, "step": -0.3})  # two at once are worth less than c alone
    joint = score(policy, task).estimates["joint"]
    assert joint.weights["step"] < 0
    for d in task.distributions:
        planned = birl.irl.ESTIMATORS["boltzmann"].predict(joint, d.model).argmax(axis=1)
        chosen = policy.table(d)[np.arange(planned.size), planned]
        assert np.mean(chosen[~d.model.terminal] > 0.1) > 0.95  # no planned action is one of its slips


def test_a_proxy_is_seen_on_the_only_level_where_it_shows():
    task = world(A, B, levels=40, conflicts=1)
    card = score(planner(task, B), task)
    assert card.evidence.goal_regret["split"].value < birl.Thresholds().goal  # over all levels it costs next to nothing
    assert card.probabilities.get(Verdict.ROBUST, 0.0) < 0.5


def corner(obs, action, after):
    """Paid for a cell, which no feature names."""
    return (np.asarray(after)[:, 0] % CELLS.size == 0).astype(float)


def test_an_objective_that_no_feature_names_becomes_one():
    task = world(corner, B)
    policy = planner(task, lambda model: birl.task.objective_vector(model, corner))
    card = score(policy, task)
    assert card.verdict is Verdict.ROBUST, card.probabilities
    assert set(card.estimates["joint"].weights) == {*CONJUNCTIONS, "base"}
    assert card.estimates["joint"].weights["base"] > 0


def test_an_objective_that_is_a_sum_of_features_is_that_sum():
    task = world(A, B)
    paid = {id(d.model): reward_vector(d.model, A) for d in task.distributions}
    events = [d.model.features.toarray() @ [1.0, 1.0, 0.0, 0.0, 0.0] for d in task.distributions]
    assert all(np.array_equal(one, other) for one, other in zip(paid.values(), events, strict=True))
    called = replace(task, candidates={"time": lambda obs, action, after: np.full(len(obs), -0.5)})
    found = birl.in_features.in_model_features(called)
    assert found.candidates["time"] == pytest.approx({"step": -0.5})
    assert found.train.model is task.train.model


def test_one_level_is_said_to_be_one():
    task = world(A, B, levels=1)
    caveats = score(planner(task, A), task).diagnosis.caveats
    assert any(said.startswith("a single level of train and split: nothing is held out") for said in caveats)


# what cannot be asked


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        ({"a&b": 2.0, "a": 2.0}, "candidate 'b' is the base objective itself: leave it out"),
        ({}, "candidate 'b' wants nothing"),
        ({"b": 0.0}, "candidate 'b' wants nothing"),
        ({"b": "x"}, "b: reward: the weight of 'b' is 'x': give a number"),
    ],
)
def test_a_candidate_that_is_none(candidate, message):
    with pytest.raises(BirlError, match=message):
        world(A, candidate, levels=2)


def test_levels_with_a_gap():
    task = world(A, B, levels=3)
    model = task.train.model
    odd = replace(model, level=np.where(model.level > 0, model.level + 1, 0))
    with pytest.raises(BirlError, match=r"'train': no state is of level 1, and there are later ones"):
        replace(task, train=replace(task.train, model=odd))


@pytest.mark.parametrize("draws", [1, 0, -1])
def test_too_few_draws(draws):
    task = world(A, B, levels=2)
    with pytest.raises(BirlError, match=f"{draws} draws: give at least 2"):
        birl.score(planner(task, A), task, draws=draws)
