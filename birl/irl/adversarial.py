"""The game that `airl` and `gail` play with imitation: a generator imitates, a discriminator tells it from the policy.

Set up as the theory asks for: episodes of one length (`fixed_horizon`), steps after the end told apart from nothing,
a reward by state, shaping at the task's discount, potentials 0 where an episode is over, a generator that begins as a
clone of the policy, one thread, all chance from one generator. Played until the discriminator has settled: until its
mean losses over the last four times `window` rounds are within `tolerance` of each other.

Axes: N steps, D numbers in an observation.
Source: imitation 1.0.1 (Gleave et al. 2022, arXiv 2211.11972); Fu, Luo & Levine 2018 (arXiv 1710.11248); Ho & Ermon
2016 (arXiv 1606.03476). The rule for settling is ours.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Protocol

import numpy as np

from birl.irl.base import AnyBehavior, Check, Identifiability, RewardEstimate
from birl.irl.demonstrations import Arena, Steps, arena, steps_of
from birl.irl.imitation_nets import network_of, require_imitation
from birl.irl.needs import sampled
from birl.irl.network import INPUTS
from birl.irl.provenance import provenance
from birl.types import BirlError

__all__ = ["Adversarial", "Opponents", "Settling", "play", "seeded", "told"]

BEGIN = ("clone", "scratch")
BLOCKS = 4  # windows whose mean losses are held against each other; two would call a loss settled that fell and rose
INDISTINCT = 0.75  # accuracy of the discriminator above which the generator does not imitate; .5 is a coin


@dataclass(frozen=True, kw_only=True)
class Adversarial:
    """Settings that adversarial methods share.

    Attributes:
        reads: what the reward sees, of `observation`, `action` and `next_observation`; by the state arrived in unless
            told otherwise, since arriving is what ends episodes.
        hidden: widths of the layers of the reward, and of the potential.
        begin: the generator's first policy: a behavioural `clone` of the episodes, or from `scratch`.
        clone_updates: steps of Adam that make the clone.
        entropy: pay the generator f - log pi, as the papers have it; False pays f alone, as imitation does.
        episodes: to roll out where the behaviour has none.
        horizon: steps of every episode; the behaviour's own if None.
        timesteps: of the generator, at most.
        round_steps: of the generator between updates of the discriminator.
        parallel: copies of each world that are played side by side.
        updates: of the discriminator in each round.
        batch: steps of either side in an update, at most.
        learning_rate: of the discriminator.
        generator: settings of Stable-Baselines3's PPO, beside those that follow from the rest.
        tolerance: spread of mean losses, in nats, below which the discriminator has settled.
        window: rounds a mean is taken over.
        progress: called after each round with the share of `timesteps` spent and the discriminator's loss; where it
            returns True the game ends there.
    """

    reads: tuple[str, ...] = ("next_observation",)
    hidden: tuple[int, ...] = (32, 32)
    begin: str = "clone"
    clone_updates: int = 2000
    entropy: bool = True
    episodes: int = 100
    horizon: int | None = None
    timesteps: int = 300_000
    round_steps: int = 2048
    parallel: int = 8
    updates: int = 16
    batch: int = 1024
    learning_rate: float = 1e-3
    generator: Mapping[str, Any] = field(default_factory=lambda: {"n_epochs": 5, "batch_size": 256})
    tolerance: float = 0.02
    window: int = 10
    progress: Callable[[float, float], bool | None] | None = None

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if not self.reads or set(self.reads) - set(INPUTS[:3]):
            raise BirlError(f"reads {self.reads}: name some of {', '.join(INPUTS[:3])}")
        if self.begin not in BEGIN:
            raise BirlError(f"begin {self.begin!r}: use one of {', '.join(BEGIN)}")
        if (
            self.round_steps < 2
            or self.timesteps < self.round_steps
            or min(self.updates, self.batch, self.window, self.parallel) < 1
        ):
            raise BirlError(
                f"{self.timesteps} timesteps in rounds of {self.round_steps}: give at least one round, and rounds, "
                "updates, batches and a window of at least 1"
            )


@dataclass(frozen=True, kw_only=True)
class Settling:
    """The discriminator, round by round.

    Attributes:
        losses: mean cross-entropy in each round, nats.
        accuracies: share of steps told right.
        window: rounds a mean is taken over.
    """

    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    window: int

    @property
    def change(self) -> float | None:
        """Spread of the mean losses of the last `BLOCKS` windows, nats; None before there are as many."""
        if len(self.losses) < BLOCKS * self.window:
            return None
        means = np.reshape(self.losses[-BLOCKS * self.window :], (BLOCKS, self.window)).mean(axis=1)
        return float(means.max() - means.min())

    @property
    def accuracy(self) -> float:
        """Mean share of steps told right, over the last window."""
        return float(np.mean(self.accuracies[-self.window :]))


class Opponents(Protocol):
    """What an adversarial method adds to the settings: its networks and imitation's trainer of them."""

    name: ClassVar[str]
    behavioral_model: ClassVar[str]
    selector: ClassVar[str]

    def net(self, worlds: Arena) -> Any:
        """The discriminator's network; its `base` is what is recovered."""
        ...

    def trainer(self) -> Any:
        """imitation's class."""
        ...


