"""`args.yml` of rl-baselines3-zoo: which environment a policy was trained in, read as data.

The zoo dumps its arguments as a tagged `OrderedDict`, which yaml's full loaders would construct by importing what the
tag names. Here a tag is dropped and what it carries is kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from birl.types import BirlError

__all__ = ["environment_id", "read_settings"]

LIMIT = 2**20  # bytes; the zoo's are below 5 kB
PYTHON = "tag:yaml.org,2002:python/"


def environment_id(path: Path) -> str | None:
    """The environment an `args.yml` names; None where it names none.

    Raises:
        BirlError: for a file that cannot be read.
    """
    named = read_settings(path).get("env")
    return named if isinstance(named, str) and named else None


def read_settings(path: Path) -> dict[str, Any]:
    """The entries of a settings file of the zoo; nothing a tag names is imported or called.

    Raises:
        BirlError: for a file that is no mapping, or when PyYAML is not installed.
    """
    if path.stat().st_size > LIMIT:
        raise BirlError(f"{path}: {path.stat().st_size:,} bytes are over the limit of {LIMIT:,}: no settings")
    yaml = _yaml(path)
    try:
        found = yaml.load(path.read_text("utf-8"), _loader(yaml))
        pairs = found.items() if isinstance(found, dict) else found
        return {str(key): value for key, value in pairs}
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise BirlError(
            f"{path} holds no settings of rl-baselines3-zoo ({reason}): remove it or write it anew"
        ) from error


def _yaml(path: Path) -> Any:
    try:
        import yaml  # only needed beside checkpoints of the zoo
    except ImportError as error:
        raise BirlError(f"{path}: PyYAML is not installed: pip install pyyaml, or move the file away") from error
    return yaml


def _loader(yaml: Any) -> Any:
    """The safe loader, with Python tags read as the plain node they are put on."""

    class Plain(yaml.SafeLoader):
        pass

    def plain(loader: Any, _: str, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            made = loader.construct_sequence(node, deep=True)
            return made[0] if len(made) == 1 and isinstance(made[0], list) else made  # arguments: one list of pairs
        return loader.construct_scalar(node)

    Plain.add_multi_constructor(PYTHON, plain)
    return Plain
