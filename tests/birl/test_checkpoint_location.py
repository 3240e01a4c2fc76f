"""Where checkpoints lie: folders of rl-baselines3-zoo, files beside a zip, models on the hub."""

import os
import shutil
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from birl.checkpoint import load_policy
from birl.checkpoint.location import environment, locate
from birl.checkpoint.settings import read_settings
from birl.types import BirlError

MADE = Path(__file__).parents[1] / "data" / "checkpoints" / "sb3-2.2.1"
ARGS = """!!python/object/apply:collections.OrderedDict
- - - algo
    - ppo
  - - env
    - {env}
  - - env_kwargs
    - null
  - - hyperparams
    - normalize: true
"""


class World:
    """The spaces of the checkpoints."""

    observation_space = spaces.Box(-5.0, 5.0, (4,), np.float32)
    action_space = spaces.Discrete(3)


def run(root, *, env="Drift-v0", best=True, last=True, statistics=True, args=ARGS):
    """A folder as the zoo leaves it."""
    folder = root / "ppo" / "Drift-v0_1"
    (folder / "Drift-v0").mkdir(parents=True)
    if last:
        shutil.copy(MADE / "ppo.zip", folder / "Drift-v0.zip")
    if best:
        shutil.copy(MADE / "a2c.zip", folder / "best_model.zip")
    if statistics:
        shutil.copy(MADE / "vecnormalize.pkl", folder / "Drift-v0" / "vecnormalize.pkl")
    if args is not None:
        (folder / "Drift-v0" / "args.yml").write_text(args.replace("{env}", env), "utf-8")
    return folder


def test_a_folder_of_the_zoo_gives_its_last_policy_statistics_and_environment(tmp_path):
    folder = run(tmp_path)
    found = locate(folder)
    assert found.checkpoint == folder / "Drift-v0.zip"
    assert found.statistics == folder / "Drift-v0" / "vecnormalize.pkl"
    assert environment(found) == "Drift-v0"
    seen = np.full((1, 4), 3.0, np.float32)
    normalised = load_policy(folder, World)
    assert not np.allclose(
        normalised.action_probabilities(seen),
        load_policy(folder, World, vecnormalize="none").action_probabilities(seen),
    )
    by_hand = load_policy(folder / "Drift-v0.zip", World, vecnormalize=MADE / "vecnormalize.pkl")
    assert np.allclose(normalised.action_probabilities(seen), by_hand.action_probabilities(seen))


def test_the_best_policy_of_a_run_has_its_statistics_too(tmp_path):
    folder = run(tmp_path, last=False)
    assert locate(folder).checkpoint == folder / "best_model.zip"
    assert locate(folder / "best_model.zip").statistics == folder / "Drift-v0" / "vecnormalize.pkl"
    assert environment(locate(folder / "best_model.zip")) == "Drift-v0"


def test_a_run_without_settings_is_known_by_its_folder(tmp_path):
    folder = run(tmp_path, args=None)
    assert locate(folder).checkpoint == folder / "Drift-v0.zip"
    assert locate(folder).statistics == folder / "Drift-v0" / "vecnormalize.pkl"


def test_intermediate_checkpoints_have_numbered_statistics(tmp_path):
    shutil.copy(MADE / "ppo.zip", tmp_path / "rl_model_500_steps.zip")
    shutil.copy(MADE / "vecnormalize.pkl", tmp_path / "rl_model_vecnormalize_500_steps.pkl")
    shutil.copy(MADE / "vecnormalize.pkl", tmp_path / "rl_model_vecnormalize_900_steps.pkl")
    assert locate(tmp_path / "rl_model_500_steps.zip").statistics == tmp_path / "rl_model_vecnormalize_500_steps.pkl"


def test_a_folder_of_imitation_holds_one_model(tmp_path):
    shutil.copy(MADE / "ppo.zip", tmp_path / "model.zip")
    assert locate(tmp_path).checkpoint == tmp_path / "model.zip"
    assert locate(tmp_path).statistics is None


def test_a_folder_without_checkpoints_says_so(tmp_path):
    with pytest.raises(BirlError, match=r"is a folder: name a \.zip in it; it has none"):
        locate(tmp_path)


def test_statistics_that_are_named_must_be_there(tmp_path):
    with pytest.raises(BirlError, match="no statistics there: name a file of VecNormalize, auto or none"):
        load_policy(MADE / "ppo.zip", World, vecnormalize=tmp_path / "nothing.pkl")


@pytest.mark.parametrize("named", ["../../../secret", "/etc/passwd", "..", "a/../../b"])
def test_names_inside_files_never_become_paths(tmp_path, named):
    (tmp_path / "secret.zip").write_bytes(b"not to be opened")
    folder = run(tmp_path, env=named)
    found = locate(folder)
    assert found.checkpoint == folder / "Drift-v0.zip"
    assert found.statistics == folder / "Drift-v0" / "vecnormalize.pkl"
    assert environment(found) == named  # a word for people, nothing else
    with pytest.raises(BirlError, match="which cannot be made here"):
        load_policy(folder)


