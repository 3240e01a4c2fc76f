"""Files that are broken, foreign or hostile: one clear line each, and nothing in them ever runs."""

import base64
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from gymnasium import spaces

from birl.checkpoint import archive, load_policy
from birl.types import BirlError

POLICY_CLASS = {
    "__module__": "stable_baselines3.common.policies",
    "__init__": "<function ActorCriticPolicy.__init__ at 0x7f00>",
}
DATA = {"policy_class": POLICY_CLASS, "policy_kwargs": {}, "clip_range": 0.2, "gae_lambda": 0.9, "use_sde": False}


class World:
    """Three numbers in, two actions out."""

    observation_space = spaces.Box(-1, 1, (3,), np.float32)
    action_space = spaces.Discrete(2)


class Bomb:
    """Unpickling this creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def weights(hidden=4, **changes):
    """A healthy policy's tensors; a change of None leaves one out."""
    table = {
        "mlp_extractor.policy_net.0.weight": torch.ones(hidden, 3),
        "mlp_extractor.policy_net.0.bias": torch.zeros(hidden),
        "mlp_extractor.value_net.0.weight": torch.ones(hidden, 3),
        "mlp_extractor.value_net.0.bias": torch.zeros(hidden),
        "action_net.weight": torch.ones(2, hidden),
        "action_net.bias": torch.zeros(2),
        "value_net.weight": torch.ones(1, hidden),
        "value_net.bias": torch.zeros(1),
    } | {name.replace("__", "."): value for name, value in changes.items()}
    return {name: value for name, value in table.items() if value is not None}


def packed(table):
    buffer = io.BytesIO()
    torch.save(table, buffer)
    return buffer.getvalue()


@pytest.fixture
def write(tmp_path):
    """Write a zip from metadata and tensors (or bytes), and give its path."""

    def make(data=DATA, policy=None, compression=zipfile.ZIP_STORED):
        path = tmp_path / "agent.zip"
        with zipfile.ZipFile(path, "w", compression) as made:
            if data is not None:
                made.writestr("data", data if isinstance(data, bytes) else json.dumps(data))
            if policy is not False:
                made.writestr("policy.pth", policy if isinstance(policy, bytes) else packed(policy or weights()))
        return path

    return make


def refused(path, pattern, **how):
    with pytest.raises(BirlError, match=pattern) as caught:
        load_policy(path, World, **how)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)


def test_the_healthy_file_these_tests_spoil_is_read(write):
    assert load_policy(write(), World).action_probabilities(np.zeros((1, 3))).tolist() == [[0.5, 0.5]]


def test_a_pickle_in_the_metadata_never_runs(write, tmp_path):
    fuse = tmp_path / "ran"
    payload = base64.b64encode(pickle.dumps(Bomb(fuse))).decode()
    hostile = {":type:": "<class 'dict'>", ":serialized:": payload}
    data = DATA | {"observation_space": hostile, "lr_schedule": hostile, "policy_kwargs": hostile}
    data["policy_class"] = POLICY_CLASS | {":serialized:": payload}
    load_policy(write(data), World)
    assert not fuse.exists()
    pickle.loads(base64.b64decode(payload))  # the payload is live: unpickling it does run it
    assert fuse.exists()


def test_a_pickle_in_place_of_the_weights_never_runs(write, tmp_path):
    fuse = tmp_path / "ran"
    for policy in (pickle.dumps(Bomb(fuse)), packed({"action_net.weight": Bomb(fuse)}), packed(Bomb(fuse))):
        refused(write(policy=policy), "not a plain table of tensors and was not opened")
    assert not fuse.exists()


def test_a_missing_file_is_answered_with_the_nearest_name(write):
    path = write()
    refused(path.with_name("agnet.zip"), r"does not exist: did you mean agent\.zip\?")
    refused(path.with_name("zzzzzzz"), "does not exist: check the path")
    refused(path.parent / "nowhere" / "agent.zip", "there is no folder .*nowhere either")


def test_a_folder_is_answered_with_the_checkpoints_in_it(write):
    path = write()
    path.with_name("other.zip").write_bytes(path.read_bytes())
    refused(path.parent, r"is a folder: name a \.zip in it, such as agent\.zip, other\.zip")
    path.unlink()
    load_policy(path.parent, World)  # one alone is meant


def test_files_that_are_no_archive_say_so(write):
    path = write()
    whole = path.read_bytes()
    for content, pattern in [
        (b"", r"is empty \(0 bytes\)"),
        (b"torch", "is not a zip archive"),
        (whole[: len(whole) // 2], "is not a zip archive, or is cut short"),
    ]:
        path.write_bytes(content)
        refused(path, pattern)


def test_a_damaged_member_says_so(write):
    path = write()
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"clip_range")] ^= 0xFF
    path.write_bytes(whole)
    refused(path, "`data` cannot be read .*CRC")


def test_archives_of_something_else_say_what_is_missing(write):
    refused(write(data=None), "there is no `data` in it")
    refused(write(policy=False), r"there is no `policy\.pth` in it")


@pytest.mark.parametrize(
    ("data", "pattern"),
    [
        (b"not json", "`data` is not JSON"),
        (b"\xff\xfe", "`data` is not JSON"),
        (b"[" * 100_000, "`data` is not JSON"),
        (b"[1]", "a JSON list, not an object"),
    ],
)
def test_metadata_that_is_no_metadata_says_so(write, data, pattern):
    refused(write(data), pattern)


