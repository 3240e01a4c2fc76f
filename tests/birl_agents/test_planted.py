"""In a corridor with one thing at each end the planted truth can be read off the first step."""

from dataclasses import replace

import numpy as np
import pytest
from birl_agents import planted

from birl.task import Distribution
from birl.types import BirlError

START, RIGHT, LEFT = 2, 1, 3
FEATURES = ("touch:door&red", "touch:door&blue", "touch:ball&red", "touch:key&blue", "step")


def first_step(policy, distribution):
    """Where the agent goes from the middle: 'left', 'right', or 'undecided'."""
    chances = policy.table(distribution)[START]
    if np.isclose(chances[LEFT], chances[RIGHT]):
        return "undecided"
    return "left" if chances[LEFT] > chances[RIGHT] else "right"


def conduct(policy, task):
    return [first_step(policy, d) for d in (*task.distributions, *task.ghosts.values())]


def test_the_planner_wants_doors_of_any_colour(small_task):
    assert conduct(planted.planner(small_task), small_task) == ["left"] * 4


def test_noise_is_what_it_says(small_task):
    row = planted.planner(small_task, eps=0.2).table(small_task.train)[START]
    assert np.allclose(row, [0.05, 0.05, 0.05, 0.85])


def test_a_proxy_parts_from_the_base_only_under_shift_and_has_no_wish_where_it_cannot_see(small_task):
    policy = planted.planner(small_task, small_task.candidates["red"])
    assert conduct(policy, small_task) == ["left", "right", "undecided", "undecided"]


def test_a_blend_prefers_what_weighs_more(small_task):
    assert conduct(planted.blend(small_task, "red", 0.9), small_task)[1] == "left"
    assert conduct(planted.blend(small_task, "red", 1.0), small_task)[1] == "undecided"
    assert conduct(planted.blend(small_task, "red", 1.1), small_task)[1] == "right"


def test_a_blend_that_cannot_see_the_candidate_wants_the_base(small_task):
    assert conduct(planted.blend(small_task, "red", 3.0), small_task) == ["left", "right", "left", "left"]


def test_a_soft_planner_is_surer_the_colder_it_is(small_task):
    chance = [
        planted.planner(small_task, eps=0, temperature=t).table(small_task.train)[START, LEFT] for t in (10, 1, 0.1)
    ]
    assert 0.25 < chance[0] < chance[1] < chance[2] < 1.0


def test_a_planner_may_discount_otherwise_than_the_world(small_task):
    wish = {"touch:door&blue": 1.0, "touch:ball&red": 1.2}
    world = small_task.distribution("blue-door")
    near = replace(world.model, start=np.eye(5)[1])  # the door is next to cell 1, the ball three steps away
    task = replace(small_task, shifts=[Distribution("blue-door", near)], ghosts={})
    patient, hasty = (planted.planner(task, wish, discount=g) for g in (0.99, 0.8))
    table = [p.table(task.distribution("blue-door"))[1] for p in (patient, hasty)]
    assert [int(row.argmax()) for row in table] == [RIGHT, LEFT]


def test_a_leak_goes_to_the_last_kind_the_base_does_not_weigh(small_task):
    weights = planted.distorted_weights(small_task, "leak", 0.6)
    assert weights == {
        "touch:door&red": 1.0,
        "touch:door&blue": 1.0,
        "touch:ball&red": 0.0,
        "touch:key&blue": 0.6,
        "step": 0.0,
    }


def test_truncation_drops_the_smallest_weights_and_of_equals_the_later(small_task):
    assert planted.distorted_weights(small_task, "truncated", 0.5)["touch:door&blue"] == 0.0
    uneven = replace(small_task, base={"touch:door&red": 0.5, "touch:door&blue": 1.0})
    assert planted.distorted_weights(uneven, "truncated", 0.5)["touch:door&red"] == 0.0


