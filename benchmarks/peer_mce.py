"""imitation's MCE IRL on one of our models: a linear reward by state, from the visits of a known policy."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.irl import ESTIMATORS, Check, Identifiability, RewardEstimate
from birl.irl.base import IDENTIFIED
from birl.tabular import finite_occupancy

__all__ = ["mce_irl", "recovered"]


def mce_irl(
    behavior: Behavior, *, horizon: int, rate: float, tolerance: float, seed: int = 0
) -> tuple[Any, np.ndarray]:
    """imitation's search, ready to be trained, and the visits it is to match, [S].

    Transitions are dense in double precision: single would be converted at every product. imitation counts the last
    arrival as a visit.

    Args:
        behavior: exact behaviour in one model.
        horizon: steps of an episode.
        rate: of Adam.
        tolerance: stops when no state's visits are off by more.
        seed: of the first reward.
    """
    import torch
    from imitation.algorithms.mce_irl import MCEIRL
    from imitation.rewards.reward_nets import BasicRewardNet
    from imitation.util import logger
    from seals.base_envs import TabularModelPOMDP

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = behavior.model
    env = TabularModelPOMDP(
        transition_matrix=model.transitions.toarray().reshape(model.n_states, model.n_actions, model.n_states),
        observation_matrix=np.eye(model.n_states, dtype=np.float32),
        reward_matrix=np.zeros(model.n_states),
        horizon=horizon,
        initial_state_dist=model.start,
    )
    net = BasicRewardNet(
        env.observation_space, env.action_space, use_action=False, use_next_state=False, use_done=False, hid_sizes=[]
    )
    visits = finite_occupancy(model, behavior.policy, horizon=horizon + 1).sum(axis=0)
    search = MCEIRL(
        visits,
        env,
        net.double(),
        np.random.default_rng(seed),
        discount=model.discount,
        optimizer_kwargs={"lr": rate},
        linf_eps=tolerance,
        grad_l2_eps=0.0,
        log_interval=None,
        custom_logger=logger.configure(tempfile.mkdtemp(), format_strs=[]),
    )
    return search, visits


def recovered(
    behavior: Behavior, *, horizon: int, rate: float, tolerance: float, steps: int, seed: int = 0
) -> RewardEstimate:
    """What imitation recovers in `steps` of its search, as an estimate of ours.

    Args:
        behavior: exact behaviour in a model in which every state is its own feature.
        horizon: steps of an episode.
        rate: of Adam.
        tolerance: stops when no state's visits are off by more.
        steps: of Adam, at most.
        seed: of the first reward.
    """
    search, wanted = mce_irl(behavior, horizon=horizon, rate=rate, tolerance=tolerance, seed=seed)
    off = float(np.abs(search.train(max_iter=steps) - wanted).max())
    (weights,) = (p.detach().numpy().ravel() for p in search.reward_net.parameters() if p.ndim == 2)
    names = behavior.model.feature_names
    return RewardEstimate(
        method="imitation MCE IRL",
        behavioral_model=ESTIMATORS["mce"].behavioral_model,
        distributions=(behavior.distribution,),
        weights=dict(zip(names, weights.tolist(), strict=True)),
        status=dict.fromkeys(names, IDENTIFIED),
        nuisance={},
        log_likelihood=None,
        checks=(Check(name="converged", passed=off <= tolerance, message=f"visits off by {off:.2g}", value=off),),
        identifiability=Identifiability(rank=None, nullity=None, null_directions=(), selector="none"),
    )
