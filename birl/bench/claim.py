"""Claims: who is at a unit right now, so that workers and machines that share a folder share the work.

A claim is a file that only one can create. Its holder touches it every `BEAT` seconds. A claim is dead when its process
is gone (on its own machine) or when it has not been touched for `SILENCE` seconds of watching it, by the watcher's own
clock: clocks of different machines need not agree. Whoever finds a dead claim moves it aside, and puts it back should
it turn out that another has been quicker. At the very worst a unit is done twice, and both write the same bytes.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from birl.types import BirlError

__all__ = ["BEAT", "SILENCE", "Watch", "claimed"]

BEAT = 10.0  # seconds
SILENCE = 180.0  # seconds


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold a claim while this is on; False when somebody else holds it.

    Raises:
        BirlError: when no claim can be written.
    """
    if not _create(path):
        yield False
        return
    done = threading.Event()
    beat = threading.Thread(target=_beat, args=(path, done), daemon=True)
    beat.start()
    try:
        yield True
    finally:
        done.set()
        beat.join()
        path.unlink(missing_ok=True)


def _create(path: Path) -> bool:
    told = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "token": uuid.uuid4().hex})
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(told)  # whole before it has its name
        return _link(aside, path)
    except OSError as error:
        raise BirlError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            aside.unlink()


def _link(aside: Path, path: Path) -> bool:
    """Give a file its name, unless the name is taken; atomic on network file systems, too."""
    try:
        os.link(aside, path)
    except FileExistsError:
        return False
    return True


def _beat(path: Path, done: threading.Event) -> None:
    while not done.wait(BEAT):
        with suppress(OSError):  # moved aside, or the disk is away for a moment
            os.utime(path)


@dataclass
class Watch:
    """Looks at other people's claims and removes the dead ones.

    Attributes:
        silence: seconds without a touch after which a claim is dead.
        seen: claim -> its last touch, and when that was first seen.
    """

    silence: float = SILENCE
    seen: dict[Path, tuple[int, float]] = field(default_factory=dict)

    def clear(self, path: Path) -> bool:
        """Remove a claim if it is dead; whether the unit is free now."""
        try:
            touched, told = path.stat().st_mtime_ns, path.read_bytes()
        except OSError:
            return True
        if self._silent(path, touched) or _process_is_gone(told):
            return _remove(path, told)
        return False

    def _silent(self, path: Path, touched: int) -> bool:
        if self.seen.get(path, (None, 0.0))[0] != touched:
            self.seen[path] = (touched, time.monotonic())
        return time.monotonic() - self.seen[path][1] > self.silence


def _process_is_gone(told: bytes) -> bool:
    """Whether a claim is from this machine and its process has ended."""
    try:
        claim = json.loads(told)
        host, pid = str(claim["host"]), int(claim["pid"])
    except (ValueError, KeyError, TypeError):
        return False  # its silence decides
    if host != socket.gethostname() or os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    with suppress(OSError, IndexError):  # ended, but nobody has asked for its exit code
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return False


def _remove(path: Path, told: bytes) -> bool:
    """Remove a claim that says this, and no other."""
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        os.rename(path, aside)
    except OSError:
        return True  # somebody else has
    mine = aside.read_bytes() == told
    if not mine:
        with suppress(OSError):
            _link(aside, path)
    aside.unlink(missing_ok=True)
    return mine
