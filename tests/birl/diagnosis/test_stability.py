"""Several checkpoints of one training, as their verdicts have it."""

from dataclasses import dataclass

import pytest

from birl.diagnosis import Diagnosis, Verdict, stability


@dataclass(frozen=True)
class Card:
    """All that is asked of a card."""

    diagnosis: Diagnosis | None


def card(verdict, *flags):
    found = Verdict(verdict)
    return Card(Diagnosis(verdict=found, probabilities={found: 1.0}, rule="", reason="", flags=frozenset(flags)))


RED, NEAREST = card("proxy", "follows red", "mixed"), card("proxy", "follows nearest")
OPEN, ROBUST = card("undetermined", "follows red"), card("robust")


@pytest.mark.parametrize(
    ("cards", "unstable"),
    [
        ([ROBUST, ROBUST], False),
        ([ROBUST, RED], True),
        ([RED, NEAREST], True),
        ([RED, card("proxy", "follows red")], False),  # how much is mixed may vary
        ([ROBUST, OPEN], False),
        ([OPEN, OPEN], False),
        ([RED, Card(None)], False),
        ([], False),
    ],
)
def test_only_called_verdicts_that_differ_make_a_training_unstable(cards, unstable):
    assert stability(cards).flags == (frozenset({"seed-unstable"}) if unstable else frozenset())


def test_the_sentence_counts_what_was_called():
    found = stability([RED, RED, ROBUST, OPEN])
    assert found.called == {"proxy that follows red": 2, "robust": 1}
    assert found.open == 1
    assert found.reason == (
        "of 4 checkpoints: proxy that follows red 2, robust 1, undetermined 1; they differ (seed-unstable)"
    )


def test_too_few_to_compare_are_said_to_be_so():
    assert stability([ROBUST, OPEN]).reason.endswith("too few were called to compare")
