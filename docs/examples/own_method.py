"""A method of one's own: how much more often each event happens under the policy than under the random walk."""

# --8<-- [start:method]
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import birl
from birl.irl import IDENTIFIED, AnyBehavior, Check, Identifiability, RewardEstimate
from birl.irl.needs import exact
from birl.stats import level_weights
from birl.tabular import RewardLike
from birl.testing import check_estimator
from birl.types import BirlError, FloatArray


@dataclass(frozen=True, kw_only=True)
class Excess:
    """Weights are mu(policy) - mu(random walk), mu being expected discounted feature counts.

    This is the first direction of the projection method (Abbeel & Ng 2004, section 3.1).

    Attributes:
        draws: resamples of levels, for intervals.
    """

    name: ClassVar[str] = "excess"
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    behavioral_model: ClassVar[str] = "does what pays more often than chance would"
    cannot_identify: ClassVar[str] = "scale, potential shaping, means from ends, noise from intent"
    source: ClassVar[str] = "Abbeel & Ng 2004"

    draws: int = 200

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """One reward for all the behaviours; `default_rng(0)` resamples levels if `rng` is left out."""
        rng = np.random.default_rng(0) if rng is None else rng
        seen = exact(behaviors, self)  # refuses behaviour that lacks what is needed, in one line
        names = seen[0].model.feature_names
        if any(b.model.feature_names != names for b in seen):
            raise BirlError(f"{self.name}: features differ between distributions: fit those of one task together")
        excess = [b.level_feature_counts() - b.level_feature_counts(b.model.uniform) for b in seen]  # [L, F] each
        weights = np.sum([part.sum(axis=0) for part in excess], axis=0)  # [F]
        draws = np.sum([level_weights(len(part), self.draws, rng=rng) @ part for part in excess], axis=0)  # [D, F]
        size = float(np.abs(weights).max())
        differs = Check(
            name="differs from chance",
            passed=size > 0.01,
            message=f"the largest excess is {size:.2g} (limit 0.01); below it the policy is a random walk: train it",
            value=size,
            limit=0.01,
        )
        return RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in seen),
            weights={name: float(w) for name, w in zip(names, weights, strict=True)},
            status=dict.fromkeys(names, IDENTIFIED),
            nuisance={},
            log_likelihood=None,
            checks=(differs,),
            identifiability=Identifiability(
                rank=len(names), nullity=0, null_directions=(), selector="the excess itself"
            ),
            draws=draws,
            settings={"draws": str(self.draws)},
        )


# --8<-- [end:method]


# --8<-- [start:check]
def main():
    """Check the method against its contract, then hold it beside `mce`."""
    check_estimator(Excess())
    task = birl.load_task("red-door", levels=20)
    policy = birl.zoo.agent("red-door-ppo-rho1-s0").policy(task)
    behavior = birl.observe(policy, task.train)
    estimates = {"excess": Excess().fit([behavior]), "mce": birl.irl.ESTIMATORS["mce"].fit([behavior])}
    return {name: birl.distance.starc(behavior.model, task.base, one).value for name, one in estimates.items()}


# --8<-- [end:check]

if __name__ == "__main__":
    print(main())
