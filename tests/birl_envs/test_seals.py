from __future__ import annotations

import sys

import numpy as np
import pytest
from birl_envs.seals import GAMBLE, START, task

from birl.tabular import hard_plan, reward_vector
from birl.task import conflicts
from birl.testing import check_task
from birl.types import BirlError

pytest.importorskip("seals")


def test_the_model_is_seals_own_matrices():
    made = task()
    env = made.train.make_env()
    np.testing.assert_allclose(
        made.train.model.transitions.toarray().reshape(4, 2, 4), env.transition_matrix, atol=1e-12
    )
    paid = reward_vector(made.train.model, made.base).reshape(4, 2)
    np.testing.assert_allclose(paid, np.repeat(env.reward_matrix[:, None], 2, axis=1))


def test_fear_of_ruin_shows_only_where_the_gamble_tempts():
    made = task()
    gambles = {}
    for distribution in made.distributions:
        model = distribution.model
        plans = [hard_plan(model, reward_vector(model, goal)).policy for goal in (made.base, made.candidates["goal"])]
        gambles[distribution.name] = [bool(plan[START, GAMBLE]) for plan in plans]
    assert gambles == {"train": [False, False], "tempting": [False, True], "hopeless": [False, False]}
    tempting = made.distribution("tempting").model
    base, goal = (reward_vector(tempting, one) for one in (made.base, made.candidates["goal"]))
    assert conflicts(tempting, base, goal).all()


def test_the_task_keeps_the_contract():
    check_task(task(), episodes=4)


def test_without_seals_it_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "seals.diagnostics.risky_path", None)
    with pytest.raises(BirlError, match=r"needs the package seals: pip install 'birl\[imitation\]'"):
        task()
