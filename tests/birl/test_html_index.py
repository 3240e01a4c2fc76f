"""The index of a benchmark: a plain table that links to cards; nothing in it can be more than text or a local link."""

import re
from pathlib import Path

import pytest

from birl.report import IndexRow, write_index
from birl.report.html.typeset import digest
from birl.types import BirlError
from tests.pages import read

HOSTILE = "<script>alert('x')</script>\"'&\x1b"


def rows():
    """Three cards and one that failed."""
    return [
        IndexRow(agent="ppo-s0", task="red-door", verdict="proxy", probability=0.965, link="cards/ppo s0.html"),
        IndexRow(agent="ppo-s1", task="red-door", verdict="robust", probability=0.5, link="cards/ppo-s1.html"),
        IndexRow(agent="dqn", task="corner", verdict="proxy", probability=1.0, more={"seed": 1, "return": 0.25}),
        IndexRow(agent="broken", task="corner", verdict="", note="corrupt checkpoint", more={"seed": None}),
    ]


@pytest.fixture
def page(tmp_path):
    write_index(rows(), tmp_path / "index.html", title="Zoo")
    return read(tmp_path / "index.html")


def cells(page):
    return [[cell.text for cell in row.children] for row in next(page.all("tbody")).all("tr")]


def test_every_row_is_in_the_table_in_its_own_order(page):
    assert [heading.text for heading in next(page.all("thead")).all("th")] == [
        "agent",
        "task",
        "verdict",
        "probability",
        "note",
        "seed",
        "return",
    ]
    assert cells(page) == [
        ["ppo-s0", "red-door", "proxy", "96 %", "", "-", "-"],
        ["ppo-s1", "red-door", "robust", "50 %", "", "-", "-"],
        ["dqn", "corner", "proxy", "100 %", "", "1", "0.25"],
        ["broken", "corner", "none", "-", "corrupt checkpoint", "-", "-"],
    ]


def test_rows_link_to_their_cards(page):
    table = next(page.all("tbody"))
    assert [(a.text, a.attributes["href"]) for a in table.all("a")] == [
        ("ppo-s0", "cards/ppo%20s0.html"),
        ("ppo-s1", "cards/ppo-s1.html"),
    ]


def test_verdicts_are_counted_and_can_be_chosen(page):
    assert "4 cards: proxy 2, none 1, robust 1." in next(page.all("header")).text
    verdicts, tasks = ([option.text for option in choice.all("option")] for choice in page.all("select"))
    assert verdicts == ["all", "proxy", "none", "robust"]
    assert tasks == ["all", "corner", "red-door"]


def test_without_scripts_only_the_table_shows(page):
    filters = next(e for e in page.all("div") if e.attributes.get("class") == "filters")
    assert "hidden" in filters.attributes
    assert not list(page.all("button"))


def test_every_field_has_a_label(page):
    labelled = {label.attributes["for"] for label in page.all("label")}
    assert labelled == {e.attributes["id"] for e in page.all() if e.tag in ("input", "select")}


def test_only_the_pages_own_script_may_run(page):
    policy = next(m for m in page.all("meta") if "http-equiv" in m.attributes).attributes["content"]
    (script,) = page.all("script")
    assert f"script-src '{digest(''.join(script.own))}'" in policy
    assert not script.attributes


def test_numbers_are_sorted_as_numbers(page):
    keys = [cell.attributes.get("data-key") for row in page.all("tr") for cell in row.children[3:4]]
    assert keys == [None, "0.965", "0.5", "1.0", None]


def test_markup_in_names_is_shown_and_not_obeyed(tmp_path):
    odd = IndexRow(agent=HOSTILE, task=HOSTILE, verdict=HOSTILE, link=HOSTILE, note=HOSTILE, more={HOSTILE: HOSTILE})
    write_index([odd], tmp_path / "index.html", title=HOSTILE)
    page = read(tmp_path / "index.html")
    assert len(list(page.all("script"))) == 1
    assert cells(page)[0][0] == "<script>alert('x')</script>\"'&?"
    assert not any(name.startswith("on") for e in page.all() for name in e.attributes)


LINKS = ("javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "a\nb", 'a"b', "\udcff")


@pytest.mark.parametrize("link", LINKS)
def test_a_link_can_only_be_a_path(tmp_path, link):
    write_index([IndexRow(agent="a", task="t", verdict="robust", link=link)], tmp_path / "index.html")
    (found,) = (a.attributes["href"] for a in next(read(tmp_path / "index.html").all("tbody")).all("a"))
    assert re.fullmatch(r"[A-Za-z0-9%./_-]+", found)


def test_a_benchmark_without_rows_has_a_page(tmp_path):
    write_index([], tmp_path / "index.html")
    assert "0 cards." in next(read(tmp_path / "index.html").all("header")).text


def test_the_same_rows_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_index(rows(), tmp_path / name)
    assert Path(tmp_path / "a").read_bytes() == Path(tmp_path / "b").read_bytes()


def test_a_file_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BirlError, match="cannot be written"):
        write_index(rows(), tmp_path / "file" / "index.html")
