"""Figures: what they show is there, the same card gives the same bytes, files are written whole or not at all."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from birl.diagnosis import Evidence, Thresholds
from birl.gap import Gap
from birl.irl import Check
from birl.report import FIGURES, figure, write_figures
from birl.report.ground import Ground
from birl.report.plots.ground import draw as draw_ground
from birl.report.plots.shapes import marker
from birl.report.plots.style import OKABE_ITO, colour
from birl.scorecard import Scene
from birl.types import BirlError
from tests.cards import about, alone, diagnosed_card, estimates, gaps, undiagnosed_card

PNG = b"\x89PNG\r\n\x1a\n"


def words(drawn):
    """Every text in a figure."""
    import matplotlib.text

    return {t.get_text() for t in drawn.findobj(matplotlib.text.Text)}


def test_the_weights_stand_beside_the_base_objective():
    said = words(figure(undiagnosed_card(), "weights"))
    assert {"touch:door&red", "step", "base", "red", "nearest", "mce", "boltzmann", "outcome-choice"} <= said


def test_every_method_is_drawn_to_the_scale_of_the_base_objective():
    right = figure(undiagnosed_card(), "weights").axes[1]
    largest = [max(line.get_xdata()) for line in right.lines if line.get_marker() in "oDs" and len(line.get_xdata())]
    assert max(largest) == pytest.approx(1.0)


def test_bounds_have_an_arrow_and_no_point():
    card = undiagnosed_card(estimates={"mce": estimates()["mce"]})
    right = figure(card, "weights").axes[1]
    points = [line for line in right.lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert len(points) == 3  # red door, blue door, red ball
    arrows = [note for note in right.texts if note.arrow_patch is not None]  # type: ignore[attr-defined]
    assert len(arrows) == 4


def test_features_no_method_knows_say_so():
    assert "not identified" in words(figure(undiagnosed_card(), "weights"))


def test_a_base_objective_that_is_a_function_is_left_out():
    assert "base" not in words(figure(undiagnosed_card(base=None), "weights"))


def test_weights_of_nothing_but_zeros_can_be_drawn():
    nothing = replace(estimates()["mce"], weights=dict.fromkeys(estimates()["mce"].weights, 0.0), covariance=None)
    assert figure(undiagnosed_card(estimates={"mce": nothing}, base={}, candidates={}), "weights")


def test_levels_are_captioned_with_distribution_and_outcome():
    said = words(figure(undiagnosed_card(), "levels"))
    assert {"train", "blue-door", "half-red", "touch:ball&red, 5 steps", "red ball", "blue door"} <= said


def test_levels_with_their_reward_share_one_scale_of_colours():
    scene = undiagnosed_card().scenes[0]
    shown = [Ground(scene=scene, reward=np.full((7, 7), value)) for value in (0.2, 1.0)]
    drawn = draw_ground(shown)
    assert [axes.images[0].get_clim() for axes in drawn.axes[:2]] == [(-1.0, 1.0)] * 2
    assert "reward (1: largest)" in words(drawn)


def test_wide_levels_take_no_more_room_than_they_need():
    scene = undiagnosed_card().scenes[0]
    wide = replace(scene, rows=scene.rows[:1], path=((0, 0), (0, 1)))
    heights = [draw_ground([Ground(scene=one, reward=None)]).get_size_inches()[1] for one in (scene, wide)]
    assert heights[1] < 0.7 * heights[0]


def test_long_outcomes_are_broken_into_lines():
    scene = replace(undiagnosed_card().scenes[0], outcome="touch:everything&everywhere+" * 4)
    label = draw_ground([Ground(scene=scene, reward=None)]).axes[0].get_xlabel()
    assert max(map(len, label.splitlines())) < 40


def test_distributions_with_fewer_scenes_leave_room_empty():
    scenes = undiagnosed_card().scenes
    drawn = figure(undiagnosed_card(scenes=scenes[:3]), "levels")
    assert len(drawn.axes) == 3


def test_many_distributions_stand_two_abreast():
    scenes = [
        replace(scene, distribution=f"{scene.distribution}{i}") for i in range(2) for scene in undiagnosed_card().scenes
    ]
    width, height = figure(undiagnosed_card(scenes=tuple(scenes)), "levels").get_size_inches()
    assert width > 0.9 * height


def test_a_step_walked_again_is_drawn_once_and_thicker():
    scene = replace(undiagnosed_card().scenes[0], path=((5, 5), (5, 4), (5, 5), (5, 4), (4, 4)))
    axes = figure(undiagnosed_card(scenes=(scene,)), "levels").axes[0]
    widths = axes.collections[-1].get_linewidths()
    assert len(widths) == 2
    assert widths[0] > widths[1]


@pytest.mark.parametrize("path", [(), ((0, 0),), ((0, 0), (0, 0)), ((0, 0), (0, 1), (0, 0), (0, 1), (0, 2))])
def test_any_path_can_be_drawn(path):
    scene = Scene(
        distribution="d",
        level=0,
        rows=((".", ".", "X"), ("#", "@")),
        legend={"X": ("", "no colour")},
        path=path,
        outcome="",
    )
    assert figure(undiagnosed_card(scenes=(scene,)), "levels")


def test_the_gap_shows_both_parts_on_every_distribution():
    said = words(figure(diagnosed_card(), "gap"))
    assert {"wrong goal", "lack of skill", "train", "blue-door\n(feature shift)"} <= said


def test_a_part_of_the_gap_that_is_undefined_says_so():
    empty = Gap(distance=None, goal_regret=None, capability_regret=None, own_regret=None, reason="nothing to gain")
    assert "n/a" in words(figure(replace(diagnosed_card(), gap={**gaps(), "train": empty}), "gap"))


def test_a_gap_next_to_nothing_looks_like_it():
    small = {name: replace(one, goal_regret=None, capability_regret=about(0.01, 0.005)) for name, one in gaps().items()}
    assert figure(diagnosed_card(gap=small), "gap").axes[0].get_ylim()[1] >= 0.25


def panel(drawn, title):
    return next(axes for axes in drawn.axes if axes.get_title(loc="left") == title)


def test_the_evidence_has_a_panel_a_quantity_with_the_margin_of_its_rule():
    drawn = figure(diagnosed_card(), "evidence")
    titles = {axes.get_title(loc="left") for axes in drawn.axes if axes.get_visible()}
    assert {"base return", "directedness", "goal regret", "capability regret", "candidate share"} <= titles
    margin, *_ = panel(drawn, "goal regret").lines
    assert list(margin.get_xdata()) == [Thresholds().goal] * 2
    points = [line.get_xdata()[0] for line in panel(drawn, "goal regret").lines if line.get_marker() == "o"]
    assert points == [0.01, 0.36, 0.2]


def test_evidence_that_is_missing_somewhere_says_so():
    evidence = replace(diagnosed_card().evidence, directedness={"train": about(0.7, 0.1)}, device={})
    notes = panel(figure(diagnosed_card(evidence=evidence), "evidence"), "directedness").texts
    assert [note.get_text() for note in notes] == ["n/a", "n/a"]


def test_evidence_far_beyond_its_range_does_not_flatten_the_rest():
    evidence = replace(diagnosed_card().evidence, goal_regret={"train": about(0.1, 50.0)})
    low, high = panel(figure(diagnosed_card(evidence=evidence), "evidence"), "goal regret").get_xlim()
    assert low > -1
    assert high < 2


@pytest.mark.parametrize("evidence", [None, Evidence(shifts={"train": "train"})])
def test_a_card_without_evidence_cannot_draw_it(evidence):
    with pytest.raises(BirlError, match="has no evidence to draw: score the policy with a diagnosis"):
        figure(diagnosed_card(evidence=evidence), "evidence")


def test_a_card_without_a_gap_cannot_draw_one():
    with pytest.raises(BirlError, match="has no gap to draw: score the policy with a diagnosis"):
        figure(undiagnosed_card(), "gap")


def test_a_card_without_scenes_cannot_draw_levels():
    with pytest.raises(BirlError, match="no scenes to draw"):
        figure(undiagnosed_card(scenes=()), "levels")


def test_an_unknown_figure_names_the_nearest():
    with pytest.raises(BirlError, match="unknown figure 'weight': did you mean weights"):
        figure(undiagnosed_card(), "weight")


def test_kinds_differ_in_shape_and_the_same_kind_never_does():
    assert marker("door") is marker("door")
    assert marker("ball") is not marker("key")
    assert marker("lever") == marker("lever")


def test_plain_colour_names_become_ones_everybody_can_tell_apart():
    assert colour("red") == OKABE_ITO["red"]
    assert colour("#123456") == "#123456"
    assert colour("octarine") == colour("unheard of")


# files


def test_the_same_card_gives_the_same_bytes_without_a_date(tmp_path):
    first, second = (write_figures(diagnosed_card(), tmp_path / name) for name in ("a", "b"))
    for one, other in zip(first, second, strict=True):
        content = one.read_bytes()
        assert content == other.read_bytes()
        assert content.startswith(PNG)
        assert b"tEXt" not in content
    assert [path.name for path in first] == [f"{name}.png" for name in FIGURES]


def test_only_what_the_card_has_is_written(tmp_path):
    assert [path.name for path in write_figures(undiagnosed_card(scenes=()), tmp_path)] == ["weights.png"]


def test_a_figure_that_cannot_be_drawn_leaves_nothing_behind(tmp_path):
    broken = undiagnosed_card(scenes=(replace(undiagnosed_card().scenes[0], rows=(), path=((0, 0),)),))
    with pytest.raises((IndexError, ValueError)):
        write_figures(broken, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BirlError, match="cannot be written"):
        write_figures(undiagnosed_card(), tmp_path / "file" / "out")


def test_drawing_leaves_the_users_settings_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figure(diagnosed_card(), "gap")
    assert dict(mpl.rcParams) == before


def test_reports_load_no_plotting_library():
    run = "import sys, birl.report; assert not {'matplotlib', 'seaborn', 'pandas', 'rich'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", run], check=True, timeout=60)


def test_the_fixture_has_a_failed_check():
    assert any(
        isinstance(c, Check) and not c.passed for e in [*estimates().values(), *alone().values()] for c in e.checks
    )
