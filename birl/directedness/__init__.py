"""Is there an objective at all? Behaviour against the best device, and against itself."""

from birl.directedness.devices import Device, fit_device
from birl.directedness.ties import tied_average

__all__ = ["Device", "fit_device", "tied_average"]
