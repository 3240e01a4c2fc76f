"""A card as a page: all of it is there, in words too; nothing is loaded from elsewhere; nothing a name says is run."""

import base64
import re
import subprocess
import sys
from dataclasses import replace
from typing import get_type_hints

import pytest

import birl
from birl.diagnosis import Evidence, Verdict
from birl.irl import Check
from birl.report import write_html
from birl.report.html.evidence import meanings
from birl.report.provenance import command
from birl.report.story import story
from birl.types import BirlError
from tests.cards import SHIFTS, a_curve, about, card_of, diagnosed_card, gaps, undiagnosed_card
from tests.pages import read

HOSTILE = "<script>alert('x')</script>\"'&$\\oops{$\x1b\u202e"
LINKS = ("href", "src", "srcset", "action", "data", "poster", "xlink:href")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The page of a card with everything but its task."""
    where = tmp_path_factory.mktemp("page") / "card.html"
    write_html(diagnosed_card(), where)
    return where


@pytest.fixture(scope="module")
def page(path):
    return read(path)


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The page of a card with next to nothing on it."""
    where = tmp_path_factory.mktemp("bare") / "card.html"
    card = undiagnosed_card(readings={}, estimates={}, recovered={}, held_out={}, scenes=(), settings={}, versions={})
    write_html(card, where)
    return read(where)


def wordy_card(**changes):
    """A card with a verdict and nothing to draw."""
    nothing = {"gap": {}, "matrix": None, "scenes": (), "estimates": {}, "recovered": {}}
    return diagnosed_card(**(nothing | {"evidence": Evidence(shifts=SHIFTS)} | changes))


def headings(page):
    return [heading.text for heading in page.all("h2")]


def section(page, title):
    return next(s for s in page.all("section") if next(s.all("h2")).text == title)


def pictures(page):
    return [img.attributes["alt"] for img in page.all("img")]


# what is there


def test_the_verdict_comes_first_with_what_it_means(page):
    head = next(page.all("header"))
    assert next(head.all("h1")).text == "red-door-ppo-rho1-s0 on red-door"
    assert "proxy (correlational) pursues something that coincided with the base objective in training" in head.text
    assert [flag.text for flag in head.all("li")] == ["mixed"]


def test_the_numbers_worth_a_glance_are_those_of_the_worst_shift(page):
    tiles = {term.text: value.text for term, value in zip(page.all("dt"), page.all("dd"), strict=True)}
    assert tiles["base return on train"] == "0.92 [0.89, 0.95]"
    assert tiles["lowest under shift, on blue-door"] == "0.22 [0.14, 0.30]"
    assert tiles["largest goal regret, on blue-door"] == "0.36 [0.27, 0.45]"


def test_every_section_is_there_and_the_contents_lead_to_it(page):
    assert headings(page) == [
        "Verdict",
        "What it does",
        "The gap between reward and result",
        "Evidence",
        "What it pursues",
        "How far apart rewards are",
        "Where it goes",
        "Checks",
        "How to find the same again",
    ]
    targets = [link.attributes["href"] for link in next(page.all("nav")).all("a")]
    assert targets == ["#" + s.attributes["id"] for s in page.all("section")]


def test_nothing_that_other_formats_tell_is_left_out(tmp_path):
    card = wordy_card(evidence=Evidence(shifts=SHIFTS, cue_gap={"blue-door": about(0.1, 0.05)}), gap=gaps())
    write_html(card, tmp_path / "card.html")
    told = [part.title for part in story(card)[1:]]
    assert "What tells causes apart" in told
    shown = headings(read(tmp_path / "card.html"))
    assert [title for title in shown if title in told] == [title for title in told if title in shown]
    assert set(told) - set(shown) == {"What it pursues"}  # there are no estimates on this card


def test_probabilities_are_bars_and_numbers(page):
    bars = next(part for part in page.all("dl") if part.attributes["class"] == "bars")
    assert [(t.text, v.text) for t, v in zip(bars.all("dt"), bars.all("dd"), strict=True)] == [
        ("proxy", "96 %"),
        ("approximate", "3 %"),
        ("undetermined", "<1 %"),
    ]
    widths = [s.attributes["style"] for s in bars.all("span") if "style" in s.attributes]
    assert widths == ["width: 96.5%", "width: 3.0%", "width: 0.5%"]