def play(method: Any, behaviors: Sequence[AnyBehavior], rng: np.random.Generator | None) -> RewardEstimate:
    """Play until the discriminator has settled or the budget is spent.

    Args:
        method: settings (`Adversarial`) and `Opponents`.
        behaviors: one per distribution, of one task.
        rng: of all chance.

    Raises:
        BirlError: without imitation, and for behaviours that the method cannot use.
    """
    require_imitation(method.name)
    rng = np.random.default_rng(0) if rng is None else rng
    seen = sampled(behaviors, method, rng=rng, episodes=method.episodes)
    worlds = arena(seen, horizon=method.horizon, rng=rng)
    steps = steps_of(seen, horizon=worlds.horizon)
    with seeded(rng), tempfile.TemporaryDirectory() as scratch:
        net = method.net(worlds)
        common = _common(method, worlds, steps, scratch, rng)
        settling = _rounds(method, method.trainer()(reward_net=net, **common), steps, rng)
        network = network_of(net.base)
        common["venv"].close()
    packages = ("torch", "stable-baselines3", "imitation")
    spent = {"rounds": str(len(settling.losses)), "steps of the policy": str(len(steps))}
    return RewardEstimate(
        method=method.name,
        behavioral_model=method.behavioral_model,
        distributions=tuple(b.distribution for b in seen),
        weights={},
        status={},
        nuisance={},
        log_likelihood=None,
        checks=(_settled(method, settling), _imitates(settling)),
        identifiability=Identifiability(rank=None, nullity=None, null_directions=(), selector=method.selector),
        settings=told(method),
        network=network,
        provenance=dict(provenance(behaviors, *packages)) | spent,
    )


