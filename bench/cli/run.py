"""``bench run``."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import options
from bench.cli.next_steps import next_steps
from bench.cli.output import print_json, stdout
from bench.data.benchmark import DEFAULT_BENCHMARK
from bench.errors import BenchError
from bench.plugins.guard import results_apart

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
    device: options.Devices = "cpu",
    embedder: options.Embedder = None,
    au: options.AuEstimator = None,
    source_aus: options.SourceAus = None,
    param: options.Parameters = None,
    python: options.Python = None,
    isolate: options.Isolate = False,
    timeout: options.Timeout = None,
    memory_limit: options.MemoryLimit = None,
    seed: options.Seed = 0,
    keep_images: options.KeepImages = False,
    dask: options.Dask = None,
    dask_tls: options.DaskTls = None,
    workers: options.Workers = 1,
    max_memory: options.MaxMemory = None,
    no_cache: options.NoCache = False,
    cache_size: options.CacheSize = None,
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

    `bench run ./my_method.py --isolate --timeout 10 --memory-limit 4000`

    `bench run glow-arith --workers 2 --max-memory 3000`

    `bench run glow-arith --alpha 0.5 --json`

    `bench run glow-arith --dask local:4`
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
        isolate=isolate,
        timeout=timeout,
        memory_limit=memory_limit,
        dask=dask,
        dask_tls=dask_tls,
        workers=workers,
        max_memory=max_memory,
        cache=not no_cache,
        cache_size=cache_size,
    )
    names = list(dict.fromkeys(methods))
    with results_apart():
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
