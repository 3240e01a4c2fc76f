"""MiniGrid's worlds as tasks (extra `minigrid`), exact through `birl.enumerate_env`."""

from birl_envs.minigrid.tasks import door_key, fetch, go_to_door, go_to_object
from birl_envs.minigrid.window import Draw, Window, load_minigrid, make_levels

__all__ = ["Draw", "Window", "door_key", "fetch", "go_to_door", "go_to_object", "load_minigrid", "make_levels"]
