"""``bench run``."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import options
from bench.cli.next_steps import next_steps
from bench.cli.output import print_json, stdout
from bench.data.benchmark import DEFAULT_BENCHMARK
from bench.errors import BenchError

__all__ = ["run"]


def run(
    methods: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names of methods (see bench list methods) or .py files.",
            show_default=False,
        ),
    ] = None,
    benchmark: options.BenchmarkName = DEFAULT_BENCHMARK,
    data: options.Data = None,
    out: options.Out = options.DEFAULT_OUT,
    alpha: Annotated[
        float | None,
        typer.Option(
            "--alpha", help="Rank at this alpha, not at the dev alpha*.", show_default=False
        ),
    ] = None,
    alphas: options.Alphas = "",
    limit: options.Limit = None,
    device: options.Device = "cpu",
    embedder: options.Embedder = None,
    au: options.AuEstimator = None,
    source_aus: options.SourceAus = None,
    param: options.Parameters = None,
    python: options.Python = None,
    seed: options.Seed = 0,
    keep_images: options.KeepImages = False,
    json: options.Json = False,
) -> None:
    """Run methods and the anchors on the test part and rank them.

    Each method with alpha is ranked at its dev alpha\\*, searched first where it was not yet. A run
    that was stopped goes on with the same command.

    Examples:

    `bench run glow-arith`

    `bench run glow-arith pixel-arith --benchmark london --data DIR`

    `bench run ./my_method.py --param strength=0.8 --limit 40`

    `bench run ./my_method.py --python ./torch1/bin/python`

    `bench run glow-arith --alpha 0.5 --json`
    """
    if not methods:
        raise BenchError(
            "no method was named", hint="bench run glow-arith; all: bench list methods"
        )
    from bench import api
    from bench.report.floor import floor_of_board
    from bench.report.terminal.board import print_board

    settings = api.Settings(
        benchmark=benchmark,
        data=options.given_data(data, benchmark),
        out=out,
        alphas=options.parse_alphas(alphas),
        limit=limit,
        device=device,
        embedder=embedder,
        au_estimator=au,
        source_aus=source_aus,
        parameters=options.parse_parameters(param),
        seed=seed,
        keep_images=keep_images,
        python=python,
    )
    names = list(dict.fromkeys(methods))
    entries = api.load_entries(names, settings)
    board = api.run_entries(entries, settings, alpha=alpha)
    if json:
        print_json(board.to_dict())
    else:
        console = stdout()
        print_board(board, console, floor_of_board(settings.out, board))
        console.print()
        for line in next_steps(dict(zip(names, entries, strict=True)), settings, alphas):
            # Never broken into two, so that it can be copied.
            console.print(line, markup=False, highlight=False, soft_wrap=True)
