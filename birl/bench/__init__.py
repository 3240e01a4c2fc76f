"""The benchmark: suites of agents and tasks, their units of work, the store of their results, and what runs them."""

from birl.bench.aggregate import Line, Pooled, Results, gather, results
from birl.bench.engine import BACKENDS, Engine
from birl.bench.row import Measured, Row
from birl.bench.running import Finished, Progress, Told, run
from birl.bench.store import Member, Store
from birl.bench.suite import Entry, Suite, load_suite, suites
from birl.bench.unit import Unit, unit_task, units

__all__ = [
    "BACKENDS",
    "Engine",
    "Entry",
    "Finished",
    "Line",
    "Measured",
    "Member",
    "Pooled",
    "Progress",
    "Results",
    "Row",
    "Store",
    "Suite",
    "Told",
    "Unit",
    "gather",
    "load_suite",
    "results",
    "run",
    "suites",
    "unit_task",
    "units",
]
