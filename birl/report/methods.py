"""The methods as a table, made from what they declare."""

from __future__ import annotations

from birl.irl import ESTIMATORS
from birl.irl.needs import NEEDS

__all__ = ["method_table"]


def method_table() -> str:
    """Every method as Markdown: what it needs, what it assumes of the policy, what it cannot tell, its source."""
    lines = ["| name | needs | assumes of the policy | cannot tell | source |", "|---|---|---|---|---|"]
    for name, method in ESTIMATORS.items():
        needs = ", ".join(need for need in NEEDS if need in method.needs)
        lines.append(f"| `{name}` | {needs} | {method.behavioral_model} | {method.cannot_identify} | {method.source} |")
    return "\n".join(lines)
