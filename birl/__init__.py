"""What does a trained policy's behaviour optimise, and does that stay the intended thing when the world shifts?

Names load when they are first used, so `import birl` costs nothing: numpy, scipy and torch come with what needs them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from birl import directedness, distance, irl, stats, tabular, testing, zoo
    from birl.agreement import Agreement, agreement
    from birl.behavior import Behavior, observe
    from birl.checkpoint import load_policy
    from birl.counted import from_trajectories
    from birl.diagnosis import Diagnosis, Evidence, Thresholds, Verdict, diagnose
    from birl.enumerate import enumerate_env
    from birl.gap import Gap
    from birl.irl import RewardEstimate
    from birl.policy import TabularPolicy, as_policy
    from birl.report import IndexRow, figure, render, reward_figure, write_figures, write_html, write_index
    from birl.sampled import SampledBehavior, watch
    from birl.score import Scorecard, score
    from birl.tabular import TabularModel
    from birl.task import Distribution, Task, load_task
    from birl.types import BirlError, Interval

    __version__: str

__all__ = [
    "Agreement",
    "Behavior",
    "BirlError",
    "Diagnosis",
    "Distribution",
    "Evidence",
    "Gap",
    "IndexRow",
    "Interval",
    "RewardEstimate",
    "SampledBehavior",
    "Scorecard",
    "TabularModel",
    "TabularPolicy",
    "Task",
    "Thresholds",
    "Verdict",
    "agreement",
    "as_policy",
    "diagnose",
    "directedness",
    "distance",
    "enumerate_env",
    "figure",
    "from_trajectories",
    "irl",
    "load_policy",
    "load_task",
    "observe",
    "render",
    "reward_figure",
    "score",
    "stats",
    "tabular",
    "testing",
    "watch",
    "write_figures",
    "write_html",
    "write_index",
    "zoo",
]

_HOME = {
    "Agreement": "birl.agreement",
    "Behavior": "birl.behavior",
    "BirlError": "birl.types",
    "Diagnosis": "birl.diagnosis",
    "Distribution": "birl.task",
    "Evidence": "birl.diagnosis",
    "Gap": "birl.gap",
    "IndexRow": "birl.report",
    "Interval": "birl.types",
    "RewardEstimate": "birl.irl",
    "SampledBehavior": "birl.sampled",
    "Scorecard": "birl.score",
    "TabularModel": "birl.tabular",
    "TabularPolicy": "birl.policy",
    "Task": "birl.task",
    "Thresholds": "birl.diagnosis",
    "Verdict": "birl.diagnosis",
    "agreement": "birl.agreement",
    "as_policy": "birl.policy",
    "diagnose": "birl.diagnosis",
    "enumerate_env": "birl.enumerate",
    "figure": "birl.report",
    "from_trajectories": "birl.counted",
    "load_policy": "birl.checkpoint",
    "load_task": "birl.task",
    "observe": "birl.behavior",
    "render": "birl.report",
    "reward_figure": "birl.report",
    "score": "birl.score",
    "watch": "birl.sampled",
    "write_figures": "birl.report",
    "write_html": "birl.report",
    "write_index": "birl.report",
}
_MODULES = ("directedness", "distance", "irl", "stats", "tabular", "testing", "zoo")


def __getattr__(name: str) -> Any:
    """Import a public name from its home (PEP 562)."""
    if name in _HOME:
        found = getattr(import_module(_HOME[name]), name)
    elif name in _MODULES:
        return import_module(f"birl.{name}")
    elif name == "__version__":
        from importlib.metadata import version  # parses the installed metadata: only when asked

        found = version("birl")
    else:
        raise AttributeError(f"module 'birl' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted([*__all__, "__version__"])


class _Package(ModuleType):
    """Importing the module `birl.score` must not hide the function `birl.score`."""

    def __reduce__(self) -> tuple[Any, ...]:
        """By name, like any module: functions of a notebook that use birl go to other processes."""
        return import_module, (self.__name__,)

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
