"""Policies, whatever they come as: tables, networks, callables, other libraries' objects."""

from birl.policy.adapt import as_policy
from birl.policy.heads import CategoricalPolicy, GaussianPolicy, GreedyPolicy
from birl.policy.plain import CallablePolicy, ChoicePolicy
from birl.policy.tabular import TabularPolicy

__all__ = [
    "CallablePolicy",
    "CategoricalPolicy",
    "ChoicePolicy",
    "GaussianPolicy",
    "GreedyPolicy",
    "TabularPolicy",
    "as_policy",
]
