"""A unit's id: the same for the same work, another as soon as anything is."""

from dataclasses import fields, replace

import pytest

from birl.bench import Entry, Suite, units
from birl.bench.code import code
from birl.types import BirlError

SMALL = Suite(name="small", about="", entries=(Entry(agent="planner", task="red-door"),), levels=2)


def the_unit(suite=SMALL):
    ((_, unit),) = units(suite)
    return unit


def test_the_same_work_has_the_same_id():
    assert the_unit().id == the_unit().id


@pytest.mark.parametrize("field", [field.name for field in fields(the_unit())])
def test_everything_that_decides_the_result_is_in_the_id(field):
    unit = the_unit()
    value = getattr(unit, field)
    other = {"versions": {**unit.versions, "numpy": "0"}, "methods": ("mce",), "deterministic": True}
    changed = other.get(field, value + 1 if isinstance(value, int) else f"{value}x")
    assert replace(unit, **{field: changed}).id != unit.id


def test_the_name_of_the_suite_and_the_truth_are_not():
    renamed = replace(SMALL, name="large", entries=(replace(SMALL.entries[0], group="g", truth=("robust",)),))
    assert the_unit(renamed).id == the_unit().id


def test_versions_name_all_that_numbers_come_from():
    assert {"birl", "numpy", "scipy", "torch", "python"} <= set(the_unit().versions)


def test_a_checkpoint_is_known_by_its_content(tmp_path):
    ids = set()
    for content in (b"one", b"another"):
        (tmp_path / "agent.zip").write_bytes(content)
        entry = Entry(agent=str(tmp_path / "agent.zip"), task="red-door")
        ids.add(the_unit(replace(SMALL, entries=(entry,))).id)
    assert len(ids) == 2


def test_what_vecnormalize_saved_is_part_of_a_checkpoint(tmp_path):
    (tmp_path / "agent.zip").write_bytes(b"one")
    suite = replace(SMALL, entries=(Entry(agent=str(tmp_path / "agent.zip"), task="red-door"),))
    ids = {the_unit(suite).id}
    for content in (b"means", b"other means"):
        (tmp_path / "vecnormalize.pkl").write_bytes(content)
        ids.add(the_unit(suite).id)
    assert len(ids) == 3


def test_a_task_of_ones_own_is_known_by_its_source(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    hashes = set()
    for content in ("TASK = 1\n", "TASK = 2\n"):
        (tmp_path / "my_module_for_units.py").write_text(content)
        code.cache_clear()
        hashes.add(code.__wrapped__("my_module_for_units:TASK"))
        from birl.bench.code import _hash

        _hash.cache_clear()
    assert len(hashes) == 2


def test_a_module_that_is_not_there():
    with pytest.raises(BirlError, match="module 'nowhere_at_all' is not there"):
        code("nowhere_at_all:TASK")
