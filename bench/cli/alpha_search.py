"""``bench alpha-search``."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.data.benchmark import DEFAULT_BENCHMARK

__all__ = ["alpha_search"]


def alpha_search(
    method: Annotated[str, typer.Argument(help="Name of a method or a .py file.")],
    benchmark: options.BenchmarkName = DEFAULT_BENCHMARK,
    data: options.Data = None,
    out: options.Out = options.DEFAULT_OUT,
    alphas: options.Alphas = "",
    limit: options.Limit = None,
    device: options.Device = "cpu",
    embedder: options.Embedder = None,
    au: options.AuEstimator = None,
    source_aus: options.SourceAus = None,
    param: options.Parameters = None,
    seed: options.Seed = 0,
    keep_images: options.KeepImages = False,
    json: options.Json = False,
) -> None:
    """Find alpha\\* (least Action Unit error) and the identity crossover, on the dev part alone.

    On an imported benchmark, METHOD is a stored run.

    Examples:

    `bench alpha-search glow-arith`

    `bench alpha-search glow-arith --benchmark london --data DIR`

    `bench alpha-search glow-arith --alphas 0:1:0.05 --json`
    """
    from bench import api
    from bench.report.terminal import print_alpha_search

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
    )
    found = api.named_search(method, settings)
    if json:
        print_json(found.search.to_dict(benchmark=found.benchmark, method=found.method))
    else:
        print_alpha_search(found.search, found.benchmark, found.label, stdout())
