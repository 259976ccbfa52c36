"""``bench second-opinion``."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.data.benchmark import DEFAULT_BENCHMARK

__all__ = ["second_opinion"]


def second_opinion(
    methods: Annotated[
        list[str] | None,
        typer.Argument(
            help="Methods with a stored run: names, labels with parameters such as "
            "'glow-arith precision=bf16', or .py files. By default all.",
            show_default=False,
        ),
    ] = None,
    benchmark: options.BenchmarkName = DEFAULT_BENCHMARK,
    data: options.Data = None,
    out: options.Out = options.DEFAULT_OUT,
    device: options.Device = "cpu",
    embedder: options.Embedder = None,
    au: options.AuEstimator = None,
    json: options.Json = False,
) -> None:
    """Rank the outputs of stored runs by other instruments, beside the benchmark's own.

    Every method makes its outputs again at the alpha that was chosen under the benchmark's
    instruments, and the second ones measure them. On an imported benchmark both measurements must
    be stored.

    Examples:

    `bench second-opinion --embedder mobilefacenet --au mediapipe`

    `bench second-opinion glow-arith pixel-arith --benchmark london --data DIR --au py-feat`

    `bench second-opinion --benchmark valenzuela2021 --embedder mobilefacenet --au mediapipe`
    """
    from bench import api, api_opinion
    from bench.report.terminal.opinion import print_opinion

    settings = api.Settings(
        benchmark=benchmark,
        data=options.given_data(data, benchmark),
        out=out,
        device=device,
        embedder=embedder,
        au_estimator=au,
    )
    found = api_opinion.second_opinion(methods or [], settings).to_dict()
    if json:
        print_json(found)
    else:
        print_opinion(found, stdout())
