"""Estimates on disk: one npz file of arrays, with everything else as JSON in it; nothing is pickled."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from birl.files import write_whole
from birl.irl.base import RewardEstimate
from birl.irl.network import RewardNetwork
from birl.types import BirlError, FloatArray

__all__ = ["load", "plain", "save"]

FORMAT = 1
ARRAYS = ("covariance", "curvature", "draws", "table")
SCORES = "scores/"  # before the name of a distribution
NETWORK = ("inputs", "activation", "n_actions", "gain")


def save(estimate: RewardEstimate, path: Path) -> None:
    """Write an estimate, whole or not at all.

    Raises:
        BirlError: when it cannot be written.
    """
    arrays: dict[str, Any] = {name: v for name in ARRAYS if (v := getattr(estimate, name)) is not None}
    arrays |= {f"{SCORES}{name}": score for name, score in (estimate.scores or {}).items()}
    told: dict[str, Any] = {"format": FORMAT, "estimate": _converter().unstructure(estimate)}
    if (network := estimate.network) is not None:
        told["network"] = {name: getattr(network, name) for name in NETWORK} | {"layers": len(network.layers)}
        arrays |= {"network/shift": network.shift, "network/scale": network.scale}
        for i, (weight, bias) in enumerate(network.layers):
            arrays |= {f"network/{i}/weight": weight, f"network/{i}/bias": bias}
    text = json.dumps(told, default=_plain)  # numbers of numpy among the checks
    numbers = {name: np.asarray(values, np.float64) for name, values in arrays.items()}  # never objects
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{"json": np.frombuffer(text.encode(), np.uint8), **numbers})
    write_whole(path, buffer.getvalue())


def plain(estimate: RewardEstimate) -> Mapping[str, Any]:
    """What JSON can hold of an estimate, for other programs: all but its arrays, and the intervals they give."""
    told = _converter().unstructure(estimate)
    form = "weights" if estimate.weights else "network" if estimate.network is not None else "table"
    ends = {name: {"low": i.low, "high": i.high, "level": i.level} for name, i in estimate.intervals.items()}
    return json.loads(json.dumps({"form": form, **told, "intervals": ends}, default=_plain))


def _plain(value: Any) -> Any:
    """The plain number that one of numpy stands for."""
    if isinstance(value, np.generic):
        return value.item()
    raise BirlError(f"an estimate with a {type(value).__name__} in it cannot be saved: keep numbers and text")


def load(path: Path) -> RewardEstimate:
    """Read an estimate that `save` wrote.

    Raises:
        BirlError: when it cannot be read or is not a whole estimate.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BirlError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # zipfile, zlib and numpy raise a dozen kinds for what is no npz or half of one
        raise BirlError(
            f"{path} is not an estimate ({type(error).__name__}): give a file that RewardEstimate.save wrote"
        ) from error
    try:
        found = _restored(json.loads(arrays.pop("json").tobytes()), arrays)
    except BirlError as error:
        raise BirlError(f"{path}: {error}") from error
    except Exception as error:  # cattrs raises groups of whatever went wrong in a file that somebody changed
        raise BirlError(f"{path} is not a whole estimate ({type(error).__name__}): recover the reward again") from error
    return found


def _restored(told: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> RewardEstimate:
    if told.get("format") != FORMAT:
        raise BirlError(f"estimate of format {told.get('format')}, not {FORMAT}: recover the reward again")
    scores = {name.removeprefix(SCORES): v for name, v in arrays.items() if name.startswith(SCORES)}
    network = None
    if "network" in told:
        about = told["network"]
        layers = range(about["layers"])
        network = RewardNetwork(
            inputs=tuple(about["inputs"]),
            activation=about["activation"],
            n_actions=about["n_actions"],
            gain=about["gain"],
            layers=tuple((arrays[f"network/{i}/weight"], arrays[f"network/{i}/bias"]) for i in layers),
            shift=arrays["network/shift"],
            scale=arrays["network/scale"],
        )
    plain = _converter().structure(told["estimate"], RewardEstimate)
    _check_sizes(plain, arrays)
    return replace(plain, **{name: arrays.get(name) for name in ARRAYS}, scores=scores or None, network=network)


def _check_sizes(estimate: RewardEstimate, arrays: Mapping[str, FloatArray]) -> None:
    """Arrays and weights of one estimate."""
    size = len(estimate.weights)
    wanted = {"covariance": (size, size), "draws": (None, size)}
    for name, shape in wanted.items():
        found = np.shape(arrays[name]) if name in arrays else shape
        if len(found) != 2 or any(w not in (None, f) for f, w in zip(found, shape, strict=True)):
            raise BirlError(f"its {name} is {found} for {size} weights: recover the reward again")
    if set(estimate.status) != set(estimate.weights):
        raise BirlError("its weights and their status are of other features: recover the reward again")


def _converter() -> Any:
    """All of an estimate but its arrays, to JSON and back."""
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override  # reading and writing only
    from cattrs.preconf.json import make_converter

    converter = make_converter()
    hidden = {name: override(omit=True) for name in (*ARRAYS, "scores", "network")}
    kept: Any = {f.name: hidden[f.name] for f in fields(RewardEstimate) if f.name in hidden}
    converter.register_unstructure_hook(RewardEstimate, make_dict_unstructure_fn(RewardEstimate, converter, **kept))
    converter.register_structure_hook(RewardEstimate, make_dict_structure_fn(RewardEstimate, converter, **kept))
    return converter
