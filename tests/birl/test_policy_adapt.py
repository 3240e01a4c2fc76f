import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from birl.policy import (
    CallablePolicy,
    CategoricalPolicy,
    ChoicePolicy,
    GreedyPolicy,
    MaskablePolicy,
    RecurrentPolicy,
    as_policy,
)
from birl.policy.heads import BATCH
from birl.types import BirlError, ContinuousPolicy, DiscretePolicy, Policy


def rng():
    return np.random.default_rng(0)


def test_a_callable_acts_on_each_observation():
    policy = as_policy(lambda observation: observation.sum())
    assert policy.act(np.arange(6).reshape(3, 2), rng=rng()).tolist() == [1, 5, 9]
    assert isinstance(policy, CallablePolicy)
    assert not isinstance(policy, DiscretePolicy)


def test_a_callable_over_counted_actions_can_be_tabulated():
    policy = as_policy(lambda observation: int(observation[0]), n_actions=3)
    assert isinstance(policy, ChoicePolicy)
    assert policy.action_probabilities(np.array([[2], [0]])).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("answer", [3, -1, 0.5, [0, 1], float("nan")])
def test_an_action_that_does_not_exist_is_named(answer):
    with pytest.raises(BirlError, match=r"for observation 0: return one whole number from 0 to 2"):
        as_policy(lambda _: answer, n_actions=3).action_probabilities(np.zeros((1, 1)))


def test_a_policy_of_ours_stays_itself():
    policy = CategoricalPolicy(lambda seen: np.zeros((len(seen), 2)))
    assert as_policy(policy) is policy


def test_something_with_probabilities_only_learns_to_act():
    class Chances:
        def action_probabilities(self, observations):
            return np.tile([0.0, 1.0], (len(observations), 1))

    policy = as_policy(Chances())
    assert isinstance(policy, Policy)
    assert policy.act(np.zeros((3, 1)), rng=rng()).tolist() == [1, 1, 1]


def test_something_else_is_refused():
    with pytest.raises(BirlError, match="a int is no policy"):
        as_policy(7)


def test_imitations_policies_are_adapted_like_any_other():
    base = pytest.importorskip("imitation.policies.base")
    made = base.FeedForward32Policy(spaces.Box(-1, 1, (3,), np.float32), spaces.Discrete(2), lambda _: 0.0)
    policy = as_policy(made)
    assert isinstance(policy, DiscretePolicy)
    assert policy.action_probabilities(np.zeros((4, 3), np.float32)).shape == (4, 2)


class Counting:
    """A recurrent policy that counts the steps since each episode began."""

    lstm_actor, action_space = object(), spaces.Discrete(9)

    def predict(self, observations, state=None, episode_start=None, deterministic=False):
        count = np.where(episode_start, 0, 0 if state is None else state + 1)
        return count, count


def test_a_policy_with_memory_remembers_until_it_is_reset():
    policy = as_policy(Counting())
    assert isinstance(policy, RecurrentPolicy)
    assert policy.stateful
    assert not isinstance(policy, DiscretePolicy | ContinuousPolicy)
    act = lambda **more: policy.act(np.zeros((2, 1)), rng=rng(), **more).tolist()  # noqa: E731
    assert [act(), act(), act(episode_starts=[True, False])] == [[0, 0], [1, 1], [0, 2]]
    policy.reset()
    assert act() == [0, 0]


def test_networks_are_asked_in_batches_and_answer_as_if_in_one():
    sizes = []

    def logits(seen):
        sizes.append(len(seen))
        return np.stack([seen[:, 0], np.zeros(len(seen))], axis=1)

    seen = np.linspace(-3, 3, 2 * BATCH + 5)[:, None]
    found = CategoricalPolicy(logits).action_probabilities(seen)
    assert sizes == [BATCH, BATCH, 5]
    assert np.allclose(found[:, 0], 1 / (1 + np.exp(-seen[:, 0])))


def test_a_network_that_returns_no_numbers_is_reported():
    policy = CategoricalPolicy(lambda seen: np.array([[0.0, 1.0], [np.nan, 0.0]]))
    with pytest.raises(BirlError, match="NaN or infinity for observation 1"):
        policy.action_probabilities(np.zeros((2, 1)))


def test_an_exploring_policy_shares_its_exploration_equally():
    policy = GreedyPolicy(lambda seen: np.tile([0.0, 3.0, 3.0, 1.0], (len(seen), 1)), 0.2)
    assert np.allclose(policy.action_probabilities(np.zeros((1, 1))), [[0.05, 0.85, 0.05, 0.05]])
    assert set(policy.act(np.zeros((50, 1)), rng=rng(), deterministic=True)) == {1}
    assert set(policy.act(np.zeros((500, 1)), rng=rng())) == {0, 1, 2, 3}


@given(
    logits=st.lists(st.floats(-800, 800), min_size=2, max_size=6),
    allowed=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_masks_keep_the_odds_of_what_is_allowed(logits, allowed):
    policy = MaskablePolicy(lambda seen: np.tile(logits, (len(seen), 1)))
    mask = np.array(allowed[: len(logits)])
    found = policy.action_probabilities(np.zeros((1, 1)), action_masks=mask[None])[0]
    assert found.sum() == pytest.approx(1.0)
    if mask.any():
        kept = np.array(logits)[mask]
        weight = np.exp(kept - kept.max())
        expected = weight / weight.sum()
        assert (found[~mask] == 0).all()
        assert np.allclose(found[mask], expected, atol=1e-9)
    else:
        assert np.allclose(found, policy.action_probabilities(np.zeros((1, 1)))[0])
