from __future__ import annotations

import numpy as np
from birl_envs.draw import draw_level
from birl_envs.grid import KINDS, Level, Thing, parse_level


def test_every_kind_has_a_shape_of_its_own():
    empty = draw_level(parse_level("@@ .."))
    masks = []
    for kind in KINDS:
        thing = Thing(kind=kind, colour="red", cell=(0, 1))
        image = draw_level(Level(height=1, width=2, walls=frozenset(), things=(thing,), start=(0, 0)))
        masks.append((image != empty).any(axis=2)[:, 32:])
    shares = [mask.mean() for mask in masks]
    assert min(shares) > 0.05
    for i, one in enumerate(masks):
        for other in masks[:i]:
            assert (one ^ other).mean() > 0.05


def test_every_colour_is_told_apart():
    images = [draw_level(parse_level(f"@@ D{letter}")) for letter in "rbg"]
    assert len({image.tobytes() for image in images}) == 3


def test_the_agent_is_drawn_where_it_stands():
    level = parse_level("@@ ..")
    here, there = draw_level(level), draw_level(level, agent=(0, 1))
    np.testing.assert_array_equal(here[:, :32], there[:, 32:])


def test_the_size_of_a_cell_can_be_chosen():
    assert draw_level(parse_level("@@ .. ##"), pixels=48).shape == (48, 144, 3)
