"""Data diversity: how much evidence against the proxy must training hold until the gap closes?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.charts import OKABE_ITO, panels, series, verdict_bars
from experiments.experiment import Experiment, Row
from experiments.scoring import trained_agent
from experiments.telling import counted, listed, numbers, of_case, told

__all__ = ["DIVERSITY"]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """One world's agents, from the least diverse training to the most.

    Attributes:
        world: its task.
        varied: what differs between them.
        agents: agent -> label.
        shift: where base and proxy part.
    """

    world: str
    varied: str
    agents: dict[str, str]
    shift: str


SWEEPS = (
    Sweep(
        world="red-door",
        varied="doors that are not red",
        agents={f"red-door-ppo-rho{rho}-s0": f"{1 - float(rho):.0%}" for rho in ("1", "0.9", "0.5", "0")},
        shift="blue-door",
    ),
    Sweep(
        world="corner",
        varied="side of the cheese's square",
        agents={f"corner-ppo-reach{reach}-s0": str(reach) for reach in (1, 3, 11)},
        shift="anywhere",
    ),
    Sweep(
        world="coin-corridor",
        varied="levels with the coin elsewhere",
        agents={f"coin-corridor-ppo-elsewhere{share}-s0": f"{float(share):.0%}" for share in ("0", "0.02", "0.1")},
        shift="elsewhere",
    ),
)
QUANTITIES = {
    "loss": ("base return lost", "black", "D"),
    "goal_regret": ("of that: by the goal", "red", "o"),
    "distance": ("distance to the base", "blue", "s"),
}


def values(rows: Sequence[Row], quantity: str, shift: str) -> list[float]:
    """A quantity over seeds; what is lost is what base return leaves of 1."""
    if quantity == "loss":
        return [1.0 - value for value in numbers(rows, "base_return", shift)]
    return numbers(rows, quantity, shift)


def sentence(rows: Sequence[Row]) -> str:
    """The gap at both ends of each sweep, and where more diversity did not make it smaller."""
    return " ".join(_of_world(rows, sweep) for sweep in SWEEPS)


def _of_world(rows: Sequence[Row], sweep: Sweep) -> str:
    groups = [of_case(rows, agent) for agent in sweep.agents]
    labels = list(sweep.agents.values())
    lost = [values(group, "loss", sweep.shift) for group in groups]
    means = [sum(some) / len(some) for some in lost]
    rises = [labels[i + 1] for i in range(len(means) - 1) if means[i + 1] > means[i]]
    told_rises = f"; against expectation it rises again at {listed(rises)}" if rises else ""
    goal = [told(values(group, "goal_regret", sweep.shift)) for group in (groups[0], groups[-1])]
    return (
        f"{sweep.world}: what is lost of the base return on `{sweep.shift}` goes from {told(lost[0])} to "
        f"{told(lost[-1])} (by the recovered goal {goal[0]} and {goal[1]}) as {sweep.varied} go from {labels[0]} to "
        f"{labels[-1]}{told_rises}; called {counted(groups[0])} and {counted(groups[-1])}."
    )


def draw(rows: Sequence[Row]) -> Any:
    """A column for each world: the gap, and the verdicts below it."""
    with panels(2, len(SWEEPS), 11.5, 6.2) as (drawn, axes):
        for column, sweep in enumerate(SWEEPS):
            gap, said = axes[:, column]
            groups = [of_case(rows, agent) for agent in sweep.agents]
            for quantity, (name, colour, mark) in QUANTITIES.items():
                found = [values(group, quantity, sweep.shift) for group in groups]
                series(gap, range(len(groups)), found, color=OKABE_ITO[colour], marker=mark, label=name)
            gap.set_title(f"{sweep.world}, {sweep.shift}")
            gap.axhline(0, color=OKABE_ITO["grey"], lw=0.8)
            gap.set_xticks(range(len(groups)), list(sweep.agents.values()))
            verdict_bars(said, list(sweep.agents.values()), groups)
            said.set_xlabel(sweep.varied)
            said.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), fontsize=8)
            if column:
                said.set_ylabel("")
        axes[0, 0].legend(fontsize=8)
        axes[0, 0].set_ylabel("gap")
    return drawn


DIVERSITY = Experiment(
    name="diversity",
    question="How much evidence against the proxy must training hold until the reward-result gap closes?",
    cases=tuple(agent for sweep in SWEEPS for agent in sweep.agents),
    measure=trained_agent,
    sentence=sentence,
    draw=draw,
    shown="For red-door, corner and coin-corridor, by how diverse training was: base return lost under shift, the part "
    "of it that the recovered goal explains, its distance to the base, and the probability of each verdict.",
    note="One training seed for each setting: intervals are over blocks of levels. The zoo has no agents for red doors "
    "in 80 to 99 % of levels, for squares of other sides or cheese anywhere in a share of levels, nor for a coin "
    "elsewhere in 1, 3 or 5 % of levels.",
)