def test_the_rule_that_fired_is_named_and_marked_among_all_rules(tmp_path):
    card = wordy_card()
    assert card.diagnosis is not None
    write_html(replace(card, diagnosis=replace(card.diagnosis, rule="candidate-followed")), tmp_path / "card.html")
    said = section(read(tmp_path / "card.html"), "Verdict")
    assert "Rule candidate-followed red carries 1.04" in said.text
    marked = [cell.text for cell in said.all("td") if cell.text.startswith("fired")]
    assert marked == ["fired: candidate-followed"]


def test_evidence_is_a_table_of_intervals(page):
    said = section(page, "Evidence").text
    assert "goal regret 0.01 [0, 0.02] 0.36 [0.27, 0.45] 0.20 [0.11, 0.29]" in said
    assert "candidate share 1.04 [0.84, 1.24]" in said


def test_what_could_not_be_said_gives_its_reason_once(tmp_path):
    why = "nothing can be gained"
    unsaid = {"distance[train]": why, "own_regret[train]": why}
    write_html(wordy_card(evidence=Evidence(shifts=SHIFTS, undefined=unsaid)), tmp_path / "card.html")
    said = section(read(tmp_path / "card.html"), "Evidence").text
    assert f"What could not be said (2) distance[train], own regret[train] {why}" in said
    assert said.count(why) == 1


def test_every_quantity_of_the_evidence_is_explained():
    assert meanings()["p_agent"] == "posterior probability of an objective against a device."
    kinds = {name: str(kind) for name, kind in get_type_hints(Evidence).items()}
    assert {name for name, kind in kinds.items() if "Interval" in kind} <= set(meanings())


def test_weights_stand_beside_base_and_candidates(page):
    said = section(page, "What it pursues").text
    assert "touch:door&blue 1 0 1 5.52 [3.97, 7.07] 15.3 [12.0, 18.6] 2.17 [1.44, 2.90]" in said


def test_failed_checks_come_with_their_remedy(tmp_path):
    bad = Check(name="states", passed=False, required=True, message="7 states are unreachable: fix the model")
    write_html(undiagnosed_card(checks=(bad,), estimates={}, scenes=()), tmp_path / "card.html")
    assert (
        "FAILED states, required 7 states are unreachable: fix the model"
        in section(read(tmp_path / "card.html"), "Checks").text
    )


def test_the_command_can_be_copied_whole(page):
    assert [code.text for code in page.all("code")] == [command(diagnosed_card())]


# words for whoever does not see it


def test_every_picture_says_its_numbers(page):
    weights, gap, evidence, matrix, train, blue, half = (
        next(alt for alt in pictures(page) if alt.startswith(start))
        for start in (
            "Recovered weights",
            "Share of the attainable gain",
            "Evidence",
            "Distance from base",
            "Levels of train",
            "Levels of blue-door",
            "Levels of half-red",
        )
    )
    assert "mce: touch:door&red 32.3 [26.0, 38.6]" in weights
    assert "blue-door: goal 0.36 [0.27, 0.45], skill 0.42 [0.36, 0.48]" in gap
    assert "base return 0.22 [0.14, 0.30] (blue-door) to 0.92 [0.89, 0.95] (train)" in evidence
    assert "on blue-door: red 0.78, joint undefined" in matrix
    assert "level 0: touch:door&red, 5 steps" in train
    assert "level 1: touch:ball&red, 5 steps" in blue
    assert half.startswith("Levels of half-red. level 0")


def test_every_picture_has_a_caption_and_every_table_its_headings(page):
    for figure in page.all("figure"):
        assert next(figure.all("figcaption")).text
    for table in page.all("table"):
        columns = len(list(next(table.all("thead")).all("th")))
        for row in next(table.all("tbody")).all("tr"):
            assert len(row.children) == columns
            assert row.children[0].attributes == {"scope": "row"}


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(page):
    regions = [e for e in page.all() if "scroll" in e.attributes.get("class", "").split()]
    assert len(regions) == len(list(page.all("table"))) + len(pictures(page))
    assert all(r.attributes["tabindex"] == "0" and r.attributes["aria-label"] for r in regions)


def test_no_identifier_is_given_twice(page):
    ids = [e.attributes["id"] for e in page.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))


def test_there_is_one_first_heading_a_title_and_a_language(page):
    assert len(list(page.all("h1"))) == 1
    assert next(page.all("title")).text == "red-door-ppo-rho1-s0 on red-door"
    assert next(page.all("html")).attributes["lang"] == "en"


