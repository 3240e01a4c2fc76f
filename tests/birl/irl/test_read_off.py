"""For a soft-optimal policy the start of a search is its end; for another it is near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from birl.irl.read_off import read_off
from birl.irl.soft_likelihood import SoftLikelihood
from tests.behaviors import behave, soft_agent
from tests.worlds import random_model, two_ends


def test_the_weights_of_a_soft_optimal_policy_are_read_off(rng):
    weights = rng.normal(size=4)
    agents = [soft_agent(random_model(rng, n_levels=2, invalid=True), weights, name) for name in ("train", "shift")]
    assert np.allclose(read_off(agents), weights, atol=1e-3)  # the ridge leaves that much


def test_another_policy_is_closer_to_the_start_than_to_0(rng):
    model = random_model(rng, n_levels=2)
    behavior = behave(model, rng.dirichlet(np.ones(3), size=model.n_states))
    likelihood = SoftLikelihood([behavior], equal_levels=False)
    assert likelihood.at(read_off([behavior])).value > likelihood.at(np.zeros(4)).value


def test_a_greedy_policy_has_a_start_too():
    model = two_ends(("touch:door",), ("touch:ball",))
    assert np.isfinite(read_off([soft_agent(model, {"touch:door": 3.0}, deterministic=True)])).all()


@pytest.mark.parametrize("horizon", [1, 20])
def test_visits_over_a_horizon_serve_where_nothing_is_discounted(rng, horizon):
    model = replace(random_model(rng, terminal=False), discount=1.0)
    behavior = behave(model, rng.dirichlet(np.ones(3), size=model.n_states), time_limit=horizon)
    assert np.isfinite(read_off([behavior], horizon=horizon)).all()
