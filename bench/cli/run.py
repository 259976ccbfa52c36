"""``bench run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

__all__ = ["run"]


def run(
    methods: Annotated[
        list[str], typer.Argument(help="Names of methods (see bench list methods) or .py files.")
    ],
    benchmark: options.BenchmarkName = "london",
    data: options.Data = None,
    out: options.Out = Path("runs"),
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
    param: options.Parameters = None,
    seed: options.Seed = 0,
    keep_images: options.KeepImages = False,
    json: options.Json = False,
) -> None:
    """Run methods and the anchors on the test part and rank them.

    Each method with alpha is ranked at its dev alpha\\*, searched first where it was not yet. A run
    that was stopped goes on with the same command.

    Examples:

    `bench run glow-arith pixel-arith --benchmark london --data DIR`

    `bench run ./my_method.py --param strength=0.8 --benchmark london --data DIR --limit 40`

    `bench run glow-arith --alpha 0.5 --benchmark london --data DIR --json`
    """
    from bench import api
    from bench.report.terminal import print_board

    settings = api.Settings(
        benchmark=benchmark,
        data=options.require_data(data, benchmark),
        out=out,
        alphas=options.parse_alphas(alphas),
        limit=limit,
        device=device,
        embedder=embedder,
        au_estimator=au,
        parameters=options.parse_parameters(param),
        seed=seed,
        keep_images=keep_images,
    )
    board = api.run(methods, settings, alpha=alpha)
    if json:
        print_json(board.to_dict())
    else:
        console = stdout()
        print_board(board, console)
        console.print(f"Next: bench report --html --benchmark {board.benchmark}", highlight=False)
