"""Why eye and verdict differ, agent by agent: written by hand, each after looking at the card."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SENTENCES"]

SENTENCES: Mapping[str, str] = {}
