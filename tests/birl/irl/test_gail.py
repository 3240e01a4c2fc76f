"""imitation's GAIL: it runs, and it says that it is a control."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from birl.irl.gail import AdversarialImitation
from birl.testing import check_estimator
from birl.types import BirlError
from tests.birl.irl.adversarial_worlds import arriving, behavior

pytest.importorskip("imitation")
pytestmark = pytest.mark.filterwarnings("ignore")  # of imitation and of what it imports, none of them ours

QUICK = AdversarialImitation(
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


def test_what_is_returned_is_called_a_control():
    found = QUICK.fit([behavior()], rng=np.random.default_rng(0))
    control = next(c for c in found.checks if c.name == "objective")
    assert control.required
    assert not control.passed
    assert "never as an objective" in control.message
    assert "any objective" in QUICK.cannot_identify
    assert np.isfinite(found.evaluate(arriving())).all()


def test_it_keeps_the_contract():
    check_estimator(QUICK, tolerance=np.inf)  # rollouts differ when states are renamed


def test_without_a_world_to_play_in_it_says_what_is_missing():
    with pytest.raises(BirlError, match="gail needs simulator"):
        QUICK.fit([replace(behavior(), simulator=None, make_env=None)])
