from __future__ import annotations

import pytest
from birl_envs.grid import Level, Thing, parse_level
from hypothesis import given

from birl.types import BirlError
from tests.birl_envs.strategies import levels


def test_a_drawing_reads_as_the_level_it_shows():
    level = parse_level("""
        @@ .. Dr
        .. ## Bb
    """)
    assert (level.height, level.width, level.start) == (2, 3, (0, 0))
    assert level.walls == {(1, 1)}
    assert [(thing.kind, thing.colour, thing.cell) for thing in level.things] == [
        ("door", "red", (0, 2)),
        ("ball", "blue", (1, 2)),
    ]


@given(levels())
def test_what_is_printed_reads_back_as_the_same_level(level: Level):
    assert parse_level(str(level)) == level


@pytest.mark.parametrize(
    ("drawing", "complaint"),
    [
        ("@@ ..\n..", "differ in length"),
        ("", "differ in length"),
        (".. ..", "0 starts"),
        ("@@ @@", "2 starts"),
        ("@@ Xq", "'Xq'"),
    ],
)
def test_a_bad_drawing_is_one_clear_line(drawing: str, complaint: str):
    with pytest.raises(BirlError, match=complaint) as error:
        parse_level(drawing)
    assert "\n" not in str(error.value)


def test_two_things_in_one_cell_are_refused():
    things = (Thing(kind="door", colour="red", cell=(0, 1)), Thing(kind="key", colour="red", cell=(0, 1)))
    with pytest.raises(BirlError, match="taken twice"):
        Level(height=1, width=2, walls=frozenset(), things=things, start=(0, 0))


def test_a_cell_off_the_board_is_refused():
    with pytest.raises(BirlError, match="off the 1 x 2 board"):
        Level(height=1, width=2, walls=frozenset({(3, 0)}), things=(), start=(0, 0))


@pytest.mark.parametrize(("kind", "colour"), [("dor", "red"), ("door", "rad")])
def test_an_unknown_look_names_the_nearest(kind: str, colour: str):
    with pytest.raises(BirlError, match="did you mean"):
        Thing(kind=kind, colour=colour, cell=(0, 0))
