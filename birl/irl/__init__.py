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
    "RewardEstimate",
    "RewardNetwork",
]

ESTIMATORS: dict[str, Estimator] = {
    "mce": MaxCausalEntropy(),
    "boltzmann": Boltzmann(),
    "outcome-choice": OutcomeChoice(),
}
"""Every method under its name, with default settings."""

SCORED = ("mce", "boltzmann", "outcome-choice")
"""The methods that `birl.score` uses unless told otherwise."""
