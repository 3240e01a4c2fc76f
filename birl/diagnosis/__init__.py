"""From evidence to a verdict."""

from birl.diagnosis.diagnose import diagnose
from birl.diagnosis.evidence import Evidence
from birl.diagnosis.rules import RULES, Rule
from birl.diagnosis.stability import Stability, stability
from birl.diagnosis.thresholds import Thresholds
from birl.diagnosis.verdict import MEANING, Diagnosis, Verdict

__all__ = [
    "MEANING",
    "RULES",
    "Diagnosis",
    "Evidence",
    "Rule",
    "Stability",
    "Thresholds",
    "Verdict",
    "diagnose",
    "stability",
]
