"""imitation's AIRL on a square of 16 cells, with a reward at one of them."""

from __future__ import annotations

import builtins
from dataclasses import replace

import numpy as np
import pytest

from birl.irl import RewardEstimate
from birl.irl.airl import AdversarialIRL
from birl.testing import check_estimator
from birl.types import BirlError
from tests.birl.irl.adversarial_worlds import CELLS, GOAL, arriving, behavior

pytest.importorskip("imitation")
pytestmark = pytest.mark.filterwarnings("ignore")  # of imitation and of what it imports, none of them ours

QUICK = AdversarialIRL(
    hidden=(4,),
    episodes=10,
    horizon=8,
    timesteps=64,
    round_steps=32,
    parallel=2,
    updates=1,
    batch=32,
    window=1,
    clone_updates=2,
)
ANSWERED = AdversarialIRL(
    hidden=(32,),
    horizon=10,
    timesteps=6144,
    parallel=32,
    updates=32,
    learning_rate=3e-3,
    clone_updates=200,
    window=3,
    tolerance=0.0,
    generator={"n_epochs": 2, "batch_size": 512},
)


def test_a_reward_by_state_is_highest_where_it_was_planted():
    found = ANSWERED.fit([behavior()], rng=np.random.default_rng(0)).evaluate(arriving())
    assert found.argmax() == GOAL
    others = np.delete(found, GOAL)
    assert found[GOAL] > others.mean() + 2 * others.std()
    assert len(found) == CELLS


def test_an_estimate_says_what_became_of_shaping_and_what_was_spent(tmp_path):
    heard = []
    method = replace(QUICK, progress=lambda share, loss: heard.append(share))
    found = method.fit([behavior()], rng=np.random.default_rng(0))
    assert heard == [0.5, 1.0]
    assert "shaping dropped" in found.identifiability.selector
    assert found.provenance["rounds"] == "2"
    assert found.network.inputs == ("next_observation",)
    assert "progress" not in found.settings
    settled = next(c for c in found.checks if c.name == "converged")
    assert not settled.passed
    assert "too few to tell" in settled.message
    assert "give more timesteps" in settled.message
    found.save(tmp_path / "reward.npz")
    back = RewardEstimate.load(tmp_path / "reward.npz")
    np.testing.assert_array_equal(back.evaluate(arriving()), found.evaluate(arriving()))


def test_a_caller_may_end_the_game():
    method = replace(QUICK, timesteps=320, progress=lambda share, loss: share >= 0.2)
    assert method.fit([behavior()], rng=np.random.default_rng(0)).provenance["rounds"] == "2"


def test_a_reward_may_read_state_and_action():
    method = replace(QUICK, reads=("observation", "action"), begin="scratch")
    found = method.fit([behavior()], rng=np.random.default_rng(0))
    assert found.network.inputs == ("observation", "action")
    assert found.network.n_actions == 4


def test_it_keeps_the_contract():
    check_estimator(QUICK, tolerance=np.inf)  # rollouts differ when states are renamed


def test_without_a_world_to_play_in_it_says_what_is_missing():
    with pytest.raises(BirlError, match="airl needs simulator"):
        QUICK.fit([replace(behavior(), simulator=None, make_env=None)])


def test_without_imitation_one_line_installs_it(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest):
        if name.split(".")[0] == "imitation":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(BirlError, match=r"airl needs imitation.*pip install 'birl\[imitation\]'"):
        QUICK.fit([behavior()])
