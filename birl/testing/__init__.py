"""Contract suites for what others build: an estimator, a task. Each raises `AssertionError` and says what is broken."""

from birl.testing.estimator import check_estimator
from birl.testing.task import check_task

__all__ = ["check_estimator", "check_task"]
