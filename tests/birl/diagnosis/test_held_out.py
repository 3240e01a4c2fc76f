"""Every level is predicted by fits that have not seen it."""

from dataclasses import replace

import numpy as np
import pytest

from birl.behavior import observe
from birl.diagnosis.held_out import FOLDS, cross_fit, halves, held_out, held_out_likelihood
from birl.irl import MaxCausalEntropy
from birl.policy import TabularPolicy
from birl.task import objective_vector
from tests.behaviors import behave
from tests.orchard import FRUIT, LEAF, LEVELS, gardener, orchard, stroller

METHOD = MaxCausalEntropy()


def watch(policy, task):
    return [observe(policy, d) for d in task.distributions]


@pytest.fixture(scope="module")
def task():
    return orchard()


@pytest.fixture(scope="module")
def faithful(task):
    """Behaviour of a planner for the base objective."""
    return watch(gardener(task, FRUIT), task)


def predicted(behaviors, base=FRUIT):
    joint = METHOD.fit(behaviors)
    return held_out(
        METHOD,
        behaviors,
        folds=cross_fit(METHOD, behaviors, joint),
        alone={b.distribution: METHOD.fit([b]) for b in behaviors},
        base={b.distribution: objective_vector(b.model, base) for b in behaviors},
    )


def test_halves_share_no_level_and_leave_none_out(faithful):
    folds = halves(faithful[0])
    assert len(folds) == FOLDS
    assert sorted(np.concatenate([unseen for _, unseen in folds])) == list(range(LEVELS))
    for fit_on, unseen in folds:
        assert not set(fit_on) & set(unseen)
        assert len(fit_on) + len(unseen) == LEVELS


def test_a_single_level_has_to_predict_itself(faithful):
    single = faithful[0].restrict([2])
    assert [[x.tolist() for x in fold] for fold in halves(single)] == [[[0], [0]]] * FOLDS


def test_what_happens_on_hidden_levels_does_not_move_the_fit(faithful):
    joint = METHOD.fit(faithful)
    states = faithful[1].model.states_of(halves(faithful[1])[0][1])
    scrambled = faithful[1].policy.copy()
    scrambled[states] = scrambled[states][:, ::-1]
    other = [faithful[0], behave(faithful[1].model, scrambled, "green")]
    first, second = (cross_fit(METHOD, seen, joint) for seen in (faithful, other))
    assert first[0].vector == pytest.approx(second[0].vector, abs=1e-6)
    assert first[1].vector != pytest.approx(second[1].vector, abs=1e-2)


def test_an_objective_predicts_levels_it_has_not_seen_and_a_device_does_not(faithful):
    for found in predicted(faithful).values():
        assert found.walk == pytest.approx(-np.log(4))
        assert (found.own <= found.policy + 1e-9).all()
        whole = (found.own - found.walk).mean()
        assert (found.joint - found.walk).mean() > 0.8 * whole
        assert (found.device - found.walk).mean() < 0.2 * whole
        assert found.base is not None
        assert found.base.mean() == pytest.approx(found.own.mean(), abs=0.02)
        assert found.outcomes is not None
        assert found.outcomes.fitted.mean() > found.outcomes.chance.mean() + 0.3


def test_one_habit_for_every_level_is_predicted_best_by_a_device(task):
    for found in predicted(watch(stroller(task, np.array([0.1, 0.6, 0.1, 0.2])), task)).values():
        assert found.device.mean() >= found.joint.mean() - 0.01
        assert found.device.mean() == pytest.approx(found.policy.mean(), abs=0.02)


def test_a_memorised_table_is_predicted_by_nothing(task, rng):
    tables = {d.name: np.eye(4)[rng.integers(4, size=d.model.n_states)] * 0.9 + 0.025 for d in task.distributions}
    for found in predicted(watch(TabularPolicy(tables), task)).values():
        whole = (found.policy - found.walk).mean()
        assert whole > 0.8
        assert (found.joint - found.walk).mean() < 0.1 * whole
        assert (found.device - found.walk).mean() < 0.3 * whole


def test_two_objectives_for_the_same_levels_are_predicted_apart_better_than_together(task):
    again = replace(task, shifts=[replace(task.train, name="again", shift="feature")])
    found = predicted(watch(gardener(again, FRUIT, {"again": LEAF}), again))
    for seen in found.values():
        assert (seen.alone - seen.walk).mean() > 2 * (seen.joint - seen.walk).mean()


def test_a_base_without_effect_predicts_nothing(faithful):
    for found in predicted(faithful, base={}).values():
        assert found.base is None


def test_the_better_model_of_behaviour_has_the_higher_held_out_likelihood(faithful):
    joint = METHOD.fit(faithful)
    good = held_out_likelihood(METHOD, faithful, cross_fit(METHOD, faithful, joint))
    flat = replace(joint, weights=dict.fromkeys(joint.weights, 0.0))
    assert good > held_out_likelihood(METHOD, faithful, [flat] * FOLDS) == pytest.approx(-np.log(4))
