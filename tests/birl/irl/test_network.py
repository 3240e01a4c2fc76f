"""Reward networks: worked out by hand, the same as torch, and refused where layers or worlds do not fit."""

import numpy as np
import pytest

from birl.irl import RewardNetwork
from birl.trajectories import Transitions
from birl.types import BirlError
from tests.worlds import corridor


def steps(observations, actions=None, after=None, terminal=None):
    seen = np.asarray(observations, float)
    return Transitions(
        observations=seen,
        actions=np.zeros(len(seen), int) if actions is None else np.asarray(actions),
        next_observations=seen if after is None else np.asarray(after, float),
        terminal=np.zeros(len(seen), bool) if terminal is None else np.asarray(terminal),
    )


def layer(weight, bias):
    return (np.array(weight, float), np.array(bias, float))


def test_two_layers_are_what_they_are_by_hand():
    """relu(x - 1, 1 - x) . (2, 3) + 0.5 at x = 3 is 2 * 2 + 0.5, at x = -1 it is 3 * 2 + 0.5."""
    network = RewardNetwork(
        inputs=("observation",), layers=(layer([[1.0], [-1.0]], [-1.0, 1.0]), layer([[2.0, 3.0]], [0.5]))
    )
    assert network(steps([[3.0], [-1.0]])).tolist() == [4.5, 6.5]


def test_inputs_are_standardised_and_the_output_scaled():
    network = RewardNetwork(
        inputs=("observation",),
        layers=(layer([[1.0]], [0.0]),),
        shift=np.array([2.0]),
        scale=np.array([4.0]),
        gain=10.0,
    )
    assert network(steps([[6.0]])).tolist() == [10.0]


def test_inputs_are_joined_in_the_order_they_are_named():
    network = RewardNetwork(
        inputs=("action", "next_observation", "terminal"),
        layers=(layer([[1.0, 10.0, 100.0, 1000.0]], [0.0]),),
        n_actions=2,
    )
    found = network(steps([[0.0], [0.0]], actions=[1, 0], after=[[5.0], [7.0]], terminal=[False, True]))
    assert found.tolist() == [10.0 + 500.0, 1.0 + 700.0 + 1000.0]


def test_torch_agrees(rng):
    torch = pytest.importorskip("torch")
    first, last = torch.nn.Linear(4, 8), torch.nn.Linear(8, 1)
    layers = tuple((m.weight.detach().numpy(), m.bias.detach().numpy()) for m in (first, last))
    seen = rng.normal(size=(20, 4))
    theirs = torch.nn.Sequential(first, torch.nn.Tanh(), last)(torch.tensor(seen, dtype=torch.float32))
    ours = RewardNetwork(inputs=("observation",), layers=layers, activation="tanh")(steps(seen))
    assert np.abs(theirs.detach().numpy()[:, 0] - ours).max() < 1e-5  # they compute in single precision


def test_no_transitions_have_no_rewards():
    network = RewardNetwork(inputs=("observation",), layers=(layer([[1.0, 1.0]], [0.0]),))
    assert network(steps(np.zeros((0, 2)))).shape == (0,)


def test_on_a_model_every_stored_transition_has_a_value():
    model = corridor(4)
    network = RewardNetwork(inputs=("next_observation",), layers=(layer([[0.0, 1.0, 2.0, 3.0]], [0.0]),))
    assert network.on(model).tolist() == [0.0, 1.0, 0.0, 2.0, 1.0, 3.0]  # the last cell is terminal: nothing leaves it


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"inputs": ()}, "name some of observation, action"),
        ({"inputs": ("observation", "mood")}, "name some of observation, action"),
        ({"activation": "gelu"}, "activation 'gelu': use one of relu, tanh"),
        ({"layers": ()}, "do not|give weights"),
        ({"layers": (layer([1.0, 2.0], [0.0]),)}, r"give weights \[out, in\] and biases \[out\]"),
        ({"layers": (layer([[1.0], [2.0]], [0.0, 0.0]),)}, "do not make one number"),
        ({"layers": (layer([[1.0], [2.0]], [0.0, 0.0]), layer([[1.0, 1.0, 1.0]], [0.0]))}, "do not make one number"),
        ({"layers": (layer([[1.0]], [0.0, 0.0]),)}, "biases of shapes .* do not fit"),
        ({"layers": (layer([[np.nan]], [0.0]),)}, "is not finite"),
        ({"gain": np.inf}, "is not finite"),
        ({"shift": np.zeros(2), "scale": np.ones(2)}, r"shift \(2,\) and scale \(2,\) for 1 inputs"),
        ({"shift": np.zeros(1), "scale": np.zeros(1)}, "a scale is 0"),
    ],
)
def test_what_is_no_network_is_refused(how, message):
    fine = {"inputs": ("observation",), "layers": (layer([[1.0]], [0.0]),)}
    with pytest.raises(BirlError, match=message):
        RewardNetwork(**(fine | how))


def test_transitions_of_another_world_are_refused():
    network = RewardNetwork(inputs=("observation", "action"), layers=(layer([[1.0, 1.0, 1.0]], [0.0]),), n_actions=2)
    with pytest.raises(BirlError, match="transitions have 4 inputs, the network 3"):
        network(steps([[0.0, 0.0]]))
    with pytest.raises(BirlError, match="not 1 numbers below 2"):
        network(steps([[0.0]], actions=[2]))
    with pytest.raises(BirlError, match="not 1 numbers below 2"):
        network(steps([[0.0]], actions=[[0, 1]]))


def test_a_model_that_shows_nothing_is_refused():
    from dataclasses import replace

    network = RewardNetwork(inputs=("observation",), layers=(layer([[1.0]], [0.0]),))
    with pytest.raises(BirlError, match="has no `observe`"):
        network.on(replace(corridor(4), observe=None))
