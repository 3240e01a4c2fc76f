"""Where a checkpoint is: a file, a folder as rl-baselines3-zoo leaves it, or a model on the Hugging Face hub.

    <algorithm>/<environment>_<run>/            what the zoo writes
        <environment>.zip                       the last policy
        best_model.zip                          the best one
        <environment>/args.yml, config.yml, vecnormalize.pkl

    hf:<owner>/<name>[/<file>.zip]              what `rl_zoo3.push_to_hub` and `huggingface_sb3` upload

Names inside these files never become paths: only what lies in the folder is opened.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from birl.checkpoint.settings import environment_id
from birl.types import BirlError

__all__ = ["HUB", "Location", "environment", "locate"]

HUB = "hf:"
STATISTICS = ("vecnormalize.pkl", "vec_normalize.pkl")
ALGORITHMS = ("a2c", "ars", "crossq", "ddpg", "dqn", "ppo", "ppo_lstm", "qrdqn", "sac", "td3", "tqc", "trpo")


@dataclass(frozen=True, kw_only=True)
class Location:
    """What belongs to one checkpoint.

    Attributes:
        checkpoint: the policy's file.
        statistics: the file VecNormalize saved with it, if any.
        arguments: the zoo's `args.yml`, if any; read only when it is asked for.
    """

    checkpoint: Path
    statistics: Path | None = None
    arguments: Path | None = None


def locate(source: str | os.PathLike[str]) -> Location:
    """The files of a checkpoint.

    Args:
        source: path of a file or of a folder, or `hf:owner/name`.

    Raises:
        BirlError: for nothing there (with the nearest names), an empty file, or a folder that does not say which.
    """
    if isinstance(source, str) and source.startswith(HUB):
        return _on_hub(source)
    path = Path(source)
    if path.is_dir():
        return _in_folder(path)
    if not path.exists():
        raise BirlError(f"checkpoint {path} does not exist: {_neighbours(path)}")
    if path.stat().st_size == 0:
        raise BirlError(f"{path} is empty (0 bytes): save or download the checkpoint again")
    return _beside(path)


def environment(location: Location) -> str | None:
    """Id of the environment a checkpoint was trained in, as its arguments or its name (`ppo-CartPole-v1`) say.

    Raises:
        BirlError: when there are arguments that cannot be read.
    """
    told = environment_id(location.arguments) if location.arguments is not None else None
    algorithm, _, rest = location.checkpoint.stem.partition("-")
    return told or (rest if algorithm in ALGORITHMS and rest else None)


def _beside(path: Path) -> Location:
    """A file, and what the library and the zoo leave beside it."""
    steps = re.fullmatch(r"(.+)_(\d+)_steps", path.stem)  # stable_baselines3.common.callbacks.CheckpointCallback
    numbered = [f"{steps[1]}_vecnormalize_{steps[2]}_steps.pkl"] if steps else []
    folders = [path.parent, path.parent / path.stem, *_settings_folders(path.parent)]
    places = [path.parent / name for name in numbered] + [folder / name for folder in folders for name in STATISTICS]
    return Location(
        checkpoint=path,
        statistics=next((place for place in places if place.is_file()), None),
        arguments=next((place for folder in folders if (place := folder / "args.yml").is_file()), None),
    )


def _settings_folders(folder: Path) -> list[Path]:
    """The one folder in which the zoo keeps the settings of a run."""
    found = [entry.parent for entry in folder.glob("*/args.yml")]
    return found if len(found) == 1 else []


def _in_folder(folder: Path) -> Location:
    zips = {entry.name: entry for entry in sorted(folder.glob("*.zip"))}
    settings = [entry.name for entry in _settings_folders(folder)]
    run = folder.resolve().name.rpartition("_")[0]
    wanted = [f"{name}.zip" for name in (*settings, run, "best_model", "model", folder.resolve().name)]
    chosen = next((zips[name] for name in wanted if name in zips), None)
    if chosen is None and len(zips) == 1:
        (chosen,) = zips.values()
    if chosen is None:
        few = ", ".join(list(zips)[:3])
        raise BirlError(f"{folder} is a folder: name a .zip in it" + (f", such as {few}" if few else "; it has none"))
    return locate(chosen)


def _neighbours(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} either"
    names = [entry.name for entry in path.parent.iterdir()]
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else "check the path"


def _on_hub(source: str) -> Location:
    """The model's zip and, where there are some, its statistics and arguments; kept in the hub's own cache."""
    match = re.fullmatch(r"([\w.-]+/([\w.-]+))(?:/([\w./-]+\.zip))?", source.removeprefix(HUB))
    if match is None:
        raise BirlError(f"{source} names no model: write hf:owner/name, or hf:owner/name/file.zip")
    checkpoint = _download(source, match[1], match[3] or f"{match[2]}.zip")
    statistics = _download_if_there(source, match[1], STATISTICS)
    arguments = _download_if_there(source, match[1], ("args.yml",))
    return Location(checkpoint=checkpoint, statistics=statistics, arguments=arguments)


def _download_if_there(source: str, repository: str, names: tuple[str, ...]) -> Path | None:
    from huggingface_hub.errors import EntryNotFoundError

    for name in names:
        try:
            return _download(source, repository, name)
        except BirlError as error:
            if not isinstance(error.__cause__, EntryNotFoundError):
                raise
    return None


def _download(source: str, repository: str, name: str) -> Path:
    try:
        from huggingface_hub import hf_hub_download  # an extra
    except ImportError as error:
        raise BirlError(f"{source}: huggingface_hub is not installed: pip install 'birl[hub]'") from error
    try:
        return Path(hf_hub_download(repository, name))
    except Exception as error:  # no network, no such model, no such file, no permission
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise BirlError(f"{source}: {name} cannot be downloaded ({reason}): check the name and the network") from error
