"""The zip itself: reading its two members, and trusting neither.

Limits are on sizes after decompression, so that a small file cannot fill the memory.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from birl.types import BirlError

__all__ = [
    "check_nested",
    "check_tensors",
    "is_torch_file",
    "read_data",
    "read_variables",
    "read_weights",
    "read_whole",
]

DATA_LIMIT = 64 * 2**20  # bytes; the largest metadata seen, 64 stacked images as the last observation, is 3 MB
WEIGHTS_LIMIT = 512 * 2**20  # bytes; MLPs of interest are below 1 MB
UNREADABLE = (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


def is_torch_file(path: Path) -> bool:
    """Whether torch wrote the file itself, rather than Stable-Baselines3 a zip with torch's in it."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/data.pkl") for name in archive.namelist())
    except UNREADABLE:
        return False


def read_whole(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        BirlError: when it is over the limit.
    """
    size = path.stat().st_size
    if size > WEIGHTS_LIMIT:
        raise BirlError(f"{path}: {size:,} bytes are over the limit of {WEIGHTS_LIMIT:,}: no policy")
    return path.read_bytes()


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
    check_nested(path, raw)
    try:
        weights = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a damaged or hostile file
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise BirlError(f"{path}: policy.pth is not a plain table of tensors and was not opened ({reason})") from error
    check_tensors(path, weights)
    return weights


def read_variables(path: Path) -> Mapping[str, float]:
    """The single numbers an algorithm learnt beside its policy (SAC's price of entropy), by name.

    None of them is needed to act, so a file without them, or with others, has none.
    """
    import torch

    try:
        raw = _member(path, "pytorch_variables.pth", DATA_LIMIT)
        check_nested(path, raw)
        found = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
        return {str(name): value.detach().item() for name, value in found.items() if value.numel() == 1}
    except Exception:  # torch raises half a dozen kinds for a damaged or hostile file
        return {}


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


def check_nested(path: Path, raw: bytes) -> None:
    """A file of torch is itself a zip, whose records could unpack to anything.

    Raises:
        BirlError: when they would unpack to more than the limit.
    """
    if not zipfile.is_zipfile(io.BytesIO(raw)):
        return
    with zipfile.ZipFile(io.BytesIO(raw)) as records:
        size = sum(record.file_size for record in records.infolist())
    if size > WEIGHTS_LIMIT:
        raise BirlError(f"{path}: policy.pth would unpack to {size:,} bytes, over the limit of {WEIGHTS_LIMIT:,}")


def check_tensors(path: Path, weights: Any) -> None:
    """Every entry is a finite floating-point tensor of sane size.

    Raises:
        BirlError: naming the first that is not.
    """
    if not isinstance(weights, Mapping) or not weights:
        raise BirlError(f"{path}: policy.pth holds a {type(weights).__name__}, not named tensors: not a checkpoint")
    for name, tensor in weights.items():
        _check_tensor(path, name, tensor)


def _check_tensor(path: Path, name: Any, tensor: Any) -> None:
    import torch

    if not isinstance(name, str) or not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        raise BirlError(f"{path}: entry {name!r} of policy.pth is no floating-point tensor: not a policy's weights")
    if tensor.numel() * tensor.element_size() > WEIGHTS_LIMIT:  # a view can claim more than its storage holds
        raise BirlError(f"{path}: weight {name!r} has shape {tuple(tensor.shape)}, over the limit of {WEIGHTS_LIMIT:,}")
    if not torch.isfinite(tensor).all():
        raise BirlError(f"{path}: weight {name!r} holds NaN or infinity: training diverged, use an earlier checkpoint")
