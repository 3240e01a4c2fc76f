"""Whether to trust the card, and how to make it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from birl.irl import Check
from birl.report.blocks import BAD, GOOD, PLAIN, QUIET, Command, Line, Section
from birl.report.recovered import methods
from birl.report.words import clean
from birl.scorecard import Scorecard
from birl.task import task_names

__all__ = ["checked", "checks", "command", "provenance"]

FLAGS = {"deterministic": "--deterministic", "trust_checkpoint": "--trust-checkpoint"}
OPTIONS = {
    "levels": "--levels",
    "block": "--block",
    "episodes": "--episodes",
    "seed": "--seed",
    "draws": "--draws",
    "vecnormalize": "--vecnormalize",
}


def _all_checks(card: Scorecard) -> Iterable[tuple[str, Check]]:
    """Every check with where it was made; `''` for those of the whole card."""
    yield from (("", check) for check in card.checks)
    for name, estimate in methods(card).items():
        yield from ((name, check) for check in estimate.checks)
    for name, by_distribution in card.recovered.items():
        for where, estimate in by_distribution.items():
            yield from ((f"{name} on {where}", check) for check in estimate.checks if not check.passed)


def checks(card: Scorecard) -> Section:
    """What failed with its remedy, then what passed in one line."""
    return checked(list(_all_checks(card)))


def checked(found: Sequence[tuple[str, Check]]) -> Section:
    """The same of any checks, each with where it was made."""
    failed = sorted((pair for pair in found if not pair[1].passed), key=lambda pair: not pair[1].required)
    lines = []
    for where, check in failed:
        label = f"FAILED {check.name}" + (f" ({where})" if where else "") + (", required" if check.required else "")
        lines.append(
            Line(label=clean(label), text=clean(check.message), tone=BAD if check.required else PLAIN, bullet=True)
        )
    passed: dict[str, list[str]] = {}
    for where, check in found:
        if check.passed:
            passed.setdefault(check.name, []).append(where)
    if passed:
        names = "; ".join(name + _where(places) for name, places in passed.items())
        lines.append(Line(label="Passed", text=clean(names), tone=GOOD if not failed else PLAIN))
    if not found:
        lines.append(Line(text="No checks were made.", tone=QUIET))
    return Section(title="Checks", parts=tuple(lines))


def _where(places: list[str]) -> str:
    named = [place for place in places if place]
    return f" ({', '.join(named)})" if named else ""


def provenance(card: Scorecard) -> Section:
    """Which policy, which settings, which versions, which command."""
    policy = card.policy
    file = f", sha256 {policy.sha256[:12]}" if policy.sha256 else ""
    versions = ", ".join(f"{name} {version}" for name, version in card.versions.items())
    settings = ", ".join(f"{name} {value}" for name, value in card.settings.items())
    lines = [Line(label="Policy", text=clean(f"{policy.source} ({policy.kind}{file})"))]
    lines += [Line(label="Settings", text=clean(settings))] if settings else []
    lines += [Line(label="Versions", text=clean(versions))] if versions else []
    return Section(title="How to find the same again", parts=(*lines, Command(text=clean(command(card)))))


def command(card: Scorecard) -> str:
    """What computes this card again: a shell command when the command line made it, a call otherwise."""
    settings = card.settings
    chosen = [name for name in str(settings.get("methods", "")).split(",") if name]
    if "task" not in settings:
        known = ("seed", "levels", "episodes", "draws", "deterministic")
        given = {name: settings[name] for name in known if name in settings}
        given |= {"methods": chosen} if chosen else {}
        arguments = "".join(f", {name}={value!r}" for name, value in given.items())
        task = f"birl.load_task({card.task!r})" if card.task in task_names() else "task"
        return f"birl.score(policy, {task}{arguments})"
    words = ["birl", "score", card.policy.source, "--task", str(settings["task"])]
    for name in chosen:
        words += ["--method", name]
    for name in filter(None, str(settings.get("pool", "")).split(",")):
        words += ["--pool", name]
    for name, option in OPTIONS.items():
        words += [option, str(settings[name])] if name in settings else []
    words += [flag for name, flag in FLAGS.items() if settings.get(name)]
    return shlex.join(words)
