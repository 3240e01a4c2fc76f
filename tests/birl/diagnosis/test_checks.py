from dataclasses import replace

import pytest

from birl.behavior import observe
from birl.diagnosis.checks import disagreements, required_checks
from birl.gap import level_returns
from birl.irl import Check, MaxCausalEntropy
from birl.task import objective_vector
from tests.orchard import FEATURES, FRUIT, RED, gardener, orchard


@pytest.fixture(scope="module")
def seen():
    task = orchard(levels=8)
    return [observe(gardener(task, FRUIT), d) for d in task.distributions]


@pytest.fixture(scope="module")
def joint(seen):
    return MaxCausalEntropy().fit(seen)


def required(seen, joint, objective):
    base = {b.distribution: objective_vector(b.model, objective) for b in seen}
    returns = {b.distribution: level_returns(b, base[b.distribution]) for b in seen}
    return required_checks(seen[0], base, returns, joint)


def wanting(joint, objective):
    return replace(joint, weights={name: objective.get(name, 0.0) for name in FEATURES})


def apart(seen, joint, **methods):
    named = {"base": FRUIT, "red": RED}
    estimates = {name: wanting(joint, objective) for name, objective in methods.items()}
    return disagreements(seen, named, estimates, next(iter(methods)))


def test_a_base_that_can_be_earned_and_a_fit_that_converged_are_enough(seen, joint):
    assert required(seen, joint, FRUIT) == ()


def test_a_base_of_zeros_is_said_to_be_one(seen, joint):
    assert "0 everywhere in training" in required(seen, joint, {})[0]


def test_a_base_that_training_never_meets_is_0_there(seen, joint):
    assert "0 everywhere in training" in required(seen, joint, {"stone&red": 1.0})[0]


def test_a_required_check_that_failed_is_passed_on_and_another_is_not(seen, joint):
    bad = Check(name="converged", passed=False, message="raise max_steps", required=True)
    assert required(seen, replace(joint, checks=(bad,)), FRUIT) == ("mce: raise max_steps",)
    assert required(seen, replace(joint, checks=(replace(bad, required=False),)), FRUIT) == ()


def test_methods_that_find_the_same_parts_agree_whatever_their_scale_and_zero(seen, joint):
    shifted = {name: 7.0 * FRUIT.get(name, 0.0) - 2.0 for name in FEATURES if name != "step"}
    assert apart(seen, joint, first=FRUIT, second=shifted) == ()


def test_methods_that_find_other_parts_are_named_with_theirs(seen, joint):
    (text,) = apart(seen, joint, first=FRUIT, second=RED)
    assert text == "the part of red among the events is 0.00 by first, 1.00 by second"
