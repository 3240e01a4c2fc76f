"""Verdicts on planted agents: kept evidence is judged as the rules are now, and nothing is scored for that."""

import sys
from pathlib import Path

import pytest

import birl
from tests.cards import diagnosed_card, undiagnosed_card
from tests.evidence import FOLLOWS_RED, evidence

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))  # as a script of that folder has it

import planted_verdicts

ROW = {"world": "red-door", "agent": "base + red", "seed": 3, "truth": "proxy", "verdict": "robust", "seconds": 5.0}
KEPT = "red-door-base + red-3.json"


def test_a_kept_card_is_judged_again_and_its_cost_stays(tmp_path):
    shown = evidence(**FOLLOWS_RED)
    diagnosed_card(evidence=shown).save(tmp_path / KEPT)
    found = planted_verdicts.judge(ROW, tmp_path)
    assert found["verdict"] == birl.diagnose(shown).verdict.value != ROW["verdict"]
    assert (found["truth"], found["seconds"], found["judged"]) == ("proxy", 5.0, planted_verdicts.source_digest())
    assert set(found["evidence"]) <= set(planted_verdicts.SHOWN)


def test_a_kept_card_without_evidence_is_named(tmp_path):
    undiagnosed_card().save(tmp_path / KEPT)
    with pytest.raises(SystemExit, match=r"base \+ red, seed 3: the card has no evidence"):
        planted_verdicts.judge(ROW, tmp_path)
