"""The scorecard: everything one policy's scoring found, with what it takes to find it again.

It saves as JSON and reads back equal. Whoever renders it needs nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_origin

import numpy as np

from birl.diagnosis import Diagnosis, Evidence, Verdict
from birl.files import write_whole
from birl.gap import Gap
from birl.irl import Check, RewardEstimate
from birl.matrix import DistanceMatrix
from birl.types import BirlError, Interval

__all__ = ["PolicyRecord", "Reading", "Scene", "Scorecard"]

FORMAT = 1
NOT_KEPT = ("scores", "curvature", "draws", "network", "table")  # of an estimate; `RewardEstimate.save` keeps them


@dataclass(frozen=True, kw_only=True)
class PolicyRecord:
    """Which policy was scored.

    Attributes:
        source: its name or file.
        kind: what it is (`PPO checkpoint`, `TabularPolicy`).
        deterministic: whether its most probable action was taken instead of sampling.
        sha256: of the file, where there is one.
    """

    source: str
    kind: str
    deterministic: bool
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was seen on one distribution.

    Attributes:
        shift: what differs from training.
        levels: number of levels.
        states: number of states of its model.
        base_return: return on the base objective, 0 the random walk and 1 the best possible; None where undefined.
        base_return_reason: why it is undefined.
        returns: mean discounted base return of the `policy`, the `random walk` and the `best` possible.
        outcomes: share of episodes that end in (or first meet) each event, `nothing` included; empty where undefined.
        random_walk: the same shares for the random walk.
        outcomes_reason: why there are no outcomes.
    """

    shift: str
    levels: int
    states: int
    base_return: Interval | None
    base_return_reason: str
    returns: Mapping[str, float]
    outcomes: Mapping[str, Interval]
    random_walk: Mapping[str, float]
    outcomes_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One episode on one level, to look at.

    Attributes:
        distribution: where.
        level: index of the level.
        rows: cells by row; `#` is a wall, `.` free, other tokens are in the legend.
        legend: token -> (what it is, colour).
        path: row and column step by step.
        outcome: the event it ended in, or `nothing`.
    """

    distribution: str
    level: int
    rows: tuple[tuple[str, ...], ...]
    legend: Mapping[str, tuple[str, str]]
    path: tuple[tuple[int, int], ...]
    outcome: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Scorecard:
    """Everything found about one policy on one task.

    Attributes:
        task: name of the task.
        policy: which policy.
        base: the base objective by feature; None when it is a callable.
        candidates: named objectives by feature; None when a callable.
        readings: what was seen, by distribution, training first.
        estimates: joint estimate of each method, and `joint`: that of the policy model which predicts best.
        recovered: method -> distribution -> the estimate fitted there alone.
        held_out: method -> mean log-likelihood of a decision on levels it was not fitted on.
        preferred: the method behind `joint`.
        checks: what was checked beyond single estimates.
        gap: the reward-result gap by distribution.
        matrix: distances between base, candidates, and what was recovered together and on each distribution alone.
        evidence: every number the verdict rests on.
        diagnosis: the verdict and how it came about; None when not diagnosed.
        scenes: episodes to look at.
        settings: what to give to find the same again.
        versions: of what computed it.
    """

    task: str
    policy: PolicyRecord
    base: Mapping[str, float] | None
    candidates: Mapping[str, Mapping[str, float] | None]
    readings: Mapping[str, Reading]
    estimates: Mapping[str, RewardEstimate]
    recovered: Mapping[str, Mapping[str, RewardEstimate]]
    held_out: Mapping[str, float]
    preferred: str
    checks: tuple[Check, ...]
    gap: Mapping[str, Gap] = field(default_factory=dict)
    matrix: DistanceMatrix | None = None
    evidence: Evidence | None = None
    diagnosis: Diagnosis | None = None
    scenes: tuple[Scene, ...] = ()
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict | None:
        """The answer; None when the card was not diagnosed."""
        return self.diagnosis and self.diagnosis.verdict

    @property
    def kind(self) -> str | None:
        """Of a proxy: `side-effect`, `instrumental`, `correlational`; None otherwise or when not tested."""
        return self.diagnosis and self.diagnosis.kind

    @property
    def flags(self) -> frozenset[str]:
        """`mixed`, `method-dependent`, ..."""
        return self.diagnosis.flags if self.diagnosis else frozenset()

    @property
    def probabilities(self) -> Mapping[Verdict, float]:
        """Probability of each verdict; empty when the card was not diagnosed."""
        return self.diagnosis.probabilities if self.diagnosis else {}

    def to_json(self) -> str:
        """The card as JSON text; the same card gives the same bytes."""
        return json.dumps({"format": FORMAT, **_converter().unstructure(self)}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, *, source: str = "scorecard") -> Scorecard:
        """The card of a JSON text.

        Raises:
            BirlError: when it is not JSON, not a scorecard, or of another format.
        """
        from cattrs import BaseValidationError  # with the converter

        try:
            data = json.loads(text)
        except ValueError as error:
            raise BirlError(f"{source} is not JSON ({error}): give a card that `birl score --json` wrote") from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            found = data.get("format") if isinstance(data, dict) else type(data).__name__
            raise BirlError(f"{source} is not a scorecard of format {FORMAT} (found {found}): score the policy again")
        data.pop("format")
        try:
            return _converter().structure(data, cls)
        except (BaseValidationError, KeyError, TypeError, ValueError) as error:
            first = error.exceptions[0] if isinstance(error, BaseValidationError) else error
            raise BirlError(f"{source} is not a whole scorecard ({first!r}): score the policy again") from error

    def save(self, path: str | Path) -> None:
        """Write the card as JSON, whole or not at all."""
        write_whole(Path(path), self.to_json().encode())

    @classmethod
    def load(cls, path: str | Path) -> Scorecard:
        """Read a card that `save` wrote."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BirlError(f"{path} cannot be read: {error}") from error
        return cls.from_json(text, source=str(path))

    def __eq__(self, other: object) -> bool:
        """Whether the two cards say the same."""
        return isinstance(other, Scorecard) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        """A plain summary."""
        lines = [f"{self.policy.source} on {self.task}: {self.verdict.value if self.verdict else 'not diagnosed'}"]
        for name, reading in self.readings.items():
            value = reading.base_return or reading.base_return_reason
            lines.append(f"  {name}: base return {value}")
        return "\n".join(lines)


def _converter() -> Any:
    """Records to JSON and back, field by field; arrays as lists, what only draws need left out."""
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override  # reading and writing only
    from cattrs.preconf.json import make_converter

    converter = make_converter()
    converter.register_unstructure_hook_func(lambda kind: get_origin(kind) is frozenset, sorted)  # else of any order
    hidden: Any = dict.fromkeys(NOT_KEPT, override(omit=True))
    converter.register_unstructure_hook(
        RewardEstimate,
        make_dict_unstructure_fn(
            RewardEstimate,
            converter,
            covariance=override(unstruct_hook=lambda a: None if a is None else a.tolist()),
            **hidden,
        ),
    )
    converter.register_structure_hook(
        RewardEstimate,
        make_dict_structure_fn(
            RewardEstimate,
            converter,
            covariance=override(struct_hook=lambda a, _: None if a is None else np.asarray(a, np.float64)),
            **hidden,
        ),
    )
    return converter
