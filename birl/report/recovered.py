"""What the policy pursues: recovered weights beside the base objective and the candidates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from birl.irl import RewardEstimate
from birl.irl.base import HELD
from birl.report.blocks import QUIET, Line, Section, Table
from birl.report.words import NONE, clean, number, weight
from birl.scorecard import Scorecard

__all__ = ["NOTE", "methods", "pinned", "recovered", "shown_features", "weight_table", "weighty"]

MOST = 24  # features in a table; the others are in the JSON
NOTE = "In brackets: 95 % intervals. <= x: avoided, so only bounded from above. -: not identified by this behaviour."


def methods(card: Scorecard) -> Mapping[str, RewardEstimate]:
    """The joint estimate of every method; `joint` is one of them again and left out."""
    return {name: found for name, found in card.estimates.items() if name != "joint"} or dict(card.estimates)


def shown_features(card: Scorecard) -> Sequence[str]:
    """Features in their own order, cut to those with the largest weights where there are too many."""
    objectives = [card.base or {}, *(weights or {} for weights in card.candidates.values())]
    return weighty(methods(card), objectives)


def weighty(found: Mapping[str, RewardEstimate], objectives: Sequence[Mapping[str, float]]) -> Sequence[str]:
    """The features of some estimates in their own order, cut to the weightiest of estimates and objectives."""
    names = list(dict.fromkeys(f for estimate in found.values() for f in estimate.feature_names))
    if len(names) <= MOST:
        return names
    everything = [*objectives, *(estimate.weights for estimate in found.values())]
    sizes = [(o, max((abs(w) for w in o.values()), default=0.0) or 1.0) for o in everything]
    ranked = sorted(names, key=lambda f: -max(abs(o.get(f, 0.0)) / size for o, size in sizes))
    return [f for f in names if f in set(ranked[:MOST])]


def recovered(card: Scorecard) -> Section:
    """Weights by method for all distributions together, then by distribution for the method that predicts best."""
    features = shown_features(card)
    lead = Line(
        text="One objective for all distributions together, by method. Scale and temperature are one number, so "
        "weights compare within a column only.",
        tone=QUIET,
    )
    parts = [lead, _table(card, features, methods(card)), *_by_distribution(card, features), *_notes(card, features)]
    return Section(title="What it pursues", parts=(*parts, *_fits(card)))


def _by_distribution(card: Scorecard, features: Sequence[str]) -> Iterable[Line | Table]:
    alone = card.recovered.get(card.preferred, {})
    if alone:
        yield Line(
            text=f"Fitted to each distribution alone ({clean(card.preferred)}, which predicts best).", tone=QUIET
        )
        yield _table(card, features, alone)


def _table(card: Scorecard, features: Sequence[str], estimates: Mapping[str, RewardEstimate]) -> Table:
    return weight_table(features, {"base": card.base, **card.candidates}, estimates)


def weight_table(
    features: Sequence[str],
    objectives: Mapping[str, Mapping[str, float] | None],
    estimates: Mapping[str, RewardEstimate],
) -> Table:
    """What objectives pay for each feature, and what was recovered, a column each."""
    known = {name: weights for name, weights in objectives.items() if weights is not None}
    rows = tuple(
        (
            clean(feature),
            *(f"{weights.get(feature, 0.0):.4g}" for weights in known.values()),
            *(weight(estimate, feature) for estimate in estimates.values()),
        )
        for feature in features
    )
    columns = ("feature", *map(clean, known), *map(clean, estimates))
    return Table(columns=columns, rows=rows, keys=1 + len(known) if len(known) <= 4 else 1)


def _notes(card: Scorecard, features: Sequence[str]) -> Iterable[Line]:
    found = [*methods(card).values(), *card.recovered.get(card.preferred, {}).values()]
    yield Line(text=NOTE, tone=QUIET)
    if any(HELD in estimate.status.values() for estimate in found):
        yield Line(text="* held at 0 by convention: other features stand in for it.", tone=QUIET)
    hidden = len({f for estimate in found for f in estimate.feature_names}) - len(features)
    if hidden:
        yield Line(text=f"{hidden} more features with smaller weights are in the JSON.", tone=QUIET)
    callables = [name for name, w in {"the base objective": card.base, **card.candidates}.items() if w is None]
    if callables:
        names = clean(", ".join(callables))
        yield Line(text=f"Not shown, being a function and not weights by feature: {names}.", tone=QUIET)


def _fits(card: Scorecard) -> Iterable[Line | Table]:
    known = {"discount": "discount {} a step", "actions": "{} actions"}
    taken = [said.format(card.settings[name]) for name, said in known.items() if name in card.settings]
    yield Line(
        text="What each method assumes"
        + (f" (with {', '.join(taken)})" if taken else "")
        + ", how far behaviour pins its answer down, and what chose among the rest (the tie-break).",
        tone=QUIET,
    )
    rows = []
    for name, estimate in methods(card).items():
        held_out = card.held_out.get(name)
        rows.append(
            (
                clean(name) + (" (preferred)" if name == card.preferred else ""),
                clean(estimate.behavioral_model),
                NONE if held_out is None else f"{held_out:.3f}",
                pinned(estimate),
                ", ".join(f"{clean(n)} {number(x)}" for n, x in estimate.nuisance.items()) or NONE,
            )
        )
    columns = ("method", "assumes", "held-out log-likelihood", "identified", "other parameters")
    yield Table(columns=columns, rows=tuple(rows), prose=True)


def pinned(estimate: RewardEstimate) -> str:
    """How many directions of the weights behaviour pins down, and what chose the rest."""
    found = estimate.identifiability
    if found.rank is None or found.nullity is None:
        return f"unknown; {clean(found.selector)}"
    return f"{found.rank} of {found.rank + found.nullity} directions; {clean(found.selector)}"
