"""Where units run: on this machine's cores, or on a Ray or Dask cluster. All of it is joblib's."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from birl.types import BirlError, unknown_name

__all__ = ["BACKENDS", "Engine"]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Where units run and how many at a time.

    Attributes:
        backend: one of `BACKENDS`.
        jobs: workers on this machine; on a cluster, tasks at a time.
        address: of a running Ray or Dask cluster; one is started on this machine if left out.
    """

    backend: str = "loky"
    jobs: int = 1
    address: str | None = None

    def __post_init__(self) -> None:
        """Refuse what there is not."""
        if self.backend not in BACKENDS:
            raise unknown_name("backend", self.backend, BACKENDS)
        if self.jobs < 1:
            raise BirlError(f"{self.jobs} jobs: give at least 1")
        if self.address is not None and self.backend == "loky":
            raise BirlError(f"address {self.address}: loky runs on this machine only; give backend ray or dask")

    @contextmanager
    def started(self) -> Iterator[Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]]:
        """A function that maps another over items in parallel; results come as they are ready."""
        from joblib import Parallel, delayed

        def each(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
            parallel = Parallel(batch_size=ONE, return_as="generator_unordered")
            try:
                yield from parallel(delayed(function)(item) for item in items)
            except Exception as error:
                if DEATHS.isdisjoint(kind.__name__ for kind in type(error).__mro__):
                    raise
                raise BirlError(f"a worker of {self.backend} died (killed, or out of memory): {REMEDY}") from error

        with BACKENDS[self.backend](self):
            yield each


@contextmanager
def _loky(engine: Engine) -> Iterator[None]:
    from joblib import parallel_config

    with parallel_config(backend="loky", n_jobs=engine.jobs, inner_max_num_threads=1):
        yield


@contextmanager
def _dask(engine: Engine) -> Iterator[None]:
    from joblib import parallel_config

    distributed = _need("distributed", "dask")
    try:
        if engine.address is None:
            client = distributed.Client(n_workers=engine.jobs, threads_per_worker=1, dashboard_address=None)
        else:
            client = distributed.Client(engine.address, timeout=TIMEOUT)
    except (OSError, ValueError) as error:
        raise _unreachable(engine, error) from error
    with client, parallel_config(backend="dask", n_jobs=engine.jobs):
        yield


@contextmanager
def _ray(engine: Engine) -> Iterator[None]:
    from joblib import parallel_config, register_parallel_backend

    ray = _need("ray", "ray")
    local = {"num_cpus": engine.jobs, "include_dashboard": False} if engine.address is None else {}
    try:
        _knock(engine.address)
        ray.init(address=engine.address or "local", log_to_driver=False, logging_level="error", **local)
    except (OSError, ValueError, RuntimeError) as error:
        raise _unreachable(engine, error) from error
    joblib_ray = importlib.import_module("ray.util.joblib.ray_backend")

    class Backend(joblib_ray.RayBackend):
        """Ray's, whose results joblib can pass on as they come."""

        supports_return_generator = True

    register_parallel_backend("birl-ray", Backend)
    try:
        with parallel_config(backend="birl-ray", n_jobs=engine.jobs):
            yield
    finally:
        ray.shutdown()


ONE: Any = 1  # units a task: each is worth sending by itself; joblib declares this as text
DEATHS = frozenset({"BrokenExecutor", "KilledWorker", "RayActorError", "WorkerCrashedError"})  # loky, Dask, Ray
REMEDY = "run it again to go on, with fewer jobs if memory is short"
TIMEOUT = 10  # seconds to reach a cluster
BACKENDS: Mapping[str, Callable[[Engine], AbstractContextManager[None]]] = {"loky": _loky, "ray": _ray, "dask": _dask}
"""Name -> what starts it."""


def _knock(address: str | None) -> None:
    """Fail soon where nobody listens: Ray itself would ask for minutes.

    Raises:
        OSError: when there is no answer.
    """
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host or "localhost", int(port)), timeout=TIMEOUT).close()


def _need(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise BirlError(f"backend {extra} is not installed: pip install 'birl[{extra}]'") from error


def _unreachable(engine: Engine, error: Exception) -> BirlError:
    where = engine.address or "on this machine"
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
    return BirlError(f"{engine.backend} {where} cannot be reached ({reason}): check the address and that it runs")
