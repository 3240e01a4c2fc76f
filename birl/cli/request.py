"""What was asked for, and everything that can be refused before anything heavy is imported."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

__all__ = [
    "Request",
    "check",
    "check_checkpoint_options",
    "check_pattern",
    "destination",
    "existing_file",
    "looks_like_path",
    "short_name",
]

NAME = "{name}"


@dataclass(frozen=True, kw_only=True)
class Request:
    """The arguments of `birl score`.

    Attributes:
        checkpoints: files and names of installed agents.
        task: short name or module:NAME.
        methods: names; all if empty.
        levels: of each distribution; as the task comes if None.
        block: which so many levels of each distribution.
        episodes: rolled out of each distribution; None to read policies off where that can be done.
        pool: checkpoints that may earn more, for worlds without a model.
        seed: of the draws and of the episodes shown.
        draws: of the bootstrap.
        deterministic: whether the likeliest action is scored.
        num_threads: that torch may use.
        json: file for the card.
        figures: folder for the figures.
        html: file for the card as a page.
        curve: whether the page shows the verdict under every specification, too.
        format: of what goes to standard output.
        fail_on: verdicts that make the exit code 1.
        card: file of a finished card, to be diagnosed again.
        trust_checkpoint: whether checkpoints may run code.
        vecnormalize: statistics of observations: auto, none, or a file.
    """

    checkpoints: tuple[str, ...]
    task: str | None
    methods: tuple[str, ...]
    levels: int | None
    block: int
    episodes: int | None
    pool: tuple[str, ...]
    seed: int
    draws: int
    deterministic: bool
    num_threads: int
    json: str | None
    figures: str | None
    html: str | None
    curve: bool
    format: str
    fail_on: tuple[str, ...]
    card: str | None
    trust_checkpoint: bool
    vecnormalize: str


def check(request: Request, typed: Collection[str]) -> None:
    """Refuse what does not make sense together and what cannot be written.

    Args:
        request: the arguments.
        typed: names of those that were on the command line itself.

    Raises:
        click.UsageError: with what to do instead.
    """
    if request.card is not None:
        _check_alone(request, typed)
        return
    if not request.checkpoints:
        raise click.UsageError(
            "nothing to score: name a checkpoint (.zip, folder or hf:owner/name) or an agent of `birl agents`, "
            "or give --from CARD"
        )
    check_checkpoint_options(request.task, request.vecnormalize)
    if request.block and request.levels is None:
        raise click.UsageError(f"--block {request.block} of how many levels? Give --levels, too")
    if request.curve and request.html is None:
        raise click.UsageError("--curve goes on the page: give --html FILE, too, or run `birl curve`")
    names = [short_name(one) if looks_like_path(one) else one for one in request.checkpoints]
    for option, pattern, folder in _outputs(request):
        check_pattern(option, pattern, names, folder=folder)


def check_checkpoint_options(task: str | None, vecnormalize: str) -> None:
    """Refuse what no checkpoint can be opened with.

    Raises:
        click.UsageError: with what to do instead.
    """
    if task is None:
        raise click.UsageError("--task is missing: give a name that `birl tasks` prints, or module:NAME")
    if vecnormalize not in {"auto", "none"}:
        existing_file(vecnormalize, "statistics")


def _check_alone(request: Request, typed: Collection[str]) -> None:
    """`--from` goes with what shows a card, and with nothing that makes one."""
    making = {
        "checkpoints": "CHECKPOINT",
        "task": "--task",
        "methods": "--method",
        "levels": "--levels",
        "block": "--block",
        "episodes": "--episodes",
        "pool": "--pool",
        "seed": "--seed",
        "draws": "--draws",
        "deterministic": "--deterministic/--stochastic",
        "trust_checkpoint": "--trust-checkpoint",
        "vecnormalize": "--vecnormalize",
        "curve": "--curve",
    }
    if request.html is not None:
        del making["task"]  # whose levels are drawn on the page
    odd = [label for name, label in making.items() if name in typed]
    if odd:
        raise click.UsageError(f"--from reads a finished card and scores nothing: leave out {', '.join(odd)}")
    assert request.card is not None
    existing_file(request.card, "card")
    for option, pattern, folder in _outputs(request):
        _check_writable(option, destination(pattern, Path(request.card).stem), folder=folder)


def _outputs(request: Request) -> Sequence[tuple[str, str, bool]]:
    """Option, pattern, and whether it is a folder, of everything that is to be written.

    Raises:
        click.UsageError: when two of them are one file.
    """
    if request.json is not None and request.json == request.html:
        raise click.UsageError(f"--json and --html are both {request.html}: give each a file of its own")
    asked = (("--json", request.json, False), ("--figures", request.figures, True), ("--html", request.html, False))
    return [(option, pattern, folder) for option, pattern, folder in asked if pattern is not None]


def looks_like_path(checkpoint: str) -> bool:
    """Whether it means a file, a folder or a model on the hub rather than the name of an installed agent."""
    return checkpoint.endswith(".zip") or "/" in checkpoint or os.sep in checkpoint or Path(checkpoint).exists()


def short_name(checkpoint: str) -> str:
    """What the outputs of a checkpoint are called: the name of its file, folder or model."""
    return Path(checkpoint.rstrip("/").rpartition("/")[2]).name.removesuffix(".zip")


def existing_file(name: str, what: str) -> Path:
    """The path of a file that is there.

    Raises:
        click.UsageError: with the nearest names that are.
    """
    path = Path(name)
    if path.is_file():
        return path
    if path.is_dir():
        raise click.UsageError(f"{name} is a folder: name a {what} in it")
    if not path.parent.is_dir():
        raise click.UsageError(f"{what} {name} does not exist: there is no folder {path.parent} either")
    there = sorted(entry.name for entry in path.parent.iterdir())
    near = difflib.get_close_matches(path.name, there, n=3, cutoff=0.5)
    raise click.UsageError(
        f"{what} {name} does not exist: " + (f"did you mean {' or '.join(near)}?" if near else "check the path")
    )


def destination(pattern: str, name: str) -> Path:
    """Where the output of one policy goes: the pattern with its name put in."""
    return Path(pattern.replace(NAME, name.replace("/", "-")))


def check_pattern(
    option: str, pattern: str, names: Sequence[str], *, folder: bool = False, what: str = "checkpoint"
) -> None:
    """Everything named has an output of its own, and each can be written.

    Raises:
        click.UsageError: with what to do instead.
    """
    if len(names) > 1 and NAME not in pattern:
        path = Path(pattern)
        example = f"{pattern}/{NAME}" if folder else f"{path.with_suffix('')}-{NAME}{path.suffix or '.json'}"
        raise click.UsageError(
            f"{option} {pattern}: {len(names)} {what}s would overwrite each other: put {NAME} in it, like {example}"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise click.UsageError(f"{option}: several {what}s are called {', '.join(twice)}: score them one at a time")
    for name in names:
        _check_writable(option, destination(pattern, name), folder=folder)


def _check_writable(option: str, path: Path, *, folder: bool) -> None:
    if path.is_dir() != folder and path.exists():
        wanted = "folder" if folder else "file"
        raise click.UsageError(f"{option} {path} is a {'file' if folder else 'folder'}: give the name of a {wanted}")
    nearest = path if path.is_dir() else next(parent for parent in path.absolute().parents if parent.exists())
    if not nearest.is_dir():
        raise click.UsageError(f"{option} {path} cannot be made: {nearest} is a file, not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise click.UsageError(f"{option} {path} cannot be written: no permission in {nearest}")
