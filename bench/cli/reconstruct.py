"""``bench reconstruct``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.data.benchmark import DEFAULT_BENCHMARK

__all__ = ["reconstruct"]


def reconstruct(
    methods: Annotated[list[str], typer.Argument(help="Methods that reconstruct, or .py files.")],
    benchmark: options.BenchmarkName = DEFAULT_BENCHMARK,
    data: options.Data = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="Use N images of the test part.", show_default=False),
    ] = None,
    device: options.Device = "cpu",
    embedder: options.Embedder = None,
    au: options.AuEstimator = None,
    param: options.Parameters = None,
    seed: options.Seed = 0,
    pictures: Annotated[
        Path | None,
        typer.Option("--pictures", help="Write originals and reconstructions to this PNG."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Encode the real images of the test part, decode them, and measure what that alone loses.

    PSNR, SSIM, LPIPS where it is installed, identity distance and Action Unit error of each image
    against its original. A method takes part if its class has a function reconstruct(faces).

    Examples:

    `bench reconstruct glow-arith pixel-arith`

    `bench reconstruct glow-arith --pictures fidelity.png --limit 100`

    `bench reconstruct glow-arith --benchmark london --data DIR --json`
    """
    from bench import api
    from bench.report.terminal.reconstruction import print_reconstructions

    settings = api.Settings(
        benchmark=benchmark,
        data=options.given_data(data, benchmark),
        limit=limit,
        device=device,
        embedder=embedder,
        au_estimator=au,
        parameters=options.parse_parameters(param),
        seed=seed,
    )
    table = api.reconstruct(methods, settings, pictures)
    if json:
        print_json(table.to_dict())
    else:
        print_reconstructions(table, stdout())
        if pictures:
            stdout().print(f"Pictures: {pictures}", highlight=False, soft_wrap=True)
