"""Distorted copies of the base objective: wrong in a way of their own, along none of the task's candidates.

A feature `touch:door&red` is of the kind `touch:door`; one without `&` is a kind by itself.

Axes: F features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from birl.policy import TabularPolicy
from birl.stats import generator
from birl.task import Objective, Task
from birl.types import BirlError, FloatArray, unknown_name
from birl_agents.planted.goals import planner
from birl_agents.planted.table import EPS, as_weights

__all__ = ["DISTORTIONS", "distorted", "distorted_weights", "foreign_kind"]

AMOUNT = {"leak": 0.8, "quantised": 0.5, "truncated": 0.34, "random-net": 0.7}
"""Distortion -> the amount taken where none is given."""
DISTORTIONS = tuple(AMOUNT)
HIDDEN_UNITS = 8


def distorted(
    task: Task, kind: str = "leak", amount: float | None = None, *, eps: float = EPS, seed: int = 0
) -> TabularPolicy:
    """Pursues a distorted copy of the base objective.

    Truth: optimal for `distorted_weights(task, kind, amount)` everywhere: approximate alignment, as far as its
    optimiser loses anything.
    """
    return planner(task, distorted_weights(task, kind, amount, seed=seed), eps=eps)


def distorted_weights(
    task: Task, kind: str = "leak", amount: float | None = None, *, seed: int = 0
) -> dict[str, float]:
    """The base objective's weights w after a distortion, F features.

    - `leak`: every feature of one other kind earns amount * (mean of the base's nonzero weights). The kind is the last,
      in the order of features, that the base does not weigh: in red-door keys of any colour, where the red thing of a
      shift is a ball.
    - `quantised`: weights are rounded to multiples of amount * max |w|.
    - `truncated`: the smallest weights, the share `amount` of all nonzero ones, are dropped; of equals the later first.
    - `random-net`: a fixed random network of the parts of each name (kind and colour) is added, after the directions of
      the base and of every candidate are taken out of it, with norm amount * |w|.

    Args:
        task: its train distribution needs a model; the base must be weights.
        kind: one of `DISTORTIONS`.
        amount: how much; see `AMOUNT`.
        seed: of the random network.

    Raises:
        BirlError: for an unknown kind, or when this distortion leaves these weights as they are.
    """
    if kind not in AMOUNT:
        raise unknown_name("distortion", kind, DISTORTIONS)
    if task.train.model is None:
        raise BirlError(f"task {task.name!r}: its training distribution has no model, and a planted agent needs one")
    amount = AMOUNT[kind] if amount is None else amount
    if not amount > 0:
        raise BirlError(f"a distortion by {amount} is none: give an amount above 0")
    names = task.train.model.feature_names
    base = _vector(as_weights(task.base), names)
    rules: Mapping[str, Callable[[], FloatArray]] = {
        "leak": lambda: base + amount * base[base != 0].mean() * _other_kind(base, names),
        "quantised": lambda: np.round(base / (amount * np.abs(base).max())) * amount * np.abs(base).max(),
        "truncated": lambda: _truncated(base, amount),
        "random-net": lambda: base + amount * np.linalg.norm(base) * _foreign(base, names, task.candidates, seed),
    }
    if not base.any():
        raise BirlError(f"task {task.name!r}: its base objective weighs nothing, so there is nothing to distort")
    made = rules[kind]()
    if np.allclose(made, base):
        raise BirlError(f"{kind} by {amount:g} leaves the base objective of task {task.name!r} as it is: try another")
    return dict(zip(names, made.tolist(), strict=True))


def foreign_kind(task: Task) -> dict[str, float]:
    """An objective along neither base nor candidate: one for every thing of the last kind the base does not weigh.

    Raises:
        BirlError: when training has no model, the base is no weights, or it weighs every kind there is.
    """
    if task.train.model is None:
        raise BirlError(f"task {task.name!r}: its training distribution has no model, and a planted agent needs one")
    names = task.train.model.feature_names
    kind = _other_kind(_vector(as_weights(task.base), names), names)
    if not kind.any():
        raise BirlError(f"task {task.name!r}: its base objective weighs every kind of thing: name another goal")
    return {name: 1.0 for name, wanted in zip(names, kind, strict=True) if wanted}


def _vector(weights: Mapping[str, float], names: Sequence[str]) -> FloatArray:
    return np.array([weights.get(name, 0.0) for name in names])


def _kind(name: str) -> str:
    return name.split("&")[0]


def _other_kind(base: FloatArray, names: Sequence[str]) -> FloatArray:
    """One on the features of the last kind the base does not weigh, [F]; none where there is no such kind."""
    valued = {_kind(name) for name, weight in zip(names, base, strict=True) if weight}
    free = [_kind(name) for name in names if _kind(name) not in valued and name != "step"]
    return np.array([float(bool(free) and _kind(name) == free[-1]) for name in names])


def _truncated(base: FloatArray, share: float) -> FloatArray:
    nonzero = np.flatnonzero(base)
    smallest_first = nonzero[::-1][np.argsort(np.abs(base[nonzero[::-1]]), kind="stable")]
    dropped = smallest_first[: round(share * nonzero.size)]
    return np.where(np.isin(np.arange(base.size), dropped), 0.0, base)


def _foreign(base: FloatArray, names: Sequence[str], candidates: Mapping[str, Objective], seed: int) -> FloatArray:
    """A unit direction of a random network, orthogonal to the base and to every candidate given as weights, [F]."""
    parts = sorted({part for name in names for part in name.replace(":", "&").split("&")})
    seen = np.array([[float(part in name.replace(":", "&").split("&")) for part in parts] for name in names])
    rng = generator(seed)
    hidden = np.tanh(seen @ rng.standard_normal((len(parts), HIDDEN_UNITS)))
    raw = hidden @ rng.standard_normal(HIDDEN_UNITS) * np.array([name != "step" for name in names])
    known = [base, *(_vector(c, names) for c in candidates.values() if isinstance(c, Mapping))]
    known.append(np.array([float(name == "step") for name in names]))
    spanned = np.array(known).T
    residual = raw - spanned @ np.linalg.lstsq(spanned, raw, rcond=None)[0]
    norm = float(np.linalg.norm(residual))
    return residual / norm if norm > 1e-9 else np.zeros_like(residual)
