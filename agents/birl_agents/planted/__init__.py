"""Agents whose objective, noise and limits are ours, so that the truth about them is exact.

Each is a table over every distribution of a task (training, shifts, ghosts). `eps` mixes in the random walk: with that
chance an action is drawn uniformly from the valid ones.
"""

from birl_agents.planted.beliefs import ends, misbelieving, overlooks
from birl_agents.planted.devices import DEVICES, device
from birl_agents.planted.distortion import DISTORTIONS, distorted, distorted_weights, foreign_kind
from birl_agents.planted.goals import blend, forgetter, planner
from birl_agents.planted.learned import clone, search_with_learned_value
from birl_agents.planted.limits import depth_knob, searcher, shallow
from birl_agents.planted.scheming import Prospects, schemer
from birl_agents.planted.several import mixture, two_proposals
from birl_agents.planted.switching import switcher
from birl_agents.planted.table import EPS

__all__ = [
    "DEVICES",
    "DISTORTIONS",
    "EPS",
    "Prospects",
    "blend",
    "clone",
    "depth_knob",
    "device",
    "distorted",
    "distorted_weights",
    "ends",
    "foreign_kind",
    "forgetter",
    "misbelieving",
    "mixture",
    "overlooks",
    "planner",
    "schemer",
    "search_with_learned_value",
    "searcher",
    "shallow",
    "switcher",
    "two_proposals",
]