def _common(method: Any, worlds: Arena, steps: Steps, scratch: str, rng: np.random.Generator) -> dict[str, Any]:
    """What imitation's trainers of either kind are given."""
    from imitation.data.types import Transitions  # an extra, like all that follows
    from imitation.util import logger
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import DummyVecEnv

    venv = DummyVecEnv(list(worlds.makers) * method.parallel)
    each = max(method.round_steps // venv.num_envs, 2)
    made = {"n_steps": each, "gamma": worlds.discount, "device": "cpu", **method.generator}
    made["batch_size"] = min(made.get("batch_size", 64), each * venv.num_envs)
    generator = PPO("MlpPolicy", venv, seed=int(rng.integers(2**31)), **made)
    if method.begin == "clone":
        _clone(generator.policy, steps, method.clone_updates, rng)
    return {
        "demonstrations": Transitions(
            obs=steps.before,
            acts=steps.actions,
            infos=np.full(len(steps), {}),
            next_obs=steps.after,
            dones=np.zeros(len(steps), bool),
        ),
        "demo_batch_size": min(method.batch, len(steps)),
        "venv": venv,
        "gen_algo": generator,
        "disc_opt_kwargs": {"lr": method.learning_rate},
        "custom_logger": logger.configure(scratch, format_strs=[]),
    }


CLONE_BATCH, CLONE_RATE = 256, 1e-3


def _clone(policy: Any, steps: Steps, updates: int, rng: np.random.Generator) -> None:
    """Behavioural cloning: the likeliest policy of the steps seen."""
    import torch

    optimiser = torch.optim.Adam(policy.parameters(), lr=CLONE_RATE)
    for _ in range(updates):
        batch = steps.draw(CLONE_BATCH, rng)
        _, log_probability, _ = policy.evaluate_actions(torch.as_tensor(batch["obs"]), torch.as_tensor(batch["acts"]))
        optimiser.zero_grad()
        (-log_probability.mean()).backward()
        optimiser.step()


def _rounds(method: Any, trainer: Any, steps: Steps, rng: np.random.Generator) -> Settling:
    from imitation.util.networks import training  # an extra

    settling = Settling(window=method.window)
    if method.entropy:
        trainer.venv_wrapped.reward_fn = _with_entropy(trainer)
    rounds = method.timesteps // trainer.gen_train_timesteps
    for done in range(1, rounds + 1):
        trainer.train_gen()
        own = _generated(trainer)
        with training(trainer.reward_train):
            size = trainer.demo_batch_size
            sides = [(steps.draw(size, rng), own.draw(size, rng)) for _ in range(method.updates)]
            stats = [trainer.train_disc(expert_samples=theirs, gen_samples=ours) for theirs, ours in sides]
        trainer.logger.dump(done)
        settling.losses.append(float(np.mean([s["disc_loss"] for s in stats])))
        settling.accuracies.append(float(np.mean([s["disc_acc"] for s in stats])))
        enough = method.progress is not None and method.progress(done / rounds, settling.losses[-1])
        if enough or (settling.change is not None and settling.change <= method.tolerance):
            break
    return settling


def _with_entropy(trainer: Any) -> Callable[..., Any]:
    """The discriminator's reward less log pi, so that the generator is soft-optimal for it.

    In units in which a return is about as large as a step: PPO clips the gradients of policy and value together, and
    large returns would leave the policy none.
    """
    import torch

    def pay(state: Any, action: Any, next_state: Any, done: Any) -> Any:
        paid = trainer.reward_train.predict_processed(state, action, next_state, done)
        with torch.no_grad():
            _, log_probability, _ = trainer.policy.evaluate_actions(torch.as_tensor(state), torch.as_tensor(action))
        return (1.0 - trainer.gen_algo.gamma) * (paid - log_probability.numpy())

    return pay


def _generated(trainer: Any) -> Steps:
    """The generator's steps of the last round, those after the end of an episode left out."""
    buffer = trainer._gen_replay_buffer  # has no public name
    found = buffer.sample(4 * buffer.size())  # with replacement: nearly all of them
    live = found.obs[:, -1] == 0.0
    return Steps(before=found.obs[live], actions=found.acts[live], after=found.next_obs[live])


def _settled(method: Any, settling: Settling) -> Check:
    change, rounds = settling.change, len(settling.losses)
    passed = change is not None and change <= method.tolerance
    if change is None:
        found = f"{rounds} rounds, too few to tell whether the discriminator settled"
    else:
        found = f"mean loss of the discriminator moved by {change:.3g} nats (limit {method.tolerance:g}) over the last"
        found += f" {BLOCKS * method.window} of {rounds} rounds"
    return Check(
        name="converged",
        passed=passed,
        message=found if passed else f"{found}: give more timesteps",
        value=change,
        limit=method.tolerance,
    )


def _imitates(settling: Settling) -> Check:
    passed = settling.accuracy <= INDISTINCT
    found = f"the discriminator tells {settling.accuracy:.0%} of steps right (a coin 50 %, limit {INDISTINCT:.0%})"
    return Check(
        name="imitates",
        passed=passed,
        message=found if passed else f"{found}: the generator does not imitate; give more timesteps",
        value=settling.accuracy,
        limit=INDISTINCT,
    )


def told(method: Any) -> Mapping[str, str]:
    """Settings as text; what reports progress is no setting."""
    return {f.name: str(getattr(method, f.name)) for f in fields(method) if f.name != "progress"}


@contextmanager
def seeded(rng: np.random.Generator) -> Iterator[None]:
    """One thread, and every global generator that imitation draws from seeded; all put back afterwards."""
    import torch

    threads, plain, numbers = torch.get_num_threads(), random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        seed = int(rng.integers(2**31))
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - Stable-Baselines3 and imitation draw from it
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            random.setstate(plain)
            np.random.set_state(numbers)  # noqa: NPY002
