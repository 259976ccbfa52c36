"""``bench check-instruments``."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.data.benchmark import DEFAULT_BENCHMARK

__all__ = ["check_instruments"]


def check_instruments(
    benchmark: Annotated[
        str, typer.Argument(help="Benchmark: NAME or NAME-RESOLUTION.")
    ] = DEFAULT_BENCHMARK,
    data: options.Data = None,
    embedder: options.Embedder = None,
    au: options.AuEstimator = None,
    json: options.Json = False,
) -> None:
    """Check the instruments on images whose Action Units and people are known.

    Prints how each Action Unit is read, how well people are told apart, and whether distances
    follow the expression; ends with status 1 if a limit is missed.

    Examples:

    `bench check-instruments synthfaces`

    `bench check-instruments synthfaces --au runs/synth-au/model.safetensors --json`

    `bench check-instruments london --data DIR`
    """
    from bench.analysis.instruments import check_readings
    from bench.data.benchmark import load_benchmark
    from bench.report.instruments import print_check
    from bench.run.progress import progress_bar
    from bench.run.readings import count_samples, read_all

    chosen = load_benchmark(benchmark, embedder=embedder, au_estimator=au)
    folder = chosen.card.data_folder(options.given_data(data, benchmark))
    with progress_bar(f"reading {chosen.name}", count_samples(chosen, folder)) as advance:
        readings = read_all(chosen, folder, advance)
    check = check_readings(readings, chosen.name)
    if json:
        print_json(check.to_dict())
    else:
        print_check(check, stdout())
    if check.missed:
        raise typer.Exit(1)
