"""Claims: one holder at a time, and the dead hold nothing."""

import json
import os
import socket
import subprocess
import threading

import pytest

from birl.bench import claim
from birl.bench.claim import Watch, claimed
from birl.types import BirlError


@pytest.fixture
def path(tmp_path):
    """Where a claim goes."""
    return tmp_path / "claims" / "unit.json"


def write(path, *, host="another", pid=1):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"host": host, "pid": pid, "token": "t"}))


def test_only_one_of_many_holds_a_claim(path):
    held, barrier, over = [], threading.Barrier(8), threading.Barrier(8)

    def try_it():
        barrier.wait()
        with claimed(path) as mine:
            held.append(mine)
            over.wait()

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(held) == [False] * 7 + [True]
    assert os.listdir(path.parent) == []


def hold_and_fail(path):
    with claimed(path) as mine:
        assert mine
        assert json.loads(path.read_text())["pid"] == os.getpid()
        raise RuntimeError("halfway")


def test_a_claim_is_given_back_after_an_error(path):
    with pytest.raises(RuntimeError, match="halfway"):
        hold_and_fail(path)
    assert not path.exists()


def test_a_holder_touches_its_claim(path, monkeypatch):
    monkeypatch.setattr(claim, "BEAT", 0.01)
    with claimed(path):
        os.utime(path, (1, 1))
        assert any(path.stat().st_mtime > 1 or threading.Event().wait(0.05) for _ in range(100))


def test_a_live_process_of_this_machine_keeps_its_claim(path):
    write(path, host=socket.gethostname(), pid=os.getpid())
    assert not Watch().clear(path)
    assert path.exists()


def test_a_process_that_is_gone_does_not(path):
    gone = subprocess.Popen(["true"])
    write(path, host=socket.gethostname(), pid=gone.pid)
    os.waitid(os.P_PID, gone.pid, os.WEXITED | os.WNOWAIT)  # ended, and nobody has asked for its exit code
    assert Watch().clear(path)
    gone.wait()
    write(path, host=socket.gethostname(), pid=gone.pid)
    assert Watch().clear(path)
    assert os.listdir(path.parent) == []


def test_another_machine_keeps_its_claim_as_long_as_it_touches_it(path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    write(path)
    watch = Watch(silence=100.0)
    for now[0], touched in ((0.0, 5), (90.0, 6), (180.0, 6)):
        os.utime(path, (touched, touched))
        assert not watch.clear(path)
    now[0] = 191.0
    assert watch.clear(path)
    assert not path.exists()


def test_old_claims_are_watched_before_they_are_called_dead(path):
    write(path)
    os.utime(path, (1, 1))  # clocks may differ by any amount
    assert not Watch().clear(path)


def test_a_claim_that_is_no_claim_is_judged_by_its_silence(path):
    path.parent.mkdir()
    path.write_bytes(b"{")
    assert not Watch().clear(path)
    assert Watch(silence=-1.0).clear(path)


def test_a_claim_that_changed_hands_is_put_back(path):
    write(path, pid=2)
    assert not claim._remove(path, b"what was there a moment ago")
    assert json.loads(path.read_text())["pid"] == 2
    assert os.listdir(path.parent) == ["unit.json"]


def test_no_claim_is_no_obstacle(path):
    assert Watch().clear(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "claims").write_text("a file")
    with pytest.raises(BirlError, match=r"unit\.json cannot be written"), claimed(tmp_path / "claims" / "unit.json"):
        pass
