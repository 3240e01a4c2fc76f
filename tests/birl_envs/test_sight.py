from __future__ import annotations

import numpy as np
import pytest
from birl_envs.grid import parse_level
from birl_envs.red_door import WORLD
from birl_envs.sight import View, make_sight

from birl.types import BirlError

LEVEL = parse_level("""
    @@ .. Dr
    ## .. Bb
""")
WALL, DOOR, BALL, KEY, RED, BLUE, GREEN = range(7)
AT_START = np.array([0])


def look(view: View) -> np.ndarray:
    return make_sight(WORLD, WORLD.atlas([LEVEL]), view).look(np.array([0]), AT_START)[0]


def test_the_agent_is_in_the_middle_of_its_window():
    seen = look(View())
    assert seen.dtype == bool
    assert seen.shape == (13, 13, 7)
    assert np.argwhere(seen[..., DOOR]).tolist() == [[6, 8]]
    assert np.argwhere(seen[..., RED]).tolist() == [[6, 8]]
    assert np.argwhere(seen[..., BALL]).tolist() == [[7, 8]]
    assert np.argwhere(seen[..., BLUE]).tolist() == [[7, 8]]
    assert not seen[..., [KEY, GREEN]].any()


def test_outside_the_board_is_wall():
    wall = look(View())[..., WALL]
    assert np.argwhere(~wall).tolist() == [[6, 6], [6, 7], [6, 8], [7, 7], [7, 8]]


def test_the_board_view_is_the_board_and_an_agent_plane():
    seen = look(View(centre="board"))
    assert seen.shape == (2, 3, 8)
    assert np.argwhere(seen[..., -1]).tolist() == [[0, 0]]
    assert np.argwhere(seen[..., WALL]).tolist() == [[1, 0]]


@pytest.mark.parametrize("centre", ["agent", "board"])
def test_a_hidden_plane_is_empty_and_the_others_are_untouched(centre: str):
    full, ghost = look(View(centre=centre)), look(View(centre=centre, hidden=("red",)))
    assert full[..., RED].any()
    assert not ghost[..., RED].any()
    kept = [plane for plane in range(full.shape[-1]) if plane != RED]
    np.testing.assert_array_equal(full[..., kept], ghost[..., kept])


def test_unknown_planes_and_centres_are_refused():
    with pytest.raises(BirlError, match="hidden plane 'rad': did you mean red"):
        look(View(hidden=("rad",)))
    with pytest.raises(BirlError, match="centre of the view"):
        View(centre="corner")
