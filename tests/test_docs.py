"""The documentation: it builds, needs no network, names the whole API, and its code runs; and how to cite."""

import html
import importlib
import inspect
import os
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

import birl

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
EXAMPLES = sorted((DOCS / "examples").glob("*.py"))
PACKAGES = (
    "birl",
    "birl.diagnosis",
    "birl.directedness",
    "birl.distance",
    "birl.enumerate",
    "birl.irl",
    "birl.report",
    "birl.stats",
    "birl.tabular",
    "birl.testing",
    "birl.trajectories",
    "birl.zoo",
)


def blocks(page):
    """The complete Python blocks of a page: those that include a file are tried as that file."""
    found = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [block for block in found if "--8<--" not in block]


@pytest.fixture
def examples(monkeypatch, tmp_path):
    """Import an example as if its folder were the one worked in; what it writes goes elsewhere."""
    monkeypatch.syspath_prepend(str(DOCS / "examples"))
    monkeypatch.chdir(tmp_path)
    return importlib.import_module


# the site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built pages."""
    pytest.importorskip("mkdocs", reason="the extra `docs` is not installed")
    where = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(where)]
    told = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return where


class Fetched(HTMLParser):
    """What a page loads by itself: scripts, styles, fonts, pictures, frames."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        links = tag == "link" and given.get("rel") not in ("canonical", "prev", "next")
        if tag in ("script", "img", "iframe", "source") or links:
            self.found.append(given.get("src") or given.get("href") or "")


def test_every_page_is_built(site):
    missing = [p for p in PAGES if not (site / p.relative_to(DOCS)).with_suffix(".html").is_file()]
    assert not missing


def test_no_page_loads_anything_from_elsewhere(site):
    for page in site.rglob("*.html"):
        fetched = Fetched()
        fetched.feed(page.read_text(encoding="utf-8"))
        assert [url for url in fetched.found if re.match(r"(https?:)?//", url)] == [], page.name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name


def test_nothing_is_left_to_be_replaced(site):
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"\{\{ \w|--8", re.sub("<[^>]*>", "", text)), page.name


def test_scripts_and_sources_of_the_pages_are_no_pages(site):
    assert not list(site.rglob("*.py"))
    assert not (site / "examples").exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_an_entry(package, site):
    pages = "".join(page.read_text(encoding="utf-8") for page in (site / "api").glob("*.html"))
    module = importlib.import_module(package)
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert f'id="{value.__module__}.{name}"' in pages, f"{package}.{name} is on no page of the API"


def test_tables_and_results_are_those_of_the_code(site):
    assert all(f"<code>{name}</code>" in (site / "methods.html").read_text() for name in birl.irl.ESTIMATORS)
    verdicts = (site / "verdict.html").read_text()
    assert all(f"<code>{name}</code>" in verdicts for name in vars(birl.Thresholds()))
    assert "benchmarks/results/planted_verdicts" in (site / "calibration.html").read_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_is_shown_on_a_page(example, site):
    words = re.compile(r"<[^>]*>|\s")
    shown = words.sub("", "".join(page.read_text(encoding="utf-8") for page in site.glob("*.html")))
    sections = re.findall(
        r"# --8<-- \[start:\w+\]\n(.*?)# --8<-- \[end", example.read_text(encoding="utf-8"), re.DOTALL
    )
    assert sections
    for section in sections:
        code = re.sub(r"\s", "", html.escape(section.splitlines()[0], quote=True))
        assert code in shown, f"{example.name}: {section.splitlines()[0]}"


# the code


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_the_code_of_a_page_compiles(page):
    for block in blocks(page):
        compile(block, str(page), "exec")


@pytest.fixture
def card(examples):
    """A small card of a world without a model."""
    return examples("no_model").main(episodes=20, draws=20)


def test_a_walker_for_red_things_is_a_proxy(card):
    assert card.verdict is birl.Verdict.PROXY


@pytest.mark.parametrize("page", ["verdict.md"])
def test_code_that_reads_a_card_runs(page, card, capsys):
    card.save("card.json")
    for block in blocks(DOCS / page):
        exec(compile(block, page, "exec"), {"__name__": page})
    told = capsys.readouterr().out
    assert "Verdict." in told
    assert next(iter(card.evidence.undefined)) in told


def test_code_that_recovers_rewards_runs(capsys):
    (code,) = blocks(DOCS / "methods.md")
    exec(compile(code.replace("levels=12", "levels=2"), "methods.md", "exec"), {"__name__": "methods"})
    assert "touch:door&red" in capsys.readouterr().out


def test_the_worked_example_goes_from_an_environment_to_a_page(examples):
    pytest.importorskip("minigrid", reason="the extra `minigrid` is not installed")
    card = examples("own_world").main(checkpoint="small.zip", steps=1, levels=2, draws=10)
    assert set(card.readings) == {"train", "goal-moved"}
    assert birl.Scorecard.load("card.json") == card
    assert "corner-room" in Path("card.html").read_text()


def test_the_room_ends_at_the_goal_and_at_the_corner(examples):
    pytest.importorskip("minigrid", reason="the extra `minigrid` is not installed")
    for moved in (False, True):
        model = examples("own_world").distribution("any", moved, levels=1).model
        goal, corner, _ = (model.features.toarray() > 0).T
        assert goal.any()
        assert corner.any()
        assert bool((goal & corner).any()) is not moved


def test_the_method_of_ones_own_keeps_the_contract(examples):
    distances = examples("own_method").main()
    assert distances["mce"] < distances["excess"]  # as the page says


def test_episodes_rolled_out_and_logged_are_scored(examples):
    pages = examples("episodes")
    rolled = pages.rolled_out(levels=3, episodes=6, draws=5)
    logged = pages.logged(levels=3, episodes=6, draws=5)
    assert rolled.settings["episodes"] == 6
    assert list(logged.readings) == ["train", "blue-door"]


def test_an_agent_of_ones_own_is_scored(examples):
    card = examples("own_agent").main(episodes=20, draws=20)
    assert card.verdict is birl.Verdict.ROBUST


# how to cite


def test_the_citation_is_of_this_version_and_names_its_source():
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(told)  # required by the format
    assert told["cff-version"] == "1.2.0"
    assert str(told["version"]) == project["version"]
    assert told["license"] == project["license"]
    assert all("name" in author or "family-names" in author for author in told["authors"])
    for source in told["references"]:
        assert {"type", "title", "authors"} <= set(source)
    assert "arXiv:1906.01820" in {one["value"] for source in told["references"] for one in source["identifiers"]}
