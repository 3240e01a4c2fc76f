"""Agreement between methods: one direction whatever the potentials, opposite ones, and what cannot be compared."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.agreement import Measure, agreement
from birl.irl import Boltzmann, Identifiability, MaxCausalEntropy, RewardEstimate, RewardNetwork
from birl.tabular import reward_vector
from birl.testing import worlds
from birl.trajectories import edges
from birl.types import BirlError, Interval
from tests.worlds import random_model

MODEL = worlds.corridors("touch:door&blue", "touch:ball&red")
DOORS = {"touch:door&red": 1.0, "touch:door&blue": 1.0}
REDS = {"touch:door&red": 1.0, "touch:ball&red": 1.0}
FEATURES = MODEL.feature_names


def estimate(weights=None, *, spread=None, **how):
    full = {} if weights is None else {name: weights.get(name, 0.0) for name in how.pop("names", FEATURES)}
    plain = {
        "method": "one",
        "behavioral_model": "none",
        "distributions": ("train",),
        "weights": full,
        "status": dict.fromkeys(full, "identified"),
        "nuisance": {},
        "log_likelihood": None,
        "checks": (),
        "identifiability": Identifiability(rank=None, nullity=None, null_directions=(), selector="the test"),
        "covariance": None if spread is None else spread**2 * np.eye(len(full)),
    }
    return RewardEstimate(**(plain | how))


def one_pair(a, b, model=MODEL, **how):
    (found,) = agreement({"a": a, "b": b}, model, **how).pairs
    return found


# known answers


def test_an_estimate_agrees_with_itself():
    one = estimate(DOORS)
    found = one_pair(one, one, base=DOORS, candidates={"red": REDS})
    assert found.cosine.value == pytest.approx(1.0)
    assert found.spearman.value == pytest.approx(1.0)
    assert found.kendall.value == pytest.approx(1.0)
    assert found.starc.value == pytest.approx(0.0, abs=1e-7)
    assert found.same_side == {"red": True}


def test_opposite_rewards_disagree_in_everything():
    found = one_pair(estimate(DOORS), estimate({n: -w for n, w in DOORS.items()}), base=DOORS, candidates={"red": REDS})
    assert found.cosine.value == pytest.approx(-1.0)
    assert found.spearman.value == pytest.approx(-1.0)
    assert found.kendall.value == pytest.approx(-1.0)
    assert found.starc.value == pytest.approx(1.0)
    assert found.same_side == {"red": False}


def test_weights_at_a_right_angle_have_cosine_0():
    assert one_pair(estimate({"touch:door&red": 1}), estimate({"touch:door&blue": 2})).cosine.value == 0.0


def test_a_reward_leans_wholly_to_what_its_own_optimiser_does():
    """On these levels the blue door and the red ball exclude each other: base and candidate want one of them each."""
    found = agreement({"doors": estimate(DOORS), "reds": estimate(REDS)}, MODEL, base=DOORS, candidates={"red": REDS})
    doors, reds = found.leanings["doors"]["red"].value, found.leanings["reds"]["red"].value
    assert doors > 1.0  # more than the random walk's share lies between them
    assert reds < -1.0
    assert found.pairs[0].same_side == {"red": False}


@given(seed=st.integers(0, 2**16))
def test_potentials_and_scale_change_nothing_of_rank_and_distance(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=6, n_actions=3)
    reward = rng.normal(size=model.live.size)
    potential = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
    shaped = 3.0 * (reward + model.discount * (model.transitions @ potential) - np.repeat(potential, 3))
    tables = [estimate(table=r.reshape(-1, 3)) for r in (reward, shaped)]
    found = one_pair(*tables, model=model)
    assert found.spearman.value == pytest.approx(1.0, abs=1e-6)
    assert found.kendall.value == pytest.approx(1.0, abs=1e-3)  # a few of 2000 points may tie in the last digit
    assert found.starc.value == pytest.approx(0.0, abs=1e-6)


@given(seed=st.integers(0, 2**16))
def test_agreement_is_mutual(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=6, n_actions=3)
    one, other = (
        estimate(dict(zip(model.feature_names, rng.normal(size=4), strict=True)), names=model.feature_names)
        for _ in range(2)
    )
    here, there = one_pair(one, other, model=model), one_pair(other, one, model=model)
    for name in ("cosine", "spearman", "kendall"):
        assert getattr(here, name).value == pytest.approx(getattr(there, name).value)
    assert here.starc.value == pytest.approx(there.starc.value)


def test_ranks_are_weighed_by_coverage():
    """Two rewards that agree on one level and are opposite on another, looked at where only the first is visited."""
    table = reward_vector(MODEL, DOORS).reshape(-1, 2)
    first = MODEL.level == 0
    other = np.where(first[:, None], table, -table)
    visited = np.repeat(first, 2).astype(float)
    pair = (estimate(table=table), estimate(table=other))
    assert one_pair(*pair, coverage=visited).spearman.value == pytest.approx(1.0)
    assert one_pair(*pair).spearman.value < 0.0


def test_forms_may_differ():
    weights = estimate(DOORS)
    table = estimate(table=reward_vector(MODEL, DOORS).reshape(-1, 2))
    found = one_pair(weights, table)
    assert found.spearman.value == pytest.approx(1.0)
    assert found.cosine.value is None
    assert found.cosine.reason == "one: no weights by feature"
    width = edges(MODEL).observations.shape[1]
    network = estimate(
        network=RewardNetwork(
            inputs=("observation", "action"), n_actions=2, layers=((np.ones((1, width + 2)), np.zeros(1)),)
        )
    )
    assert -1.0 <= one_pair(weights, network).spearman.value <= 1.0


# fitted methods


def test_cardinal_methods_with_different_models_of_behaviour_lean_the_same_way():
    seen = worlds.behaviors()
    found = agreement(
        {"mce": MaxCausalEntropy().fit(seen), "boltzmann": Boltzmann().fit(seen)},
        seen[1].model,
        base=DOORS,
        candidates={"red": REDS},
    )
    (pair,) = found.pairs
    assert pair.same_side == {"red": True}
    assert pair.spearman.value > 0.8
    for measure in (pair.spearman, pair.kendall, *(m["red"] for m in found.leanings.values())):
        assert measure.interval.low <= measure.value <= measure.interval.high
    assert pair.starc.interval.low <= pair.starc.interval.high


# intervals


def test_a_contrast_within_its_noise_is_on_no_side():
    sure, unsure = estimate(DOORS, spread=0.01), estimate(DOORS, spread=5.0)
    found = agreement({"sure": sure, "unsure": unsure}, MODEL, base=DOORS, candidates={"red": REDS})
    assert found.leanings["sure"]["red"].sign == 1
    assert found.leanings["unsure"]["red"].sign is None
    assert found.pairs[0].same_side == {"red": None}


def test_draws_are_the_posteriors_where_there_is_one(rng):
    drawn = estimate(DOORS, draws=np.tile([1.0, 2.0, 0.0, 0.0, 0.0], (50, 1)))
    assert one_pair(
        drawn, estimate({"touch:door&red": 1.0, "touch:door&blue": 2.0})
    ).cosine.interval.high == pytest.approx(1.0)


def test_without_draws_there_is_no_interval_and_a_reason():
    found = one_pair(estimate(DOORS), estimate(REDS))
    assert found.spearman.interval is None
    assert found.spearman.reason == "no interval: the estimates have no draws and no covariance"


def test_the_same_generator_gives_the_same_answer():
    pair = (estimate(DOORS, spread=1.0), estimate(REDS, spread=1.0))
    assert one_pair(*pair) == one_pair(*pair, rng=np.random.default_rng(0))


def test_a_sign_is_what_its_interval_leaves():
    assert Measure(value=0.5).sign == 1
    assert Measure(value=-0.5, interval=Interval(value=-0.5, low=-1, high=-0.1)).sign == -1
    assert Measure(value=0.5, interval=Interval(value=0.5, low=-0.1, high=1)).sign is None
    assert Measure(reason="why").sign is None


# what cannot be compared


@pytest.mark.parametrize(
    ("a", "b", "quantity", "reason"),
    [
        (estimate(DOORS), estimate({}), "spearman", "one of the two ranks everything alike there"),
        (estimate(DOORS), estimate({}), "starc", "b expresses no preference"),
        (estimate(DOORS), estimate({}), "cosine", "all weights that both identify are 0 in one of them"),
        (estimate(DOORS), estimate({"x": 1.0}, names=("x",)), "spearman", "the world has no feature 'x'"),
        (estimate(DOORS), estimate({"x": 1.0}, names=("x",)), "cosine", "no feature is identified by both"),
        (estimate(DOORS), estimate(table=np.zeros((3, 2))), "kendall", "6 values for"),
    ],
)
def test_what_is_undefined_says_why(a, b, quantity, reason):
    found = getattr(one_pair(a, b), quantity)
    assert found.value is None
    assert reason in found.reason


def test_one_feature_is_no_direction():
    known = dict.fromkeys(FEATURES, "not identified") | {"step": "identified"}
    found = one_pair(estimate(DOORS), estimate(DOORS, status=known))
    assert found.cosine.value is None
    assert "only one feature" in found.cosine.reason


def test_a_reward_that_prefers_nothing_leans_nowhere():
    found = agreement({"a": estimate(DOORS), "b": estimate({})}, MODEL, base=DOORS, candidates={"red": REDS})
    assert found.leanings["b"]["red"].reason == "its reward expresses no preference here"
    assert found.pairs[0].same_side == {"red": None}


def test_an_undiscounted_world_is_not_compared_and_says_so():
    found = one_pair(estimate(DOORS), estimate(REDS), model=replace(MODEL, discount=1.0), base=DOORS)
    assert found.spearman.reason == found.starc.reason == "nothing is discounted in this world"


def test_one_estimate_has_nothing_to_agree_with():
    with pytest.raises(BirlError, match="1 estimates: give at least two"):
        agreement({"a": estimate(DOORS)}, MODEL)
    with pytest.raises(BirlError, match="unknown feature 'gold'"):
        agreement({"a": estimate(DOORS), "b": estimate(REDS)}, MODEL, base={"gold": 1.0})