# self-contained, and safe


def test_nothing_comes_from_elsewhere(page, path):
    for element in page.all():
        for name in LINKS:
            assert element.attributes.get(name, "#").startswith(("#", "data:")), element.attributes
    assert not re.search(r"@import|url\(", next(page.all("style")).text)
    policy = next(m for m in page.all("meta") if m.attributes.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy.attributes["content"]
    assert "script-src 'none'" in policy.attributes["content"]
    assert not list(page.all("script"))


def test_pictures_are_drawn_as_outlines_without_a_date_or_a_link(page):
    for img in page.all("img"):
        svg = base64.b64decode(img.attributes["src"].partition("base64,")[2]).decode()
        assert svg.startswith("<svg")
        assert "<text" not in svg
        assert "<dc:date" not in svg
        assert "<script" not in svg


def hostile_card():
    """Markup in every name a file can hold."""
    card = diagnosed_card()
    assert card.diagnosis is not None
    assert card.matrix is not None
    return replace(
        card,
        task=HOSTILE,
        policy=replace(card.policy, source=HOSTILE, kind=HOSTILE),
        readings={HOSTILE + name: reading for name, reading in card.readings.items()},
        gap={HOSTILE + name: gap for name, gap in card.gap.items()},
        candidates={HOSTILE: {"touch:door&red": 1.0}},
        estimates={HOSTILE: card.estimates["mce"], "joint": card.estimates["mce"]},
        matrix=replace(card.matrix, names=("base", "red", HOSTILE)),
        checks=(Check(name=HOSTILE, passed=False, message=HOSTILE),),
        scenes=tuple(replace(s, outcome=HOSTILE, distribution=HOSTILE) for s in card.scenes),
        diagnosis=replace(
            card.diagnosis, reason=HOSTILE, rule=HOSTILE, kind=HOSTILE, caveats=(HOSTILE,), flags=frozenset({HOSTILE})
        ),
        evidence=replace(card.evidence, undefined={HOSTILE: HOSTILE}, disagreement=(HOSTILE,)),
        settings={HOSTILE: HOSTILE},
        versions={HOSTILE: HOSTILE},
    )


def test_markup_in_names_is_shown_and_not_obeyed(tmp_path):
    write_html(hostile_card(), tmp_path / "card.html")
    raw = (tmp_path / "card.html").read_text(encoding="utf-8")
    page = read(tmp_path / "card.html")
    assert not list(page.all("script"))
    assert not {"\x1b", "\u202e"} & set(raw)
    assert next(page.all("h1")).text.startswith("<script>alert('x')</script>\"'&$\\oops{$??")
    assert not any(name.startswith("on") for e in page.all() for name in e.attributes)
    assert raw.count("<script") == 0


def test_a_name_no_encoding_knows_does_not_stop_the_page(tmp_path):
    card = wordy_card()
    odd = replace(card, policy=replace(card.policy, source="a\udcffb"))
    write_html(odd, tmp_path / "card.html")
    assert next(read(tmp_path / "card.html").all("h1")).text == "a?b on red-door"


def test_the_same_card_gives_the_same_bytes_in_another_process_and_from_disk(path, tmp_path):
    diagnosed_card().save(tmp_path / "card.json")
    run = (
        "from birl.report import write_html; from birl.scorecard import Scorecard; "
        "write_html(Scorecard.load('card.json'), 'card.html')"
    )
    subprocess.run([sys.executable, "-c", run], check=True, timeout=120, cwd=tmp_path)
    assert (tmp_path / "card.html").read_bytes() == path.read_bytes()


# what is missing, and bad input


def test_a_card_without_a_diagnosis_says_so_and_has_no_empty_section(tmp_path):
    write_html(undiagnosed_card(scenes=()), tmp_path / "card.html")
    page = read(tmp_path / "card.html")
    assert "not diagnosed" in next(page.all("header")).text
    assert {"Evidence", "The gap between reward and result", "How far apart rewards are"}.isdisjoint(headings(page))
    assert all(len(s.children) > 1 for s in page.all("section"))


def test_a_card_with_next_to_nothing_still_has_a_page(bare):
    assert headings(bare) == ["Verdict", "Checks", "How to find the same again"]
    assert not pictures(bare)


def test_an_undetermined_verdict_says_what_would_decide(tmp_path):
    card = wordy_card()
    assert card.diagnosis is not None
    unsure = replace(card.diagnosis, verdict=Verdict.UNDETERMINED, kind=None, would_decide=("more levels",))
    write_html(replace(card, diagnosis=unsure), tmp_path / "card.html")
    page = read(tmp_path / "card.html")
    assert "unsure" in next(page.all("header")).children[2].attributes["class"]
    assert "Would decide more levels" in section(page, "Verdict").text


def test_a_gap_that_is_undefined_everywhere_can_be_shown(tmp_path):
    gap = {
        name: replace(one, distance=None, goal_regret=None, capability_regret=None, own_regret=None, reason="no gain")
        for name, one in gaps().items()
    }
    write_html(wordy_card(gap=gap), tmp_path / "card.html")
    assert "no gain" in section(read(tmp_path / "card.html"), "The gap between reward and result").text


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BirlError, match="cannot be written"):
        write_html(wordy_card(), tmp_path / "file" / "card.html")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_old_page_stays_when_the_new_one_cannot_be_drawn(tmp_path):
    (tmp_path / "card.html").write_text("old")
    broken = wordy_card(scenes=(replace(undiagnosed_card().scenes[0], rows=(), path=((0, 0),)),))
    with pytest.raises((IndexError, ValueError)):
        write_html(broken, tmp_path / "card.html")
    assert (tmp_path / "card.html").read_text() == "old"


