"""Figures of recovered rewards: what is drawn is what was recovered, and what cannot be drawn says why."""

from dataclasses import replace

import numpy as np
import pytest

import birl
from birl.irl import Identifiability, RewardEstimate, RewardNetwork
from birl.report import Place, reward_figure
from birl.report.figures import as_png
from birl.report.plots.reward_features import _by_action, _curves
from birl.report.render import render_rewards
from birl.report.reward_cells import reward_cells
from birl.rewards import Asked, recover_rewards
from birl.task import Distribution
from birl.trajectories import Transitions
from birl.types import BirlError

TASK = birl.load_task("red-door", levels=2)
WHERE = TASK.distribution("blue-door")
MODEL = WHERE.model
NAMES = MODEL.feature_names
DOORS = {name: 2.0 for name in NAMES if "door" in name}


def estimate(weights=None, **how):
    full = {} if weights is None else {name: weights.get(name, 0.0) for name in NAMES}
    plain = {
        "method": "one",
        "behavioral_model": "none",
        "distributions": ("blue-door",),
        "weights": full,
        "status": dict.fromkeys(full, "identified"),
        "nuisance": {},
        "log_likelihood": None,
        "checks": (),
        "identifiability": Identifiability(rank=None, nullity=None, null_directions=(), selector="the test"),
    }
    return RewardEstimate(**(plain | how))


def network(weight, inputs=("observation",), **how):
    return estimate(network=RewardNetwork(inputs=inputs, layers=((np.array([weight], float), np.zeros(1)),), **how))


def steps(count=40, width=3):
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(count, width))
    features = rng.normal(size=(count, len(NAMES)))
    ends = np.zeros(count, bool)
    return Transitions(
        observations=seen, actions=rng.integers(2, size=count), next_observations=seen, terminal=ends, features=features
    )


def said(drawn):
    """All text of a figure."""
    return " | ".join(text.get_text() for text in drawn.findobj(match=lambda x: hasattr(x, "get_text")))


# levels


def cells(one, over="max", level=0):
    return reward_cells(one, WHERE, level, over=over)


def test_a_cell_has_the_reward_of_its_best_action():
    """A door pays on arrival: the cells beside it have 2, all others where one can stand have 0."""
    found, board = cells(estimate(DOORS)), WHERE.scenery.board(0)
    door = next(
        (r, c)
        for r, row in enumerate(board.rows)
        for c, token in enumerate(row)
        if "door" in board.legend.get(token, ("",))[0]
    )
    for (r, c), value in np.ndenumerate(found):
        if board.rows[r][c] == "#":
            assert np.isnan(value)
        elif not np.isnan(value):
            assert value == (2.0 if abs(r - door[0]) + abs(c - door[1]) == 1 else 0.0)
    assert np.nanmax(found) == 2.0


def test_the_mean_over_actions_is_smaller():
    best, mean = cells(estimate(DOORS)), cells(estimate(DOORS), "mean")
    assert np.nanmax(mean) == pytest.approx(np.nanmax(best) / MODEL.n_actions)


def test_an_avoided_event_is_drawn_at_the_value_nearest_0_that_its_bound_allows():
    status = {name: "identified" if "door" in name else "upper bound" for name in NAMES}
    raw = estimate({**DOORS, "touch:ball&red": 1.5}, status=status)
    assert np.array_equal(cells(raw), cells(estimate(DOORS)), equal_nan=True)


def test_forms_agree_cell_by_cell():
    table = estimate(table=(MODEL.features @ estimate(DOORS).vector).reshape(MODEL.n_states, -1))
    assert np.allclose(cells(table), cells(estimate(DOORS)), equal_nan=True)


def test_several_estimates_are_drawn_side_by_side_each_on_its_scale():
    drawn = reward_figure({"small": estimate(DOORS), "large": estimate({n: 80.0 for n in DOORS})}, "level", place=WHERE)
    text = said(drawn)
    for words in ("small", "large", "1 is 2.00", "1 is 80.0", "best action (blue-door, level 0)", "blue door"):
        assert words in text


def test_a_place_says_level_and_action():
    drawn = reward_figure(estimate(DOORS), "level", place=Place(distribution=WHERE, level=1, over="mean"))
    assert "mean over actions (blue-door, level 1)" in said(drawn)


# weights and features


def test_weights_are_drawn_with_what_objectives_pay():
    status = {name: "identified" for name in NAMES} | {"touch:key&red": "not identified", "step": "upper bound"}
    one = estimate(DOORS, status=status, covariance=0.01 * np.eye(len(NAMES)))
    text = said(reward_figure({"a": one, "b": one}, "weights", objectives={"base": DOORS, "other": None}))
    assert "not identified" in text
    assert "set to that of the base" in text
    assert "other" not in text.split(" | ")
    assert "set to 1" in said(reward_figure(one))


