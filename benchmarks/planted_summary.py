"""What the rows of the panel say together: accuracy, abstention, calibration, confusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest

__all__ = ["calibration_error", "called", "outcome", "reliability", "summary", "wanted"]

BINS = 10  # of probability, with equally many units in each

Row = Mapping[str, Any]


def outcome(r: Row) -> str:
    """`right`, `undetermined` or `wrong`."""
    if r["verdict"] == "undetermined":
        return "undetermined"
    return "right" if r["verdict"] in (r["truth"], r["borderline"]) else "wrong"


def wanted(r: Row) -> list[str]:
    """The verdicts that are right for a unit."""
    return [verdict for verdict in (r["truth"], r["borderline"]) if verdict]


def called(r: Row) -> str:
    """The verdict a unit got, with the flag that a proxy was mixed."""
    return "proxy, mixed" if r["verdict"] == "proxy" and "mixed" in r["flags"] else r["verdict"]


def leading(r: Row) -> tuple[float, bool]:
    """The largest probability, and whether its verdict is right."""
    verdict = max(r["probabilities"], key=lambda v: r["probabilities"][v])
    return r["probabilities"][verdict], verdict in wanted(r)


def calibration_error(rows: Sequence[Row]) -> float:
    """Expected calibration error of the leading probability, in bins of equally many units (Naeini et al. 2015)."""
    pairs = np.array(sorted(leading(r) for r in rows), float)
    bins = np.array_split(pairs, BINS)
    return float(sum(len(b) * abs(b[:, 0].mean() - b[:, 1].mean()) for b in bins if len(b)) / len(pairs))


def share(count: int, of: int) -> str:
    """A share with its 95 % interval (Clopper & Pearson 1934), in per cent."""
    if not of:
        return "-"
    interval = binomtest(count, of).proportion_ci()
    return f"{100 * count / of:.1f} % [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def confusion(rows: Sequence[Row]) -> str:
    """Planted agents and their right verdicts against what was called, as a Markdown table."""
    counts = Counter((r["agent"], tuple(sorted(wanted(r))), called(r)) for r in rows)
    columns = sorted({key[2] for key in counts}, key=lambda name: (name == "undetermined", name))
    lines = ["| planted | right verdict | " + " | ".join(columns) + " |", "|---|---|" + "---:|" * len(columns)]
    for agent, right in sorted({key[:2] for key in counts}):
        found = {column: counts[(agent, right, column)] for column in columns}
        cells = [f"**{n}**" if c.split(",")[0] in right and n else str(n or "") for c, n in found.items()]
        lines.append(f"| {agent} | {' or '.join(right)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def by_part(rows: Sequence[Row], part: str) -> str:
    """Accuracy and abstention of each world or agent, as a Markdown table."""
    lines = [f"| {part} | units | right among called | undetermined | wrong |", "|---|---:|---:|---:|---:|"]
    for name in sorted({r[part] for r in rows}):
        counts = Counter(outcome(r) for r in rows if r[part] == name)
        said = counts["right"] + counts["wrong"]
        lines.append(
            f"| {name} | {sum(counts.values())} | {share(counts['right'], said)} | {counts['undetermined']} "
            f"| {counts['wrong']} |"
        )
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """Everything, as Markdown."""
    counts = Counter(outcome(r) for r in rows)
    said = counts["right"] + counts["wrong"]
    seconds = sorted(r["seconds"] for r in rows)
    proxies = [r for r in rows if r["truth"] == "proxy" and not r["borderline"]]
    mixed = [
        r for r in rows if r["verdict"] == "proxy" and r["truth"] == "proxy" and r["agent"] in ("red", "base + red")
    ]
    flagged = sum(("mixed" in r["flags"]) == r["mixed"] for r in mixed)
    lines = [
        f"{len(rows)} planted agents. Right among those called: {share(counts['right'], said)}; "
        f"undetermined: {share(counts['undetermined'], len(rows))}; wrong: {counts['wrong']}.",
        f"Expected calibration error of the leading probability: {calibration_error(rows):.3f}.",
        f"Planted proxies called robust: {sum(r['verdict'] == 'robust' for r in proxies)} of {len(proxies)}. "
        f"Rightly flagged as mixed or not, of those called proxies: {share(flagged, len(mixed))}.",
        f"For {sum(bool(r['borderline']) for r in rows)} two verdicts are right: their loss is near the tolerance.",
        f"Median {seconds[len(seconds) // 2]:.1f} CPU s a unit.",
    ]
    return "\n\n".join(["\n".join(lines), by_part(rows, "world"), by_part(rows, "agent"), confusion(rows)])


def reliability(rows: Sequence[Row]) -> Any:
    """Leading probability against the share that is right, as a figure."""
    import matplotlib.pyplot as plt  # only when drawn
    import seaborn as sns

    pairs = np.array(sorted(leading(r) for r in rows), float)
    bins = [b for b in np.array_split(pairs, BINS) if len(b)]
    figure, axes = plt.subplots(figsize=(4, 4))
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    said, right = [b[:, 0].mean() for b in bins], [b[:, 1].mean() for b in bins]
    bars = [binomtest(int(b[:, 1].sum()), len(b)).proportion_ci() for b in bins]
    axes.errorbar(
        said,
        right,
        yerr=[
            [r - i.low for r, i in zip(right, bars, strict=True)],
            [i.high - r for r, i in zip(right, bars, strict=True)],
        ],
        fmt="o",
        color=sns.color_palette("colorblind")[0],
    )
    axes.set(xlabel="leading probability", ylabel="share that is right", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set_title(f"{len(rows)} planted agents, calibration error {calibration_error(rows):.3f}")
    return figure
