"""Files are whole or not there."""

import builtins
import errno
import os
import tempfile

import pytest

from birl.files import write_whole
from birl.types import BirlError


def test_a_file_is_written_with_the_folders_above_it(tmp_path):
    path = tmp_path / "one" / "two" / "file.bin"
    write_whole(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert os.listdir(path.parent) == ["file.bin"]


def test_a_file_that_is_there_is_replaced(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old, and longer")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


class Full:
    """A temporary file on a disk that fills up after a few bytes."""

    def __init__(self, error):
        self.error = error

    def __call__(self, *args, **kwargs):
        self.file = tempfile._TemporaryFileWrapper  # the name is only looked up, never made
        inner = REAL(*args, **kwargs)
        write = inner.write

        def some(content):
            write(content[:3])
            raise self.error

        inner.write = some
        return inner


REAL = tempfile.NamedTemporaryFile


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", Full(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    with pytest.raises(BirlError, match=r"file\.bin cannot be written: No space left on device"):
        write_whole(path, b"new content")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.bin"]


def test_an_interrupt_leaves_nothing_either(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", Full(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "file.bin", b"new content")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("place", ["a_file/below.bin", "a_folder", "x" * 300])
def test_what_cannot_be_a_file_is_one_line(tmp_path, place):
    (tmp_path / "a_file").write_bytes(b"")
    (tmp_path / "a_folder").mkdir()
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(BirlError, match="cannot be written: ") as caught:
        write_whole(tmp_path / place, b"content")
    assert "\n" not in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == before


def test_others_may_read_it(tmp_path):
    write_whole(tmp_path / "file.bin", b"content")
    assert (tmp_path / "file.bin").stat().st_mode & 0o777 == 0o644
    with builtins.open(tmp_path / "file.bin", "rb") as file:
        assert file.read() == b"content"
