"""Inverse reinforcement learning: one method per file, one interface, one explicit table."""

from birl.irl.airl import AdversarialIRL
from birl.irl.base import (
    BOUNDED,
    IDENTIFIED,
    UNIDENTIFIED,
    AnyBehavior,
    Check,
    DrawingEstimator,
    Estimator,
    Identifiability,
    PolicyEstimator,
    RewardEstimate,
)
from birl.irl.bayesian import Bayesian
from birl.irl.boltzmann import Boltzmann
from birl.irl.candidates import Candidates
from birl.irl.critic import Critic
from birl.irl.density import Density
from birl.irl.gail import AdversarialImitation
from birl.irl.inverse_bellman import InverseBellman
from birl.irl.max_margin import MaxMargin
from birl.irl.mce import MaxCausalEntropy
from birl.irl.network import RewardNetwork
from birl.irl.noise_ranked import NoiseRanked
from birl.irl.outcome_choice import OutcomeChoice
from birl.irl.policy_airl import PolicyAIRL
from birl.irl.projection import Projection
from birl.irl.relative_entropy import RelativeEntropy
from birl.irl.successor_logit import SuccessorLogit
from birl.irl.successor_margin import SuccessorMargin

__all__ = [
    "BOUNDED",
    "ESTIMATORS",
    "IDENTIFIED",
    "SCORED",
    "UNIDENTIFIED",
    "AdversarialIRL",
    "AdversarialImitation",
    "AnyBehavior",
    "Bayesian",
    "Boltzmann",
    "Candidates",
    "Check",
    "Critic",
    "Density",
    "DrawingEstimator",
    "Estimator",
    "Identifiability",
    "InverseBellman",
    "MaxCausalEntropy",
    "MaxMargin",
    "NoiseRanked",
    "OutcomeChoice",
    "PolicyAIRL",
    "PolicyEstimator",
    "Projection",
    "RelativeEntropy",
    "RewardEstimate",
    "RewardNetwork",
    "SuccessorLogit",
    "SuccessorMargin",
]

ESTIMATORS: dict[str, Estimator] = {
    "mce": MaxCausalEntropy(),
    "boltzmann": Boltzmann(),
    "bayesian": Bayesian(),
    "outcome-choice": OutcomeChoice(),
    "inverse-bellman": InverseBellman(),
    "max-margin": MaxMargin(),
    "relative-entropy": RelativeEntropy(),
    "projection": Projection(),
    "noise-ranked": NoiseRanked(),
    "critic": Critic(),
    "successor-logit": SuccessorLogit(),
    "policy-airl": PolicyAIRL(),
    "successor-margin": SuccessorMargin(),
    "candidates": Candidates(),
    "airl": AdversarialIRL(),
    "gail": AdversarialImitation(),
    "density": Density(),
}
"""Every method under its name, with default settings."""

SCORED = ("mce", "boltzmann", "outcome-choice")
"""The methods that `birl.score` uses unless told otherwise."""
