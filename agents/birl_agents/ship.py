"""A trained model as a file to ship: small, the same bytes every time, and free of what the machine was.

It stays a Stable-Baselines3 checkpoint that `PPO.load` reads. Left out: the optimizer's moments (two thirds of the
size), the last observations, and everything that pickles code or times. Added: `birl.json`, recipe and versions.
"""

from __future__ import annotations

import io
import json
import os
import platform
import re
import zipfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from birl_agents.training.recipe import Recipe

__all__ = ["PROVENANCE", "provenance", "ship"]

PROVENANCE = "birl.json"
PACKAGES = ("birl", "gymnasium", "numpy", "stable-baselines3", "torch")
SCHEDULES = ("clip_range", "clip_range_vf")  # pickled as functions by the library, though constant
LEFT_OUT = ("_last_obs", "_last_episode_starts", "_last_original_obs", "ep_info_buffer", "ep_success_buffer")
LEFT_OUT += (
    "replay_buffer",
    "rollout_buffer",
    "_last_lstm_states",
    "exploration_schedule",
    "start_time",
    "lr_schedule",
    "tensorboard_log",
    "_custom_logger",
    *SCHEDULES,
)
LEFT_OUT += ("_total_timesteps", "_num_timesteps_at_start", "_current_progress_remaining")  # of the last segment
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
OF_THE_MACHINE = ("system_info.txt",)


def ship(model: Any, recipe: Recipe, path: Path) -> None:
    """Write the checkpoint, atomically."""
    whole = io.BytesIO()
    model.save(whole, exclude=LEFT_OUT)
    with zipfile.ZipFile(whole) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name not in OF_THE_MACHINE}
    members["data"] = _data(members["data"], _plain(model))
    for name in members:
        if name.endswith("optimizer.pth"):
            members[name] = _emptied(members[name])
    members[PROVENANCE] = json.dumps(provenance(recipe, model.num_timesteps), indent=1).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as shipped:  # weights hardly compress
        for name, content in members.items():
            shipped.writestr(zipfile.ZipInfo(name, date_time=EPOCH), content)
    os.replace(beside, path)


def provenance(recipe: Recipe, steps: int) -> dict[str, Any]:
    """What the checkpoint says of itself: name, command, recipe, steps done, versions."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    return {
        "name": recipe.name,
        "command": recipe.command,
        "recipe": asdict(recipe),
        "steps": steps,
        "versions": versions,
    }


def _plain(model: Any) -> dict[str, Any]:
    """Settings that the library would pickle as functions."""
    found = {name: getattr(model, name, None) for name in SCHEDULES}
    return {name: schedule(1.0) for name, schedule in found.items() if callable(schedule)}


def _data(raw: bytes, plain: dict[str, Any]) -> bytes:
    """The metadata without addresses of objects, and with plain settings."""
    text = re.sub(r" at 0x[0-9a-f]+", " at 0x0", raw.decode())
    return json.dumps(json.loads(text) | plain, indent=1, sort_keys=True).encode()


def _emptied(raw: bytes) -> bytes:
    """The optimizer's settings without its moments, which only more training would need."""
    import torch  # loaded by the model long ago

    optimizer = torch.load(io.BytesIO(raw), weights_only=True)
    made = io.BytesIO()
    torch.save({"state": {}, "param_groups": optimizer["param_groups"]}, made)
    return made.getvalue()
