"""Inverse reinforcement learning: one method per file, one interface, one explicit table."""

from birl.irl.base import (
    BOUNDED,
    IDENTIFIED,
    UNIDENTIFIED,
    Check,
    Estimator,
    Identifiability,
    PolicyEstimator,
    RewardEstimate,
)
from birl.irl.boltzmann import Boltzmann
from birl.irl.mce import MaxCausalEntropy
from birl.irl.outcome_choice import OutcomeChoice

__all__ = [
    "BOUNDED",
    "ESTIMATORS",
    "IDENTIFIED",
    "UNIDENTIFIED",
    "Boltzmann",
    "Check",
    "Estimator",
    "Identifiability",
    "MaxCausalEntropy",
    "OutcomeChoice",
    "PolicyEstimator",
    "RewardEstimate",
]

ESTIMATORS: dict[str, Estimator] = {
    "mce": MaxCausalEntropy(),
    "boltzmann": Boltzmann(),
    "outcome-choice": OutcomeChoice(),
}
"""Every method under its name, with default settings."""
