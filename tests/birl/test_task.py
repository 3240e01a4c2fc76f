from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.tabular import hard_plan, reward_vector
from birl.task import Board, Distribution, Scenery, Task, conflicts, load_task, objective_vector
from birl.types import BirlError
from tests.worlds import DOOR, RED, corridor, ends_task, random_model, two_ends

TASK = ends_task()
"""Found by `load_task("tests.birl.test_task:TASK")`."""

NOT_A_TASK = 3


def make_task(levels):
    return TASK.first_levels(levels)


def task(train=None, shifts=(), base=None, candidates=None, discount=0.9, **more):
    return Task(
        "t",
        train or Distribution("train", corridor()),
        shifts,
        {"goal": 1.0} if base is None else base,
        candidates or {},
        discount,
        **more,
    )


def test_training_comes_first_among_the_distributions():
    assert [d.name for d in TASK.distributions] == ["train", "blue-door"]
    assert TASK.distribution("blue-door") is TASK.shifts[0]


def test_the_training_distribution_is_marked_as_such():
    assert TASK.train.shift == "train"
    assert TASK.shifts[0].shift == "feature"


def test_an_episode_lasts_until_the_discount_has_fallen_to_a_twentieth():
    assert Distribution("d", corridor(discount=0.5)).horizon == 5  # 0.5 ** 5 is 0.03
    assert Distribution("d", corridor(discount=1.0)).horizon == 1000
    assert Distribution("d", corridor(), time_limit=7).horizon == 7


def test_every_distribution_is_cut_to_its_first_levels():
    small = TASK.first_levels(2)
    assert [d.model.n_levels for d in small.distributions if d.model] == [2, 2]
    assert TASK.first_levels(50).train is TASK.train


def test_cutting_levels_cuts_the_scenery_with_them():
    model = two_ends((), (), length=4)
    scenery = Scenery(board=lambda level: Board(rows=((str(level),),), legend={}), position=np.arange(16).reshape(8, 2))
    cut = Distribution("d", model, scenery=scenery).first_levels(1)
    assert cut.scenery is not None
    assert cut.scenery.position.tolist() == np.arange(8).reshape(4, 2).tolist()


def test_seeds_are_levels_where_there_is_no_model():
    assert Distribution("d", make_env=object, seeds=range(9)).first_levels(3).seeds == (0, 1, 2)


def test_spaces_are_those_the_model_shows():
    spaces = Distribution("d", corridor(4)).spaces()
    assert spaces.observation.shape == (4,)
    assert spaces.action.n == 2


def test_boolean_observations_are_a_multi_binary_space():
    model = replace(corridor(4), observe=lambda ids: np.zeros((len(ids), 3, 2), bool))
    assert Distribution("d", model).spaces().observation.shape == (3, 2)


def test_the_spaces_of_an_environment_win():
    found = Distribution("d", corridor(), lambda: gymnasium.make("CartPole-v1")).spaces()
    assert found.action.n == 2
    assert found.observation.shape == (4,)


def test_a_world_nobody_sees_has_no_spaces():
    with pytest.raises(BirlError, match="neither make_env nor a model with `observe`"):
        Distribution("d", replace(corridor(), observe=None)).spaces()


def test_red_parts_from_door_only_where_the_ball_is_red():
    """In training a red-seeker does as well as a door-seeker; under the shift it walks away from the door."""
    train, shift = (d.model for d in TASK.distributions)
    assert train is not None
    assert shift is not None
    assert not conflicts(train, reward_vector(train, DOOR), reward_vector(train, RED)).any()
    assert conflicts(shift, reward_vector(shift, DOOR), reward_vector(shift, RED)).all()


def test_ties_of_the_candidate_are_no_conflict():
    model = two_ends(("touch:door",), ("touch:ball",))
    indifferent = {"touch:door": 1.0, "touch:ball": 1.0}
    found = conflicts(model, reward_vector(model, DOOR), reward_vector(model, indifferent))
    # starts 1 and 2 of 0..6 are nearer to the door, start 3 is as near to either end, 4 and 5 are nearer to the ball
    assert found.tolist() == [False, False, False, True, True]


@given(st.integers(0, 2**32 - 1))
def test_an_objective_never_conflicts_with_itself(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2)
    reward = model.features @ rng.normal(size=4)
    assert not conflicts(model, reward, reward).any()
    assert not conflicts(model, reward, 3 * reward).any()


def test_a_reward_callable_sees_observation_action_and_next_observation():
    model = corridor(4)

    def arrival(seen, action, following):
        return (following.argmax(1) == 3) * 1.0 + 0.1 * (action == 0) + 0.01 * seen.argmax(1)

    found = objective_vector(model, arrival).reshape(4, 2)
    assert found == pytest.approx(np.array([[0.1, 0.0], [0.11, 0.01], [0.12, 1.02], [0.0, 0.0]]))


