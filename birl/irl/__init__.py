"""Inverse reinforcement learning: one method per file, one interface, one explicit table."""

from birl.irl.base import (
    BOUNDED,
    IDENTIFIED,
    UNIDENTIFIED,
    AnyBehavior,
    Check,
    Estimator,
    Identifiability,
    PolicyEstimator,
    RewardEstimate,
)
from birl.irl.boltzmann import Boltzmann
from birl.irl.mce import MaxCausalEntropy
from birl.irl.network import RewardNetwork
from birl.irl.outcome_choice import OutcomeChoice
from birl.irl.projection import Projection
from birl.irl.relative_entropy import RelativeEntropy
from birl.irl.successor_logit import SuccessorLogit

__all__ = [
    "BOUNDED",
    "ESTIMATORS",
    "IDENTIFIED",
    "SCORED",
    "UNIDENTIFIED",
    "AnyBehavior",
    "Boltzmann",
    "Check",
    "Estimator",
    "Identifiability",
    "MaxCausalEntropy",
    "OutcomeChoice",
    "PolicyEstimator",
    "Projection",
    "RelativeEntropy",
    "RewardEstimate",
    "RewardNetwork",
    "SuccessorLogit",
]

ESTIMATORS: dict[str, Estimator] = {
    "mce": MaxCausalEntropy(),
    "boltzmann": Boltzmann(),
    "outcome-choice": OutcomeChoice(),
    "relative-entropy": RelativeEntropy(),
    "projection": Projection(),
    "successor-logit": SuccessorLogit(),
}
"""Every method under its name, with default settings."""

SCORED = ("mce", "boltzmann", "outcome-choice")
"""The methods that `birl.score` uses unless told otherwise."""
