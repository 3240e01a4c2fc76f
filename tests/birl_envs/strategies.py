"""Levels for Hypothesis to draw."""

from birl_envs.grid import COLOURS, KINDS, Level, Thing
from hypothesis import strategies as st


@st.composite
def levels(draw: st.DrawFn) -> Level:
    """Any legal level up to 6 x 6."""
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    cells = draw(st.permutations([(row, column) for row in range(height) for column in range(width)]))
    n_things = draw(st.integers(0, min(4, len(cells) - 1)))
    n_walls = draw(st.integers(0, len(cells) - 1 - n_things))
    look = st.tuples(st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(COLOURS)))
    things = []
    for cell in cells[1 : 1 + n_things]:
        kind, colour = draw(look)
        things.append(Thing(kind=kind, colour=colour, cell=cell))
    walls = frozenset(cells[1 + n_things : 1 + n_things + n_walls])
    return Level(height=height, width=width, walls=walls, things=tuple(things), start=cells[0])