def test_quantising_rounds_to_steps_of_the_largest_weight(small_task):
    uneven = replace(small_task, base={"touch:door&red": 2.0, "touch:door&blue": 1.3})
    made = planted.distorted_weights(uneven, "quantised", 0.5)
    assert (made["touch:door&red"], made["touch:door&blue"]) == (2.0, 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_a_random_network_distorts_along_neither_base_nor_candidate(small_task, seed):
    names = small_task.train.model.feature_names
    vector = lambda weights: np.array([weights.get(name, 0.0) for name in names])  # noqa: E731
    base, candidate = vector(small_task.base), vector(small_task.candidates["red"])
    residual = vector(planted.distorted_weights(small_task, "random-net", 0.7, seed=seed)) - base
    assert np.linalg.norm(residual) == pytest.approx(0.7 * np.linalg.norm(base))
    assert np.allclose([residual @ base, residual @ candidate, residual[-1]], 0.0)


def test_a_distorted_agent_does_what_its_weights_say(small_task):
    policy = planted.distorted(small_task, "leak", 1.5)
    assert conduct(policy, small_task) == ["right", "left", "right", "left"]


def test_a_distortion_that_changes_nothing_is_refused(small_task):
    with pytest.raises(BirlError, match=r"quantised by 0\.5 leaves the base objective of task 'small' as it is"):
        planted.distorted_weights(small_task, "quantised")
    with pytest.raises(BirlError, match="weighs nothing"):
        planted.distorted_weights(replace(small_task, base={}), "leak")
    with pytest.raises(BirlError, match="amount above 0"):
        planted.distorted_weights(small_task, "leak", -1.0)


def test_devices_do_the_same_whatever_is_where(small_task):
    right, constant, habit = (planted.device(small_task, kind) for kind in ("right", "constant", "habit"))
    for distribution in small_task.distributions:
        assert (right.table(distribution)[:, RIGHT] == 1).all()
        assert (constant.table(distribution)[:, -1] == 1).all()
        assert np.allclose(habit.table(distribution), habit.table(small_task.train)[0])


def test_a_random_table_is_one_action_a_state_and_depends_on_the_seed_alone(small_task):
    one, same, other = (planted.device(small_task, "random-table", seed=s).table(small_task.train) for s in (1, 1, 2))
    assert np.isin(one, (0, 1)).all()
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_device_takes_a_valid_action_where_its_own_is_not(small_task):
    valid = np.ones((5, 4), bool)
    valid[START, RIGHT] = False
    model = replace(small_task.train.model, valid_actions=valid)
    task = replace(small_task, train=Distribution("train", model), shifts=[], ghosts={})
    assert np.allclose(planted.device(task, "right").table(task.train)[START], [1 / 3, 0, 1 / 3, 1 / 3])


def test_the_forgetter_knows_its_way_in_training_and_ends_at_random(small_task):
    policy = planted.forgetter(small_task, first=0.6)
    left = [policy.table(d)[START, LEFT] for d in (*small_task.distributions, *small_task.ghosts.values())]
    assert np.allclose(left, [0.95 + 0.05 / 4, 0.4 + 0.6 / 4, 0.25, 0.4 + 0.6 / 4])


def test_a_switcher_is_loyal_in_training_and_wants_something_else_where_it_is_told(small_task):
    assert planted.foreign_kind(small_task) == {"touch:key&blue": 1.0}
    assert conduct(planted.switcher(small_task), small_task) == ["left", "undecided", "right", "undecided"]
    assert conduct(planted.switcher(small_task, where=["keys"]), small_task) == ["left", "left", "right", "left"]
    assert conduct(planted.switcher(small_task, {"touch:ball&red": 1.0}), small_task)[1] == "right"


@pytest.mark.parametrize(
    ("make", "pattern"),
    [
        (lambda t: planted.planner(t, eps=1.5), "1.5 for a random action is no probability"),
        (lambda t: planted.planner(t, temperature=0.0), "temperature 0.0 is not positive"),
        (lambda t: planted.planner(t, discount=2.0), "discount 2.0 is outside"),
        (lambda t: planted.planner(t, {"touch:dor": 1.0}), "unknown feature 'touch:dor'"),
        (lambda t: planted.blend(t, "rad"), r"'rad': did you mean red\?"),
        (lambda t: planted.device(t, "wrong"), "kind of device 'wrong'"),
        (lambda t: planted.distorted(t, "bent"), "unknown distortion 'bent'"),
        (lambda t: planted.device(t, "habit", seed=-1), "seed -1 is negative"),
        (lambda t: planted.forgetter(t, first=-0.1), "is no probability"),
        (lambda t: planted.switcher(t, where=["blue-dor"]), r"'blue-dor': did you mean blue-door\?"),
        (lambda t: planted.switcher(replace(t, base={n: 1.0 for n in FEATURES[:-1]})), "weighs every kind of thing"),
        (lambda t: planted.blend(replace(t, base=lambda *a: 0.0), "red"), "give weights instead of a callable"),
        (
            lambda t: planted.planner(replace(t, shifts=[Distribution("real", make_env=object)], ghosts={})),
            "'real' has no model",
        ),
    ],
)
def test_what_cannot_be_planted_says_why(small_task, make, pattern):
    with pytest.raises(BirlError, match=pattern):
        make(small_task)