@given(st.integers(0, 2**32 - 1))
def test_a_reward_callable_is_averaged_over_what_happens(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True)
    potential = rng.normal(size=model.n_states)
    found = objective_vector(model, lambda seen, action, following: following @ potential)
    assert found == pytest.approx(model.transitions @ potential, abs=1e-6)  # observations are float32


def test_weights_and_the_callable_that_says_the_same_plan_alike():
    model = corridor(4)
    by_name = hard_plan(model, objective_vector(model, {"goal": 1.0}))
    by_call = hard_plan(model, objective_vector(model, lambda seen, action, following: following[:, 3]))
    assert by_call.values == pytest.approx(by_name.values)


@pytest.mark.parametrize("wrong", [lambda *_: np.ones(3), lambda seen, *_: np.full(len(seen), np.nan)])
def test_a_reward_callable_that_returns_nonsense_is_an_error(wrong):
    with pytest.raises(BirlError, match="return one finite number each"):
        objective_vector(corridor(), wrong)


def test_a_reward_callable_needs_observations():
    with pytest.raises(BirlError, match="needs a model with `observe`"):
        objective_vector(replace(corridor(), observe=None), lambda *_: np.ones(1))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Distribution("d"), "distribution 'd' is empty"),
        (lambda: Distribution("", corridor()), "without a name"),
        (lambda: Distribution("d", corridor(), shift="feture"), "did you mean feature"),
        (lambda: Distribution("d", corridor(), time_limit=0), "time_limit 0 is below 1"),
        (lambda: task(base={"gaol": 1.0}), "base objective: unknown feature 'gaol': did you mean goal"),
        (lambda: task(candidates={"haste": {"steps": 1.0}}), "haste: unknown feature 'steps': did you mean step"),
        (lambda: task(candidates={"base": {"goal": 1.0}}), "a candidate is called 'base', as the base objective is"),
        (lambda: task(base={"goal": np.nan}), "the weight of 'goal' is not finite"),
        (lambda: task(discount=0.95), r"the model's discount is 0\.9, the task's 0\.95"),
        (lambda: task(shifts=[Distribution("s", corridor(discount=0.8))]), r"'s': the model's discount is 0\.8"),
        (lambda: task(shifts=[Distribution("train", corridor())]), "distribution names repeat"),
        (lambda: task(shifts=[Distribution("s", two_ends((), ()))]), "'s': features differ from training's"),
        (lambda: task(shifts=[Distribution("s", corridor(), pair="tran")]), "did you mean train"),
        (lambda: task(ghosts={"g": Distribution("s", corridor(discount=0.8))}), r"'s': the model's discount is 0\.8"),
        (lambda: TASK.distribution("green-door"), "did you mean blue-door"),
        (lambda: TASK.first_levels(0), "0 levels: give at least 1"),
    ],
)
def test_a_task_that_makes_no_sense_is_an_error_of_one_line(build, message):
    with pytest.raises(BirlError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)


def test_more_actions_under_shift_are_an_error():
    train = Distribution("train", random_model(np.random.default_rng(0), n_actions=2))
    shift = Distribution("s", random_model(np.random.default_rng(0), n_actions=3))
    with pytest.raises(BirlError, match="3 actions, training has 2"):
        task(train, [shift], base={"f0": 1.0})


def test_anybodys_task_is_found_by_module_and_name():
    found = load_task("tests.birl.test_task:TASK")
    assert (found.name, found.train.model and found.train.model.n_levels) == ("two-ends", 5)


@pytest.mark.parametrize("name", ["tests.birl.test_task:TASK", "tests.birl.test_task:make_task"])
def test_a_task_or_its_maker_gives_as_many_levels_as_are_asked_for(name):
    found = load_task(name, levels=2)
    assert found.train.model is not None
    assert found.train.model.n_levels == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("red-dor", r"unknown task 'red-dor': did you mean red-door\? \(see `birl tasks`, or give module:NAME\)"),
        ("no_such_module:TASK", "cannot be loaded: No module named 'no_such_module'"),
        ("tests.birl.test_task:MISSING", "cannot be loaded: .*MISSING"),
        ("tests.birl.test_task:NOT_A_TASK", "is a int: name a birl.Task"),
        (":x", "cannot be loaded"),
    ],
)
def test_a_task_that_is_not_there_is_an_error(name, message):
    with pytest.raises(BirlError, match=message):
        load_task(name)


@pytest.mark.parametrize("levels", [0, -1])
def test_a_task_without_levels_is_an_error(levels):
    with pytest.raises(BirlError, match=f"{levels} levels: give at least 1"):
        load_task("tests.birl.test_task:TASK", levels=levels)
