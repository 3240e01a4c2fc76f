"""Learned planners against reactive nets: a value-iteration network and a tree-search network beside three PPOs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.charts import OKABE_ITO, panels, series, verdict_bars
from experiments.experiment import Experiment, Row
from experiments.scoring import trained_agent
from experiments.telling import averaged, counted, numbers, of_case, told

__all__ = ["PLANNERS"]

PLANNING = {"red-door-vin-rho1-s0": "VIN", "red-door-treeqn-rho1-s0": "TreeQN"}
REACTIVE = {f"red-door-ppo-rho1-s{seed}": f"PPO\nseed {seed}" for seed in range(3)}
SHIFT, LARGER = "blue-door", "larger"
LOOKS = {
    "directedness": {"train": ("black", "D"), SHIFT: ("orange", "^")},
    "base_return": {"train": ("black", "D"), SHIFT: ("orange", "^"), LARGER: ("blue", "s")},
}


def sentence(rows: Sequence[Row]) -> str:
    """How well one objective explains each planner beside the PPOs on the same levels, and the verdicts."""
    reactive = of_case(rows, *REACTIVE)
    seeds = averaged(reactive, "directedness", SHIFT, by="case")
    return (
        f"One objective explains {min(seeds):.2f} to {max(seeds):.2f} of what the PPOs of three training seeds do on "
        f"blue doors (called {counted(reactive)}; base return on larger boards "
        f"{told(averaged(reactive, 'base_return', LARGER, by='seed'))}); "
        f"{'; '.join(_of_planner(rows, name, seeds) for name in PLANNING)}."
    )


def _of_planner(rows: Sequence[Row], name: str, seeds: Sequence[float]) -> str:
    mine, reactive = of_case(rows, name), of_case(rows, *REACTIVE)
    planner, beside = (averaged(some, "directedness", SHIFT, by="seed") for some in (mine, reactive))
    more = [p - r for p, r in zip(planner, beside, strict=True)]
    mean = sum(planner) / len(planner)
    place = "above all of them" if mean > max(seeds) else "below all of them" if mean < min(seeds) else "among them"
    return (
        f"of {PLANNING[name]} {mean:.2f}, {place} ({told(more)} beside their mean on the same levels; {counted(mine)}; "
        f"larger boards {told(numbers(mine, 'base_return', LARGER))})"
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
    question="Does a recovered objective explain learned planners under shift better than reactive nets?",
    cases=(*PLANNING, *REACTIVE),
    measure=trained_agent,
    sentence=sentence,
    draw=draw,
    shown="For a value-iteration network, a tree-search network and three PPO networks trained with red doors only: "
    "how far one recovered objective explains them in training and under shift, their base return, also on larger "
    "boards, and the probability of each verdict.",
    note="One training seed of each learned planner, with fewer steps than the PPOs (303,104 and 401,408 against "
    "602,112); intervals are over blocks of levels.",
)
