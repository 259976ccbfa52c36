"""The ``bench`` command. One module per command; nothing heavy is imported before it is needed."""

from __future__ import annotations

import sys

import typer

from bench import __version__, stopping
from bench.cli.alpha_search import alpha_search
from bench.cli.cache import cache
from bench.cli.check import check
from bench.cli.check_instruments import check_instruments
from bench.cli.compare import compare
from bench.cli.data import data
from bench.cli.groups import groups
from bench.cli.import_ import imports
from bench.cli.leaderboard import leaderboard
from bench.cli.listing import listing
from bench.cli.metrics import metrics
from bench.cli.new import new
from bench.cli.reconstruct import reconstruct
from bench.cli.report import report
from bench.cli.run import run
from bench.cli.second_opinion import second_opinion
from bench.cli.weights import weights
from bench.errors import BenchError

__all__ = ["app", "main"]

app = typer.Typer(
    name="bench",
    help="Measure how well a method transfers a facial expression without changing who it is.",
    epilog="Start: bench run glow-arith, then bench report --html",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"bench {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Measure how well a method transfers a facial expression without changing who it is."""


app.command("run")(run)
app.command("alpha-search")(alpha_search)
app.command("report")(report)
app.command("compare")(compare)
app.command("metrics")(metrics)
app.command("groups")(groups)
app.command("second-opinion")(second_opinion)
app.command("reconstruct")(reconstruct)
app.command("check")(check)
app.command("check-instruments")(check_instruments)
app.add_typer(new, name="new")
app.add_typer(listing, name="list")
app.add_typer(data, name="data")
app.add_typer(imports, name="import")
app.add_typer(weights, name="weights")
app.add_typer(cache, name="cache")
app.add_typer(leaderboard, name="leaderboard")


def main() -> None:
    """Runs the command line; what a user can mend is one line on stderr and exit status 1.

    SIGTERM, with which schedulers and the system end a process, is the same as Ctrl-C: files are
    whole or absent, and how to go on is said.
    """
    try:
        stopping.heed()
        try:
            app()
        finally:
            stopping.unheed()
    except BaseException as error:
        # Being told to stop may come out of a library as another error.
        if stopping.has_been_told() and not isinstance(error, SystemExit):
            stopping.unheed()
            sys.exit(stopping.report())
        if isinstance(error, BenchError):
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
            sys.exit(1)
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()
            sys.exit(1)
        raise
