"""``bench leaderboard``: published boards, and how to get on one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.leaderboard_checks import diff, verify
from bench.cli.output import print_json, stdout
from bench.data.benchmark import DEFAULT_BENCHMARK

__all__ = ["Board", "leaderboard"]

leaderboard = typer.Typer(
    help="Show published boards, add results to them, check them.", no_args_is_help=True
)

Board = Annotated[
    Path | None,
    typer.Option(
        "--board",
        help="Folder of the board; by default the published one, in $BENCH_LEADERBOARDS if set.",
        show_default=False,
    ),
]


@leaderboard.command("show")
def show(
    benchmark: Annotated[
        str | None,
        typer.Argument(help="Benchmark; without it, the list of boards.", show_default=False),
    ] = None,
    board: Board = None,
    runs: Annotated[
        Path | None,
        typer.Option(
            "--runs",
            help="Folder of runs that stand on the table too, marked local.",
            show_default=False,
        ),
    ] = None,
    explain: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--explain",
            metavar="A B",
            help="Say why two methods share a tie group or not, and what would separate them.",
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Show a published board, computed again from its stored scores; or list the boards.

    Examples:

    `bench leaderboard show`

    `bench leaderboard show london`

    `bench leaderboard show london --runs runs`

    `bench leaderboard show london --explain glow-arith pixel-arith`
    """
    from rich.console import Console

    from bench import api_leaderboard
    from bench.report.terminal.board import print_board
    from bench.report.terminal.board_details import print_board_details, print_explanation
    from bench.report.terminal.leaderboard import print_boards, print_status

    if benchmark is None and board is None:
        boards = api_leaderboard.list_boards()
        if json:
            print_json({"schema_version": 1, "boards": [one.to_dict() for one in boards]})
        else:
            print_boards(boards, stdout())
        return
    with Console(stderr=True).status("computing the board from its stored scores"):
        shown = api_leaderboard.show_board(benchmark, board, runs)
    if explain is not None:
        explanation = api_leaderboard.explain_two(shown.board, *explain)
        if json:
            print_json(explanation.to_dict())
        else:
            print_explanation(explanation, stdout())
    elif json:
        print_json(shown.to_dict())
    else:
        console = stdout()
        print_board(shown.board, console)
        console.print()
        print_board_details(shown.board, console)
        console.print()
        print_status(shown.status, console)


@leaderboard.command("add")
def add(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of stored runs.")],
    board: Board = None,
    json: options.Json = False,
) -> None:
    """Add stored runs to a board, and write its page anew; or say why not.

    A run must hold every pair of dev and test on the whole grid of alphas, on the benchmark's split
    and with its instruments. Anchors that the board lacks are added from beside the runs. An entry
    of the same method and parameters is replaced.

    Examples:

    `bench leaderboard add runs/london-64/glow-arith-482cae45`

    `bench leaderboard add runs/my-faces-64/*-* --board my-board`
    """
    from bench import api_leaderboard
    from bench.report.terminal.leaderboard import print_added

    added = api_leaderboard.add_runs(runs, board)
    if json:
        print_json({"schema_version": 1, "added": [one.to_dict() for one in added]})
    else:
        print_added(added, stdout())


@leaderboard.command("make")
def make(
    benchmark: Annotated[str, typer.Argument(help="Benchmark.")] = DEFAULT_BENCHMARK,
    data: options.Data = None,
    out: options.Out = options.DEFAULT_OUT,
    board: Board = None,
    device: options.Devices = "cpu",
    json: options.Json = False,
) -> None:
    """Run every method that comes with the package, and make the board of all of them.

    What is stored in the runs already is not run again. Entries of others on the board stay.

    Examples:

    `bench leaderboard make`

    `bench leaderboard make london --data DIR`
    """
    from rich.console import Console

    from bench import api, api_leaderboard
    from bench.report.terminal.leaderboard import print_added

    settings = api.Settings(
        benchmark=benchmark,
        data=options.given_data(data, benchmark),
        out=out,
        device=device,
        cache=False,  # a method whose faces another one has encoded would pass for faster
    )
    made = api.run(api_leaderboard.built_in_names(), settings)
    folders = [out / made.benchmark / row.run_id for row in made.rows]
    added = api_leaderboard.add_runs(folders, board)
    with Console(stderr=True).status("scoring groups of people"):
        api_leaderboard.write_groups(folders, settings.data, board)
    if json:
        print_json({"schema_version": 1, "added": [one.to_dict() for one in added]})
    else:
        print_added(added, stdout())


@leaderboard.command("page")
def page(
    benchmark: Annotated[
        str | None, typer.Argument(help="Benchmark of the board.", show_default=False)
    ] = None,
    board: Board = None,
) -> None:
    """Write README.md of a board anew, such as after a change of its notes.md.

    Examples:

    `bench leaderboard page london`
    """
    from rich.console import Console

    from bench import api_leaderboard

    with Console(stderr=True).status("writing the page"):
        path = api_leaderboard.write_page(benchmark, board)
    stdout().print(f"Page: {path}", highlight=False, soft_wrap=True, markup=False)


leaderboard.command("verify")(verify)
leaderboard.command("diff")(diff)
