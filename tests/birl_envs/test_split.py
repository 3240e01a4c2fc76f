from __future__ import annotations

from dataclasses import replace

import pytest
from birl_envs.grid import Level, parse_level
from birl_envs.layout import random_layouts
from birl_envs.split import TEST_SHARE, in_split, layout_hash, split_of
from hypothesis import given

from birl.types import BirlError
from tests.birl_envs.strategies import levels


def test_the_hash_is_the_same_in_every_process():
    assert layout_hash(parse_level("@@ .. Dr\n.. ## Bb").layout) == 0xDA61555E755CC1F1


@given(levels())
def test_colours_and_kinds_do_not_move_a_level_across_the_split(level: Level):
    painted = replace(level, things=tuple(replace(thing, kind="key", colour="green") for thing in level.things))
    assert layout_hash(painted.layout) == layout_hash(level.layout)


@given(levels())
def test_the_order_of_spots_does_not_matter(level: Level):
    turned = replace(level.layout, spots=level.layout.spots[::-1])
    assert layout_hash(turned) == layout_hash(level.layout)


def test_about_the_stated_share_is_test():
    mazes = random_layouts(7, 1000, spots=3, walls=0.15)
    share = sum(split_of(maze) == "test" for maze in mazes) / len(mazes)
    assert share == pytest.approx(TEST_SHARE, abs=0.055)  # four standard errors of 1,000 coin tosses


def test_training_and_test_layouts_are_disjoint():
    train, test = (
        {layout_hash(maze) for maze in random_layouts(5, 300, spots=2, walls=0.1, split=split)}
        for split in ("train", "test")
    )
    assert not train & test


def test_an_unknown_split_is_refused():
    maze = random_layouts(5, 1, spots=1, walls=0.0)[0]
    with pytest.raises(BirlError, match="unknown split 'tests': did you mean test"):
        in_split(maze, "tests")


@given(levels())
def test_settings_tell_boards_apart_that_are_alike_and_their_order_does_not_matter(level: Level):
    layout = level.layout
    assert layout_hash(layout, {}) == layout_hash(layout)
    assert layout_hash(layout, {"budget": 6}) != layout_hash(layout, {"budget": 7})
    assert layout_hash(layout, {"a": 1, "b": 2}) == layout_hash(layout, {"b": 2, "a": 1})
    sides = {split_of(layout, {"budget": budget}) for budget in range(60)}
    assert sides == {"train", "test"}
