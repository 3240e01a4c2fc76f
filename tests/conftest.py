"""One thread per worker, no windows, and Hypothesis without clocks or memory."""

import os

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # before numpy or torch start their pools; xdist gives every core a worker
os.environ.setdefault("MPLBACKEND", "Agg")

import hypothesis
import numpy as np
import pytest

hypothesis.settings.register_profile(
    "birl",
    deadline=None,  # timings on a shared machine say nothing
    derandomize=True,  # the same examples on every run
    database=None,
    max_examples=25,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("birl")


@pytest.fixture
def rng() -> np.random.Generator:
    """The generator of seed 0."""
    return np.random.default_rng(0)
