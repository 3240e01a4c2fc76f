"""Checkpoints that four versions of the library wrote: read on this one, they act as that one did."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces

from birl.checkpoint import load_policy

FOLDER = Path(__file__).parents[1] / "data" / "checkpoints"
VERSIONS = sorted(entry.name for entry in FOLDER.iterdir() if entry.is_dir())
MADE = sorted(path.stem for path in (FOLDER / VERSIONS[0]).glob("*.zip"))
MASK = [True, False, True]


class World:
    """The spaces of the environment in make_checkpoints.py."""

    observation_space = spaces.Box(-5.0, 5.0, (4,), np.float32)

    def __init__(self, box):
        low, high = np.array([-2.0, 0.5], np.float32), np.array([1.0, 3.0], np.float32)
        self.action_space = spaces.Box(low, high, dtype=np.float32) if box else spaces.Discrete(3)


@cache
def record(version):
    return json.loads((FOLDER / version / "actions.json").read_text("utf-8"))


def acted(name, policy, observations):
    rng = np.random.default_rng(0)
    if name == "recurrentppo":
        return np.concatenate([policy.act(one[None], rng=rng, deterministic=True) for one in observations])
    masks = {"action_masks": np.tile(MASK, (len(observations), 1))} if name == "maskableppo" else {}
    return policy.act(observations, rng=rng, deterministic=True, **masks)


def test_every_version_wrote_every_algorithm():
    assert len(VERSIONS) >= 4
    for version in VERSIONS:
        assert sorted(record(version)["actions"]) == MADE


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", MADE)
def test_a_checkpoint_acts_as_the_version_that_wrote_it(version, name):
    told = record(version)
    expected = np.array(told["actions"][name])
    world = World(box=expected.ndim == 2)
    policy = load_policy(FOLDER / version / f"{name}.zip", world, vecnormalize="none")
    found = acted(name, policy, np.array(told["observations"], np.float32))
    if world.action_space.__class__ is spaces.Discrete:
        assert found.tolist() == expected.tolist()
    else:
        assert np.allclose(found, expected, atol=1e-6)
