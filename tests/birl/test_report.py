"""Reports: the same story in every format, whatever the width, and nothing a file holds can garble it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.diagnosis import Verdict
from birl.gap import Gap
from birl.irl import Check
from birl.report import FORMATS, render
from birl.report.provenance import command
from birl.report.words import clean, interval, number, share, weight
from birl.scorecard import Scorecard
from birl.types import BirlError, Interval
from tests.cards import FEATURES, diagnosed_card, estimate, estimates, gaps, undiagnosed_card

BEL, ESCAPE = "\x07", "\x1b[31m"


def plain(text):
    """Words only, so that wrapping does not matter."""
    return " ".join(text.split())


# numbers


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (0.0, "0"), (-0.001, "0.00"), (0.126, "0.13"), (-3.02, "-3.02"), (9.996, "10.0"), (32.26, "32.3")],
)
def test_numbers_have_about_three_digits(value, said):
    assert number(value) == said


def test_large_numbers_lose_their_decimals():
    assert number(12345.6) == "12346"
    assert number(-2.5e9) == "-2.5e+09"


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.996, ">99 %"), (1.0, "100 %")]
)
def test_small_shares_stay_visible(value, said):
    assert share(value) == said


def test_what_is_undefined_is_a_dash():
    assert interval(None) == "-"


def test_weights_say_what_is_known_about_them():
    found = estimates()["mce"]
    assert weight(found, "touch:door&red") == "32.3 [26.0, 38.6]"
    assert weight(found, "touch:ball&green") == "<= 0.34"
    assert weight(found, "touch:key&red") == "-"
    assert weight(found, "step") == "0*"


def test_a_weight_without_covariance_has_no_interval():
    found = replace(estimates()["mce"], covariance=None)
    assert weight(found, "touch:door&red") == "32.3"
    assert weight(found, "touch:ball&green") == "<= -1.21"


@given(st.text())
def test_cleaned_text_is_one_printable_line(text):
    assert clean(text).isprintable()


# the story, in text


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("card", [diagnosed_card(), undiagnosed_card()])
def test_no_line_but_the_command_is_wider_than_asked(card, width):
    lines = render(card, "text", width=width).splitlines()
    assert max(len(line) for line in lines if "birl score" not in line) <= width


def test_the_verdict_comes_first_then_why():
    lines = render(diagnosed_card(), "text", width=120).splitlines()
    assert lines[2].startswith("PROXY (correlational): pursues something that coincided")
    assert "proxy 96 %, approximate 3 %, undetermined <1 %" in lines[3]
    assert lines[4].startswith("Rule candidate: red carries 1.04")
    assert "Flags: mixed" in lines[5]
    assert any(line.startswith("- Caveat: on the tested shifts only") for line in lines)


def test_a_card_without_a_diagnosis_says_so_first():
    assert render(undiagnosed_card(), "text", width=100).splitlines()[2].startswith("Not diagnosed:")


def test_an_undetermined_verdict_says_what_would_decide():
    card = diagnosed_card()
    assert card.diagnosis is not None
    diagnosis = replace(card.diagnosis, verdict=Verdict.UNDETERMINED, kind=None, would_decide=("more levels",))
    said = render(replace(card, diagnosis=diagnosis), "text", width=100)
    assert "UNDETERMINED: this evidence cannot say" in said
    assert "- Would decide: more levels" in said


def test_outcomes_stand_beside_the_random_walk():
    said = plain(render(undiagnosed_card(), "text", width=120))
    assert "blue-door touch:door&blue 44 % [42, 46] 21 % touch:ball&red 41 % [39, 43] 22 %" in said
    assert "2 others 1 % 21 %" in said


def test_weights_stand_beside_base_and_candidates():
    said = plain(render(undiagnosed_card(), "text", width=120))
    assert "touch:door&blue 1 0 1 5.52 [3.97, 7.07] 15.3 [12.0, 18.6] 2.17 [1.44, 2.90]" in said
    assert "step 0 0 0 0* 0* -0.32 [-0.41, -0.23]" in said
    assert "* held at 0 by convention" in said


def test_a_narrow_page_loses_no_column():
    said = plain(render(diagnosed_card(), "text", width=44))
    for found in ("[26.0, 38.6]", "[62.2, 79.4]", "[4.15, 5.79]", "[0.27, 0.45]", "[0.36, 0.48]", "[0.27, 0.39]"):
        assert found in said


def test_the_gap_is_shown_where_there_is_one():
    assert "Gap" not in render(undiagnosed_card(), "text", width=100).title().split("What It Pursues")[0]
    said = plain(render(diagnosed_card(), "text", width=120))
    assert "A wrong goal costs most on blue-door: 36 % of what could be gained; the policy loses 78 % there." in said
    assert "blue-door 0.36 [0.27, 0.45] 0.42 [0.36, 0.48] 0.41 [0.38, 0.44] 0.33 [0.27, 0.39]" in said


def test_what_is_undefined_gives_its_reason():
    empty = Gap(distance=None, goal_regret=None, capability_regret=None, own_regret=None, reason="nothing to gain")
    card = diagnosed_card()
    reading = replace(
        card.readings["train"],
        base_return=None,
        base_return_reason="no policy gains",
        outcomes={},
        outcomes_reason="nothing changes",
    )
    odd = replace(card, gap={**gaps(), "train": empty}, readings={**card.readings, "train": reading})
    said = render(odd, "text", width=100)
    assert "- train: nothing to gain" in said
    assert "- train: base return is undefined: no policy gains" in said
    assert "- train: no outcomes: nothing changes" in said


def test_failed_checks_come_first_with_their_remedy_and_passed_ones_share_a_line():
    bad = Check(name="states", passed=False, required=True, message="7 states are unreachable: fix the model")
    lines = render(undiagnosed_card(checks=(bad,)), "text", width=120).splitlines()
    start = lines.index("Checks") + 2
    assert lines[start] == "- FAILED states, required: 7 states are unreachable: fix the model"
    assert lines[start + 1].startswith("- FAILED cardinal information (boltzmann)")
    passed = [line for line in lines if line.startswith("Passed:")]
    assert len(passed) == 1
    assert "converged (mce, boltzmann, outcome-choice)" in passed[0]


def test_objectives_that_are_functions_are_named():
    said = plain(render(undiagnosed_card(base=None), "text", width=100))
    assert "being a function and not weights by feature: the base objective" in said


def test_many_features_are_cut_to_the_weighty_ones():
    names = tuple(f"f{i:02}" for i in range(60))
    wide = replace(
        estimate("mce", np.zeros(10), np.ones(10)),
        weights=dict(zip(names, np.arange(60.0), strict=True)),
        status=dict.fromkeys(names, "identified"),
        covariance=None,
    )
    said = render(undiagnosed_card(estimates={"mce": wide}, recovered={}, base={}, candidates={}), "text", width=100)
    assert "36 more features with smaller weights are in the JSON." in said
    assert "f59" in said
    assert "f35" not in said


# how to find it again


def test_the_command_repeats_every_setting():
    assert command(undiagnosed_card()) == (
        "birl score red-door-ppo-rho1-s0 --task red-door --method mce --method boltzmann --method outcome-choice "
        "--levels 100 --seed 0 --draws 200"
    )


def test_the_command_is_one_line_that_can_be_copied():
    assert f"  {command(undiagnosed_card())}\n" in render(undiagnosed_card(), "text", width=60)


def test_awkward_file_names_are_quoted():
    card = undiagnosed_card()
    spaced = replace(card, policy=replace(card.policy, source="my runs/a.zip"))
    assert "birl score 'my runs/a.zip' --task" in command(spaced)


def test_a_card_made_in_python_repeats_the_call():
    card = undiagnosed_card(settings={"seed": 3, "levels": 10, "deterministic": True})
    assert command(card) == "birl.score(policy, birl.load_task('red-door'), seed=3, levels=10, deterministic=True)"
    assert command(replace(card, task="my own")) == "birl.score(policy, task, seed=3, levels=10, deterministic=True)"


# Markdown and JSON


@pytest.mark.parametrize("card", [diagnosed_card(), undiagnosed_card()])
def test_every_markdown_table_is_rectangular(card):
    for table in re.findall(r"(?:^\|.*\n)+", render(card, "markdown"), flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def test_markdown_tells_the_same_story():
    card = diagnosed_card()
    said = render(card, "markdown")
    headings = [line.lstrip("# ") for line in said.splitlines() if line.startswith("#")]
    assert headings == [line for line in render(card, "text", width=120).splitlines() if line in headings and line]
    assert "**PROXY (correlational): pursues" in said
    assert "| touch:door&blue | 1 | 0 | 1 | 5.52 [3.97, 7.07] |" in said


def test_markdown_is_not_fooled_by_names():
    card = undiagnosed_card()
    odd = replace(card, readings={"a|b *x* <script>": card.readings["train"]})
    assert r"| a\|b \*x\* \<script> |" in render(odd, "markdown")


def test_json_is_the_card_itself():
    card = diagnosed_card()
    assert Scorecard.from_json(render(card, "json")) == card


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_card_gives_the_same_text(format):
    assert render(diagnosed_card(), format, width=90) == render(diagnosed_card(), format, width=90)


# colour, garbage, bad arguments


def test_colour_adds_nothing_but_colour():
    bare, coloured = (render(diagnosed_card(), "text", width=100, colour=c) for c in (False, True))
    assert "\x1b[" in coloured
    assert "\x1b[" not in bare
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == bare.splitlines()


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_control_characters_of_a_file_do_not_reach_the_terminal(format):
    card = diagnosed_card()
    odd = replace(card, policy=replace(card.policy, source=f"a{ESCAPE}b{BEL}"), versions={"x\x1b": "\x9b1"})
    assert not {"\x1b", BEL, "\x9b"} & set(render(odd, format, width=100))


def test_square_brackets_in_names_are_not_markup():
    card = undiagnosed_card()
    odd = replace(card, policy=replace(card.policy, source="[red]run[/red]"))
    assert "[red]run[/red] on red-door" in render(odd, "text", width=100)


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(BirlError, match="unknown format 'markdwon': did you mean markdown"):
        render(undiagnosed_card(), "markdwon")


def test_a_width_no_table_fits_in_is_refused():
    with pytest.raises(BirlError, match="width 10 is below 40"):
        render(undiagnosed_card(), "text", width=10)


def test_a_card_with_next_to_nothing_still_renders():
    bare = undiagnosed_card(
        readings={}, estimates={}, recovered={}, held_out={}, scenes=(), settings={}, versions={}, candidates={}
    )
    for format in FORMATS:
        assert render(bare, format, width=80)


def test_intervals_wider_than_the_page_are_kept_whole():
    wide = estimate("mce", np.full(len(FEATURES), 123456.0), np.full(len(FEATURES), 98765.0))
    said = plain(render(undiagnosed_card(estimates={"mce": wide}), "text", width=60))
    assert "123456 [-70120, 317032]" in said


def test_the_words_of_an_interval_are_its_numbers():
    assert interval(Interval(value=0.5, low=-1.0, high=2.25)) == "0.50 [-1.00, 2.25]"
