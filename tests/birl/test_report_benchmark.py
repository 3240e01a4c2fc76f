"""The table in five formats: what each says, and that nothing from a file breaks it."""

import csv
import io
from html.parser import HTMLParser

import pytest

from birl.bench import Results, gather
from birl.report import TABLE_FORMATS, render_results
from birl.types import BirlError
from tests.birl.bench.test_aggregate import row_parts, rows_of, seeds


@pytest.fixture
def found() -> Results:
    """Two seeds of an agent that is right, one row of one that is not, a failure and a missing unit."""
    return gather(
        *rows_of(
            *seeds([0.4, 0.6], agent="red_100%", truth=("proxy",)),
            ("ppo", "u", 0, "ppo", ("robust",), row_parts(0.5, kind="correlational", flags=("mixed",))),
            ("bad|<b>", "t", 0, "bad", (), {"reason": "no such file: a|b <script>", "verdict": None}),
            ("late", "t", 0, "late", (), None),
        )
    )


class Cells(HTMLParser):
    """What is in the cells of a page, and every tag."""

    def __init__(self, page):
        super().__init__()
        self.cells, self.tags, self.open = [], [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open = tag in ("td", "th")

    def handle_data(self, data):
        if self.open:
            self.cells.append(data.strip())


@pytest.mark.parametrize("format", TABLE_FORMATS)
def test_every_format_shows_agents_verdicts_and_failures_and_ends_its_last_line(found, format):
    shown = render_results(found, format, 200 if format == "text" else None)
    for said in ("ppo", "proxy", "no such file"):
        assert said in shown
    assert shown.endswith("\n")
    assert shown == render_results(found, format, 200 if format == "text" else None)


def test_markdown_has_a_section_for_each_task_and_the_failures_below(found):
    shown = render_results(found, "markdown")
    assert [line for line in shown.splitlines() if line.startswith("#")] == [
        "# Benchmark",
        "## t",
        "## u",
        "## Failures",
    ]
    assert "| 2 seeds | proxy 2/2 | 0.75 | proxy: right | 0.90 [0.90, 0.90] | far |" in shown
    assert "| ppo | 1 | proxy (correlational, mixed) | 0.75 | robust: wrong |" in shown
    assert "Verdicts that are the truth, where it is known: 0.67 [0.21, 0.94] of the rows." in shown
    assert "Not done yet: 1 units." in shown
    assert "2 of 3" in shown


def test_csv_has_numbers_with_their_ends_and_a_line_for_each_failure(found):
    red, ppo, bad = csv.DictReader(io.StringIO(render_results(found, "csv")))
    assert (red["agent"], float(red["goal_regret"]), red["right"]) == ("red_100%", 0.5, "True")
    assert float(red["goal_regret_low"]) < 0.5 < float(red["goal_regret_high"])
    assert (ppo["kind"], ppo["flags"], ppo["worst_shift"]) == ("correlational", "mixed", "far")
    assert (bad["agent"], bad["reason"], bad["verdict"]) == ("bad|<b>", "no such file: a|b <script>", "")


def test_latex_escapes_what_files_say(found):
    shown = render_results(found, "latex")
    assert r"red\_100\%" in shown
    assert r"\toprule" in shown
    assert all(line.startswith("%") for line in shown[: shown.index(r"\begin{table}")].splitlines())
    caption = next(line for line in shown.splitlines() if line.startswith(r"\caption{By task. "))
    assert "95 % " not in caption.replace(r"\%", "")
    assert r"\label{tab:by-task}" in shown


def test_what_is_undetermined_is_open_and_not_wrong():
    open_case = {"verdict": "undetermined", "probabilities": {"robust": 0.5}}
    found = gather(*rows_of(("a", "t", 0, "a", ("robust",), open_case)))
    assert "robust: open |" in render_results(found, "markdown")


def test_html_escapes_what_files_say_and_needs_no_network(found):
    page = Cells(render_results(found, "html"))
    assert "bad|<b>" in page.cells
    assert not {"script", "b", "link", "img"} & set(page.tags)


def test_pooled_agents_have_a_table_of_their_own():
    found = gather(*rows_of(*seeds([0.2, 0.4], truth=("proxy",)), *seeds([0.6, 0.8], task="u", truth=("proxy",))))
    assert "## Over tasks" in render_results(found, "markdown")
    assert "| a | 2 | 4 | 1.00 [0.51, 1.00] |" in render_results(found, "markdown")
    assert render_results(found, "latex").count(r"\begin{tabular}") == 2


def test_an_unknown_format(found):
    with pytest.raises(BirlError, match="unknown format 'word': there are csv, html, latex, markdown, text"):
        render_results(found, "word")
