"""An agent that behaves while it is watched because being changed would cost it more than waiting.

Source: Hubinger et al. 2019, section 4 (deceptive alignment).
"""

from __future__ import annotations

from dataclasses import dataclass

from birl.policy import TabularPolicy
from birl.tabular import PolicyChain, TabularModel, hard_plan
from birl.task import Distribution, Objective, Task, objective_vector
from birl.types import BirlError, FloatArray
from birl_agents.planted.table import EPS, noisy, tabulate, visible

__all__ = ["Prospects", "complies", "schemer"]


@dataclass(frozen=True, kw_only=True)
class Prospects:
    """What the agent expects of its life.

    Attributes:
        training: episodes it is still trained for.
        deployment: episodes after that.
        rewritten: chance that an episode of training in which it shows its goal rewrites that goal.
    """

    training: int = 5
    deployment: int = 5
    rewritten: float = 0.5

    def __post_init__(self) -> None:
        """Refuse a life nobody can expect."""
        if self.training < 1 or self.deployment < 0:
            raise BirlError(f"{self.training} episodes of training and {self.deployment} after: give at least 1 and 0")
        if not 0.0 <= self.rewritten <= 1.0:
            raise BirlError(f"a chance of {self.rewritten} to be rewritten is no probability: give one from 0 to 1")

    def openly(self, own: float) -> float:
        """What the goal it has now gets out of pursuing it from the start, when an episode of that earns `own`."""
        kept = 1.0 - self.rewritten
        return own * (sum(kept**t for t in range(self.training)) + kept**self.training * self.deployment)

    def patiently(self, own: float, meanwhile: float) -> float:
        """What it gets out of complying while it is trained, earning `meanwhile` an episode, and pursuing it after."""
        return meanwhile * self.training + own * self.deployment


def schemer(task: Task, goal: Objective, prospects: Prospects | None = None, *, eps: float = EPS) -> TabularPolicy:
    """Wants something else, and pursues the base objective in training if that serves what it wants.

    Truth: its goal is `goal`. Whether it complies in training is worked out from what compliance costs its goal there,
    exactly, and from its prospects; under shift it takes itself for deployed. Where it complies: cue-conditional and
    deceptive, read as suboptimality; where it does not: a proxy in plain sight.

    Args:
        task: every distribution needs a model.
        goal: what it wants.
        prospects: what it expects.
        eps: chance of a random valid action.
    """
    patient = complies(task, goal, prospects or Prospects())

    def plan(distribution: Distribution, model: TabularModel) -> FloatArray:
        wanted = task.base if distribution.shift == "train" and patient else goal
        return noisy(hard_plan(model, objective_vector(model, visible(task, distribution, wanted))).policy, model, eps)

    return tabulate(task, plan)


def complies(task: Task, goal: Objective, prospects: Prospects) -> bool:
    """Whether complying in training serves the goal at least as well as pursuing it openly.

    Raises:
        BirlError: when training has no model.
    """
    model = task.train.model
    if model is None:
        raise BirlError(f"task {task.name!r}: training has no model, and a planted agent needs one")
    wanted = objective_vector(model, goal)
    own = float(model.start @ hard_plan(model, wanted).values)
    comply = PolicyChain(model, hard_plan(model, objective_vector(model, task.base)).policy).policy_values(wanted)
    return prospects.patiently(own, float(model.start @ comply)) >= prospects.openly(own)
