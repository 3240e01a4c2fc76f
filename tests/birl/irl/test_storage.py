"""Estimates on disk: what was saved is what is loaded; what is no estimate is refused in one line, and never run."""

import io
import json
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from birl.irl import Check, Identifiability, MaxCausalEntropy, RewardEstimate, RewardNetwork
from birl.testing import worlds
from birl.testing.estimate import as_bytes
from birl.trajectories import edges
from birl.types import BirlError

MODEL = worlds.behaviors()[0].model
FITTED = MaxCausalEntropy().fit(worlds.behaviors())


def bare(**how):
    plain = {
        "method": "one",
        "behavioral_model": "none",
        "distributions": ("train",),
        "weights": {},
        "status": {},
        "nuisance": {},
        "log_likelihood": None,
        "checks": (),
        "identifiability": Identifiability(rank=None, nullity=None, null_directions=(), selector="chance"),
    }
    return RewardEstimate(**(plain | how))


def back(estimate, folder):
    path = folder / "estimate.npz"
    estimate.save(path)
    return RewardEstimate.load(path)


def test_a_fitted_estimate_comes_back_whole(tmp_path):
    found = back(FITTED, tmp_path)
    for name in (
        "weights",
        "status",
        "checks",
        "identifiability",
        "intervals",
        "nuisance",
        "settings",
        "log_likelihood",
    ):
        assert getattr(found, name) == getattr(FITTED, name), name
    assert np.array_equal(found.covariance, FITTED.covariance)
    assert np.array_equal(found.curvature, FITTED.curvature)
    assert {n: s.tolist() for n, s in found.scores.items()} == {n: s.tolist() for n, s in FITTED.scores.items()}
    assert np.array_equal(found.on(MODEL), FITTED.on(MODEL))
    picks = {name: np.ones((3, len(score))) for name, score in FITTED.scores.items()}
    assert np.array_equal(found.redraw(picks), FITTED.redraw(picks))


def test_a_network_comes_back_and_says_the_same(tmp_path, rng):
    width = edges(MODEL).observations.shape[1]
    network = RewardNetwork(
        inputs=("observation", "action"),
        layers=(
            (rng.normal(size=(6, width + 2)).astype(np.float32), np.zeros(6)),
            (rng.normal(size=(1, 6)), np.ones(1)),
        ),
        activation="tanh",
        n_actions=2,
        shift=rng.normal(size=width + 2),
        scale=np.full(width + 2, 2.0),
        gain=0.5,
    )
    estimate = bare(network=network)
    assert np.array_equal(back(estimate, tmp_path).evaluate(edges(MODEL)), estimate.evaluate(edges(MODEL)))


def test_a_table_and_draws_come_back(tmp_path, rng):
    table = rng.normal(size=(MODEL.n_states, 2))
    assert np.array_equal(back(bare(table=table), tmp_path).table, table)
    weights = {"a": 1.0, "b": 2.0}
    drawn = bare(weights=weights, status=dict.fromkeys(weights, "identified"), draws=rng.normal(size=(9, 2)))
    assert back(drawn, tmp_path).draws.shape == (9, 2)


@given(
    values=arrays(np.float64, 3, elements=st.floats(allow_nan=False, allow_infinity=False)),
    names=st.lists(st.text(min_size=1, max_size=8), min_size=3, max_size=3, unique=True),
)
def test_any_numbers_under_any_names_come_back(tmp_path_factory, values, names):
    weights = dict(zip(names, values.tolist(), strict=True))
    estimate = bare(weights=weights, status=dict.fromkeys(names, "identified"))
    found = back(estimate, tmp_path_factory.mktemp("any"))
    assert dict(found.weights) == weights
    assert tuple(found.weights) == tuple(names)


def test_numbers_of_numpy_among_checks_are_plain_numbers_on_disk(tmp_path):
    check = Check(name="enough", passed=np.bool_(True), message="3 of 2", value=np.float32(3.0), limit=np.int64(2))
    (found,) = back(bare(checks=(check,)), tmp_path).checks
    assert (found.passed, found.value, found.limit) == (True, 3.0, 2)


def test_the_same_estimate_is_the_same_file():
    assert as_bytes(FITTED) == as_bytes(replace(FITTED))


def test_nothing_on_disk_is_pickled():
    with zipfile.ZipFile(io.BytesIO(as_bytes(FITTED))) as file:
        for name in file.namelist():
            assert np.load(io.BytesIO(file.read(name)), allow_pickle=False).dtype != object


