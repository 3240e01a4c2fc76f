"""VecNormalize's files of four versions, and files that only look like them: nothing in either runs."""

import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from birl.checkpoint.inert import Record, as_array, read_pickle
from birl.checkpoint.statistics import read_statistics
from birl.types import BirlError

FOLDER = Path(__file__).parents[1] / "data" / "checkpoints"
VERSIONS = sorted(entry.name for entry in FOLDER.iterdir() if entry.is_dir())
SPACE = spaces.Box(-5.0, 5.0, (4,), np.float32)


class Bomb:
    """Unpickling this creates a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class State:
    """Whatever it is given, pickled under VecNormalize's name by `written`."""

    def __init__(self, **state):
        self.__dict__.update(state)


def written(path, protocol=4, **changes):
    """A file like VecNormalize's, healthy but for the changes."""
    running = State(mean=np.zeros(4), var=np.ones(4), count=1.0)
    state = {"obs_rms": running, "epsilon": 1e-8, "clip_obs": 10.0, "norm_obs": True} | changes
    name = b"stable_baselines3.common.vec_env.vec_normalize"
    one = pickle.dumps(state, protocol=protocol)
    start = 2 + (9 if one[2:3] == b"\x95" else 0)  # after the protocol and, from 4 on, the frame
    made = b"c" + name + b"\nVecNormalize\n)\x81" + one[start:-1] + b"b."
    path.write_bytes(b"\x80\x04" + made)
    return path


@pytest.mark.parametrize("version", VERSIONS)
def test_statistics_of_every_version_normalise_as_that_version_did(version):
    told = json.loads((FOLDER / version / "actions.json").read_text("utf-8"))
    found = read_statistics(FOLDER / version / "vecnormalize.pkl", SPACE)
    assert np.allclose(found(np.array(told["observations"], np.float32)), told["normalised"], atol=1e-6)
    assert found(np.full((1, 4), 99.0)).max() == found.clip == 2.0


def test_the_healthy_file_these_tests_spoil_is_read(tmp_path):
    found = read_statistics(written(tmp_path / "s.pkl"), SPACE)
    assert np.allclose(found(np.array([[0.5, -20.0, 0.0, 3.0]])), [[0.5, -10.0, 0.0, 3.0]])


def test_statistics_that_left_observations_alone_are_none(tmp_path):
    assert read_statistics(written(tmp_path / "s.pkl", norm_obs=False), SPACE) is None


def test_statistics_of_observations_in_parts_are_refused(tmp_path):
    parts = {"eye": State(mean=np.zeros(4), var=np.ones(4))}
    with pytest.raises(BirlError, match=r"part by part \(eye\)"):
        read_statistics(written(tmp_path / "s.pkl", obs_rms=parts), SPACE)


@pytest.mark.parametrize(
    ("running", "pattern"),
    [
        (State(mean=np.zeros(3), var=np.ones(3)), r"mean has shape \(3,\), the observations have \(4,\)"),
        (State(mean=np.zeros(4), var=-np.ones(4)), "no statistics"),
        (State(mean=np.full(4, np.nan), var=np.ones(4)), "no statistics"),
        (State(mean=np.zeros(4)), "there is no var"),
        (State(mean="zero", var=np.ones(4)), "a str is no array"),
        (State(mean=np.array(["2020"] * 4, "M8[D]"), var=np.ones(4)), "something else than numbers"),
        (State(mean=np.array([object()] * 4), var=np.ones(4)), "without its bytes"),
        (None, "there is no mean"),
    ],
)
def test_statistics_that_cannot_be_right_are_refused(tmp_path, running, pattern):
    with pytest.raises(BirlError, match=pattern) as caught:
        read_statistics(written(tmp_path / "s.pkl", obs_rms=running), SPACE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i8", "?", "<u2"])
def test_arrays_come_out_as_they_went_in(tmp_path, protocol, dtype):
    path = tmp_path / "a.pkl"
    for array in (np.arange(6).reshape(2, 3).astype(dtype), np.asfortranarray(np.eye(3)[:, :2].astype(dtype))):
        path.write_bytes(pickle.dumps([array, array.dtype.type(1)], protocol=protocol))
        found, one = read_pickle(path)
        assert np.array_equal(as_array(found), array.astype(float))
        assert as_array(one) == 1.0


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_in_a_pickle_runs(tmp_path, protocol):
    fuse, path = tmp_path / "ran", tmp_path / "s.pkl"
    payload = pickle.dumps({"bomb": Bomb(fuse), "statistics": 1}, protocol=protocol)
    path.write_bytes(payload)
    found = read_pickle(path)
    assert isinstance(found["bomb"], Record)
    with pytest.raises(BirlError, match="holds no VecNormalize"):
        read_statistics(path, SPACE)
    assert not fuse.exists()
    pickle.loads(payload)  # it is live: unpickling it does run it
    assert fuse.exists()


def test_a_bomb_inside_statistics_does_not_go_off(tmp_path):
    fuse = tmp_path / "ran"
    path = written(tmp_path / "s.pkl", venv=Bomb(fuse), observation_space=Bomb(fuse))
    assert read_statistics(path, SPACE) is not None
    with pytest.raises(BirlError):
        read_statistics(written(path, obs_rms=State(mean=Bomb(fuse), var=np.ones(4))), SPACE)
    assert not fuse.exists()


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        (b"", "no readable pickle"),
        (b"not a pickle", "no readable pickle"),
        (pickle.dumps(list(range(99)))[:40], "no readable pickle"),
        (b"\x80\x04Nr" + struct.pack("<I", 2**31) + b".", "numbers an object 2147483648"),
        (b"\x80\x04\x82\x01.", "registered extensions"),
        (b"\x80\x04\x8d" + struct.pack("<Q", 2**60) + b"x.", "no readable pickle"),
        (b"\x80\x04\x96" + struct.pack("<Q", 2**40) + b"x.", "no readable pickle"),
        (b"\x80\x04\x8c\x02idQ.", "objects outside itself"),
    ],
)
def test_pickles_that_are_damaged_or_would_fill_the_memory_say_so(tmp_path, content, pattern):
    path = tmp_path / "s.pkl"
    path.write_bytes(content)
    with pytest.raises(BirlError, match=pattern):
        read_pickle(path)


def test_a_file_too_large_for_statistics_is_not_opened(tmp_path):
    path = tmp_path / "s.pkl"
    with path.open("wb") as file:
        file.truncate(65 * 2**20)  # sparse: takes no room on the disk
    with pytest.raises(BirlError, match="over the limit"):
        read_pickle(path)


def test_an_array_cannot_claim_more_than_its_bytes(tmp_path):
    honest = pickle.dumps(np.arange(4.0), protocol=3)
    path = tmp_path / "s.pkl"
    path.write_bytes(honest.replace(b"K\x04\x85", b"K\x63\x85"))
    with pytest.raises(ValueError, match="reshape"):
        as_array(read_pickle(path))


def test_statistics_of_images_leave_numbers_that_are_no_images(tmp_path):
    import gymnasium as gym

    class Eye(gym.Env):
        observation_space, action_space = spaces.Box(0, 255, (3, 4, 5), np.uint8), spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            return self.observation_space.sample(), {}

    VecNormalize(DummyVecEnv([Eye])).save(str(tmp_path / "s.pkl"))
    found = read_statistics(tmp_path / "s.pkl", Eye.observation_space)
    assert found.space(Eye.observation_space) == spaces.Box(-10, 10, (3, 4, 5), np.float32)
    assert found.space(SPACE) is SPACE
