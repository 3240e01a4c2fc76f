"""Episodes of one length, whatever the world does."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from birl.irl.demonstrations import marked
from birl.irl.fixed_horizon import FixedHorizon
from birl.types import BirlError


class Ends(gymnasium.Env):
    """Ends by itself after as many steps as the last reset seed says; is cut after `cut`."""

    observation_space = spaces.Box(-1.0, 1.0, (2, 2), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self, cut: int = 100) -> None:
        self.cut, self.steps, self.last = cut, 0, 0

    def reset(self, *, seed=None, options=None):
        self.last = self.last if seed is None else seed
        self.steps = 0
        return np.zeros((2, 2), np.float32), {}

    def step(self, action):
        self.steps += 1
        seen = np.full((2, 2), self.steps / 100, np.float32)
        return seen, 1.0, self.steps == self.last, self.steps == self.cut, {}


def episode(env, seed):
    seen = [env.reset(seed=seed)[0]]
    ends, paid = [], []
    while not (ends and ends[-1][1]):
        one, reward, terminated, truncated, _ = env.step(0)
        seen.append(one)
        ends.append((terminated, truncated))
        paid.append(reward)
    return np.array(seen), ends, paid


@pytest.mark.parametrize("last", [1, 3, 7, 50])
def test_every_episode_lasts_the_horizon_and_ends_by_a_cut(last):
    _, ends, paid = episode(FixedHorizon(Ends(), 7), last)
    assert len(ends) == 7
    assert ends == [(False, False)] * 6 + [(False, True)]
    assert sum(paid) == min(last, 7)


def test_what_is_over_waits_at_its_last_observation_and_is_marked():
    seen, _, _ = episode(FixedHorizon(Ends(), 6), 3)
    np.testing.assert_array_equal(seen[:, -1], [0, 0, 0, 1, 1, 1, 1])
    np.testing.assert_allclose(seen[3:, :-1], 0.03)


def test_an_episode_that_is_only_cut_is_not_over():
    seen, _, _ = episode(FixedHorizon(Ends(cut=5), 5), 50)
    assert not seen[:, -1].any()


def test_starts_come_from_the_seeds_given_and_the_first_seed_decides_all():
    env = FixedHorizon(Ends(), 9, seeds=[2, 5])

    def lasts(seed):
        runs = [episode(env, seed if i == 0 else None)[0][:, -1].argmax() for i in range(8)]
        return [int(run) for run in runs]

    assert lasts(0) == lasts(0)
    assert set(lasts(0)) == {2, 5}


def test_the_environment_that_cuts_before_the_horizon_is_refused():
    with pytest.raises(BirlError, match="time_limit=4"):
        episode(FixedHorizon(Ends(cut=4), 9), 50)


def test_observations_that_are_no_array_are_refused():
    env = Ends()
    env.observation_space = spaces.Discrete(5)  # type: ignore[assignment]
    with pytest.raises(BirlError, match="Box or MultiBinary"):
        FixedHorizon(env, 5)


def test_marked_flattens_and_appends():
    found = marked(np.ones((3, 2, 2)), np.array([False, True, False]))
    assert found.shape == (3, 5)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:, -1], [0, 1, 0])
