"""Rewards to and from imitation's nets: the same numbers on the same transitions, or one line that says why not."""

from __future__ import annotations

import builtins
from dataclasses import replace

import numpy as np
import pytest
from gymnasium import spaces

from birl.irl import Identifiability, RewardEstimate, RewardNetwork
from birl.irl.imitation_nets import from_reward_net, to_reward_net
from birl.trajectories import Transitions
from birl.types import BirlError

torch = pytest.importorskip("torch")
nets = pytest.importorskip("imitation.rewards.reward_nets")
networks = pytest.importorskip("imitation.util.networks")
pytestmark = pytest.mark.filterwarnings("ignore")  # of imitation and of what it imports, none of them ours

SEEN = spaces.Box(-np.inf, np.inf, (3,), np.float32)
DISCRETE, BOX = spaces.Discrete(4), spaces.Box(-2.0, 2.0, (2,), np.float32)
STEPS = 200
EXACT = {"rtol": 1e-6, "atol": 1e-6}  # imitation's nets compute in single precision


def steps(acted, seen=SEEN) -> Transitions:
    rng = np.random.default_rng(0)
    if isinstance(acted, spaces.Discrete):
        actions = rng.integers(acted.n, size=STEPS)
    else:
        actions = rng.normal(size=(STEPS, *acted.shape)).astype(np.float32)
    shape = (STEPS, *seen.shape)
    observations = [rng.normal(size=shape).astype(np.float32) for _ in range(2)]
    if seen.dtype == np.uint8:
        observations = [rng.integers(256, size=shape).astype(np.uint8) for _ in range(2)]
    return Transitions(
        observations=observations[0],
        actions=actions,
        next_observations=observations[1],
        terminal=rng.random(STEPS) < 0.2,
    )


def arrays(seen: Transitions):
    return seen.observations, seen.actions, seen.next_observations, np.asarray(seen.terminal)


def theirs(acted=DISCRETE, seen=SEEN, **settings):
    torch.manual_seed(0)
    return nets.BasicRewardNet(seen, acted, **{"use_next_state": True, "use_done": True, **settings})


def estimate(**parts) -> RewardEstimate:
    plain = {
        "method": "planted",
        "behavioral_model": "none",
        "distributions": ("train",),
        "weights": {},
        "status": {},
        "nuisance": {},
        "log_likelihood": None,
        "checks": (),
        "identifiability": Identifiability(rank=None, nullity=None, null_directions=(), selector="planted"),
    }
    return RewardEstimate(**{**plain, **parts})


# known answers


@pytest.mark.parametrize("acted", [DISCRETE, BOX], ids=["discrete", "box"])
@pytest.mark.parametrize("activation", [torch.nn.ReLU, torch.nn.Tanh])
def test_a_perceptron_keeps_its_values_there_and_back(acted, activation):
    net, seen = theirs(acted, activation=activation), steps(acted)
    found = from_reward_net(net)
    np.testing.assert_allclose(found.evaluate(seen), net.predict(*arrays(seen)), **EXACT)
    back = to_reward_net(found, SEEN, acted)
    np.testing.assert_allclose(back.predict(*arrays(seen)), found.evaluate(seen), **EXACT)
    np.testing.assert_array_equal(from_reward_net(back).evaluate(seen), found.evaluate(seen))


@pytest.mark.parametrize("acted", [DISCRETE, BOX], ids=["discrete", "box"])
def test_inputs_keep_their_running_standardisation(acted):
    net, seen = theirs(acted, normalize_input_layer=networks.RunningNorm), steps(acted)
    with networks.training(net):
        net(*net.preprocess(*arrays(seen)))
    found = from_reward_net(net)
    assert np.abs(found.network.shift).max() > 0.01
    np.testing.assert_allclose(found.evaluate(seen), net.predict(*arrays(seen)), **EXACT)
    back = to_reward_net(found, SEEN, acted)
    np.testing.assert_allclose(back.predict(*arrays(seen)), found.evaluate(seen), **EXACT)


def test_a_normalised_net_is_what_its_predict_processed_says():
    seen, base = steps(DISCRETE), theirs()
    net = nets.NormalizedRewardNet(base, networks.RunningNorm)
    net.predict_processed(*arrays(seen), update_stats=True)
    wanted = net.predict_processed(*arrays(seen), update_stats=False)
    assert not np.allclose(wanted, base.predict(*arrays(seen)), atol=1e-2)
    np.testing.assert_allclose(from_reward_net(net).evaluate(seen), wanted, rtol=1e-5, atol=1e-5)  # a few float32 steps


def test_a_shaped_net_is_its_base_and_says_so():
    net, seen = nets.BasicShapedRewardNet(SEEN, DISCRETE, discount_factor=0.9), steps(DISCRETE)
    found = from_reward_net(net)
    np.testing.assert_allclose(found.evaluate(seen), net.base.predict(*arrays(seen)), **EXACT)
    assert "shaping, if any, was dropped" in found.settings["unwrapped"]


