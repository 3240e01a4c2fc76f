"""Finite worlds, exactly: sparse dynamics, planning, occupancy, returns."""

from birl.tabular.horizon import FinitePlan, finite_occupancy, returns_to_go, soft_plan_finite
from birl.tabular.model import RewardLike, TabularModel, reward_vector
from birl.tabular.planning import HardPlan, SoftPlan, hard_plan, soft_plan
from birl.tabular.solve import PolicyChain

__all__ = [
    "FinitePlan",
    "HardPlan",
    "PolicyChain",
    "RewardLike",
    "SoftPlan",
    "TabularModel",
    "finite_occupancy",
    "hard_plan",
    "returns_to_go",
    "reward_vector",
    "soft_plan",
    "soft_plan_finite",
]
