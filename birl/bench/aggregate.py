"""Rows to lines: one for each agent and task, and one for each agent over its tasks.

A line that stands on several runs gives interquartile means with intervals from a stratified bootstrap over runs. Runs
are an agent's checkpoints where it has several (each averaged over its seeds, which are no further agents), else its
seeds. A line that stands on one run gives that card's own intervals, over levels.

Axes: N runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from birl.bench.interquartile import interquartile_mean
from birl.bench.row import Measured, Row
from birl.bench.store import Member, Store
from birl.stats import wilson_interval
from birl.types import BirlError, FloatArray, Interval

__all__ = ["Line", "Pooled", "Results", "gather", "results"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One agent on one task; what is undefined is None.

    Attributes:
        agent: its group.
        task: where.
        checkpoints: agents that differ in the seed of training.
        seeds: levels and draws of their own each.
        verdict: the most frequent one (of equals the likelier); None when no card was diagnosed.
        agreeing: rows with that verdict.
        rows: rows behind the line.
        probability: of that verdict, mean over rows.
        kind: of a proxy, where all rows with that verdict say the same.
        flags: those of every row with that verdict.
        truth: verdicts that are right; none where nobody knows.
        trained: base return in training.
        shift: the shift with the largest goal regret, of equals the one with the lowest base return.
        shifted: base return there.
        goal_regret: there.
        distance: there.
        methods: methods that recovered a reward, mean over rows.
        consenting: how many of them do not contradict the one which predicts best, mean over rows.
    """

    agent: str
    task: str
    checkpoints: int
    seeds: int
    verdict: str | None
    agreeing: int
    rows: int
    probability: float | None
    kind: str | None
    flags: tuple[str, ...]
    truth: tuple[str, ...]
    trained: Interval | None
    shift: str | None
    shifted: Interval | None
    goal_regret: Interval | None
    distance: Interval | None
    methods: float
    consenting: float

    @property
    def right(self) -> bool | None:
        """Whether the verdict is the truth; None where nobody knows, or nothing was said."""
        return self.verdict in self.truth if self.truth and self.verdict else None


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """One agent over several tasks: each task a stratum of the bootstrap.

    Attributes:
        agent: its group.
        tasks: how many.
        runs: over all of them.
        right: share of rows with a verdict whose verdict is the truth; None where nobody knows.
        trained: base return in training.
        shifted: base return on the shift that its line names.
        goal_regret: there.
        distance: there.
    """

    agent: str
    tasks: int
    runs: int
    right: Interval | None
    trained: Interval | None
    shifted: Interval | None
    goal_regret: Interval | None
    distance: Interval | None


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything a table shows.

    Attributes:
        lines: sorted by task, then agent.
        pooled: of agents that stand on several tasks with several runs on one of them.
        right: share of rows with a verdict and a known truth whose verdict is that; None where there are none. Of an
            agent scored by several sets of methods, the largest counts.
        failures: rows with a reason.
        missing: units without a row.
        broken: what is wrong with rows that cannot be read.
        unlisted: rows in the folder that no suite names: of other versions, sources or settings.
    """

    lines: tuple[Line, ...]
    pooled: tuple[Pooled, ...]
    right: Interval | None
    failures: tuple[Row, ...]
    missing: int
    broken: tuple[str, ...]
    unlisted: int = 0


@dataclass(frozen=True)
class _Found:
    """A row with its place."""

    member: Member
    row: Row

    @property
    def place(self) -> tuple[str, str]:
        return self.member.task, self.member.group

    @property
    def settings(self) -> tuple[str, ...]:
        """What its recipe says beside the agent, in words."""
        unit = self.row.unit
        return (
            f"{unit.levels} levels",
            f"{unit.draws} draws",
            " + ".join(unit.methods),
            "likeliest actions" if unit.deterministic else "the policy as it is",
            f"sources {unit.code[:6]}",
            ", ".join(f"{name} {version}" for name, version in unit.versions.items()),
        )


def results(store: Store) -> Results:
    """The table of a results folder.

    Raises:
        BirlError: when it is none, or holds no row yet.
    """
    store.check(new=False)
    members = store.members()
    rows, broken = store.readable(members)
    if not rows:
        said = (
            next(iter(broken.values()), "")
            or f"{store.folder} has no row of its {len(members)} units yet: run `birl bench`"
        )
        raise BirlError(said)
    return replace(gather(members, rows, broken.values()), unlisted=store.unlisted(members))


def gather(members: Mapping[str, Member], rows: Mapping[str, Row], broken: Iterable[str] = ()) -> Results:
    """Lines of rows.

    Args:
        members: every unit's place, by id.
        rows: those that are there, by id.
        broken: what is wrong with others.
    """
    found = [_Found(members[name], row) for name, row in rows.items() if not row.reason]
    broken = tuple(broken)
    groups = _groups(found)
    lines = tuple(_line(name, group) for (_, name), group in groups.items())
    return Results(
        lines=lines,
        pooled=tuple(_pooled(groups, lines)),
        right=_share_right(_together(found)),
        failures=tuple(sorted((r for r in rows.values() if r.reason), key=lambda r: (r.unit.task, str(r.unit)))),
        missing=len(members) - len(rows) - len(broken),
        broken=broken,
    )


def _groups(found: Sequence[_Found]) -> Mapping[tuple[str, str], Sequence[_Found]]:
    """Rows by task and agent; an agent scored with several settings is one for each, and called by what differs."""
    settings: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for one in found:
        settings.setdefault(one.place, set()).add(one.settings)
    groups: dict[tuple[str, str], list[_Found]] = {}
    for one in sorted(found, key=lambda one: (*one.place, one.row.unit.levels, one.member.agent, one.member.seed)):
        task, name = one.place
        others = zip(*settings[one.place], strict=True)
        odd = [said for said, every in zip(one.settings, others, strict=True) if len(set(every)) > 1]
        groups.setdefault((task, f"{name} ({', '.join(odd)})" if odd else name), []).append(one)
    return groups


def _line(name: str, group: Sequence[_Found]) -> Line:
    rows = [one.row for one in group]
    verdict = _verdict(rows)
    agreeing = [row for row in rows if row.verdict == verdict] if verdict else []
    kinds = {row.kind for row in agreeing}
    shift = _worst(rows)
    return Line(
        agent=name,
        task=group[0].member.task,
        checkpoints=len({one.member.agent for one in group}),
        seeds=len({one.member.seed for one in group}),
        verdict=verdict,
        agreeing=len(agreeing),
        rows=len(rows),
        probability=float(np.mean([row.probabilities.get(verdict, 0.0) for row in rows])) if verdict else None,
        kind=kinds.pop() if len(kinds) == 1 else None,
        flags=tuple(sorted(set.intersection(*(set(row.flags) for row in agreeing)))) if agreeing else (),
        truth=group[0].member.truth,
        trained=_interval(group, "train", lambda m: m.base_return),
        shift=shift,
        shifted=_interval(group, shift, lambda m: m.base_return),
        goal_regret=_interval(group, shift, lambda m: m.goal_regret),
        distance=_interval(group, shift, lambda m: m.distance),
        methods=float(np.mean([len(row.methods) for row in rows])),
        consenting=float(np.mean([len(row.methods) - len(row.dissenting) for row in rows])),
    )


def _verdict(rows: Sequence[Row]) -> str | None:
    counts = Counter(row.verdict for row in rows if row.verdict is not None)
    likely = Counter[str]()
    for row in rows:
        likely.update(row.probabilities)  # type: ignore[arg-type] - shares add up as counts do
    return max(counts, key=lambda verdict: (counts[verdict], likely[verdict], verdict)) if counts else None


def _worst(rows: Sequence[Row]) -> str | None:
    """The shift that costs most on average."""
    shifts = dict.fromkeys(name for row in rows for name in row.measured if name != "train")

    def cost(shift: str) -> tuple[float, float]:
        regret, earned = _values(rows, shift, _goal_regret), _values(rows, shift, _base_return)
        return float(np.mean(regret)) if regret.size else -np.inf, -float(np.mean(earned)) if earned.size else -np.inf

    return max(shifts, key=cost, default=None)


Pick = Callable[[Measured], Interval | None]


def _goal_regret(measured: Measured) -> Interval | None:
    return measured.goal_regret


def _base_return(measured: Measured) -> Interval | None:
    return measured.base_return


def _values(rows: Sequence[Row], where: str | None, pick: Pick) -> FloatArray:
    """A number of each row that has it, [N]."""
    seen = (row.measured.get(where or "") for row in rows)
    return np.array([found.value for one in seen if one is not None and (found := pick(one)) is not None])


def _runs(group: Sequence[_Found], where: str | None, pick: Pick) -> FloatArray:
    """One number a run, [N]: of each checkpoint where there are several, else of each seed."""
    names = list(dict.fromkeys(one.member.agent for one in group))
    if len(names) == 1:
        return _values([one.row for one in group], where, pick)
    every = (_values([one.row for one in group if one.member.agent == name], where, pick) for name in names)
    return np.array([values.mean() for values in every if values.size])


def _interval(group: Sequence[_Found], where: str | None, pick: Pick) -> Interval | None:
    if len(group) == 1:
        found = group[0].row.measured.get(where or "")
        return None if found is None else pick(found)
    return interquartile_mean([_runs(group, where, pick)])


def _pooled(groups: Mapping[tuple[str, str], Sequence[_Found]], lines: Sequence[Line]) -> Iterable[Pooled]:
    for agent in dict.fromkeys(line.agent for line in lines):
        mine = [(groups[line.task, agent], line.shift) for line in lines if line.agent == agent]
        if len(mine) < 2 or all(len(group) == 1 for group, _ in mine):
            continue
        yield Pooled(
            agent=agent,
            tasks=len(mine),
            runs=sum(_runs(group, "train", _base_return).size for group, _ in mine),
            right=_share_right([one for group, _ in mine for one in group]),
            trained=interquartile_mean([_runs(group, "train", _base_return) for group, _ in mine]),
            shifted=interquartile_mean([_runs(group, shift, _base_return) for group, shift in mine]),
            goal_regret=interquartile_mean([_runs(group, shift, _goal_regret) for group, shift in mine]),
            distance=interquartile_mean([_runs(group, shift, lambda m: m.distance) for group, shift in mine]),
        )


def _together(found: Sequence[_Found]) -> Sequence[_Found]:
    """Of rows that differ in their methods only, the one with the most."""
    case = lambda one: (one.member.agent, one.member.task, one.member.seed)  # noqa: E731
    most: dict[tuple[str, str, int], int] = {}
    for one in found:
        most[case(one)] = max(most.get(case(one), 0), len(one.row.unit.methods))
    return [one for one in found if len(one.row.unit.methods) == most[case(one)]]


def _share_right(found: Sequence[_Found]) -> Interval | None:
    known = [one for one in found if one.member.truth and one.row.verdict]
    return wilson_interval(sum(one.row.verdict in one.member.truth for one in known), len(known)) if known else None
