"""The commands that read what is stored: report, compare, metrics, groups and leaderboard show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bench.arguments import given_data
from bench.python.commands import Folder, Words, command, words_of
from bench.python.frames import Row, unfolded
from bench.python.results import BoardResult, Result
from bench.stderr import stderr_console

if TYPE_CHECKING:
    from rich.console import Console

    from bench.analysis.board import Board
    from bench.analysis.group_values import GroupReport
    from bench.analysis.metric_values import MetricTable
    from bench.analysis.paired_values import PairedMethods
    from bench.api_leaderboard import ShownBoard

__all__ = ["compare", "groups", "leaderboard", "metrics", "report"]

Side = Literal["source", "target"]


@command("report")
def report(
    chosen: Words | None = None,
    *,
    benchmark: str | None = None,
    runs: Folder = "runs",
    data: Folder | None = None,
    html: bool = False,
    markdown: bool = False,
    figures: Folder | None = None,
    out: Folder | None = None,
    progress: bool = True,
) -> BoardResult[Board]:
    """The ranked table of stored runs, as ``bench report``.

    Args:
        chosen: only these runs, beside the anchors: folders, run ids, methods with their
            parameters as the tables name them, or methods; by default all.
        benchmark: by default the only one in the runs.
        runs: folder of runs.
        data: your copy of the dataset, for pictures that runs do not store.
        html: write one self-contained page.
        markdown: write the same as Markdown.
        figures: a folder for every figure as SVG and PNG; by default none is written.
        out: the page, or else the Markdown; of both, the Markdown lies beside the page and ends in
            ``.md``. By default ``report.html`` and ``report.md``.
        progress: show what is being done.

    Raises:
        BenchError: there are no runs, runs of several benchmarks and none was named, or a name
            that no run has.

    Example:
        >>> bench.report(html=True).figure()
        >>> bench.report(["glow-arith", "pixel-arith"])
    """
    from bench.report.collect import collect_report
    from bench.report.files import write_files
    from bench.report.terminal.report import print_report

    with stderr_console().status("reading stored runs"):
        content = collect_report(
            Path(runs), benchmark, None if data is None else Path(data), words_of(chosen)
        )
        write_files(
            content,
            html=html,
            markdown=markdown,
            figures=None if figures is None else Path(figures),
            out=None if out is None else Path(out),
        )
    return BoardResult(
        content.board,
        content.board.to_dict()["rows"],
        partial(print_report, content),
        lambda: content.methods,
    )


@command("compare")
def compare(
    first: str,
    second: str,
    *,
    benchmark: str | None = None,
    runs: Folder = "runs",
    by_person: Side | None = None,
    progress: bool = True,
) -> Result[PairedMethods]:
    """Compares two methods with a stored run on the same pairs, as ``bench compare``.

    Args:
        first, second: methods, with their parameters as the tables name them, or runs.
        benchmark: by default the only one in the runs.
        runs: folder of runs.
        by_person: print every person of that side, too.
        progress: show what is being done.

    Returns:
        ``to_frame("people")`` has a row for each side, person and score.

    Raises:
        BenchError: a name that no run has, or two runs that cannot be compared.

    Example:
        >>> bench.compare("pixel-arith", "glow-arith").table
    """
    from bench.analysis.stored_pair import compare_stored
    from bench.report.terminal.paired import print_comparison

    with stderr_console().status("comparing"):
        found = compare_stored(Path(runs), benchmark, first, second)
    values = found.to_dict()
    return Result(
        found,
        values["rows"],
        lambda console: print_comparison(found, console, by_person=by_person),
        nested={"people": _people(values["people"])},
    )


@command("metrics")
def metrics(
    methods: Words | None = None,
    *,
    benchmark: str | None = None,
    runs: Folder = "runs",
    alpha: float | None = None,
    per_au: bool = False,
    progress: bool = True,
) -> Result[MetricTable]:
    """Every metric of stored runs, as ``bench metrics``; a row for each method and metric.

    Args:
        methods: methods with a stored run; by default all.
        benchmark: by default the only one in the runs.
        runs: folder of runs.
        alpha: measure at this alpha, not at the dev alpha*.
        per_au: print the error of each Action Unit, too.
        progress: show what is being done.

    Returns:
        ``to_frame("action_units")`` has a row for each method and Action Unit.

    Raises:
        BenchError: a method has no run, or none at that alpha.

    Example:
        >>> table = bench.metrics().table
        >>> table.pivot(index="metric", columns="label", values="value")
    """
    from bench.analysis.stored_metrics import stored_metrics
    from bench.report.terminal.metrics import print_metrics

    with stderr_console().status("computing metrics"):
        table = stored_metrics(Path(runs), benchmark, words_of(methods), alpha)
    measured = table.to_dict()["runs"]
    return Result(
        table,
        unfolded(measured, "metrics", "metric"),
        lambda console: print_metrics(table, console, per_unit=per_au),
        nested={"action_units": unfolded(measured, "action_units")},
    )


@command("groups")
def groups(
    methods: Words | None = None,
    *,
    benchmark: str | None = None,
    runs: Folder = "runs",
    data: Folder | None = None,
    by: Words | None = None,
    side: Side | Sequence[Side] | None = None,
    score: Words | None = None,
    progress: bool = True,
) -> Result[GroupReport]:
    """What methods gain on each group of people, as ``bench groups``; a row for each group.

    Args:
        methods: methods with a stored run; by default all.
        benchmark: by default the only one in the runs.
        runs: folder of runs.
        data: your copy of the dataset; by default ``$BENCH_DATA``.
        by: what tells groups apart; by default all that the dataset's card names.
        side: whose group counts; by default the target's.
        score: which scores; by default expression_skill and identity_retention.
        progress: show what is being done.

    Raises:
        BenchError: a run or the table of people is missing, or there is no such score.

    Example:
        >>> bench.groups(benchmark="london", data="DIR", by="gender").table
    """
    from bench.analysis.found import stored_benchmark
    from bench.analysis.group_report import SCORES, stored_groups
    from bench.report.terminal.groups import print_groups

    name = stored_benchmark(Path(runs), benchmark)
    sides: tuple[Side, ...] = (side,) if isinstance(side, str) else tuple(side or ("target",))
    with stderr_console().status("scoring groups"):
        found = stored_groups(
            Path(runs),
            name,
            words_of(methods),
            data=given_data(None if data is None else Path(data), name),
            names=words_of(by),
            sides=sides,
            scores=words_of(score) or SCORES,
        )
    values = found.to_dict()
    return Result(found, unfolded(values["results"], "groups"), partial(print_groups, values))


@command("leaderboard show")
def leaderboard(
    benchmark: str | None = None,
    *,
    board: Folder | None = None,
    runs: Folder | None = None,
    progress: bool = True,
) -> BoardResult[ShownBoard]:
    """A published board, computed again from its stored scores, as ``bench leaderboard show``.

    Args:
        benchmark: the benchmark; :func:`list_boards` has those with a board.
        board: folder of the board; by default the published one.
        runs: folder of runs that stand on the table too, marked ``local``.
        progress: show what is being done.

    Returns:
        The table has the column ``status``: ``verified``, ``claimed`` or ``local``.
        The chart has a point for each method and no curve over alpha.

    Raises:
        BenchError: there is no such board, or an entry is damaged.

    Example:
        >>> bench.leaderboard("synthfaces").table[["rank", "method", "status"]]
    """
    from bench import api_leaderboard
    from bench.report.contents import ReportMethod
    from bench.report.terminal.board import print_board
    from bench.report.terminal.board_details import print_board_details
    from bench.report.terminal.leaderboard import print_status

    with stderr_console().status("computing the board from its stored scores"):
        shown = api_leaderboard.show_board(
            benchmark, *(None if path is None else Path(path) for path in (board, runs))
        )
    ranked = shown.board

    def show(console: Console) -> None:
        print_board(ranked, console)
        console.print()
        print_board_details(ranked, console)
        console.print()
        print_status(shown.status, console)

    rows = [{**row.to_dict(), "status": shown.status[row.label]} for row in ranked.rows]
    return BoardResult(shown, rows, show, lambda: [ReportMethod(row) for row in ranked.rows])


def _people(sides: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """The people of a comparison, a row for each side, person and score."""
    return [
        {
            "side": side,
            "identity": person["identity"],
            "name": name,
            "first": person["first"][name],
            "second": person["second"][name],
        }
        for side, found in sides.items()
        for person in found["people"]
        for name in person["first"]
    ]
