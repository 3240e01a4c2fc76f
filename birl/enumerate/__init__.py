"""Worlds that were never written as a table, made into one: by search, from an environment, or from its `P`."""

from birl.enumerate.dynamics import Edges, from_p
from birl.enumerate.environment import enumerate_env
from birl.enumerate.fingerprint import CLOCKS, state_key
from birl.enumerate.reach import Reachable, breadth_first
from birl.enumerate.search import Search

__all__ = ["CLOCKS", "Edges", "Reachable", "Search", "breadth_first", "enumerate_env", "from_p", "state_key"]
