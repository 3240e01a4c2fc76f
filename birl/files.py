"""Writing files so that nobody ever reads half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from birl.types import BirlError

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader sees the old one or the new one, never half.

    Raises:
        BirlError: when it cannot be written (no such folder, no permission, full disk); nothing is left behind.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = file.name
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise BirlError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:  # an interrupt, too, leaves nothing
        if temporary:
            Path(temporary).unlink(missing_ok=True)
