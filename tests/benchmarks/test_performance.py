"""What the benchmarks' folder says of itself is what its results hold."""

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def performance(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    return importlib.import_module("performance")


def test_the_performance_table_is_made_from_the_results(performance):
    text = performance.PAGE.read_text(encoding="utf-8")
    assert performance.page(text) == text, "run `python benchmarks/performance.py`"


def test_every_figure_names_what_it_is_held_against_and_what_bounds_it(performance):
    told = [
        one for name, tell in performance.SOURCES.items() if (found := performance.read(name)) for one in tell(found)
    ]
    assert len({one.what for one in told}) == len(told) > 10
    assert all(one.came and one.bound for one in told)


def test_growth_is_drawn_with_a_panel_for_each_size(performance):
    shown = {"states (mce)": [(10.0, 0.1), (100.0, 1.2)], "workers (bench)": [(1.0, 4.0), (2.0, 2.2)]}
    panels = [panel for panel in performance.draw(shown).axes if panel.axison]
    assert [panel.get_xlabel() for panel in panels] == list(shown)


def test_every_script_is_in_the_folders_readme():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    missing = [path.name for path in FOLDER.glob("*.py") if f"`{path.name}`" not in text]
    assert not missing


def test_every_result_is_made_by_something_that_is_there():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    odd = [path.name for path in (FOLDER / "results").glob("*.json") if path.stem not in text]
    assert not odd
