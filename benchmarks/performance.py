"""The performance page: every figure of speed and memory in `results/`, as a table and as plots of growth.

Run: `python benchmarks/performance.py`. It measures nothing: it reads what the other scripts wrote, and writes what
stands in `README.md` between its marks, figures and the table of agents, and `results/performance.png`. A figure whose
script has not run is missing there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from birl.files import write_whole

HERE = Path(__file__).parent
PAGE, FIGURE = HERE / "README.md", HERE / "results" / "performance.png"
AGENTS = HERE / "results" / "zoo_table.md"  # by zoo_verdicts.py
BEGIN, END = "<!-- made by performance.py; a test keeps it current -->\n", "<!-- end -->\n"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A line of the table.

    Attributes:
        what: is done.
        came: out.
        against: what it is held against: a peer, or an aim.
        bound: what it runs against.
    """

    what: str
    came: str
    against: str
    bound: str


def read(name: str) -> Any:
    """A result; None where its script has not run."""
    path = HERE / "results" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def mce(found: Any) -> Iterable[Figure]:
    """Exact `mce`."""
    peer = f"imitation {found['versions']['imitation']}, MCE IRL"
    for one in found["peers"]:
        ours = one["birl"]["cpu_seconds"]
        bound = " (it had not reached the stop rule)" if one["ratio_is_a_lower_bound"] else ""
        yield Figure(
            what=f"`mce`, {one['states']:,} states, finite horizon, a reward for each state",
            came=f"{'at least ' if bound else ''}{one['ratio']:.0f} times as fast: {ours:.2f} s",
            against=peer + bound,
            bound="backward passes over the horizon: dense products of states and actions",
        )
    joint, most = found["joint"], found["growth"][-1]
    yield Figure(
        what=f"`mce`, two distributions together, {joint['states']:,} states, {joint['features']} features",
        came=f"{joint['cpu_seconds']:.2f} s",
        against="aim: 2 s",
        bound="sparse factorisations",
    )
    yield Figure(
        what=f"`mce`, {most['states']:,} states",
        came=f"{most['cpu_seconds']:.0f} s, {most['peak_memory_gb']:.1f} GB",
        against="aim: 120 s, 8 GB",
        bound="sparse factorisations, level by level; linear in nonzeros",
    )


def bayesian(found: Any) -> Iterable[Figure]:
    """Posterior draws."""
    for one in found["posteriors"]:
        parts = one["share_of_time"]
        yield Figure(
            what=f"`bayesian`, 4 chains of 1,000 draws, {one['features']} features, {one['states']:,} states, "
            f"{one['policy']} policy",
            came=f"{one['wall_seconds']:.0f} s, R-hat {one['r_hat']:.4f}, {one['effective_draws']:.0f} effective draws",
            against="aim: 60 s, R-hat 1.01",
            bound=", ".join(f"{name} {share:.0%}" for name, share in parts.items()),
        )


def airl(found: Any) -> Iterable[Figure]:
    """policy-airl beside AIRL."""
    peer = {line["world"]: line for line in found["summary"] if line["method"] == "airl"}
    for line in found["summary"]:
        if line["method"] in ("airl", "network"):
            continue
        ratio, theirs = line["ratio"], peer[line["world"]]
        yield Figure(
            what=f"`policy-airl`, {line['method']} settings, {line['world']} (SAC experts)",
            came=f"{ratio['mean']:.0f} times as fast [{ratio['interval'][0]:.0f}, {ratio['interval'][1]:.0f}], "
            f"EPIC {line['epic']['mean']:.2f} against {theirs['epic']['mean']:.2f}",
            against=f"imitation {found['versions']['imitation']}, AIRL until it settles; aim: 50 times",
            bound="Gymnasium's steps one at a time, forward passes of the policy",
        )


