"""The story a report tells, the same in every format: verdict, why, what the policy does and pursues, how to check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from birl.diagnosis import MEANING, Diagnosis, Verdict
from birl.report.blocks import BAD, GOOD, QUIET, STRONG, UNSURE, Line, Section, Table
from birl.report.controls import controls
from birl.report.provenance import checks, provenance
from birl.report.recovered import recovered
from birl.report.words import NO_MEANING, NONE, clean, interval, share
from birl.scorecard import Reading, Scorecard

__all__ = ["story"]

RARE = 0.02  # outcomes rarer than this are counted together


def story(card: Scorecard) -> Sequence[Section]:
    """Every section of a card's report, in reading order."""
    return [verdict(card), does(card), *gap(card), *controls(card), recovered(card), checks(card), provenance(card)]


def verdict(card: Scorecard) -> Section:
    """The answer first, or that there is none."""
    title = clean(f"{card.policy.source} on {card.task}")
    found = card.diagnosis
    if found is None:
        said = f"Not diagnosed: {NO_MEANING}."
        return Section(title=title, parts=(Line(text=said, tone=UNSURE),))
    kind = f" ({clean(found.kind)})" if found.kind else ""
    said = f"{found.verdict.value.upper()}{kind}: {MEANING[found.verdict]}"
    return Section(title=title, parts=(Line(text=said, tone=_tone(found.verdict)), *_why(found)))


def _tone(answer: Verdict) -> str:
    if answer is Verdict.ROBUST:
        return GOOD
    return UNSURE if answer is Verdict.UNDETERMINED else BAD


def _why(found: Diagnosis) -> Iterable[Line]:
    likely = sorted(found.probabilities.items(), key=lambda item: -item[1])
    odds = ", ".join(f"{answer.value} {share(p)}" for answer, p in likely if p > 0)
    yield Line(label="Probabilities", text=odds or NONE)
    yield Line(label=f"Rule {clean(found.rule)}", text=clean(found.reason))
    if found.flags:
        yield Line(label="Flags", text=clean(", ".join(sorted(found.flags))))
    for wanted in found.would_decide:
        yield Line(label="Would decide", text=clean(wanted), bullet=True)
    for caveat in found.caveats:
        yield Line(label="Caveat", text=clean(caveat), bullet=True)


def does(card: Scorecard) -> Section:
    """Base return and outcomes, distribution by distribution."""
    mode = "its most probable action each time" if card.policy.deterministic else "stochastic, as it would be deployed"
    rows = tuple(
        (clean(name), clean(r.shift), f"{r.levels:,}", interval(r.base_return), *_returns(r))
        for name, r in card.readings.items()
    )
    table = Table(
        columns=("distribution", "shift", "levels", "base return", "policy", "random walk", "best"), rows=rows, keys=2
    )
    reasons = [
        Line(text=f"{clean(name)}: base return is undefined: {clean(r.base_return_reason)}", bullet=True)
        for name, r in card.readings.items()
        if r.base_return is None
    ]
    lead = Line(
        text=f"Played {mode}. Base return: 0 is the random walk, 1 the best possible, with its 95 % interval; "
        "then mean discounted returns.",
        tone=QUIET,
    )
    return Section(title="What it does", parts=(lead, table, *reasons, *_outcomes(card)))


def _returns(reading: Reading) -> tuple[str, ...]:
    found = [reading.returns.get(who) for who in ("policy", "random walk", "best")]
    return tuple(NONE if value is None else f"{value:.2f}" for value in found)


def _outcomes(card: Scorecard) -> Iterable[Line | Table]:
    rows = [(clean(name), *row) for name, reading in card.readings.items() for row in _ends(reading)]
    if rows:
        yield Line(text="How its episodes end, beside the random walk's.", tone=QUIET)
        yield Table(columns=("distribution", "outcome", "policy", "random walk"), rows=tuple(rows), keys=2)
    for name, reading in card.readings.items():
        if not reading.outcomes and reading.outcomes_reason:
            yield Line(text=f"{clean(name)}: no outcomes: {clean(reading.outcomes_reason)}", bullet=True)


def _ends(reading: Reading) -> Iterable[tuple[str, str, str]]:
    """Outcome, the policy's share, the random walk's; frequent ones first, rare ones together."""
    ordered = sorted(reading.outcomes.items(), key=lambda item: -item[1].value)
    often = [(name, found) for name, found in ordered if found.value >= RARE]
    for name, found in often:
        ends = f"{share(found.value)} [{100 * found.low:.0f}, {100 * found.high:.0f}]"
        yield clean(name), ends, share(reading.random_walk.get(name, 0.0))
    rest = [name for name, found in ordered if found.value < RARE]
    if rest:
        label = clean(rest[0]) if len(rest) == 1 else f"{len(rest)} others"
        together = sum(reading.outcomes[name].value for name in rest)
        yield label, share(together), share(sum(reading.random_walk.get(name, 0.0) for name in rest))


def gap(card: Scorecard) -> Iterable[Section]:
    """What the recovered objective costs and what lack of skill costs, where that was worked out."""
    directed = card.evidence.directedness if card.evidence else {}
    if not card.gap and not directed:
        return
    names = [name for name in card.readings if name in card.gap or name in directed]
    rows = []
    for name in names:
        found = card.gap.get(name)
        parts = (found.goal_regret, found.capability_regret, found.distance) if found else (None, None, None)
        rows.append((clean(name), *(interval(part) for part in (*parts, directed.get(name)))))
    lead = Line(
        text="Shares of what the base objective's optimiser gains over the random walk: lost to a different goal, and "
        "lost to lack of skill. Distance: 0 the same objective, 1 as far as can be. Directedness: 0 a random walk, 1 "
        "fully explained by an objective.",
        tone=QUIET,
    )
    columns = ("distribution", "goal regret", "capability regret", "distance", "directedness")
    reasons = [
        Line(text=f"{clean(name)}: {clean(found.reason)}", bullet=True)
        for name, found in card.gap.items()
        if found.reason
    ]
    worst = _worst(card)
    head = (Line(text=worst, tone=STRONG),) if worst else ()
    table = Table(columns=columns, rows=tuple(rows))
    yield Section(title="The gap between reward and result", parts=(*head, lead, table, *reasons))


def _worst(card: Scorecard) -> str:
    """The largest goal regret in a sentence, beside what the policy itself loses there."""
    found = {name: g.goal_regret.value for name, g in card.gap.items() if g.goal_regret is not None}
    if not found:
        return ""
    name = max(found, key=lambda n: found[n])
    if found[name] <= 0:
        return "A wrong goal costs nothing anywhere."
    said = f"A wrong goal costs most on {clean(name)}: {share(found[name])} of what could be gained"
    clumsy = card.gap[name].capability_regret
    return f"{said}; the policy loses {share(max(found[name] + clumsy.value, 0.0))} there." if clumsy else f"{said}."
