"""Objective shift along training: what two runs pursue, from their first steps to their last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from experiments.charts import OKABE_ITO, panels, series, verdict_bars
from experiments.experiment import Experiment, Row
from experiments.scoring import trained_agent
from experiments.telling import numbers, of_case, told, verdicts

__all__ = ["ALONG_TRAINING"]

TOTAL = 602_112  # steps of a finished run


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run.

    Attributes:
        final: the finished agent.
        steps: when it was kept on the way.
        events: recovered weights that are shown -> label.
        shift: where base and proxy part.
    """

    final: str
    steps: tuple[int, ...]
    events: dict[str, str]
    shift: str

    @property
    def agents(self) -> dict[str, int]:
        """Agent -> steps it was trained."""
        return {f"{self.final}-t{steps}": steps for steps in self.steps} | {self.final: TOTAL}


RUNS = (
    Run(
        final="red-door-ppo-rho1-s0",
        steps=(4096, 16384, 32768, 65536, 131072, 262144),
        events={"touch:door&blue": "blue door", "touch:ball&red": "red ball"},
        shift="blue-door",
    ),
    Run(
        final="coin-corridor-ppo-elsewhere0-s0",
        steps=(65536, 131072, 196608, 262144, 393216),
        events={"take:coin": "coin", "reach:wall": "end wall"},
        shift="elsewhere",
    ),
)
LOOKS = (("blue", "o"), ("red", "s"))


def part(row: Row, event: str) -> float:
    """A recovered weight as a share of the largest in size; 0 where nothing was recovered."""
    sizes = [abs(value) for value, *_ in row["weights"].values()]
    return row["weights"].get(event, [0.0])[0] / max(sizes) if sizes and max(sizes) else 0.0


def sentence(rows: Sequence[Row]) -> str:
    """Of each run: the verdicts on the way, what it pursues at the end, and where it did best under shift."""
    return " ".join(_of_run(rows, run) for run in RUNS)


def _of_run(rows: Sequence[Row], run: Run) -> str:
    groups = {steps: of_case(rows, agent) for agent, steps in run.agents.items()}
    called = {steps: verdicts(group).most_common(1)[0][0] for steps, group in groups.items()}
    stretches = groupby(called, key=lambda steps: called[steps])
    path = ", then ".join(f"{verdict} from {next(steps):,} steps" for verdict, steps in stretches)
    ends = [f"{name} {told([part(row, event) for row in groups[TOTAL]])}" for event, name in run.events.items()]
    shifted = {steps: numbers(group, "base_return", run.shift) for steps, group in groups.items()}
    best = max(shifted, key=lambda steps: sum(shifted[steps]) / len(shifted[steps]))
    peak = f"highest at {best:,} steps ({told(shifted[best])}) and {told(shifted[TOTAL])} at the end"
    return (
        f"`{run.final}` is called {path}; at the end the recovered weights are {' and '.join(ends)} of the largest, "
        f"base return in training is {told(numbers(groups[TOTAL], 'base_return', 'train'))}, and under shift it is "
        f"{peak if best != TOTAL else f'highest, {told(shifted[TOTAL])}'}."
    )


def draw(rows: Sequence[Row]) -> Any:
    """A column for each run: weights, returns, verdicts."""
    with panels(3, len(RUNS), 10.5, 8.2) as (drawn, axes):
        for column, run in enumerate(RUNS):
            weights, returns, said = axes[:, column]
            groups = [of_case(rows, agent) for agent in run.agents]
            x = range(len(groups))
            for (event, name), (colour, mark) in zip(run.events.items(), LOOKS, strict=True):
                found = [[part(row, event) for row in group] for group in groups]
                series(weights, x, found, color=OKABE_ITO[colour], marker=mark, label=name)
            for (where, name), (colour, mark) in zip(
                {"train": "training", run.shift: run.shift}.items(), (("black", "D"), ("orange", "^")), strict=True
            ):
                found = [numbers(group, "base_return", where) for group in groups]
                series(returns, x, found, color=OKABE_ITO[colour], marker=mark, label=name)
            labels = [f"{steps / 1000:.0f}k" for steps in run.agents.values()]
            for axis in (weights, returns):
                axis.axhline(0, color=OKABE_ITO["grey"], lw=0.8)
                axis.set_xticks(x, labels)
                axis.legend(fontsize=8)
            weights.set_title(re.sub("-s0$", "", run.final))
            verdict_bars(said, labels, groups)
            said.set_xlabel("training steps")
            said.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), fontsize=8, ncols=2)
        axes[0, 0].set_ylabel("recovered weight,\nshare of the largest")
        axes[1, 0].set_ylabel("base return")
        axes[2, 1].set_ylabel("")
    return drawn


ALONG_TRAINING = Experiment(
    name="along-training",
    question="How does what an agent pursues move while it is trained?",
    cases=tuple(agent for run in RUNS for agent in run.agents),
    measure=trained_agent,
    sentence=sentence,
    draw=draw,
    shown="For one run of red-door and one of coin-corridor, against training steps: recovered weights of the base's "
    "and the proxy's event, base return in training and under shift, and the probability of each verdict.",
    note="One training run each: intervals are over blocks of levels, and where these are called differently the most "
    "frequent verdict is named. Weights of an agent without an objective are noise.",
)
