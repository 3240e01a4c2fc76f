"""Density as reward, imitation's: a control, which calls good whatever the policy does often.

The reward is the log-density of the steps seen, by a kernel on standardised observations; a small network is then
fitted to it, so that it is kept and evaluated like any other. It says where the policy went, not what for.

Axes: N steps, P points, D inputs.
Source: imitation 1.0.1's density baselines (Gleave et al. 2022, arXiv 2211.11972).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from birl.irl.adversarial import seeded, told
from birl.irl.base import AnyBehavior, Check, Identifiability, RewardEstimate
from birl.irl.demonstrations import Steps, steps_of
from birl.irl.distilled import distil
from birl.irl.imitation_nets import require_imitation
from birl.irl.needs import sampled
from birl.irl.provenance import provenance
from birl.simulator import Actions
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray

__all__ = ["Density"]

KINDS: Mapping[str, tuple[str, ...]] = {
    "state": ("observation",),
    "state-action": ("observation", "action"),
    "state-state": ("observation", "next_observation"),
}
FITTED = 0.9  # share of the log-density's variance, on points held out, that the network must explain
NUDGE = 0.5  # standard deviations by which steps are moved, to ask for the density beside what was seen

CONTROL = Check(
    name="objective",
    passed=False,
    message="a density says where the policy went, not what for: read it as a control, never as an objective",
    required=True,
)


@dataclass(frozen=True, kw_only=True)
class Density:
    """Settings of the density baseline.

    Attributes:
        kind: of what the density is: `state`, `state-action` or `state-state`.
        bandwidth: of the Gaussian kernel, in standard deviations of an input.
        steps: kept at most, drawn from those seen; a network is fitted to the density there, beside them, and at as
            many points drawn from their range.
        hidden: widths of the network's layers.
        episodes: to roll out where the behaviour has none.
    """

    name: ClassVar[str] = "density"
    needs: ClassVar[frozenset[str]] = frozenset({"trajectories"})
    behavioral_model: ClassVar[str] = "none: visits are counted"
    cannot_identify: ClassVar[str] = "any objective: what is visited often is called good"
    source: ClassVar[str] = "Gleave et al. 2022, through imitation"

    kind: str = "state"
    bandwidth: float = 0.5
    steps: int = 2000
    hidden: tuple[int, ...] = (64, 64)
    episodes: int = 100

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.kind not in KINDS:
            raise BirlError(f"density: kind {self.kind!r}: use one of {', '.join(KINDS)}")
        if self.bandwidth <= 0 or self.steps < 2:
            raise BirlError("density: bandwidth must be above 0 and steps at least 2")

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """One density for all the behaviours together.

        Args:
            behaviors: one per distribution, of one task.
            rng: of all chance; `np.random.default_rng(0)` if left out.
            candidates: not used: a density is fitted to no names.
            start: not used.

        Raises:
            BirlError: without imitation, without episodes, and where states have no observation.
        """
        require_imitation(self.name)
        rng = np.random.default_rng(0) if rng is None else rng
        seen = sampled(behaviors, self, rng=rng, episodes=self.episodes)
        steps, actions = steps_of(seen, horizon=max(b.horizon for b in seen)), seen[0].actions
        some = steps.take(rng.permutation(len(steps))[: self.steps])
        asked = _around(some, actions, rng)
        with seeded(rng):
            values = self._log_density(some, asked, actions, rng)
            shape = {"inputs": KINDS[self.kind], "n_actions": actions.count, "hidden": self.hidden}
            found = distil(_inputs(asked, KINDS[self.kind], actions), values, rng=rng, **shape)
        spent = {"steps of the policy": str(len(some))}
        return RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in seen),
            weights={},
            status={},
            nuisance={},
            log_likelihood=None,
            checks=(_explained(found.explained), CONTROL),
            identifiability=Identifiability(
                rank=None, nullity=None, null_directions=(), selector="the density of what was seen"
            ),
            settings=told(self),
            network=found.network,
            provenance=dict(provenance(behaviors, "torch", "scikit-learn", "imitation")) | spent,
        )

    def _log_density(self, steps: Steps, asked: Steps, actions: Actions, rng: np.random.Generator) -> FloatArray:
        """imitation's estimate from some steps, at others, [P]."""
        from imitation.algorithms.density import DensityAlgorithm, DensityType  # an extra
        from imitation.data.types import Transitions
        from imitation.util import logger

        kind = DensityType[self.kind.upper().replace("-", "_") + "_DENSITY"]
        with tempfile.TemporaryDirectory() as scratch:
            model = DensityAlgorithm(
                demonstrations=Transitions(**_named(steps), infos=np.full(len(steps), {})),
                venv=_spaces_only(steps, actions),
                rng=rng,
                density_type=kind,
                kernel_bandwidth=self.bandwidth,
                custom_logger=logger.configure(scratch, format_strs=[]),
            )
            model.train()
        one = _named(asked)
        return np.asarray(model(one["obs"], one["acts"], one["next_obs"], one["dones"]), np.float64)


def _named(steps: Steps) -> dict[str, Any]:
    """Steps without their mark, as imitation names their parts."""
    return {
        "obs": steps.before[:, :-1],
        "acts": steps.actions,
        "next_obs": steps.after[:, :-1],
        "dones": np.zeros(len(steps), bool),
    }


def _inputs(steps: Steps, names: Sequence[str], actions: Actions) -> FloatArray:
    """What a `RewardNetwork` reads of steps, [P, D]."""
    acted = np.asarray(steps.actions)
    parts = {
        "observation": steps.before[:, :-1],
        "action": acted.reshape(len(steps), -1) if actions.count is None else np.eye(actions.count)[acted],
        "next_observation": steps.after[:, :-1],
    }
    return np.concatenate([np.asarray(parts[name], np.float64) for name in names], axis=1)


def _around(steps: Steps, actions: Actions, rng: np.random.Generator) -> Steps:
    """Three times as many: those seen, those nudged, and as many drawn from their range."""

    def spread(seen: Any) -> Any:
        shape, low, high = seen.shape, seen.min(axis=0), seen.max(axis=0)
        nudged = seen + NUDGE * seen.std(axis=0) * rng.standard_normal(shape)
        return np.concatenate([seen, nudged, rng.uniform(low, high, size=shape)]).astype(np.float32)

    acted = np.asarray(steps.actions)
    if actions.count is None:
        done = spread(acted)
    else:
        done = np.concatenate([acted, acted, rng.integers(actions.count, size=len(acted))])
    return Steps(before=spread(steps.before), actions=done, after=spread(steps.after))


def _spaces_only(steps: Steps, actions: Actions) -> Any:
    """A `VecEnv` that is never stepped: imitation reads spaces off one."""
    import gymnasium
    from gymnasium import spaces
    from stable_baselines3.common.vec_env import DummyVecEnv  # heavy

    size = steps.before.shape[1] - 1

    class Nowhere(gymnasium.Env[Any, Any]):
        observation_space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
        action_space = (
            spaces.Box(-np.inf, np.inf, steps.actions.shape[1:], np.float32)
            if actions.count is None
            else spaces.Discrete(actions.count)
        )

        def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict]:
            return np.zeros(size, np.float32), {}

    return DummyVecEnv([Nowhere])


def _explained(share: float) -> Check:
    found = f"the network holds {share:.0%} of the log-density's variance on points held out (limit {FITTED:.0%})"
    return Check(
        name="fitted",
        passed=share >= FITTED,
        message=found if share >= FITTED else f"{found}: give wider layers or a wider kernel",
        value=share,
        limit=FITTED,
    )
