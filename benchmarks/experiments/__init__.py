"""The experiments, by name, in the order of the page."""

from experiments.along_training import ALONG_TRAINING
from experiments.broken_model import BROKEN_MODEL
from experiments.coherence import COHERENCE
from experiments.deception import DECEPTION
from experiments.diversity import DIVERSITY
from experiments.experiment import Experiment, Row, Size
from experiments.planners import PLANNERS
from experiments.pressure import PRESSURE
from experiments.red_door import RED_DOOR
from experiments.tie_breaks import TIE_BREAKS

__all__ = ["EXPERIMENTS", "Experiment", "Row", "Size"]

EXPERIMENTS = {
    one.name: one
    for one in (
        RED_DOOR,
        DIVERSITY,
        ALONG_TRAINING,
        COHERENCE,
        BROKEN_MODEL,
        PRESSURE,
        DECEPTION,
        PLANNERS,
        TIE_BREAKS,
    )
}
"""Name -> `Experiment`."""