def test_tags_in_settings_construct_nothing(tmp_path):
    path, fuse = tmp_path / "args.yml", tmp_path / "ran"
    path.write_text(
        f"env: !!python/object/apply:os.mkdir ['{fuse}']\n"
        f"algo: !!python/object/new:os.mkdir [['{fuse}']]\n"
        "other: !!python/name:os.system ''\nlist: !!python/tuple [1, 2]\nmore: !!python/object:os.Bomb {a: 1}\n"
    )
    found = read_settings(path)
    assert found["list"] == [1, 2]
    assert found["more"] == {"a": 1}
    assert not fuse.exists()


def test_settings_of_the_zoo_are_read_as_pairs(tmp_path):
    path = tmp_path / "args.yml"
    path.write_text(ARGS.replace("{env}", "CartPole-v1"))
    found = read_settings(path)
    assert found == {"algo": "ppo", "env": "CartPole-v1", "env_kwargs": None, "hyperparams": {"normalize": True}}


@pytest.mark.parametrize(
    "text", ["a: [", "- 1\n- 2\n", "3", "", "\tx", "a: *nowhere", "!other {a: 1}", "a: 2020-99-99", "[" * 1200]
)
def test_settings_that_are_none_are_one_line(tmp_path, text):
    path = tmp_path / "args.yml"
    path.write_text(text)
    with pytest.raises(BirlError, match="holds no settings of rl-baselines3-zoo") as caught:
        read_settings(path)
    assert "\n" not in str(caught.value)


def test_settings_that_would_fill_the_memory_are_not_read(tmp_path):
    path = tmp_path / "args.yml"
    path.write_text(" " * (2**20 + 1))
    with pytest.raises(BirlError, match="over the limit"):
        read_settings(path)


def test_broken_settings_do_not_stop_a_policy_whose_task_is_given(tmp_path):
    folder = run(tmp_path, args="a: [")
    load_policy(folder, World)
    with pytest.raises(BirlError, match="holds no settings"):
        load_policy(folder)


def test_without_yaml_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    path = tmp_path / "args.yml"
    path.write_text("env: x")
    with pytest.raises(BirlError, match="PyYAML is not installed: pip install pyyaml"):
        read_settings(path)


def test_without_a_task_the_environment_of_the_settings_gives_the_spaces(tmp_path):
    from stable_baselines3 import PPO

    model = PPO("MlpPolicy", gym.make("CartPole-v1"), n_steps=8, batch_size=8, device="cpu")
    model.save(tmp_path / "ppo-CartPole-v1.zip")
    policy = load_policy(tmp_path / "ppo-CartPole-v1.zip")
    assert policy.action_probabilities(np.zeros((1, 4))).shape == (1, 2)


def test_an_environment_id_that_would_import_a_module_is_not_made(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    with pytest.raises(BirlError, match="give load_policy a task or an environment"):
        load_policy(run(tmp_path, env="trap:Drift-v0"))
    assert "trap" not in sys.modules


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub of one model; the list of what was asked for."""
    huggingface_hub = pytest.importorskip("huggingface_hub")
    from huggingface_hub.errors import EntryNotFoundError

    asked, cache = [], tmp_path / "hub"
    cache.mkdir()
    shutil.copy(MADE / "ppo.zip", cache / "ppo-Drift-v0.zip")
    shutil.copy(MADE / "vecnormalize.pkl", cache / "vec_normalize.pkl")

    def download(repository, name):
        asked.append(f"{repository}/{name}")
        if not (cache / name).exists():
            raise EntryNotFoundError.__new__(EntryNotFoundError)
        return str(cache / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return asked


def test_a_model_of_the_hub_comes_with_its_statistics(hub):
    found = locate("hf:someone/ppo-Drift-v0")
    assert found.checkpoint.name == "ppo-Drift-v0.zip"
    assert found.statistics.name == "vec_normalize.pkl"
    assert environment(found) == "Drift-v0"
    assert hub[0] == "someone/ppo-Drift-v0/ppo-Drift-v0.zip"
    assert load_policy("hf:someone/ppo-Drift-v0", World).action_probabilities(np.zeros((1, 4))).shape == (1, 3)


def test_a_file_of_a_model_of_the_hub_can_be_named(hub):
    assert locate("hf:someone/anything/ppo-Drift-v0.zip").checkpoint.name == "ppo-Drift-v0.zip"


@pytest.mark.parametrize("source", ["hf:", "hf:alone", "hf:a/b/c", "hf:a b/c", "hf:a/b/c.pkl"])
def test_a_name_that_is_no_model_is_refused_before_anything_is_asked(hub, source):
    with pytest.raises(BirlError, match="names no model: write hf:owner/name"):
        locate(source)
    assert hub == []


def test_a_model_that_cannot_be_had_is_one_line(hub):
    with pytest.raises(BirlError, match=r"hf:someone/gone: gone\.zip cannot be downloaded"):
        locate("hf:someone/gone")


def test_without_the_hubs_library_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(BirlError, match=r"huggingface_hub is not installed: pip install 'birl\[hub\]'"):
        locate("hf:someone/ppo-Drift-v0")


def test_a_path_may_be_a_string_or_an_object(tmp_path):
    assert locate(os.fspath(MADE / "ppo.zip")) == locate(MADE / "ppo.zip")
