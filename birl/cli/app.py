"""`birl`: its commands and their options.

Exit codes: 0 done, 1 a verdict matched `--fail-on`, 2 bad input (one line on standard error), 130 interrupted.
Results go to standard output, everything else to standard error. Every option has an environment variable, such as
`BIRL_SCORE_SEED`.
"""

from __future__ import annotations

import difflib
import os
import sys
from io import TextIOWrapper
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from birl.cli import listing
from birl.cli.benching import BACKENDS, BenchRequest
from birl.cli.benching import bench as carry_out_bench
from birl.cli.comparing import METRICS, CompareRequest, check_compare
from birl.cli.comparing import compare as carry_out_comparison
from birl.cli.console import complain, warnings_in_one_line
from birl.cli.curving import CurveRequest
from birl.cli.curving import curve as carry_out_curve
from birl.cli.recover_request import RecoverRequest, check_recover
from birl.cli.request import Request, check
from birl.cli.tabling import TABLE_FORMATS
from birl.cli.tabling import table as carry_out_table

__all__ = ["main"]

INTERRUPTED = 130
FORMATS = ("text", "markdown", "json")


class OneLine(click.Group):
    """A group whose errors are one line each, and whose exit codes are those above."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and end the process with its exit code."""
        kwargs["standalone_mode"] = False
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # MiniGrid brings it; it greets on stdout
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")  # a narrow terminal encoding must not cost the result
        try:
            with warnings_in_one_line():
                code = super().main(*args, **kwargs)
        except click.ClickException as error:
            complain(error.format_message())
            code = error.exit_code
        except click.Abort:
            complain("stopped", kind="interrupted")
            code = INTERRUPTED
        except ValueError as error:
            if not _is_bad_input(error):
                raise
            complain(error)
            code = 2
        sys.exit(code if isinstance(code, int) else 0)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command, or the nearest ones there are."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.commands, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(self.commands)}"
            raise click.UsageError(f"unknown command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)


def _is_bad_input(error: ValueError) -> bool:
    """Whether it is a `BirlError`; the module that defines it may not be loaded."""
    types = sys.modules.get("birl.types")
    return types is not None and isinstance(error, types.BirlError)


def _verdicts(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (value or "").split(",") if name.strip())


SETTINGS = {"auto_envvar_prefix": "BIRL", "help_option_names": ["-h", "--help"]}


@click.group(cls=OneLine, context_settings=SETTINGS, invoke_without_command=True)
@click.version_option(package_name="birl", message="birl %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """What does a trained policy's behaviour optimise, and does that stay the intended thing when the world shifts?"""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@main.command()
@click.argument("checkpoints", metavar="[CHECKPOINT]...", nargs=-1)
@click.option("--task", metavar="NAME|MODULE:NAME", help="What to hold it against; `birl tasks` lists names.")
@click.option(
    "--method", "methods", metavar="M", multiple=True, help="Inverse-RL method, may be repeated; all if left out."
)
@click.option("--levels", metavar="N", type=click.IntRange(min=1), help="Levels of each distribution.")
@click.option(
    "--block",
    metavar="K",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Which N levels: the first, or a later N that share none with them.",
)
@click.option(
    "--episodes",
    metavar="N",
    type=click.IntRange(min=1),
    help="Roll it out so often on each distribution and look at nothing else; worlds without a model always are.",
)
@click.option(
    "--pool",
    metavar="CHECKPOINT",
    multiple=True,
    help="A policy that may earn more, for worlds without a model; repeat.",
)
@click.option("--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="Of every draw.")
@click.option(
    "--draws", metavar="N", type=click.IntRange(min=2), default=200, show_default=True, help="Bootstrap draws."
)
@click.option(
    "--deterministic/--stochastic", default=False, help="Score its likeliest actions, or the policy as it is (default)."
)
@click.option("--num-threads", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="For torch.")
@click.option("--json", metavar="FILE", help="Write the card; with several checkpoints FILE has {name} in it.")
@click.option("--figures", metavar="DIR", help="Write figures; with several checkpoints DIR has {name} in it.")
@click.option("--html", metavar="FILE", help="Write the card as one page; with several checkpoints as for --json.")
@click.option("--curve", is_flag=True, help="Show on that page what every other specification says; takes minutes.")
@click.option(
    "--format", type=click.Choice(FORMATS), default="text", show_default=True, help="Of the result on standard output."
)
@click.option(
    "--fail-on", metavar="VERDICT,...", callback=_verdicts, help="Exit with 1 when the verdict is one of these."
)
@click.option(
    "--from", "card", metavar="CARD", help="Diagnose a finished card again; --task, with --html, draws its levels."
)
@click.option("--trust-checkpoint", is_flag=True, help="Let the checkpoint run code as it is unpickled.")
@click.option(
    "--vecnormalize",
    metavar="auto|FILE|none",
    default="auto",
    show_default=True,
    help="Statistics observations are normalised with; auto: those beside the checkpoint.",
)
@click.pass_context
def score(ctx: click.Context, **options: Any) -> None:
    """Say what the policy in a CHECKPOINT pursues.

    CHECKPOINT is a Stable-Baselines3 .zip, a folder of rl-baselines3-zoo, hf:owner/name or the name of an installed
    agent (`birl agents`). Several may be given: one that fails is reported and the others go on.
    """
    request = Request(**options)
    typed = {name for name in options if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    check(request, typed - ({"checkpoints"} if not request.checkpoints else set()))

    from birl.cli.scoring import rediagnose, score_all

    ctx.exit(score_all(request) if request.card is None else rediagnose(request))


@main.command()
@click.argument("checkpoint", required=False)
@click.option("--task", metavar="NAME|MODULE:NAME", help="Where to watch it; `birl tasks` lists names.")
@click.option("--method", "methods", metavar="M", multiple=True, help="Of `birl methods`; may be repeated.")
@click.option(
    "--distribution", "distributions", metavar="D", multiple=True, help="Of the task, may be repeated; all if left out."
)
@click.option("--levels", metavar="N", type=click.IntRange(min=1), help="Levels of each distribution.")
@click.option(
    "--episodes", metavar="N", type=click.IntRange(min=1), default=50, show_default=True, help="On each distribution."
)
@click.option("--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="Of every draw.")
@click.option(
    "--deterministic/--stochastic", default=False, help="Watch its likeliest actions, or the policy as it is (default)."
)
@click.option("--num-threads", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="For torch.")
@click.option("--out", metavar="FILE", help="Write the estimate (.npz); with several methods FILE has {name} in it.")
@click.option("--json", metavar="FILE", help="Write everything but arrays.")
@click.option("--figures", metavar="DIR", help="Write figures.")
@click.option(
    "--format", type=click.Choice(FORMATS), default="text", show_default=True, help="Of the result on standard output."
)
@click.option("--trust-checkpoint", is_flag=True, help="Let the checkpoint run code as it is unpickled.")
@click.option(
    "--vecnormalize",
    metavar="auto|FILE|none",
    default="auto",
    show_default=True,
    help="Statistics observations are normalised with; auto: those beside the checkpoint.",
)
@click.pass_context
def recover(ctx: click.Context, **options: Any) -> None:
    """Recover the reward that the policy in a CHECKPOINT behaves as if it pursued.

    The reward alone, with its checks, its identifiability and its intervals: no verdict. Worlds that are environments
    only will do, with methods that need no model.
    """
    request = RecoverRequest(**options)
    check_recover(request)

    from birl.cli.recovering import recover as carry_out

    ctx.exit(carry_out(request))


@main.command()
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option("--task", metavar="NAME|MODULE:NAME", help="Whose levels they are compared on; the cards' if left out.")
@click.option("--levels", metavar="N", type=click.IntRange(min=1), help="Levels of each distribution.")
@click.option(
    "--distance", type=click.Choice(tuple(METRICS)), default="starc", show_default=True, help="Between two rewards."
)
@click.option(
    "--draws", metavar="N", type=click.IntRange(min=2), default=200, show_default=True, help="For the intervals."
)
@click.option("--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="Of every draw.")
@click.option("--figures", metavar="DIR", help="Write the matrix as heat maps.")
@click.option(
    "--format", type=click.Choice(FORMATS), default="text", show_default=True, help="Of the result on standard output."
)
@click.pass_context
def compare(ctx: click.Context, **options: Any) -> None:
    """Say how far apart rewards are, on every distribution of a task.

    FILE is a card (`birl score --json`), an estimate (`birl recover --out`) or JSON with weights by feature. The base
    objective and the candidates of the task stand beside them.
    """
    request = CompareRequest(**options)
    check_compare(request)
    ctx.exit(carry_out_comparison(request))


@main.command()
@click.argument("checkpoint")
@click.option("--task", metavar="NAME|MODULE:NAME", required=True, help="Where to watch it; `birl tasks` lists names.")
@click.option("--method", "methods", metavar="M", multiple=True, help="Of `birl methods`; may be repeated.")
@click.option(
    "--levels", metavar="N", type=click.IntRange(min=1), default=40, show_default=True, help="Of each distribution."
)
@click.option("--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="Of every draw.")
@click.option("--jobs", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="At a time.")
@click.option("--json", metavar="FILE", help="Write everything.")
@click.option("--figures", metavar="DIR", help="Write the curve as a figure.")
@click.option(
    "--format", type=click.Choice(FORMATS), default="text", show_default=True, help="Of the result on standard output."
)
@click.option("--trust-checkpoint", is_flag=True, help="Let the checkpoint run code as it is unpickled.")
@click.option("--vecnormalize", metavar="auto|FILE|none", default="auto", show_default=True, help="As for `score`.")
@click.pass_context
def curve(ctx: click.Context, **options: Any) -> None:
    """Score the policy in a CHECKPOINT under every specification.

    Another model of rationality, a weaker and a stronger prior, a shorter and a longer horizon: how much of the verdict
    hangs on what behaviour leaves open.
    """
    ctx.exit(carry_out_curve(CurveRequest(**options)))


@main.command()
@click.argument("suite", metavar="[SUITE|MODULE:NAME]", required=False)
@click.option("--results", metavar="DIR", help="Folder of the results; a run goes on where an earlier one was.")
@click.option("--jobs", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Units at a time.")
@click.option(
    "--backend", metavar="|".join(BACKENDS), default="loky", show_default=True, help="What runs them, through joblib."
)
@click.option("--address", metavar="HOST:PORT", help="Of a running Ray or Dask cluster that sees DIR, too.")
@click.option("--seeds", metavar="N", type=click.IntRange(min=1), help="Seeds of every agent; the suite's if left out.")
@click.option("--by-method", is_flag=True, help="Also score with each method alone, a line each.")
@click.option("--retry", is_flag=True, help="Do failed units again.")
@click.pass_context
def bench(ctx: click.Context, **options: Any) -> None:
    """Score every agent of a SUITE on its tasks; without one, list the suites.

    Every unit (agent, task, seed, methods) is written by itself as soon as it is done: a run that was stopped goes on
    where it was, and several machines can share the folder.
    """
    ctx.exit(carry_out_bench(BenchRequest(**options)))


@main.command()
@click.argument("results", metavar="DIR")
@click.option("--format", type=click.Choice(TABLE_FORMATS), default="text", show_default=True, help="Of the table.")
@click.option("--pages", metavar="FOLDER", help="Also write FOLDER/index.html and a page for every card behind it.")
@click.option("--jobs", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Pages at a time.")
@click.pass_context
def table(ctx: click.Context, results: str, format: str, pages: str | None, jobs: int) -> None:
    """Show the results of `birl bench` in DIR as one table."""
    ctx.exit(carry_out_table(results, format, pages=pages, jobs=jobs))


@main.command()
def tasks() -> None:
    """List the installed tasks."""
    listing.list_tasks()


@main.command()
def agents() -> None:
    """List the installed agents."""
    listing.list_agents()


@main.command()
def methods() -> None:
    """List the inverse-RL methods."""
    listing.list_methods()