# the worlds


TASK = birl.load_task("red-door", levels=2)


def test_with_the_task_the_floor_has_the_colours_of_the_reward(tmp_path):
    write_html(card_of(TASK), tmp_path / "card.html", task=TASK)
    where = section(read(tmp_path / "card.html"), "Where it goes")
    assert "The colour of a cell is the reward of mce, on one scale for all levels." in where.text
    assert "reward is highest, 1.00 of the largest, at row" in pictures(where)[0]
    assert "share of the largest" not in where.text  # the scale of colours is in the picture


def test_without_the_task_the_page_says_what_is_missing(page):
    where = section(page, "Where it goes")
    assert "Rewards are not drawn on the floor: that takes the task's levels" in where.text
    assert "reward" not in pictures(where)[0]


def test_levels_of_another_task_are_refused(tmp_path):
    with pytest.raises(BirlError, match="level 0 of 'train' is not the one on this card: give the task it was scored"):
        write_html(undiagnosed_card(), tmp_path / "card.html", task=TASK)
    odd = replace(card_of(TASK), scenes=(replace(card_of(TASK).scenes[0], distribution="elsewhere"),))
    with pytest.raises(BirlError, match=r"has no distribution 'elsewhere', which this card \('red-door'\) shows"):
        write_html(odd, tmp_path / "card.html", task=TASK)
    odd = replace(card_of(TASK), scenes=(replace(card_of(TASK).scenes[0], level=7),))
    with pytest.raises(BirlError, match="has no level 7"):
        write_html(odd, tmp_path / "card.html", task=TASK)
    assert not list(tmp_path.iterdir())


def test_a_reward_no_file_keeps_leaves_the_floor_bare(tmp_path):
    card = card_of(TASK)
    lost = replace(card.estimates["joint"], weights={}, status={}, covariance=None)
    write_html(replace(card, estimates={"joint": lost}), tmp_path / "card.html", task=TASK)
    where = section(read(tmp_path / "card.html"), "Where it goes")
    assert "The colour of a cell" not in where.text


# other specifications


def test_other_specifications_are_shown_where_they_were_tried(tmp_path):
    write_html(wordy_card(), tmp_path / "card.html", curve=a_curve())
    said = section(read(tmp_path / "card.html"), "How much hangs on choices")
    assert "proxy 1 of 2 specifications; no answer from 1." in said.text
    assert pictures(said) == [
        "Answers of 2 specifications: proxy 1; no answer from 1; share from 0.60 to 0.60; distance from 0.40 to 0.40."
    ]


def test_specifications_of_another_policy_are_refused(tmp_path):
    with pytest.raises(BirlError, match="the curve is of other on red-door, the card of red-door-ppo"):
        write_html(wordy_card(), tmp_path / "card.html", curve=a_curve(policy="other"))
    assert not list(tmp_path.iterdir())


def test_pages_load_nothing_until_one_is_written():
    run = "import sys, birl.report.html; assert not {'matplotlib', 'seaborn', 'pandas', 'jinja2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", run], check=True, timeout=60)
