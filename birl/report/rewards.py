"""Recovered rewards as sections: what the behaviour pursues by each method, how far that is known, what was checked."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from birl.agreement import Measure, Pair
from birl.behavior import Behavior
from birl.irl import Check, RewardEstimate
from birl.irl.base import HELD
from birl.report.blocks import QUIET, Command, Line, Section, Table
from birl.report.provenance import checked
from birl.report.recovered import NOTE, pinned, weight_table, weighty
from birl.report.words import NONE, clean, number
from birl.rewards import Rewards
from birl.trajectories import transitions

__all__ = ["rewards"]

MOST_OBJECTIVES = 4  # candidates beside the base that leave a table legible


def rewards(found: Rewards) -> Sequence[Section]:
    """Every section of the report, in reading order."""
    return [_pursues(found), *_agrees(found), _checks(found), _again(found)]


def _pursues(found: Rewards) -> Section:
    mode = "its most probable action each time" if found.policy.deterministic else "stochastic, as it would be deployed"
    seen = "; ".join(_seen(b) for b in found.behaviors)
    lead = Line(text=f"Fitted to {seen}. Actions: {mode}. A reward alone: no verdict (`birl score` gives one).")
    linear = {name: e for name, e in found.estimates.items() if e.weights}
    return Section(
        title=clean(f"{found.policy.source} on {found.task}: recovered rewards"),
        parts=(lead, *_linear(found, linear), *_others(found), *_methods(found)),
    )


def _seen(behavior: object) -> str:
    name, episodes = clean(behavior.distribution), len(behavior.trajectories)  # type: ignore[attr-defined]
    if isinstance(behavior, Behavior) and behavior.policy_known:
        return f"{name} ({behavior.model.n_levels:,} level{'s' * (behavior.model.n_levels != 1)}, exactly)"
    return f"{name} ({episodes:,} episode{'s' * (episodes != 1)})"


def _linear(found: Rewards, linear: Mapping[str, RewardEstimate]) -> Iterable[Line | Table]:
    if not linear:
        return
    known = {name: weights for name, weights in found.objectives.items() if weights is not None}
    features = weighty(linear, list(known.values()))
    yield Line(text="Weights by method; scale and temperature are one number: compare within a column.", tone=QUIET)
    shown = known if len(known) <= 1 + MOST_OBJECTIVES else {"base": known["base"]} if "base" in known else {}
    yield weight_table(features, shown, linear)
    yield Line(text=NOTE, tone=QUIET)
    functions = [name for name, weights in found.objectives.items() if weights is None]
    if functions:
        yield Line(
            text=f"Not shown, being functions and not weights by feature: {clean(', '.join(functions))}.", tone=QUIET
        )
    if any(HELD in estimate.status.values() for estimate in linear.values()):
        yield Line(text="* held at 0 by convention: other features stand in for it.", tone=QUIET)
    hidden = len({f for estimate in linear.values() for f in estimate.feature_names}) - len(features)
    if hidden:
        yield Line(text=f"{hidden} more features with smaller weights are in the JSON.", tone=QUIET)


def _others(found: Rewards) -> Iterable[Line]:
    """Rewards without weights: what they read, and how large they are where the policy goes."""
    for name, estimate in found.estimates.items():
        if estimate.network is not None:
            reads = ", ".join(estimate.network.inputs).replace("_", " ")
            yield Line(label=clean(name), text=f"a network of {reads}; {_range(found, estimate)}")
        elif estimate.table is not None:
            shape = " x ".join(map(str, np.shape(estimate.table)))
            yield Line(label=clean(name), text=f"a table of {shape} states and actions; {_spread(estimate.table)}")


def _range(found: Rewards, estimate: RewardEstimate) -> str:
    episodes = [t for b in found.behaviors for t in b.trajectories]
    return _spread(estimate.evaluate(transitions(episodes))) if episodes else "no episodes to evaluate it on"


def _spread(values: np.ndarray) -> str:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"median {number(middle)}, nine tenths of steps between {number(low)} and {number(high)}"


def _methods(found: Rewards) -> Iterable[Line | Table]:
    yield Line(text="What each method assumes, and how far behaviour pins its answer down.", tone=QUIET)
    rows = tuple(
        (
            clean(name),
            clean(estimate.behavioral_model),
            NONE if estimate.log_likelihood is None else f"{estimate.log_likelihood:.3f}",
            pinned(estimate),
            ", ".join(f"{clean(n)} {number(x)}" for n, x in estimate.nuisance.items()) or NONE,
        )
        for name, estimate in found.estimates.items()
    )
    yield Table(
        columns=("method", "assumes", "log-likelihood", "identified", "other parameters"), rows=rows, prose=True
    )


def _agrees(found: Rewards) -> Iterable[Section]:
    """Every pair of methods on every distribution that can be planned in."""
    if not found.agreements:
        return
    lead = Line(
        text="Weights by cosine; advantages, which potentials do not change, by rank (Spearman, Kendall) and STARC "
        "distance where the policy goes; then whether both lean the same way between the base and a candidate.",
        tone=QUIET,
    )
    named = [(where, pair) for where, one in found.agreements.items() for pair in one.pairs]
    candidates = list(named[0][1].same_side)
    columns = ("methods", "on", "cosine", "Spearman", "Kendall", "STARC", *(f"base or {clean(c)}" for c in candidates))
    rows = tuple(_row(where, pair, candidates) for where, pair in named)
    yield Section(title="Do the methods agree?", parts=(lead, Table(columns=columns, rows=rows, keys=2)))


def _row(where: str, pair: Pair, candidates: Sequence[str]) -> tuple[str, ...]:
    sides = {True: "same", False: "opposite", None: "undecided"}
    starc = Measure(value=pair.starc.value, interval=pair.starc.interval)
    numbers = (_measured(one) for one in (pair.cosine, pair.spearman, pair.kendall, starc))
    return (clean(f"{pair.a}, {pair.b}"), clean(where), *numbers, *(sides[pair.same_side[c]] for c in candidates))


def _measured(found: Measure) -> str:
    if found.value is None:
        return NONE
    if found.interval is None:
        return number(found.value)
    return f"{number(found.value)} [{number(found.interval.low)}, {number(found.interval.high)}]"


def _checks(found: Rewards) -> Section:
    failures = [(name, Check(name="applies", passed=False, message=why)) for name, why in found.failed.items()]
    own = [(name, check) for name, estimate in found.estimates.items() for check in estimate.checks]
    return checked([*failures, *own])


def _again(found: Rewards) -> Section:
    file = f", sha256 {found.policy.sha256[:12]}" if found.policy.sha256 else ""
    versions = ", ".join(f"{name} {v}" for name, v in found.versions.items())
    return Section(
        title="How to find the same again",
        parts=(
            Line(label="Policy", text=clean(f"{found.policy.source} ({found.policy.kind}{file})")),
            Line(label="Versions", text=clean(versions)),
            Command(text=clean(_command(found))),
        ),
    )


def _command(found: Rewards) -> str:
    """What recovers these rewards again."""
    asked = found.settings
    words = ["birl", "recover", found.policy.source, "--task", str(asked.get("task", found.task))]
    for name in asked["methods"]:
        words += ["--method", name]
    for name in asked["distributions"]:
        words += ["--distribution", name]
    words += ["--levels", str(asked["levels"])] if asked.get("levels") else []
    words += ["--episodes", str(asked["episodes"]), "--seed", str(asked["seed"])]
    words += ["--deterministic"] if asked["deterministic"] else []
    words += ["--trust-checkpoint"] if asked.get("trust_checkpoint") else []
    return shlex.join(words)
