"""`birl bench` and `birl table`: what goes where, progress, exit codes."""

import csv
import io

import pytest
from click.testing import CliRunner

from birl.bench import BACKENDS, Told
from birl.cli import benching, main, tabling
from birl.report import TABLE_FORMATS
from tests.birl.bench.conftest import scored  # noqa: F401 - a fixture

TINY = "tests.tiny_bench:SUITE"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny(monkeypatch, scored):  # noqa: F811
    """The tiny suite, its task found from here."""
    from dataclasses import replace

    from tests import tiny_bench

    entries = tuple(replace(entry, task="tests.tiny_bench:task") for entry in tiny_bench.SUITE.entries)
    monkeypatch.setattr(tiny_bench, "SUITE", replace(tiny_bench.SUITE, entries=entries))
    return scored


def birl(*words):
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="birl", catch_exceptions=False)


def error_line(done):
    assert done.exit_code == 2
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("birl: error: ")]
    return line.removeprefix("birl: error: ")


def test_a_run_tells_every_unit_and_ends_with_what_to_do_next(tiny):
    done = birl("bench", TINY, "--results", "out")
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    assert lines[0] == "tiny: 0 of 4"
    assert lines[1].startswith("tiny: 1 of 4; planner on tests.tiny_bench:task, seed 0, by mce: proxy; ")
    assert lines[1].endswith(" left")
    assert lines[-1].endswith("tiny: 4 of 4; device on tests.tiny_bench:task, seed 1, by mce: proxy")
    assert done.stdout == "4 units in out, 4 of them new, 0 failed\nbirl table out\n"


def test_each_method_alone_is_a_unit_and_a_line_of_its_own(tmp_path, monkeypatch):
    from dataclasses import replace

    from tests import tiny_bench

    entry = replace(tiny_bench.SUITE.entries[0], task="tests.tiny_bench:task")
    methods = ("mce", "outcome-choice")
    monkeypatch.setattr(tiny_bench, "SUITE", replace(tiny_bench.SUITE, entries=(entry,), seeds=1, methods=methods))
    assert birl("bench", TINY, "--results", "out").exit_code == 0
    assert "3 units in out, 2 of them new" in birl("bench", TINY, "--results", "out", "--by-method").stdout
    shown = birl("table", "out", "--format", "csv").stdout
    lines = {line["agent"]: line for line in csv.DictReader(io.StringIO(shown))}
    assert set(lines) == {"planner (mce + outcome-choice)", "planner (mce)", "planner (outcome-choice)"}
    assert lines["planner (mce)"]["verdict"] == "robust"
    alone = lines["planner (outcome-choice)"]  # it predicts no actions, so it carries no verdict
    assert alone["verdict"] == ""
    assert alone["distance"] != ""
    assert "3 units in out, 0 of them new" in birl("bench", TINY, "--results", "out", "--by-method").stdout


def test_failures_are_told_and_are_no_error(tiny):
    tiny.fails["planner"] = ValueError("odd")
    done = birl("bench", TINY, "--results", "out", "--seeds", 1)
    assert done.exit_code == 0
    assert "planner on tests.tiny_bench:task, seed 0, by mce: failed: ValueError: odd" in done.stderr
    assert "1 failed; --retry does them again" in done.stdout
    tiny.fails.clear()
    assert "1 of them new, 0 failed" in birl("bench", TINY, "--results", "out", "--seeds", 1, "--retry").stdout


def test_the_table_shows_the_rows(tiny):
    birl("bench", TINY, "--results", "out")
    done = birl("table", "out", "--format", "markdown")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "| device | 2 seeds | proxy 2/2 (correlational, mixed) |" in done.stdout


def test_a_row_that_cannot_be_read_is_named_and_left_out(tiny, here):
    birl("bench", TINY, "--results", "out")
    row = sorted((here / "out" / "rows").iterdir())[0]
    row.write_text("{}")
    done = birl("table", "out")
    assert done.exit_code == 0
    assert f"birl: warning: out/rows/{row.name} is no row" in done.stderr
    assert "birl: warning" in birl("bench", TINY, "--results", "out").stderr
    assert birl("table", "out").stderr == ""


def test_without_a_suite_they_are_listed():
    done = birl("bench")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["smoke", "zoo", "planted", "paper"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("bench", "smoek", "--results", "out"), "unknown suite 'smoek': did you mean smoke?"),
        (("bench", "smoke", "--results", "out", "--backend", "slurm"), "unknown backend 'slurm': there are dask, loky"),
        (("bench", "smoke"), "--results is missing: give a folder"),
        (("bench", "smoke", "--results", "file"), "file is a file: name a folder for the results"),
        (("bench", "smoke", "--results", "."), "holds something else than results"),
        (("bench", "smoke", "--results", "out", "--address", "x:1"), "loky runs on this machine only"),
        (("table", "out"), "out does not exist: `birl bench SUITE --results out` makes them"),
        (("table", "."), "holds no results"),
        (("table", "empty"), "has no row of its 0 units yet"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(here, words, message):
    (here / "file").write_text("")
    (here / "empty" / "suites").mkdir(parents=True)
    assert message in error_line(birl(*words))
    assert sorted(path.name for path in here.iterdir()) == ["empty", "file"]


def test_a_full_disk_is_named(tiny, monkeypatch):
    from birl.types import BirlError

    def full(path, content):
        raise BirlError(f"{path} cannot be written: No space left on device")

    monkeypatch.setattr("birl.bench.store.write_whole", full)
    assert error_line(birl("bench", TINY, "--results", "out")).endswith("cannot be written: No space left on device")


def test_an_interrupt_ends_with_130_and_the_next_run_goes_on(tiny, here):
    tiny.fails["device"] = KeyboardInterrupt()
    assert birl("bench", TINY, "--results", "out").exit_code == 130
    assert len(list((here / "out" / "rows").iterdir())) == 1
    tiny.fails.clear()
    assert "4 units in out, 3 of them new" in birl("bench", TINY, "--results", "out").stdout


def test_waiting_for_others_is_told_now_and_then_only(capsys):
    lines = benching._Lines("tiny")
    for _ in range(5):
        lines(Told(done=3, total=4, fresh=3, waiting=1))
    assert capsys.readouterr().err.count("waiting for 1 that other workers hold") == 1


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "1 s"), (61, "61 s"), (600, "10 min"), (9000, "2.5 h")])
def test_times_are_told_in_their_largest_units(seconds, said):
    assert benching._duration(seconds) == said


def test_the_bar_shows_units_and_keeps_failures_on_the_screen(tiny, monkeypatch, capsys):
    from birl.bench import Row, load_suite, units
    from birl.bench.row import failed_row

    (_, unit), *_ = units(load_suite(TINY))
    with benching._bar("tiny") as tell:
        tell(Told(done=0, total=2))
        tell(Told(done=1, total=2, fresh=1, row=failed_row(unit, ValueError("odd"))))
        tell(Told(done=2, total=2, fresh=2, row=Row(unit=unit, verdict="proxy")))
    assert "failed: ValueError: odd" in capsys.readouterr().err


def test_the_names_on_the_command_line_are_those_of_the_library():
    assert set(benching.BACKENDS) == set(BACKENDS)
    assert tabling.TABLE_FORMATS == TABLE_FORMATS
