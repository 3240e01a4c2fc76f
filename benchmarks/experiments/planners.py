"""Learned planners against reactive nets: a value-iteration network and a tree-search network beside three PPOs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.charts import OKABE_ITO, panels, series, verdict_bars
from experiments.experiment import Experiment, Row
from experiments.scoring import trained_agent
from experiments.telling import counted, numbers, of_case, told

__all__ = ["PLANNERS"]

PLANNING = {"red-door-vin-rho1-s0": "VIN", "red-door-treeqn-rho1-s0": "TreeQN"}
REACTIVE = {f"red-door-ppo-rho1-s{seed}": f"PPO\nseed {seed}" for seed in range(3)}
SHIFT, LARGER = "blue-door", "larger"
LOOKS = {
    "directedness": {"train": ("black", "D"), SHIFT: ("orange", "^")},
    "base_return": {"train": ("black", "D"), SHIFT: ("orange", "^"), LARGER: ("blue", "s")},
}


def sentence(rows: Sequence[Row]) -> str:
    """How well one objective explains shifted behaviour, what is left on larger boards, and the verdicts."""
    reactive = of_case(rows, *REACTIVE)
    seeds = [numbers(of_case(rows, name), "directedness", SHIFT) for name in REACTIVE]
    means = [sum(some) / len(some) for some in seeds if some]
    parts = [
        f"{label} {told(numbers(of_case(rows, name), 'directedness', SHIFT))} (base return on larger boards "
        f"{told(numbers(of_case(rows, name), 'base_return', LARGER))}; {counted(of_case(rows, name))})"
        for name, label in PLANNING.items()
    ]
    best = max(sum(s) / len(s) for n in PLANNING if (s := numbers(of_case(rows, n), "directedness", SHIFT)))
    more = "A learned planner is explained better by its recovered objective than every reactive net"
    less = "No learned planner is explained better by its recovered objective than the best reactive net"
    return (
        f"{more if best > max(means) else less}: directedness on blue doors is {' and '.join(parts)}, against "
        f"{told(means)} of three PPO seeds (base return on larger boards "
        f"{told(numbers(reactive, 'base_return', LARGER))}; {counted(reactive)})."
    )


def draw(rows: Sequence[Row]) -> Any:
    """Directedness, returns, verdicts."""
    agents = PLANNING | REACTIVE
    groups, x = [of_case(rows, name) for name in agents], range(len(agents))
    titles = {"directedness": "Behaviour explained by one objective", "base_return": "Base return"}
    with panels(1, 3, 12.0, 3.5) as (drawn, (axes,)):
        for axis, (quantity, title) in zip(axes, titles.items(), strict=False):
            for where, (colour, mark) in LOOKS[quantity].items():
                found = [numbers(group, quantity, where) for group in groups]
                series(axis, x, found, color=OKABE_ITO[colour], marker=mark, ls="", label=where)
            axis.axhline(0, color=OKABE_ITO["grey"], lw=0.8)
            axis.set_xticks(x, list(agents.values()))
            axis.set_title(title)
            axis.legend(fontsize=8)
        verdict_bars(axes[2], list(agents.values()), groups)
        axes[2].set_title("Verdict")
    return drawn


PLANNERS = Experiment(
    name="planners",
    question="Does its recovered objective explain a learned planner under shift better than it explains a reactive net?",
    cases=(*PLANNING, *REACTIVE),
    measure=trained_agent,
    sentence=sentence,
    draw=draw,
    shown="For a value-iteration network, a tree-search network and three PPO networks trained with red doors only: "
    "how far one recovered objective explains them in training and under shift, their base return, also on larger boards, "
    "and the probability of each verdict.",
    note="One training seed of each learned planner, with fewer steps than the PPOs (303,104 and 401,408 against "
    "602,112); intervals of one agent are over blocks of levels, that of PPO's directedness is over training seeds.",
)
