"""A results folder as pages: an index with a link to every card, drawn once."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from birl.bench import Store, run
from birl.cli import main
from birl.report import write_site
from birl.types import BirlError
from tests.birl.bench.conftest import scored, tiny  # noqa: F401 - fixtures
from tests.pages import read


@pytest.fixture
def store(tmp_path, tiny, scored, monkeypatch):  # noqa: F811
    """One seed of two agents: one has a card, the other failed."""
    scored.fails["device"] = BirlError("device.zip is not a zip archive: save the checkpoint again")
    monkeypatch.setattr("birl.report.html.site._draw", lambda row, card, page: _written(page, row.unit.agent))
    return run(replace(tiny, seeds=1), tmp_path / "out").store


def _written(page, text):
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text)


def test_every_unit_is_in_the_index_and_every_card_has_its_page(store, tmp_path):
    told = []
    index = read(write_site(store, tmp_path / "site", progress=lambda *counts: told.append(counts)))
    body = next(index.all("tbody"))
    rows = {row.children[0].text: [cell.text for cell in row.children] for row in body.all("tr")}
    assert rows["planner"][2] == "proxy"
    assert rows["device"][2] == "none"
    assert "not a zip archive" in rows["device"][4]
    (link,) = body.all("a")
    assert (tmp_path / "site" / link.attributes["href"]).read_text() == "planner"
    assert told == [(0, 1), (1, 1)]


def test_pages_that_are_there_are_kept_until_their_card_changes(store, tmp_path):
    write_site(store, tmp_path / "site")
    (page,) = (tmp_path / "site" / "cards").iterdir()
    page.write_text("kept")
    write_site(store, tmp_path / "site")
    assert page.read_text() == "kept"
    (row,) = [row for row in store.readable(store.members())[0].values() if row.card]
    store.write_row(replace(row, card="0" * 64))
    write_site(store, tmp_path / "site")
    assert len(list((tmp_path / "site" / "cards").iterdir())) == 2


def test_a_folder_without_rows_says_what_makes_them(tmp_path):
    (tmp_path / "suites").mkdir()
    with pytest.raises(BirlError, match="holds no row yet: `birl bench"):
        write_site(Store(tmp_path), tmp_path / "site")


def test_the_command_writes_pages_beside_the_table(store, tmp_path):
    done = CliRunner().invoke(main, ["table", str(store.folder), "--pages", str(tmp_path / "site")])
    assert done.exit_code == 0
    assert "planner" in done.stdout
    assert done.stderr.splitlines() == ["pages: 0 of 1", "pages: 1 of 1", f"wrote {tmp_path / 'site' / 'index.html'}"]


def test_a_full_run_draws_the_worlds_of_its_own_seed(tmp_path, tiny):  # noqa: F811
    suite = replace(tiny, entries=tiny.entries[:1], seeds=2)
    found = run(suite, tmp_path / "out")
    index = read(write_site(found.store, tmp_path / "site"))
    links = [a.attributes["href"] for a in next(index.all("tbody")).all("a")]
    assert len(links) == 2
    for link in links:
        assert "planner" in next(read(tmp_path / "site" / link).all("h1")).text


def test_a_folder_that_is_not_for_pages_is_named(store, tmp_path):
    with pytest.raises(BirlError, match="holds the results themselves: name another folder"):
        write_site(store, store.folder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_text("mine")
    with pytest.raises(BirlError, match=r"other has an index\.html that is not of these pages"):
        write_site(store, tmp_path / "other")
    with pytest.raises(BirlError, match=r"index\.html cannot hold pages \(.+\): name another folder"):
        write_site(store, tmp_path / "other" / "index.html")
    assert (tmp_path / "other" / "index.html").read_text() == "mine"
