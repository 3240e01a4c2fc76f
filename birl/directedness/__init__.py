"""Is there an objective at all? Behaviour against devices, against chance, and against itself."""

from birl.directedness.agents_and_devices import AgentOrDevice, agents_and_devices
from birl.directedness.devices import Device, fit_device
from birl.directedness.improbability import Improbability, improbability
from birl.directedness.meg import Meg, meg
from birl.directedness.revealed_preference import Choice, RevealedPreference, revealed_preference
from birl.directedness.ties import tied_average

__all__ = [
    "AgentOrDevice",
    "Choice",
    "Device",
    "Improbability",
    "Meg",
    "RevealedPreference",
    "agents_and_devices",
    "fit_device",
    "improbability",
    "meg",
    "revealed_preference",
    "tied_average",
]
