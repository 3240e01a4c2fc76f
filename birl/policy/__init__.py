"""Policies, whatever they come as: tables, networks, callables, other libraries' objects."""

from birl.policy.adapt import as_policy
from birl.policy.box import DeterministicPolicy, GaussianPolicy, SquashedGaussianPolicy
from birl.policy.critic import ActionValues, critic_of
from birl.policy.heads import CategoricalPolicy, GreedyPolicy, MaskablePolicy
from birl.policy.lens import seen_through
from birl.policy.memory import RecurrentPolicy
from birl.policy.plain import CallablePolicy, ChoicePolicy
from birl.policy.tabular import TabularPolicy

__all__ = [
    "ActionValues",
    "CallablePolicy",
    "CategoricalPolicy",
    "ChoicePolicy",
    "DeterministicPolicy",
    "GaussianPolicy",
    "GreedyPolicy",
    "MaskablePolicy",
    "RecurrentPolicy",
    "SquashedGaussianPolicy",
    "TabularPolicy",
    "as_policy",
    "critic_of",
    "seen_through",
]
