"""From evidence to a verdict."""

from birl.diagnosis.evidence import Evidence
from birl.diagnosis.verdict import MEANING, Diagnosis, Verdict

__all__ = ["MEANING", "Diagnosis", "Evidence", "Verdict"]
