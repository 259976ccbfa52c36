"""``bench leaderboard verify`` and ``bench leaderboard diff``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.errors import BenchError

__all__ = ["diff", "verify"]


def verify(
    entries: Annotated[
        list[str] | None,
        typer.Argument(metavar="ENTRY", help="BENCHMARK/NAME or BENCHMARK, or the folder of one."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Verify all entries of all boards.")] = False,
    board: Annotated[
        Path | None,
        typer.Option(
            "--board",
            help="Folder of the board, where it is no published one; ENTRY is then NAME.",
            show_default=False,
        ),
    ] = None,
    data: options.Data = None,
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Test pairs to make again.")] = 8,
    seed: Annotated[int, typer.Option("--seed", help="Of the choice of pairs.")] = 0,
    device: options.Device = "cpu",
    trust: Annotated[
        bool,
        typer.Option(
            "--trust",
            help="Also run entries whose parameters name programs or files: only what you read.",
        ),
    ] = False,
    json: options.Json = False,
) -> None:
    """Check that published entries hold: their numbers from their scores, some scores from images.

    Every number of entry.json is computed again from the stored scores, alpha among them. Where
    method and data are here in the same versions, seeded pairs are made and measured again, and
    verified.json is written; an entry without that is a claim. Lists all that is wrong, and ends
    with status 1 then.

    Examples:

    `bench leaderboard verify synthfaces-64/pixel-arith`

    `bench leaderboard verify synthfaces-64`

    `bench leaderboard verify london-64/glow-arith --data DIR --pairs 20 --seed 1`

    `bench leaderboard verify --all --json`
    """
    from bench import api_leaderboard_checks as api
    from bench.report.terminal.leaderboard_verify import print_verdicts

    if bool(entries) == every:
        raise BenchError("name entries, or --all", hint="such as synthfaces-64/pixel-arith")
    found = api.verify(
        [path for name in entries or () for path in api.find_entries(name, board)]
        or api.all_entries(board),
        data=lambda benchmark: options.given_data(data, benchmark),
        pairs=pairs,
        seed=seed,
        device=device,
        trust=trust,
    )
    if json:
        print_json(found.to_dict())
    else:
        print_verdicts(found, stdout())
    if found.is_wrong:
        raise typer.Exit(1)


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="Folder of boards, or git revision.")],
    after: Annotated[
        str | None,
        typer.Argument(metavar="B", help="The same; by default the boards as they are now."),
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", "-b", help="Only this board.", show_default=False),
    ] = None,
    json: options.Json = False,
) -> None:
    """Say for each change of rank or score why.

    In this order: new or removed method, new data, new metric version, new version of the method,
    another method's change, noise. Names whose ranks changed inside one tie group, which the data
    do not support.

    Examples:

    `bench leaderboard diff HEAD~1`

    `bench leaderboard diff v0.1 HEAD --benchmark london-64`

    `bench leaderboard diff old/leaderboards leaderboards --json`
    """
    from bench import api_leaderboard_checks as api
    from bench.report.terminal.leaderboard_diff import print_differences

    found = api.diff(before, after, benchmark)
    if json:
        print_json(found.to_dict())
    else:
        print_differences(found, stdout())
