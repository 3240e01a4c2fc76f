"""Policies saved by themselves: `policy.save(...)`, as imitation's examples do, or a bare `state_dict`.

torch's own restricted reader puts the tensors together; every other name in the file is given to it as an empty record
(see `birl.checkpoint.inert`), so the settings beside the tensors can be read and nothing in the file runs. Such files
do not say their class: it follows from the tensors' names. A maskable policy looks like any other there, and acts
unmasked.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from birl.checkpoint.archive import check_nested, check_tensors, read_whole
from birl.checkpoint.inert import Record, record_class
from birl.checkpoint.recipe import (
    ACTOR_CRITIC,
    MEMORY,
    QUANTILES,
    SQUASHED,
    TARGET,
    VALUES,
    Family,
    Recipe,
    compose,
    refusal,
)
from birl.types import BirlError

__all__ = ["Saved", "read_saved"]

# tensors that only one family has, in the order to look
SIGNS: tuple[tuple[str, Family], ...] = (
    ("lstm_actor.", MEMORY),
    ("q_net.q_net.", VALUES),
    ("quantile_net.quantile_net.", QUANTILES),
    ("actor.log_std", SQUASHED),
    ("actor.mu.", TARGET),
    ("action_net.", ACTOR_CRITIC),
)
SPACES = frozenset({"observation_space", "action_space", "lr_schedule"})  # the task gives these; acting needs no rate
NATURE = "features_extractor.cnn."


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A policy's file, read.

    Attributes:
        recipe: how to rebuild the network.
        tensors: by name.
    """

    recipe: Recipe
    tensors: Mapping[str, Any]


def read_saved(path: Path, told: Mapping[str, Any] | None = None) -> Saved:
    """The policy in a file torch wrote.

    Args:
        path: the file.
        told: settings of the policy given by hand; they go before what the file says.

    Raises:
        BirlError: for a whole module (only unpickling makes one), an unknown family, or settings that are not certain.
    """
    content = _load(path)
    if isinstance(content, Record) or not isinstance(content, Mapping):
        name = content.qualified if isinstance(content, Record) else type(content).__name__
        raise refusal(path, f"it holds a pickled {name}", "save policy.state_dict() instead")
    settings = content.get("data") if "state_dict" in content else {}
    tensors = content.get("state_dict", content)
    if not isinstance(tensors, Mapping) or not isinstance(settings, Mapping):
        raise BirlError(f"{path}: its state_dict or data is no mapping: not a policy saved by Stable-Baselines3")
    check_tensors(path, tensors)
    family = next((family for sign, family in SIGNS if any(name.startswith(sign) for name in tensors)), None)
    if family is None:
        raise refusal(path, f"its tensors ({', '.join(list(tensors)[:3])}, ...) belong to no policy class known here")
    known = {key: _said(value) for key, value in settings.items() if key not in SPACES} | dict(told or {})
    if "activation_fn" not in known:
        remedy = "give policy_kwargs={'activation_fn': 'Tanh'} or what it is"
        raise refusal(path, "it holds tensors without the activation between them", remedy)
    nature = any(NATURE in name for name in tensors)
    return Saved(recipe=compose(path, family, known, nature=nature), tensors=tensors)


def _load(path: Path) -> Any:
    import torch

    raw = read_whole(path)
    check_nested(path, raw)
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(raw))
        with torch.serialization.safe_globals([(record_class(name), name) for name in names]):
            return torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a damaged or hostile file
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise refusal(path, f"it is a torch file that is damaged or holds code ({reason})") from error


def _said(value: Any) -> Any:
    """A class as Stable-Baselines3's metadata write it."""
    if isinstance(value, type) and issubclass(value, Record):
        return f"<class '{value.qualified}'>"
    return value
