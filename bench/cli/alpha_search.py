"""``bench alpha-search``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.data.benchmark import DEFAULT_BENCHMARK
from bench.plugins.guard import results_apart

__all__ = ["alpha_search"]


class By(StrEnum):
    """What alpha\\* is the best of."""

    au = "au"
    identity = "identity"
    score = "score"


def alpha_search(
    method: Annotated[str, typer.Argument(help="Name of a method or a .py file.")],
    benchmark: options.BenchmarkName = DEFAULT_BENCHMARK,
    data: options.Data = None,
    out: options.Out = options.DEFAULT_OUT,
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
    by: Annotated[
        By,
        typer.Option(
            "--by",
            help="Least Action Unit error, last alpha before the identity crossover, or largest "
            "transfer score.",
        ),
    ] = By.au,
    fixed: Annotated[
        float | None,
        typer.Option(
            "--fixed",
            help="Alpha of the protocol fixed, one of the grid. By default 1, or what is nearest.",
            show_default=False,
        ),
    ] = None,
    refine: Annotated[
        bool,
        typer.Option(
            "--refine", help="Search between the points of the grid, too: makes more images."
        ),
    ] = False,
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", min=1e-4, help="How near to alpha\\* that search stops."),
    ] = 0.01,
    per_target: Annotated[
        bool, typer.Option("--per-target", help="Print a row for every target.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Find alpha\\* and the identity crossover on the dev part, and how sure they are.

    The test part is not opened. Alpha is chosen by three criteria and three protocols: oracle (per
    pair, with hindsight), dev (on other people) and fixed. On an imported benchmark, METHOD is a
    stored run.

    Examples:

    `bench alpha-search glow-arith`

    `bench alpha-search glow-arith --benchmark london --data DIR`

    `bench alpha-search glow-arith --by score --per-target`

    `bench alpha-search pixel-arith --refine --tolerance 0.005`

    `bench alpha-search glow-arith --alphas 0:1:0.05 --json`

    `bench alpha-search glow-arith --dask local:4`
    """
    from bench.api import Settings
    from bench.api_alpha import alpha_search as search
    from bench.report.terminal.alpha_search import print_alpha_search

    settings = Settings(
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
    with results_apart():
        found = search(
            method, settings, by=by.value, fixed=fixed, refine=refine, tolerance=tolerance
        )
    if json:
        print_json(found.to_dict())
    else:
        print_alpha_search(found, stdout(), per_target=per_target)