def test_a_feature_moves_a_linear_reward_by_weight_times_spread():
    seen = steps()
    drawn = reward_figure(estimate({NAMES[0]: 2.0, NAMES[1]: -1.0}), "features", seen=seen)
    spread = seen.features.std(axis=0)
    widths = [bar.get_width() for bar in drawn.findobj(match=lambda x: type(x).__name__ == "Rectangle")]
    ratio = -spread[1] / (2 * spread[0])
    assert any(w == pytest.approx(1.0) for w in widths)
    assert any(w == pytest.approx(ratio) for w in widths)


def test_partial_dependence_of_a_linear_network_is_its_weights():
    curves = _curves(network([3.0, 0.0, -1.0]), steps())
    assert [curve.name for curve in curves[:2]] == ["observation 0", "observation 2"]
    slope = np.diff(curves[0].reward) / np.diff(curves[0].grid)
    assert slope == pytest.approx(3.0)
    assert curves[2].reach == pytest.approx(0.0)


def test_numbered_actions_are_points():
    curve = _by_action(network([1.0, 5.0], inputs=("action",), n_actions=2), steps(), 2)
    assert curve.reward.tolist() == [1.0, 5.0]


def test_networks_and_linear_rewards_share_a_figure():
    drawn = reward_figure({"line": estimate(DOORS), "net": network([3.0, 0.0, -1.0])}, "features", seen=steps())
    text = said(drawn)
    assert "net: mean reward as one input changes" in text
    assert "observation 0" in text


@pytest.mark.parametrize(
    ("estimates", "how", "message"),
    [
        ({}, {}, "no estimate to draw"),
        (estimate(DOORS), {"kind": "wieghts"}, "unknown figure of a reward 'wieghts': did you mean weights?"),
        (network([1.0]), {}, "one has no weights by feature"),
        (estimate(DOORS), {"kind": "level"}, "a level of which distribution"),
        (estimate(DOORS), {"kind": "level", "place": replace(WHERE, scenery=None)}, "'blue-door' has no scenery"),
        (estimate(DOORS), {"kind": "level", "place": Distribution("open", make_env=dict)}, "'open' has no exact model"),
        (
            estimate(DOORS),
            {"kind": "level", "place": Place(distribution=WHERE, level=2)},
            "has no level 2: give one below 2",
        ),
        (
            estimate(DOORS),
            {"kind": "level", "place": Place(distribution=WHERE, over="least")},
            "unknown value of a state",
        ),
        (estimate(DOORS), {"kind": "features"}, "give seen="),
        (estimate(DOORS), {"kind": "features", "seen": steps(0)}, "no transitions to see features on"),
        (
            estimate(DOORS),
            {"kind": "features", "seen": replace(steps(), features=None)},
            "do not carry the 10 features",
        ),
        (estimate(table=np.zeros((3, 2))), {"kind": "features", "seen": steps()}, "is a table by state and action"),
        (network([1.0, 1.0]), {"kind": "features", "seen": steps()}, "transitions have 3 inputs, the network 2"),
    ],
)
def test_what_cannot_be_drawn_says_why(estimates, how, message):
    with pytest.raises(BirlError) as caught:
        reward_figure(estimates, **how)
    assert message in str(caught.value)


def test_the_same_rewards_give_the_same_picture():
    first, second = (as_png(reward_figure(estimate(DOORS), "level", place=WHERE)) for _ in range(2))
    assert first == second
    assert first.startswith(b"\x89PNG")


# the whole of `birl recover`, without the command line


def test_recovered_rewards_are_rendered_in_any_form():
    table = {name: d.model.uniform for name, d in ((d.name, d) for d in TASK.distributions)}
    found = recover_rewards(
        birl.TabularPolicy(table),
        TASK,
        Asked(methods=("outcome-choice", "inverse-bellman"), distributions=("train",), episodes=3),
    )
    assert set(found.estimates) | set(found.failed) == {"outcome-choice", "inverse-bellman"}
    for format in ("text", "markdown", "json"):
        assert "outcome-choice" in render_rewards(found, format, 100)
    with pytest.raises(BirlError, match="unknown format 'html'"):
        render_rewards(found, "html")
    with pytest.raises(BirlError, match="unknown method 'mcee'"):
        recover_rewards(birl.TabularPolicy(table), TASK, Asked(methods=("mcee",)))


def test_a_policy_with_memory_is_counted():
    from birl.policy import RecurrentPolicy

    def cell(observations, held, starts, *, rng, deterministic):
        return rng.integers(4, size=len(observations)), 0

    asked = Asked(methods=("mce", "max-margin"), distributions=("train",), episodes=30)
    found = recover_rewards(RecurrentPolicy(cell), TASK, asked)
    assert "max-margin needs policy" not in found.failed.get("mce", "")
    assert not found.behaviors[0].policy_known
    assert "train (30 episodes)" in render_rewards(found, "text", 100)
