"""Agreement with imitation's MCE IRL where the two solve the same problem, and where they do not.

imitation's is a fixed horizon with a reward by state, fitted to state visits summed over time, the last arrival
included. A soft-optimal expert over that horizon is the answer of both. Our side sees the world with the time in its
states, where that expert is one policy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from birl.irl import MaxCausalEntropy
from birl.tabular import TabularModel
from tests.behaviors import behave, unrolled

pytest.importorskip("imitation")
pytestmark = pytest.mark.filterwarnings("ignore")  # of imitation and of what it imports, none of them ours

STATES, ACTIONS, HORIZON = 6, 3, 8


@dataclass(frozen=True)
class Peers:
    """A reward and what each method makes of its soft-optimal expert; constants taken out."""

    truth: np.ndarray
    ours: np.ndarray
    theirs: np.ndarray


def slope(y: np.ndarray, x: np.ndarray) -> float:
    return float(y @ x / (x @ x))


def compare(discount: float, tmp_path) -> Peers:
    import torch
    from imitation.algorithms import mce_irl
    from imitation.rewards.reward_nets import BasicRewardNet
    from imitation.util import logger
    from seals.diagnostics.random_trans import RandomTransitionEnv

    torch.manual_seed(0)
    env = RandomTransitionEnv(
        n_states=STATES, n_actions=ACTIONS, branch_factor=4, horizon=HORIZON, random_obs=False, generator_seed=0
    ).unwrapped
    truth = env.reward_matrix.astype(float)
    policy = mce_irl.mce_partition_fh(env, reward=truth, discount=discount)[2]
    visits = mce_irl.mce_occupancy_measures(env, pi=policy, discount=discount)[1]

    net = BasicRewardNet(
        env.observation_space, env.action_space, use_action=False, use_next_state=False, use_done=False, hid_sizes=[]
    ).double()
    quiet = logger.configure(str(tmp_path), format_strs=[])
    search = mce_irl.MCEIRL(
        visits,
        env,
        net,
        np.random.default_rng(0),
        optimizer_kwargs={"lr": 0.2},
        discount=discount,
        linf_eps=1e-4,
        log_interval=None,
        custom_logger=quiet,
    )
    search.train(max_iter=2000)
    theirs = net(torch.eye(STATES).double(), None, None, None).detach().numpy()

    model = TabularModel(
        transitions=env.transition_matrix.reshape(-1, STATES),
        features=np.repeat(np.eye(STATES), ACTIONS, axis=0),
        start=env.initial_state_dist,
        terminal=np.zeros(STATES, bool),
        discount=discount,
        feature_names=[f"s{i}" for i in range(STATES)],
    )
    table = np.concatenate([policy, model.uniform[None]]).reshape(-1, ACTIONS)
    expert = behave(unrolled(model, HORIZON), table, time_limit=HORIZON)
    ours = MaxCausalEntropy(horizon=HORIZON, prior=0.0, tolerance=1e-6).fit([expert]).vector
    return Peers(*(reward - reward.mean() for reward in (truth, ours, theirs)))


def test_at_discount_1_both_give_the_reward_back(tmp_path):
    peers = compare(1.0, tmp_path)
    assert slope(peers.ours, peers.truth) == pytest.approx(1.0, abs=1e-4)
    assert slope(peers.theirs, peers.ours) == pytest.approx(1.0, abs=1e-3)  # theirs stops at a visit error of 1e-4
    assert np.allclose(peers.theirs, peers.ours, atol=0.01)


@pytest.mark.parametrize(("discount", "expected"), [(0.9, 0.89), (0.5, 0.49)])
def test_below_discount_1_imitations_is_scaled_because_it_plans_undiscounted_in_training(tmp_path, discount, expected):
    # its _train_step discounts the visits it compares and not the plan they come from; ours discounts both
    peers = compare(discount, tmp_path)
    assert slope(peers.ours, peers.truth) == pytest.approx(1.0, abs=1e-4)
    assert slope(peers.theirs, peers.truth) == pytest.approx(expected, abs=0.02)
