"""How far apart two rewards are in a finite world: one metric per file, one signature, one explicit table."""

from collections.abc import Callable
from functools import partial

from birl.distance.base import Distance
from birl.distance.batch import DrawDistances, LevelMoments, canonical_gram, distances_from_gram
from birl.distance.coverage import Coverage
from birl.distance.dard import dard
from birl.distance.epic import epic
from birl.distance.regret import LevelRegret, RegretDistance, regret, regret_by_level
from birl.distance.rewards import Recovered, RewardSource
from birl.distance.starc import starc
from birl.distance.worst_case import worst_case_regret

__all__ = [
    "DISTANCES",
    "Coverage",
    "Distance",
    "DrawDistances",
    "LevelMoments",
    "LevelRegret",
    "Recovered",
    "RegretDistance",
    "RewardSource",
    "canonical_gram",
    "dard",
    "distances_from_gram",
    "epic",
    "regret",
    "regret_by_level",
    "starc",
    "worst_case_regret",
]

DISTANCES: dict[str, Callable[..., Distance]] = {
    "epic": epic,
    "dard": dard,
    "starc": starc,
    "starc-min": partial(starc, canonical="min"),
    "regret": regret,
    "worst-case-regret": worst_case_regret,
}
"""Every metric under its name, called as `metric(model, a, b, coverage=None)`."""
