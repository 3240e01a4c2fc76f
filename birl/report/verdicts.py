"""The verdicts and their rules as a table, made from the rules themselves."""

from __future__ import annotations

from birl.diagnosis import MEANING, RULES, Verdict

__all__ = ["verdict_table"]


def verdict_table() -> str:
    """Every rule in the order it is tried, as Markdown: what it says, what that means, and when it fires."""
    lines = ["| # | verdict | meaning | fires when |", "|---|---|---|---|"]
    for i, rule in enumerate(RULES, start=1):
        lines.append(f"| {i} | {rule.verdict.value} | {MEANING[rule.verdict]} | {rule.reason} |")
    unused = [v for v in Verdict if v not in {rule.verdict for rule in RULES}]
    lines += [f"| | {v.value} | {MEANING[v]} | |" for v in unused]
    return "\n".join(lines)