def test_pixels_enter_divided_by_255():
    seen_space = spaces.Box(0, 255, (4, 4, 3), np.uint8)
    net, seen = theirs(BOX, seen_space), steps(BOX, seen_space)
    np.testing.assert_allclose(from_reward_net(net).evaluate(seen), net.predict(*arrays(seen)), **EXACT)


def test_weights_become_a_net_where_a_function_gives_the_features():
    planted = estimate(weights={"height": 2.0, "torque": -0.5}, status={"height": "identified", "torque": "identified"})
    seen = steps(BOX)

    def features(obs, action, next_obs):
        return np.stack([next_obs[:, 0], (action**2).sum(axis=1)], axis=1)

    net = to_reward_net(planted, SEEN, BOX, features=features)
    wanted = features(seen.observations, seen.actions, seen.next_observations) @ [2.0, -0.5]
    np.testing.assert_allclose(net.predict(*arrays(seen)), wanted, **EXACT)
    assert from_reward_net(net) is planted


def test_numbered_actions_reach_the_features_as_numbers():
    planted = estimate(weights={"third": 1.0}, status={"third": "identified"})
    net = to_reward_net(planted, SEEN, DISCRETE, features=lambda o, a, n: (a == 2)[:, None])
    seen = steps(DISCRETE)
    np.testing.assert_array_equal(net.predict(*arrays(seen)), (seen.actions == 2).astype(np.float32))


def test_a_net_can_be_trained_on_and_read_again():
    net, seen = to_reward_net(from_reward_net(theirs()), SEEN, DISCRETE), steps(DISCRETE)
    before = from_reward_net(net).evaluate(seen)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    net(*net.preprocess(*arrays(seen))).mean().backward()
    optimiser.step()
    after = from_reward_net(net).evaluate(seen)
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_allclose(net.predict(*arrays(seen)), after, **EXACT)


def test_a_saved_and_loaded_estimate_is_the_same_net(tmp_path):
    found, seen = from_reward_net(theirs()), steps(DISCRETE)
    found.save(tmp_path / "reward.npz")
    back = RewardEstimate.load(tmp_path / "reward.npz")
    one, other = (to_reward_net(e, SEEN, DISCRETE).predict(*arrays(seen)) for e in (found, back))
    np.testing.assert_array_equal(one, other)


# failure paths


def test_a_table_is_no_net():
    with pytest.raises(BirlError, match="no RewardNet"):
        to_reward_net(estimate(table=np.zeros((2, 4))), SEEN, DISCRETE)


def test_weights_without_a_function_ask_for_one():
    with pytest.raises(BirlError, match="give features="):
        to_reward_net(estimate(weights={"height": 1.0}, status={"height": "identified"}), SEEN, DISCRETE)


def test_a_function_with_other_features_is_refused():
    planted = estimate(weights={"height": 1.0}, status={"height": "identified"})
    net = to_reward_net(planted, SEEN, DISCRETE, features=lambda o, a, n: o)
    with pytest.raises(BirlError, match="3 columns for 1 weights"):
        net.predict(*arrays(steps(DISCRETE)))


def unusual():
    picture = spaces.Box(0, 255, (16, 16, 3), np.uint8)
    yield nets.CnnRewardNet(picture, DISCRETE), "CnnRewardNet cannot be converted"
    yield nets.RewardEnsemble(SEEN, DISCRETE, [theirs(), theirs()]), "RewardEnsemble cannot be converted"
    yield theirs(activation=torch.nn.ELU), "ELU in it cannot"
    yield theirs(normalize_input_layer=torch.nn.BatchNorm1d), "BatchNorm1d in it cannot"
    yield nets.NormalizedRewardNet(theirs(), torch.nn.LayerNorm), "normalised by LayerNorm cannot"
    yield theirs(seen=spaces.Discrete(5)), "inputs must be arrays of numbers"


@pytest.mark.parametrize(("net", "why"), list(unusual()), ids=lambda x: x if isinstance(x, str) else "")
def test_what_cannot_be_converted_says_so_in_one_line(net, why):
    with pytest.raises(BirlError, match=why) as error:
        from_reward_net(net)
    assert "\n" not in str(error.value)


def test_without_imitation_one_line_installs_it(monkeypatch):
    planted = estimate(network=RewardNetwork(inputs=("observation",), layers=((np.ones((1, 3)), np.zeros(1)),)))
    real = builtins.__import__

    def missing(name, *rest):
        if name.split(".")[0] == "imitation":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(BirlError, match=r"pip install 'birl\[imitation\]'"):
        to_reward_net(planted, SEEN, DISCRETE)
    with pytest.raises(BirlError, match=r"pip install 'birl\[imitation\]'"):
        from_reward_net(replace(planted))
