"""Backends: the same unit gives the same bytes on each of them, with any number of workers."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from birl.bench import BACKENDS, Engine, engine, load_suite, run
from birl.types import BirlError
from tests.birl.bench.conftest import files

TINY = Path(__file__).parents[2] / "tiny_bench.py"


def bench(folder, backend, jobs):
    """What a run of its own writes; linear algebra is offered as many threads as there are jobs."""
    (folder / TINY.name).write_bytes(TINY.read_bytes())
    options = ["--results", "results", "--backend", backend, "--jobs", str(jobs), "--seeds", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "birl", "bench", "tiny_bench:SUITE", *options],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": str(jobs)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("left\n") == 1, done.stderr  # one line a unit; after the last there is no time left
    return files(folder / "results")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """One worker, in this process."""
    folder = tmp_path_factory.mktemp("one")
    (folder / TINY.name).write_bytes(TINY.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        found = run(load_suite("tiny_bench:SUITE"), folder / "results", seeds=1)
    assert found.fresh == 2
    assert not found.failures
    return files(folder / "results")


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_same_unit_gives_the_same_bytes_on_every_backend(reference, backend, tmp_path):
    module = {"dask": "distributed"}.get(backend, backend)
    if backend != "loky" and find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    assert bench(tmp_path, backend, 2) == reference


def test_an_unknown_backend_is_answered_with_those_there_are():
    with pytest.raises(BirlError, match="unknown backend 'slurm': there are dask, loky, ray"):
        Engine(backend="slurm")


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"jobs": 0}, "0 jobs: give at least 1"), ({"address": "host:1"}, "loky runs on this machine only")],
)
def test_what_no_engine_can_do(settings, message):
    with pytest.raises(BirlError, match=message):
        Engine(**settings)


@pytest.mark.parametrize("backend", ["ray", "dask"])
def test_a_backend_that_is_not_installed_is_named_with_what_installs_it(backend, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(engine.importlib, "import_module", missing)
    with (
        pytest.raises(BirlError, match=rf"{backend} is not installed: pip install 'birl\[{backend}\]'"),
        Engine(backend=backend).started(),
    ):
        pass


@pytest.mark.parametrize(
    ("backend", "module", "address"),
    [("dask", "distributed", "tcp://127.0.0.1:9"), ("ray", "ray", "127.0.0.1:9")],
)
def test_a_cluster_that_does_not_answer_is_one_line(backend, module, address, monkeypatch):
    pytest.importorskip(module)
    monkeypatch.setattr(engine, "TIMEOUT", 0.2)
    with (
        pytest.raises(BirlError, match=rf"{backend} {re.escape(address)} cannot be reached"),
        Engine(backend=backend, address=address).started(),
    ):
        pass


def die(item):
    os._exit(1)


def test_a_worker_that_dies_is_one_line_with_what_to_do():
    with (
        Engine(jobs=2).started() as each,
        pytest.raises(BirlError, match=r"a worker of loky died .*: run it again to go on"),
    ):
        list(each(die, [1, 2]))
