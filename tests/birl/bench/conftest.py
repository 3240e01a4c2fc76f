"""A suite that costs nothing: scoring is stood in for by a card made by hand."""

from dataclasses import replace

import pytest

from birl.bench import work as work_module
from birl.types import BirlError
from tests import tiny_bench
from tests.cards import diagnosed_card

TINY = "tests.tiny_bench:task"


@pytest.fixture
def tiny():
    """Two agents, two seeds; really scored in half a second each."""
    entries = tuple(replace(entry, task=TINY) for entry in tiny_bench.SUITE.entries)
    return replace(tiny_bench.SUITE, entries=entries)


@pytest.fixture
def scored(monkeypatch):
    """Stand in for scoring; `scored.fails[agent]` is raised, `scored.calls` says what was asked for."""

    class Scored:
        def __init__(self):
            self.calls, self.fails = [], {}

        def __call__(self, job):
            self.calls.append(str(job.unit))
            if job.unit.agent in self.fails:
                raise self.fails[job.unit.agent]
            card = diagnosed_card()
            return replace(card, policy=replace(card.policy, source=job.unit.agent))

    stand_in = Scored()
    monkeypatch.setattr(work_module, "_score", stand_in)
    return stand_in


def files(folder, *kinds):
    """Name -> content of what a run must reproduce to the byte."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for kind in kinds or ("rows", "cards", "suites")
        for path in sorted((folder / kind).rglob("*"))
    }


BROKEN = BirlError("agent.zip is not a zip archive: save the checkpoint again")
