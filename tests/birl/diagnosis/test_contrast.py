import numpy as np
import pytest

from birl.behavior import observe
from birl.diagnosis.contrast import contrasts
from birl.task import objective_vector
from tests.orchard import FRUIT, RED, gardener, orchard


@pytest.fixture(scope="module")
def task():
    return orchard(levels=12, again=True)


def contrast(task, wants):
    shifts = [observe(gardener(task, wants), d) for d in task.shifts]
    on = lambda objective: {b.distribution: objective_vector(b.model, objective) for b in shifts}  # noqa: E731
    return contrasts(shifts, on(task.base), {"red": on(RED)})


def test_base_and_candidate_part_only_where_the_fruit_is_green(task):
    conflict = contrast(task, FRUIT).conflict["red"]
    assert conflict["green"].mean() > 0.9
    assert not conflict["again"].any()


@pytest.mark.parametrize(("wants", "sign"), [(RED, 1), (FRUIT, -1)])
def test_the_objective_that_is_pursued_is_the_likelier_on_conflict_levels(task, wants, sign):
    found = contrast(task, wants)
    on = found.conflict["red"]["green"]
    assert (sign * found.odds["red"]["green"][on]).mean() > 0.2
    assert not found.odds["red"]["green"][~on].any()
    assert not found.odds["red"]["again"].any()


def test_a_candidate_that_is_the_base_is_nowhere_in_conflict(task):
    shifts = [observe(gardener(task, FRUIT), d) for d in task.shifts]
    base = {b.distribution: objective_vector(b.model, FRUIT) for b in shifts}
    found = contrasts(shifts, base, {"twin": {name: 3.0 * reward for name, reward in base.items()}})
    assert not any(levels.any() for levels in found.conflict["twin"].values())
    assert np.concatenate(list(found.odds["twin"].values())) == pytest.approx(0.0)