def score(found: Any) -> Iterable[Figure]:
    """The command line."""
    aims = {"help": "aim: .3 s of CPU", "score, 100 + 100 levels": "aim: 10 s, 30 s at most"}
    for name, one in found["commands"].items():
        cpu, clock = one["processor seconds"]["median"], one["clock seconds"]["median"]
        yield Figure(
            what=f"`{one['command']}`, a cold process",
            came=f"{clock:.2f} s, {cpu:.2f} s of CPU",
            against=aims.get(name, ""),
            bound="imports" if "score" not in one["command"] else "imports, then sparse solves for draws and folds",
        )


def distances(found: Any) -> Iterable[Figure]:
    """Exact distances of many draws."""
    exact, draws = found["exact"], found["settings"]["exact"]["draws"]
    for name, seconds in exact["together_seconds"].items():
        yield Figure(
            what=f"{name.upper()} of {draws:,} draws together, {exact['states']:,} states",
            came=f"{seconds:.2f} s; {exact['one_seconds'].get(name, exact['one_seconds'].get('starc')):.3f} s for one",
            against="aim: 1 s",
            bound="one factorisation, then memory bandwidth",
        )


def directedness(found: Any) -> Iterable[Figure]:
    """Goal-directedness."""
    for name, one in found["seconds"].items():
        if "together" in one:
            yield Figure(
                what=f"directedness, every measure, 100 levels ({name}), {one['states']:,} states",
                came=f"{one['together']:.2f} s",
                against="aim: 2 s",
                bound="soft planning at a few temperatures",
            )


def worlds(found: Any) -> Iterable[Figure]:
    """Steps and enumeration."""
    by_speed = sorted(found["worlds"].items(), key=lambda item: item[1]["steps_per_second"]["median"])
    for name, one in (by_speed[0], by_speed[-1]):
        yield Figure(
            what=f"`{name}`, {'slowest' if name == by_speed[0][0] else 'fastest'} of the worlds, 256 at a time",
            came=f"{one['steps_per_second']['median']:,} steps a second",
            against="aim: 100,000",
            bound="memory bandwidth of table look-ups",
        )
    known = {n: w["enumeration"] for n, w in found["worlds"].items() if "enumeration" in w}
    name = max(known, key=lambda n: known[n]["seconds"]["median"])
    yield Figure(
        what=f"enumeration of 200 levels, `{name}`, the slowest: {known[name]['states']:,} states",
        came=f"{known[name]['seconds']['median']:.2f} s",
        against="aim: 5 s",
        bound="array operations over all levels at once",
    )


def workers(found: Any) -> Iterable[Figure]:
    """More than one worker."""
    for count, speed in found["speedup"].items():
        if int(count) > 1:
            given = found["speedup_the_machine_gives"][count]
            yield Figure(
                what=f"`birl bench`, {found['units']} units, {count} workers",
                came=f"{speed:.2f} times as fast as one",
                against=f"aim: {0.9 * int(count):.1f}; processes that share nothing: {given:.2f}",
                bound="units; imports of each worker",
            )


def kills(found: Any) -> Iterable[Figure]:
    """A run that is killed."""
    yield Figure(
        what=f"`birl bench` killed {found['kills']} times",
        came=f"{found['files_that_differ']} of {found['files_compared']} files differ from an undisturbed run",
        against="aim: none",
        bound="-",
    )


def panel(found: Any) -> Iterable[Figure]:
    """The whole panel of planted agents."""
    yield Figure(
        what=f"verdicts on {len(found['rows'])} planted agents, 20 to 200 levels each",
        came=f"{sum(row['seconds'] for row in found['rows']) / 60:.0f} min of CPU",
        against="aim: 90 min (45 on two cores)",
        bound="sparse solves for draws and folds",
    )


SOURCES: Mapping[str, Callable[[Any], Iterable[Figure]]] = {
    "mce_speed": mce,
    "bayesian_speed": bayesian,
    "peer_airl": airl,
    "score_speed": score,
    "distance_speed": distances,
    "directedness_speed": directedness,
    "env_speed": worlds,
    "bench_scaling": workers,
    "kill_loop": kills,
    "planted_verdicts": panel,
}
"""Result -> the lines it gives."""


