"""The pages in a real browser, without a network: they render quietly, fit a phone, and work from the keyboard.

Needs Chromium from the system's packages and playwright; skipped where one of them is not there.
"""

import os
import shutil
from dataclasses import replace

import pytest

import birl
from birl.report import write_html, write_index
from birl.report.html import IndexRow
from tests.cards import a_curve, card_of, diagnosed_card

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FOUND = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = pytest.mark.skipif(FOUND is None, reason=f"no browser on PATH: install one of {', '.join(BROWSERS)}")

SCROLLED = "document.activeElement.scrollLeft > 0"
LOCAL = ("file:", "data:")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1200, "height": 900}
FOCUSABLE = "a[href], button, input, select, summary, [tabindex='0']"
FOCUSED = """() => [...document.querySelectorAll("FOCUSABLE")].indexOf(document.activeElement)""".replace(
    "FOCUSABLE", FOCUSABLE
)
IN_SIGHT = f"""() => [...document.querySelectorAll("{FOCUSABLE}")].map((e) => e.checkVisibility())"""


@pytest.fixture(scope="module")
def browser():
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium has none to offer to root
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=FOUND, args=sandbox)
        yield started
        started.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A card, one with worlds and specifications, and an index of thirty that links to the first."""
    where = tmp_path_factory.mktemp("pages")
    write_html(diagnosed_card(), where / "card.html")
    task = birl.load_task("red-door", levels=2)
    diagnosed = diagnosed_card()
    full = replace(card_of(task), evidence=diagnosed.evidence, gap=diagnosed.gap, diagnosis=diagnosed.diagnosis)
    write_html(full, where / "full.html", task=task, curve=a_curve())
    verdicts = ("proxy", "robust", "undetermined")
    rows = [
        IndexRow(
            agent=f"agent-{i}", task=f"task-{i % 4}", verdict=verdicts[i % 3], probability=i / 30, link="card.html"
        )
        for i in range(30)
    ]
    write_index([*rows, IndexRow(agent="failed", task="task-0", verdict="", note="no file")], where / "index.html")
    return where


@pytest.fixture
def visit(browser, folder):
    """Open a page; whatever it asks of a network, or complains of, fails the test."""
    opened, trouble = [], []

    def go(name, **how):
        context = browser.new_context(**({"viewport": DESK} | how))
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda said: trouble.append(said.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(LOCAL) else trouble.append(asked.url))
        page.goto((folder / name).as_uri())
        return page

    yield go
    for context in opened:
        context.close()
    assert not trouble


PICTURES = {"card.html": 7, "full.html": 6, "index.html": 0}
PAGES = tuple(PICTURES)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_it_fits_a_phone_and_every_picture_is_drawn(visit, name, scheme):
    page = visit(name, viewport=PHONE, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate("[...document.images].every((i) => i.complete && i.naturalWidth > 0 && i.alt)")
    assert len(page.query_selector_all("img")) == PICTURES[name]


@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out_from_its_background(visit, name):
    """Black on white is 21; 4.5 is what WCAG 2.2 asks of text (success criterion 1.4.3)."""
    ratio = """() => {
      const parse = (text) => text.match(/[0-9.]+/g).map(Number);
      const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      const back = (e) => {
        for (; e; e = e.parentElement) {
          const found = parse(getComputedStyle(e).backgroundColor);
          if (found.length === 3 || found[3] > 0.99) return found;
        }
        return [255, 255, 255];
      };
      const said = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      const bad = [];
      for (const e of document.body.querySelectorAll("*")) {
        const colour = parse(getComputedStyle(e).color);
        if (!said(e) || !e.checkVisibility() || colour[3] === 0 || e.closest(".skip")) continue;
        const [a, b] = [light(colour), light(back(e))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(`${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`);
      }
      return bad;
    }"""
    for scheme in ("light", "dark"):
        assert visit(name, color_scheme=scheme).evaluate(ratio) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_control_can_be_reached_with_the_tab_key_in_reading_order(visit, name):
    page = visit(name)
    wanted = [i for i, shown in enumerate(page.evaluate(IN_SIGHT)) if shown]
    reached = []
    for _ in wanted:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert reached == wanted


def test_the_first_link_skips_to_the_content(visit):
    page = visit("card.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_what_is_wider_than_the_page_scrolls_from_the_keyboard(visit):
    page = visit("card.html", viewport=PHONE)
    region = page.get_by_role("region", name="What it does: Played").first
    region.focus()
    page.keyboard.press("ArrowRight")
    assert any(page.wait_for_timeout(100) or page.evaluate(SCROLLED) for _ in range(50))  # it moves smoothly


def test_what_is_folded_opens_from_the_keyboard_and_in_print(visit):
    page = visit("card.html")
    hidden = page.get_by_text("The first rule that fires on a draw")
    assert not hidden.is_visible()
    page.emulate_media(media="print")
    assert hidden.is_visible()
    page.emulate_media(media="screen")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert hidden.is_visible()


def test_print_leaves_out_what_only_a_screen_needs(visit):
    page = visit("card.html", color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


# the index


def shown(page):
    return [row.inner_text().split("\t")[0] for row in page.query_selector_all("tbody tr") if row.is_visible()]


def test_a_heading_sorts_by_keyboard_and_says_so(visit):
    page = visit("index.html")
    page.get_by_role("button", name="probability").focus()
    page.keyboard.press("Enter")
    assert shown(page)[:2] == ["agent-0", "agent-1"]
    assert shown(page)[-1] == "failed"
    page.keyboard.press("Enter")
    assert shown(page)[:2] == ["agent-29", "agent-28"]
    assert shown(page)[-1] == "failed"
    heading = page.get_by_role("columnheader", name="probability")
    assert heading.get_attribute("aria-sort") == "descending"


def test_names_with_numbers_sort_as_people_count(visit):
    page = visit("index.html")
    page.get_by_role("button", name="agent").click()
    assert shown(page)[:3] == ["agent-0", "agent-1", "agent-2"]


def test_rows_are_filtered_by_words_verdict_and_task(visit):
    page = visit("index.html")
    page.get_by_label("Verdict").select_option("proxy")
    page.get_by_label("Task", exact=True).select_option("task-0")
    assert shown(page) == ["agent-0", "agent-12", "agent-24"]
    page.get_by_role("searchbox").fill("12")
    assert shown(page) == ["agent-12"]
    assert page.get_by_role("status").inner_text() == "1 of 31 shown"
    page.get_by_label("Verdict").select_option("")
    page.get_by_label("Task", exact=True).select_option("")
    page.get_by_role("searchbox").fill("no file")
    assert shown(page) == ["failed"]


def test_a_row_leads_to_its_card(visit):
    page = visit("index.html")
    page.get_by_role("link", name="agent-3", exact=True).click()
    page.wait_for_url("**/card.html")
    assert page.title() == "red-door-ppo-rho1-s0 on red-door"


def test_without_scripts_the_index_is_a_plain_table(visit):
    page = visit("index.html", java_script_enabled=False)
    assert len(page.query_selector_all("tbody tr")) == 31
    assert not page.locator(".filters").is_visible()
    assert page.locator("thead button").count() == 0
