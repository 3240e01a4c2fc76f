"""Running a suite: nothing lost, nothing done twice, and failures are rows."""

import json
import os
import socket
import subprocess
from dataclasses import replace

import pytest

import birl.bench.running
import birl.bench.store
import birl.bench.work
from birl.bench import Engine, Entry, Store, run
from birl.bench.row import Row
from birl.bench.unit import units
from birl.scorecard import Scorecard
from birl.types import BirlError
from tests.birl.bench.conftest import BROKEN, files


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Look often at what others hold."""
    monkeypatch.setattr(birl.bench.running, "POLL", 0.01)


def claim(folder, name, *, host, pid):
    path = folder / "claims" / f"{name}.json"
    path.parent.mkdir(parents=True)
    (folder / "suites").mkdir()
    path.write_text(json.dumps({"host": host, "pid": pid, "token": "t"}))
    return path


def test_every_unit_gets_a_row_and_a_card(tiny, scored, tmp_path):
    found = run(tiny, tmp_path / "results")
    assert len(found.rows) == found.fresh == 4
    for name, row in found.rows.items():
        assert row == Row.load(found.store.row_path(name))
        card = Scorecard.load(found.store.card_path(name))
        assert (row.verdict, row.measured["blue-door"].goal_regret) == ("proxy", card.gap["blue-door"].goal_regret)
    assert not list(found.store.claims.iterdir())


def test_what_is_done_is_not_done_again(tiny, scored, tmp_path):
    run(tiny, tmp_path)
    before = files(tmp_path)
    again = run(tiny, tmp_path)
    assert (again.fresh, len(again.rows), len(scored.calls)) == (0, 4, 4)
    assert files(tmp_path) == before


def test_more_seeds_only_add(tiny, scored, tmp_path):
    run(tiny, tmp_path, seeds=1)
    assert run(tiny, tmp_path, seeds=3).fresh == 4
    assert len(set(scored.calls)) == len(scored.calls) == 6


def test_the_first_seed_of_every_agent_comes_before_the_second(tiny, scored, tmp_path):
    run(tiny, tmp_path)
    assert [call.partition("seed ")[2][0] for call in scored.calls] == ["0", "0", "1", "1"]


def test_progress_counts_to_the_end(tiny, scored, tmp_path):
    told = []
    run(tiny, tmp_path, progress=told.append)
    assert [(t.done, t.total, t.fresh) for t in told] == [(i, 4, i) for i in range(5)]
    assert [t.row is None for t in told] == [True, False, False, False, False]


# failures


def test_a_failure_is_a_row_with_its_reason_and_stops_nobody(tiny, scored, tmp_path):
    scored.fails["planner"] = BROKEN
    found = run(tiny, tmp_path)
    assert [row.reason for row in found.failures] == [str(BROKEN)] * 2
    assert sum(row.verdict == "proxy" for row in found.rows.values()) == 2


def test_a_mistake_of_ours_is_named_by_its_type(tiny, scored, tmp_path):
    scored.fails["planner"] = ZeroDivisionError("float division\nby zero")
    assert run(tiny, tmp_path).failures[0].reason == "ZeroDivisionError: float division by zero"


def test_failures_are_done_again_on_request_only(tiny, scored, tmp_path):
    scored.fails["planner"] = BROKEN
    run(tiny, tmp_path)
    scored.fails.clear()
    assert run(tiny, tmp_path).fresh == 0
    again = run(tiny, tmp_path, retry=True)
    assert (again.fresh, again.failures) == (2, [])


def test_a_full_disk_is_no_result_of_a_unit(tiny, scored, tmp_path, monkeypatch):
    write = birl.bench.store.write_whole

    def full(path, content):
        if path.parent.name == "rows":
            raise BirlError(f"{path} cannot be written: No space left on device")
        write(path, content)

    monkeypatch.setattr(birl.bench.store, "write_whole", full)
    with pytest.raises(BirlError, match=r"rows.*cannot be written: No space left on device"):
        run(tiny, tmp_path)
    monkeypatch.undo()
    assert not list(tmp_path.glob("rows/*"))
    assert not list(tmp_path.glob("claims/*"))


# what others do


def test_a_unit_that_another_machine_holds_is_left_to_it_and_waited_for(tiny, scored, tmp_path):
    elsewhere = run(tiny, tmp_path / "elsewhere")
    name = next(iter(elsewhere.rows))
    held = claim(tmp_path / "here", name, host="another", pid=1)

    def tell(told):
        if told.waiting:  # the other machine is done
            Store(tmp_path / "here").write_row(elsewhere.rows[name])
            held.unlink()

    found = run(tiny, tmp_path / "here", progress=tell)
    assert (found.fresh, len(found.rows)) == (3, 4)
    assert files(tmp_path / "here", "rows") == files(tmp_path / "elsewhere", "rows")


def test_what_a_dead_process_of_this_machine_held_is_taken_over(tiny, scored, tmp_path):
    name = next(iter(run(tiny, tmp_path / "elsewhere").rows))
    with subprocess.Popen(["true"]) as gone:
        pass
    claim(tmp_path / "here", name, host=socket.gethostname(), pid=gone.pid)
    assert run(tiny, tmp_path / "here").fresh == 4


def test_a_worker_with_other_versions_is_refused(tiny, scored, tmp_path, monkeypatch):
    real = birl.bench.work.versions()
    monkeypatch.setattr("birl.bench.work.versions", lambda: {**real, "numpy": "1.0"})
    with pytest.raises(BirlError, match=rf"has numpy 1\.0 instead of {real['numpy']}: install the same there"):
        run(tiny, tmp_path)


# what is in the folder


def test_a_row_that_cannot_be_read_is_named_and_made_anew(tiny, scored, tmp_path):
    before = run(tiny, tmp_path)
    path = before.store.row_path(next(iter(before.rows)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    told = []
    assert run(tiny, tmp_path, progress=told.append).fresh == 1
    assert told[0].broken.startswith(f"{path} is no row")
    assert path.read_bytes() == content


def test_another_units_row_is_not_taken_for_this_one(tiny, scored, tmp_path):
    first, second, *_ = (run(tiny, tmp_path).store.row_path(name) for name in run(tiny, tmp_path).rows)
    second.write_bytes(first.read_bytes())
    told = []
    assert run(tiny, tmp_path, progress=told.append).fresh == 1
    assert "is another unit's row" in told[0].broken


def test_a_folder_with_something_else_in_it_is_refused(tiny, scored, tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(BirlError, match="holds something else than results: name an empty or a new folder"):
        run(tiny, tmp_path)
    with pytest.raises(BirlError, match="is a file: name a folder"):
        run(tiny, tmp_path / "thesis.tex")
    assert os.listdir(tmp_path) == ["thesis.tex"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (Entry(agent="plannner", task="red-door"), "unknown agent 'plannner': did you mean planner"),
        (Entry(agent="lost.zip", task="red-door"), r"lost\.zip does not exist"),
        (Entry(agent="planner", task="red-dor"), "unknown task 'red-dor': did you mean red-door"),
        (Entry(agent="planner", task="no_such_module_here:TASK"), "module 'no_such_module_here' is not there"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_written(tiny, entry, message, tmp_path):
    with pytest.raises(BirlError, match=message):
        run(replace(tiny, entries=(entry,)), tmp_path / "results", engine=Engine())
    assert not list(tmp_path.iterdir())


def test_fewer_seeds_take_none_away(tiny, scored, tmp_path):
    run(tiny, tmp_path, seeds=2)
    before = files(tmp_path, "suites")
    assert len(run(tiny, tmp_path, seeds=1).rows) == 2
    assert files(tmp_path, "suites") == before


def test_other_settings_replace_the_list(tiny, scored, tmp_path):
    store = run(tiny, tmp_path, seeds=2).store
    run(replace(tiny, draws=9), tmp_path, seeds=1)
    members = store.members()
    assert len(members) == 2
    assert store.unlisted(members) == 4


@pytest.mark.parametrize("harm", ["lost", "changed"])
def test_a_card_that_is_not_the_rows_is_made_anew(harm, tiny, scored, tmp_path):
    store = run(tiny, tmp_path, seeds=1).store
    before, card = files(tmp_path), next((tmp_path / "cards").iterdir())
    if harm == "lost":
        card.unlink()
    else:
        card.write_text("{}")
    told = []
    assert run(tiny, tmp_path, seeds=1, progress=told.append).fresh == 1
    assert files(tmp_path) == before
    assert any(f"{store.card_path(card.stem)} is lost or was changed" in one.broken for one in told)


def test_a_checkpoint_given_by_a_relative_path_is_found_from_anywhere(tiny, tmp_path, monkeypatch):
    entry = Entry(agent="agents/mine.zip", task="red-door")
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "mine.zip").write_bytes(b"no zip")
    monkeypatch.chdir(tmp_path)
    suite = replace(tiny, entries=(entry,), seeds=1)
    ((_, unit),) = units(suite)
    monkeypatch.chdir("/")
    job = birl.bench.work.Job(unit=unit, folder=str(tmp_path / "out"), home=str(tmp_path))
    with pytest.raises(BirlError, match=r"mine\.zip is not a zip"):
        birl.bench.work._score(job)
