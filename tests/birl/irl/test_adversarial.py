"""What `airl` and `gail` share: the masked game, the rule for settling, seeds, and what they refuse."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from birl.irl.adversarial import BLOCKS, Adversarial, Settling, seeded
from birl.irl.adversarial_nets import log_walk, masked_net, shaped_net
from birl.irl.airl import AdversarialIRL
from birl.irl.demonstrations import arena, marked, steps_of
from birl.simulator import Actions
from birl.types import BirlError
from tests.birl.irl.adversarial_worlds import DISCOUNT, EYE, TIME_LIMIT, behavior

torch = pytest.importorskip("torch")
pytest.importorskip("imitation")
pytestmark = pytest.mark.filterwarnings("ignore")  # of imitation and of what it imports, none of them ours

METHOD = AdversarialIRL(hidden=(8,))


def worlds():
    return arena([behavior()], horizon=None, rng=np.random.default_rng(0))


def game_net():
    torch.manual_seed(0)
    found = worlds()
    return shaped_net(METHOD, found.spaces, discount=found.discount, offset=log_walk(found.actions))


def value(net, before, over_before, after, over_after, done=False):
    rows = marked([EYE[before]], over_before), np.zeros(1, np.int64), marked([EYE[after]], over_after)
    return float(net.predict(*rows, np.array([done]))[0])


# equation 1


def test_shaping_is_at_the_discount_of_the_task():
    assert worlds().discount == DISCOUNT
    assert game_net().discount_factor == DISCOUNT


def test_a_step_is_reward_and_shaping_less_what_the_random_walk_earns():
    net = game_net()
    with torch.no_grad():
        plain = torch.as_tensor(EYE[[3, 7]])
        net.eval()
        g = float(net.base(plain[:1], None, plain[1:], torch.zeros(1)))
        h = net.potential(plain).numpy()
    assert value(net, 3, False, 7, False) == pytest.approx(g + DISCOUNT * h[1] - h[0] - np.log(4), abs=1e-6)
    assert value(net, 3, False, 7, True) == pytest.approx(g - h[0] - np.log(4), abs=1e-6)


def test_waiting_after_the_end_is_worth_the_random_walk_and_nothing_else():
    net = game_net()
    assert value(net, 15, True, 15, True) == pytest.approx(-np.log(4), abs=1e-6)
    assert value(masked_net(METHOD, worlds().spaces), 15, True, 15, True) == 0.0


def test_what_imitation_calls_done_changes_nothing():
    net = game_net()
    assert value(net, 3, False, 7, False, done=True) == value(net, 3, False, 7, False, done=False)


def test_the_random_walk_over_a_box_has_a_density():
    assert log_walk(Actions(low=np.array([-2.0]), high=np.array([2.0]))) == pytest.approx(-np.log(4))
    assert log_walk(Actions(low=np.array([-np.inf]), high=np.array([np.inf]))) == 0.0


# worlds and steps


def test_worlds_last_as_long_as_the_behaviour_or_as_asked():
    for horizon, wanted in ((None, TIME_LIMIT), (7, 7)):
        found = arena([behavior()], horizon=horizon, rng=np.random.default_rng(0))
        env = found.makers[0]()
        env.reset(seed=0)
        lengths = next(t for t in range(1, 100) if env.step(0)[3])
        assert lengths == found.horizon == wanted


def test_steps_are_those_of_the_episodes_and_ends_are_marked():
    steps = steps_of([behavior()], horizon=TIME_LIMIT)
    ends = sum(t.terminal for t in behavior().trajectories)
    assert len(steps) == sum(len(t.actions) for t in behavior().trajectories)
    assert steps.after[:, -1].sum() == ends > 0
    assert not steps.before[:, -1].any()


def test_steps_after_the_horizon_are_left_out():
    assert len(steps_of([behavior()], horizon=1)) == len(behavior().trajectories)


def test_behaviours_of_other_discounts_or_spaces_are_not_played_together():
    with pytest.raises(BirlError, match="discount"):
        arena([behavior(), replace(behavior(), discount=0.5)], horizon=None, rng=np.random.default_rng(0))


def test_states_that_nobody_sees_are_refused():
    blind = replace(behavior().trajectories[0], observations=np.arange(len(behavior().trajectories[0].actions) + 1))
    with pytest.raises(BirlError, match="give the model `observe`"):
        steps_of([replace(behavior(), trajectories=(blind,))], horizon=5)


@pytest.mark.parametrize("part", ["observations", "actions"])
def test_steps_that_are_not_finite_are_refused(part):
    one = behavior().trajectories[0]
    broken = np.asarray(getattr(one, part), float).copy()
    broken[0] = np.nan
    with pytest.raises(BirlError, match="observation or action that is not finite"):
        steps_of([replace(behavior(), trajectories=(replace(one, **{part: broken}),))], horizon=5)


# settling


def settling(losses, window=2) -> Settling:
    return Settling(window=window, losses=list(losses), accuracies=[0.5] * len(losses))


def test_too_few_rounds_say_nothing():
    assert settling([0.7] * (BLOCKS * 2 - 1)).change is None


def test_a_flat_loss_has_settled():
    assert settling([0.7] * 20).change == 0.0


def test_a_loss_that_fell_and_rose_has_not_settled():
    assert settling([0.7, 0.7, 0.6, 0.6, 0.7, 0.7, 0.6, 0.6]).change == pytest.approx(0.1)


def test_only_the_last_rounds_count():
    assert settling([5.0] * 4 + [0.7] * 8).change == 0.0


# chance


def test_global_generators_are_seeded_inside_and_put_back_outside():
    def draws():
        return float(torch.rand(1)), float(np.random.rand()), random.random()  # noqa: NPY002

    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    runs = []
    for _ in range(2):
        with seeded(np.random.default_rng(3)):
            assert torch.get_num_threads() == 1
            runs.append(draws())
    assert runs[0] == runs[1]
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert random.getstate() == before[2]


# settings


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"reads": ()}, "name some of observation"),
        ({"reads": ("terminal",)}, "name some of observation"),
        ({"begin": "teacher"}, "one of clone, scratch"),
        ({"timesteps": 10}, "at least one round"),
        ({"window": 0}, "at least 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, why):
    with pytest.raises(BirlError, match=why):
        Adversarial(**settings)
