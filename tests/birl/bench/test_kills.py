"""Killed at any moment, a run goes on where it was, and ends with the bytes of one that nobody disturbed."""

import subprocess
import sys
from pathlib import Path

from tests.birl.bench.conftest import files

ROOT = Path(__file__).parents[3]
KILLS = 12
SCRIPT = """
import os, random, signal, sys, time, warnings
warnings.simplefilter("ignore")
from dataclasses import replace
from birl.bench import run, work
from birl.bench.suite import Entry
from tests.cards import diagnosed_card
from tests.tiny_bench import SUITE

CARD = diagnosed_card()

def score(job):
    time.sleep(random.uniform(0, 0.03))
    return replace(CARD, policy=replace(CARD.policy, source=str(job.unit)))

sys.modules["birl.bench.work"]._score = score
suite = replace(SUITE, entries=tuple(replace(e, task="tests.tiny_bench:task") for e in SUITE.entries), seeds=12)
run(suite, sys.argv[1])
chance, cut_short = random.Random(0), 0
for _ in range(int(sys.argv[3])):
    child = os.fork()
    if not child:
        run(suite, sys.argv[2])
        os._exit(0)
    time.sleep(chance.uniform(0, 0.15))
    os.kill(child, signal.SIGKILL)
    cut_short += os.WIFSIGNALED(os.waitpid(child, 0)[1])
print(cut_short, run(suite, sys.argv[2]).fresh)
"""


def test_killed_again_and_again_a_run_ends_with_the_bytes_of_an_undisturbed_one(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "calm"), str(tmp_path / "killed"), str(KILLS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cut_short, _ = map(int, done.stdout.split()[-2:])
    assert cut_short >= KILLS / 2
    assert len(files(tmp_path / "calm", "rows")) == 24
    calm, killed = (
        {name: content for name, content in files(tmp_path / name_).items() if "/." not in name}
        for name_ in ("calm", "killed")
    )
    assert killed == calm
