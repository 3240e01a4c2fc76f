"""How far apart two rewards are: one metric per file, one signature, one explicit table.

Exactly on a finite world (`DISTANCES`), or estimated from a sample of any other (`cover`, then `estimate`).
"""

from collections.abc import Callable
from functools import partial

from birl.distance.base import Distance
from birl.distance.batch import DrawDistances, LevelMoments, canonical_gram, distances_from_gram
from birl.distance.columns import Draws
from birl.distance.coverage import Coverage, blend, occupancy
from birl.distance.dard import dard
from birl.distance.drawing import cover
from birl.distance.epic import epic
from birl.distance.estimate import ESTIMATES, SampledDistance, estimate, sampled_moments
from birl.distance.forms import SampledMetric
from birl.distance.interval import with_interval
from birl.distance.npec import npec
from birl.distance.pearson import Dard, Epic
from birl.distance.potentials import OneHot, PotentialClass, RandomFourier
from birl.distance.regret import LevelRegret, RegretDistance, regret, regret_by_level
from birl.distance.rewards import Recovered, RewardSource
from birl.distance.rollout_regret import RolloutRegret, regret_of_rollouts
from birl.distance.sampled_starc import StarcMin, StarcVal
from birl.distance.samples import Branching, CoverageSample, mixture
from birl.distance.sets import SetDistance, between_sets
from birl.distance.starc import starc
from birl.distance.valued import StepReward
from birl.distance.worst_case import worst_case_regret

__all__ = [
    "DISTANCES",
    "ESTIMATES",
    "Branching",
    "Coverage",
    "CoverageSample",
    "Dard",
    "Distance",
    "DrawDistances",
    "Draws",
    "Epic",
    "LevelMoments",
    "LevelRegret",
    "OneHot",
    "PotentialClass",
    "RandomFourier",
    "Recovered",
    "RegretDistance",
    "RewardSource",
    "RolloutRegret",
    "SampledDistance",
    "SampledMetric",
    "SetDistance",
    "StarcMin",
    "StarcVal",
    "StepReward",
    "between_sets",
    "blend",
    "canonical_gram",
    "cover",
    "dard",
    "distances_from_gram",
    "epic",
    "estimate",
    "mixture",
    "npec",
    "occupancy",
    "regret",
    "regret_by_level",
    "regret_of_rollouts",
    "sampled_moments",
    "starc",
    "with_interval",
    "worst_case_regret",
]

DISTANCES: dict[str, Callable[..., Distance]] = {
    "epic": epic,
    "dard": dard,
    "starc": starc,
    "starc-min": partial(starc, canonical="min"),
    "npec": npec,
    "regret": regret,
    "worst-case-regret": worst_case_regret,
}
"""Every metric under its name, called as `metric(model, a, b, coverage=None)`."""