def table() -> str:
    """All figures there are, as Markdown."""
    found = {name: read(name) for name in SOURCES}
    lines = ["| what | came out | against | runs against | measured by |", "|---|---|---|---|---|"]
    for name, tell in SOURCES.items():
        for one in tell(found[name]) if found[name] else ():
            lines.append(f"| {one.what} | {one.came} | {one.against or '-'} | {one.bound} | `{name}.py` |")
    return "\n".join(lines) + "\n"


def curves() -> Mapping[str, Sequence[tuple[float, float]]]:
    """What grows with what: (size, seconds) by name of the size."""
    found: dict[str, Sequence[tuple[float, float]]] = {}
    if (states := read("mce_speed")) is not None:
        found["states (mce)"] = [(one["states"], one["cpu_seconds"]) for one in states["growth"]]
    if (growth := read("growth_speed")) is not None:
        named = {"features": "features (mce)", "levels": "levels (score)", "draws": "draws (score)"}
        for name, seconds in growth["seconds"].items():
            found[named.get(name, f"{name} (bench)")] = [(float(size), took) for size, took in seconds.items()]
    if (scaling := read("bench_scaling")) is not None:
        middle = {w: sorted(took)[len(took) // 2] for w, took in scaling["seconds"].items()}
        found["workers (bench)"] = [(float(w), took) for w, took in middle.items()]
    return found


def draw(shown: Mapping[str, Sequence[tuple[float, float]]]) -> Any:
    """One panel a size, logarithmic both ways, with the line of proportional cost through the last point."""
    import matplotlib.pyplot as plt  # only when drawn
    import seaborn as sns
    from matplotlib.ticker import EngFormatter

    short = EngFormatter(places=0, sep="")
    colours = sns.color_palette("colorblind")
    figure, panels = plt.subplots(2, 3, figsize=(9, 5.5), squeeze=False)
    for panel, (name, points) in zip(panels.ravel(), shown.items(), strict=False):
        sizes, seconds = zip(*points, strict=True)
        power = -1.0 if name.startswith("workers") else 1.0
        panel.loglog(sizes, [seconds[-1] * (size / sizes[-1]) ** power for size in sizes], color="0.6", linestyle="--")
        panel.loglog(sizes, seconds, marker="o", color=colours[0])
        panel.set_xticks(sizes, [short(size) for size in sizes], minor=False, fontsize="small")
        ends = (seconds[0], seconds[-1])
        panel.set_yticks(ends, [f"{took:.2g}" if took < 10 else f"{took:.0f}" for took in ends], minor=False)
        panel.minorticks_off()
        panel.set(xlabel=name, ylabel="seconds")
    for panel in panels.ravel()[len(shown) :]:
        panel.axis("off")
    figure.suptitle("How cost grows; dashed: in proportion")
    figure.tight_layout()
    return figure


def page(text: str) -> str:
    """The README with both tables in their places."""
    parts = [table(), agents()]
    before, *places = text.split(BEGIN)
    made = [f"{BEGIN}\n{part}\n{END}{place.split(END, 1)[1]}" for part, place in zip(parts, places, strict=True)]
    return before + "".join(made)


def agents() -> str:
    """The table of `birl table` over the trained agents, its headings below the page's."""
    lines = AGENTS.read_text(encoding="utf-8").splitlines()[1:] if AGENTS.exists() else ["Not made yet."]
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in lines).strip() + "\n"


def main() -> None:
    """Write page and figure."""
    write_whole(PAGE, page(PAGE.read_text(encoding="utf-8")).encode())
    draw(curves()).savefig(FIGURE, dpi=120, metadata={"Software": None})
    print(table())


if __name__ == "__main__":
    main()