def test_members_that_would_fill_the_memory_are_not_unpacked(write, monkeypatch):
    monkeypatch.setattr(archive, "DATA_LIMIT", 10_000)
    refused(write(b" " * 20_000, compression=zipfile.ZIP_DEFLATED), r"`data` would unpack to 20,000 bytes")
    monkeypatch.setattr(archive, "WEIGHTS_LIMIT", 10_000)
    refused(write(policy=weights(hidden=2_000)), r"`policy\.pth` would unpack to")


def test_a_bomb_inside_the_weights_file_is_not_unpacked(write, monkeypatch):
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w", zipfile.ZIP_DEFLATED) as records:
        records.writestr("archive/data/0", b"\0" * 2_000_000)
    monkeypatch.setattr(archive, "WEIGHTS_LIMIT", 100_000)
    refused(write(policy=nested.getvalue()), r"policy\.pth would unpack to 2,000,000 bytes")


def test_a_tensor_that_claims_more_than_it_holds_is_not_expanded(write, monkeypatch):
    monkeypatch.setattr(archive, "WEIGHTS_LIMIT", 100_000)
    refused(write(policy=weights(action_net__weight=torch.zeros(1).expand(2, 10**6))), "over the limit of 100,000")


def test_weights_that_are_no_numbers_are_named(write):
    spoiled = torch.ones(2, 4)
    spoiled[1, 2] = float("nan")
    refused(write(policy=weights(action_net__weight=spoiled)), r"'action_net\.weight' holds NaN or infinity")
    refused(write(policy=weights(action_net__bias=torch.full((2,), torch.inf))), r"'action_net\.bias' holds NaN")
    refused(write(policy=weights(action_net__bias=torch.ones(2, dtype=torch.int64))), "no floating-point tensor")
    refused(write(policy=packed([torch.ones(2)])), "holds a list, not named tensors")


@pytest.mark.parametrize(
    ("table", "pattern"),
    [
        (weights(action_net__weight=torch.ones(2, 5)), r"\(4, 3\) and \(2, 5\) do not chain \(4 numbers out, 5 in\)"),
        (weights(action_net__bias=torch.ones(3)), r"weight \(2, 4\) and bias \(3,\): not a linear layer"),
        (weights(action_net__bias=None), r"has no action_net\.weight and action_net\.bias"),
        (weights(features_extractor__cnn=torch.ones(3)), r"has features_extractor\.cnn \(3,\), a part no such policy"),
        (weights(mlp_extractor__policy_net__3__weight=torch.ones(4, 4)), "do not alternate"),
    ],
)
def test_weights_that_are_no_plain_network_are_refused(write, table, pattern):
    refused(write(policy=table), pattern)


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ({"policy_class": {"__module__": "sb3_contrib.ars.policies"}}, "algorithm is ARS"),
        ({"policy_class": {"__module__": "sb3_contrib.crossq.policies"}}, "algorithm is CrossQ"),
        ({"target_entropy": -1.0}, r"class stable_baselines3\S+ActorCriticPolicy does not belong to SAC"),
        (
            {"policy_class": POLICY_CLASS | {"__init__": "<function MultiInputActorCriticPolicy.__init__ at 0x1>"}},
            "Mult",
        ),
        ({"policy_class": POLICY_CLASS | {"__module__": "my.nets"}}, r"class is my\.nets\.ActorCriticPolicy"),
        ({"policy_class": POLICY_CLASS | {"__init__": "<function ActorCriticCnnPolicy.__init__ at 0x1>"}}, "no eyes"),
        ({"policy_class": "mlp"}, "class is mlp, not an MlpPolicy"),
        ({"policy_class": None}, "class is not stated"),
        ({"policy_kwargs": {"activation_fn": "<class 'my.nets.Swish'>"}}, r"activation is <class 'my\.nets\.Swish'>"),
        ({"policy_kwargs": {"activation_fn": "<class 'torch.nn.modules.activation.PReLU'>"}}, "PReLU"),
        ({"policy_kwargs": {"activation_fn": "<function <lambda> at 0x1>"}}, "activation is <function <lambda>"),
        ({"policy_kwargs": {"features_extractor_class": "<class 'my.nets.Eyes'>"}}, "features_extractor_class=<class"),
        ({"policy_kwargs": {"lstm_kwargs": {"bidirectional": True}}}, "lstm_kwargs="),
        ({"exploration_rate": 1.5}, "exploration_rate is 1.5, above 1"),
        ({"policy_kwargs": {"clip_mean": "wide"}}, "clip_mean is wide"),
        ({"policy_kwargs": {"twist": 2}}, "twist=2"),
        ({"policy_kwargs": [1]}, "policy_kwargs are list"),
    ],
)
def test_what_the_strings_leave_open_is_refused_and_the_way_out_is_named(write, change, pattern):
    refused(write(DATA | change), pattern + ".*--trust-checkpoint")


def test_metadata_without_any_sign_of_an_algorithm_is_refused(write):
    refused(write({"policy_class": POLICY_CLASS}), "algorithm is unknown")


def test_the_librarys_own_failures_become_one_line(write):
    refused(write(), "Stable-Baselines3 cannot load it", trust=True)
