"""The zip itself: finding it, reading its two members, and trusting neither.

Limits are on sizes after decompression, so that a small file cannot fill the memory.
"""

from __future__ import annotations

import difflib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from birl.types import BirlError

__all__ = ["find", "read_data", "read_weights"]

DATA_LIMIT = 64 * 2**20  # bytes; the largest metadata seen, 64 stacked images as the last observation, is 3 MB
WEIGHTS_LIMIT = 512 * 2**20  # bytes; MLPs of interest are below 1 MB
UNREADABLE = (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


def find(source: str | os.PathLike[str]) -> Path:
    """The path of an existing file.

    Raises:
        BirlError: for nothing there (with the nearest names in that folder), a folder, or an empty file.
    """
    path = Path(source)
    if path.is_dir():
        zips = sorted(entry.name for entry in path.glob("*.zip"))[:3]
        raise BirlError(f"{path} is a folder: name a .zip" + (f" in it, such as {', '.join(zips)}" if zips else ""))
    if not path.exists():
        raise BirlError(f"{path} does not exist: {_neighbours(path)}")
    if path.stat().st_size == 0:
        raise BirlError(f"{path} is empty (0 bytes): save or download the checkpoint again")
    return path


def _neighbours(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} either"
    names = [entry.name for entry in path.parent.iterdir()]
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else "check the path"


def read_data(path: Path) -> Mapping[str, Any]:
    """The metadata, as JSON gives it; entries under `:serialized:` are pickles and stay unread text.

    Raises:
        BirlError: when the file is no checkpoint.
    """
    raw = _member(path, "data", DATA_LIMIT)
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BirlError(f"{path}: its `data` is not JSON ({error}): not a Stable-Baselines3 checkpoint") from error
    if not isinstance(data, dict):
        raise BirlError(f"{path}: its `data` is a JSON {type(data).__name__}, not an object: not a checkpoint")
    return data


def read_weights(path: Path) -> Mapping[str, Any]:
    """The policy's tensors by name, read by torch without unpickling objects.

    Raises:
        BirlError: for anything but finite floating-point tensors of sane size.
    """
    import torch

    raw = _member(path, "policy.pth", WEIGHTS_LIMIT)
    _check_nested(path, raw)
    try:
        weights = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a damaged or hostile file
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise BirlError(f"{path}: policy.pth is not a plain table of tensors and was not opened ({reason})") from error
    if not isinstance(weights, Mapping) or not weights:
        raise BirlError(f"{path}: policy.pth holds a {type(weights).__name__}, not named tensors: not a checkpoint")
    for name, tensor in weights.items():
        _check_tensor(path, name, tensor)
    return weights


def _member(path: Path, name: str, limit: int) -> bytes:
    if not zipfile.is_zipfile(path):
        raise BirlError(f"{path} is not a zip archive, or is cut short: save or download the checkpoint again")
    try:
        with zipfile.ZipFile(path) as archive:
            if name not in archive.namelist():
                raise BirlError(f"{path}: there is no `{name}` in it: not a Stable-Baselines3 checkpoint")
            size = archive.getinfo(name).file_size
            if size > limit:
                raise BirlError(f"{path}: `{name}` would unpack to {size:,} bytes, over the limit of {limit:,}")
            return archive.read(name)
    except BirlError:
        raise
    except UNREADABLE as error:
        raise BirlError(f"{path}: `{name}` cannot be read ({error}): save or download the checkpoint again") from error


def _check_nested(path: Path, raw: bytes) -> None:
    """`policy.pth` is itself a zip, whose records could unpack to anything."""
    if not zipfile.is_zipfile(io.BytesIO(raw)):
        return
    with zipfile.ZipFile(io.BytesIO(raw)) as records:
        size = sum(record.file_size for record in records.infolist())
    if size > WEIGHTS_LIMIT:
        raise BirlError(f"{path}: policy.pth would unpack to {size:,} bytes, over the limit of {WEIGHTS_LIMIT:,}")


def _check_tensor(path: Path, name: Any, tensor: Any) -> None:
    import torch

    if not isinstance(name, str) or not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        raise BirlError(f"{path}: entry {name!r} of policy.pth is no floating-point tensor: not a policy's weights")
    if tensor.numel() * tensor.element_size() > WEIGHTS_LIMIT:  # a view can claim more than its storage holds
        raise BirlError(f"{path}: weight {name!r} has shape {tuple(tensor.shape)}, over the limit of {WEIGHTS_LIMIT:,}")
    if not torch.isfinite(tensor).all():
        raise BirlError(f"{path}: weight {name!r} holds NaN or infinity: training diverged, use an earlier checkpoint")
