from __future__ import annotations

import numpy as np
import pytest
from birl_envs.atlas import MOVES, make_atlas
from birl_envs.grid import parse_level

from birl.types import BirlError

LOOKS = {"kinds": ("door", "ball"), "colours": ("red", "blue")}


def test_moves_lead_to_neighbours_and_walls_and_edges_hold():
    atlas = make_atlas([parse_level("@@ ..\n## Dr")], **LOOKS)
    to = {move: int(atlas.neighbour[0, 0, i]) for i, move in enumerate(MOVES)}
    assert to == {"up": 0, "right": 1, "down": 0, "left": 0, "stay": 0}
    assert atlas.neighbour[0, 1, MOVES.index("down")] == 3


def test_a_smaller_level_is_padded_with_wall():
    atlas = make_atlas([parse_level("@@ .. ..\n.. .. .."), parse_level("Bb @@")], **LOOKS)
    assert atlas.walls[1].tolist() == [[False, False, True], [True, True, True]]
    np.testing.assert_array_equal(atlas.kind[1], [1, -1, -1, -1, -1, -1])
    np.testing.assert_array_equal(atlas.colour[1], [1, -1, -1, -1, -1, -1])
    assert atlas.start.tolist() == [0, 1]
    assert atlas.neighbour[1, 1].tolist() == [1, 1, 1, 0, 1]


def test_no_levels_and_foreign_things_are_refused():
    with pytest.raises(BirlError, match="at least one"):
        make_atlas([], **LOOKS)
    with pytest.raises(BirlError, match="no red key"):
        make_atlas([parse_level("@@ Kr")], **LOOKS)