def test_what_cannot_be_kept_as_numbers_and_text_is_refused(tmp_path):
    odd = bare(checks=(Check(name="odd", passed=True, message="odd", value=object()),))  # type: ignore[arg-type]
    with pytest.raises(BirlError, match="an estimate with a object in it cannot be saved"):
        odd.save(tmp_path / "odd.npz")
    assert not (tmp_path / "odd.npz").exists()


# evaluating


def test_weights_pay_the_features_of_a_transition():
    seen = edges(MODEL)
    assert np.allclose(FITTED.evaluate(seen), seen.features @ FITTED.vector)
    with pytest.raises(BirlError, match="do not carry the 5 features"):
        FITTED.evaluate(replace(seen, features=None))
    with pytest.raises(BirlError, match="do not carry the 5 features"):
        FITTED.evaluate(replace(seen, features=seen.features[:, :3]))


def test_a_table_has_no_value_outside_its_model():
    estimate = bare(table=np.zeros((MODEL.n_states, 2)))
    with pytest.raises(BirlError, match=r"use on\(model\)"):
        estimate.evaluate(edges(MODEL))
    assert estimate.on(MODEL).shape == (MODEL.n_states * 2,)
    with pytest.raises(BirlError, match="4 values for 35 states and 2 actions"):
        bare(table=np.zeros((2, 2))).on(MODEL)


# files that are no estimates


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def npz(**arrays):
    page = io.BytesIO()
    np.savez(page, **arrays)
    return page.getvalue()


def members(**changed):
    """The fitted estimate with some members changed."""
    with np.load(io.BytesIO(as_bytes(FITTED))) as file:
        return npz(**({name: file[name] for name in file.files} | changed))


def told(change):
    with np.load(io.BytesIO(as_bytes(FITTED))) as file:
        text = json.loads(file["json"].tobytes())
    change(text)
    return members(json=np.frombuffer(json.dumps(text).encode(), np.uint8))


def without(text, *path):
    for key in path[:-1]:
        text = text[key]
    del text[path[-1]]


WHOLE = as_bytes(FITTED)
SPOILED = {
    "nothing": b"",
    "noise": bytes(range(256)) * 20,
    "text": b"weights: door 1.0",
    "half": WHOLE[: len(WHOLE) // 2],
    "almost all": WHOLE[:-1],
    "one byte wrong": WHOLE[:90] + bytes([WHOLE[90] ^ 255]) + WHOLE[91:],
    "one array": (lambda page: (np.save(page, np.zeros(3)), page.getvalue())[1])(io.BytesIO()),
    "a pickle": pickle.dumps(Bomb()),
    "an array of objects": npz(json=np.array([Bomb()], dtype=object)),
    "objects beside it": members(draws=np.array([Bomb()], dtype=object)),
    "an empty archive": npz(),
    "no JSON": members(json=np.frombuffer(b"{not json", np.uint8)),
    "a list": members(json=np.frombuffer(b"[1, 2]", np.uint8)),
    "another format": told(lambda text: text.update(format=99)),
    "no weights": told(lambda text: without(text, "estimate", "weights")),
    "no layers": told(lambda text: text.update(network={"inputs": ["observation"], "layers": 2})),
    "other sizes": members(covariance=np.zeros((2, 2))),
    "flat draws": members(draws=np.zeros(5)),
    "another status": told(lambda text: text["estimate"]["status"].update(other="identified")),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_what_is_no_whole_estimate_is_refused_in_one_line(tmp_path, kind):
    path = tmp_path / "estimate.npz"
    path.write_bytes(SPOILED[kind])
    with pytest.raises(BirlError) as caught:
        RewardEstimate.load(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert "recover the reward again" in message or "give a file that RewardEstimate.save wrote" in message


def test_a_header_that_promises_more_than_there_is_memory_is_refused(tmp_path):
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w") as file:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }"
        header += b" " * (117 - len(header)) + b"\n"
        file.writestr("json.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    (tmp_path / "huge.npz").write_bytes(page.getvalue())
    with pytest.raises(BirlError, match="is not an estimate"):
        RewardEstimate.load(tmp_path / "huge.npz")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(BirlError, match=r"none\.npz cannot be read: No such file"):
        RewardEstimate.load(tmp_path / "none.npz")
    with pytest.raises(BirlError, match="cannot be read: Is a directory"):
        RewardEstimate.load(tmp_path)
