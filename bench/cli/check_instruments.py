"""``bench check-instruments``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.command_line import command_line
from bench.data.benchmark import DEFAULT_BENCHMARK

__all__ = ["check_instruments"]


class _Part(StrEnum):
    dev = "dev"
    test = "test"


def check_instruments(
    benchmark: Annotated[
        str, typer.Argument(help="Benchmark: NAME or NAME-RESOLUTION.")
    ] = DEFAULT_BENCHMARK,
    data: options.Data = None,
    out: options.Out = options.DEFAULT_OUT,
    embedder: options.Embedder = None,
    au: options.AuEstimator = None,
    part: Annotated[_Part, typer.Option("--part", help="Whose images to perturb.")] = _Part.dev,
    method_resolution: Annotated[
        list[int] | None,
        typer.Option(
            "--method-resolution",
            help="Also reduce images to this side and back; repeatable. By default the smaller "
            "resolutions that the dataset offers.",
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Check the instruments of a benchmark, and how far their readings repeat.

    Prints how each Action Unit is read where the truth is known, how well people are told apart,
    and what a shift by one pixel, JPEG 95, a re-encode and a smaller resolution change. The floor
    that follows is stored in OUT/BENCHMARK/instruments.json, and bench report prints differences
    below it in grey. Ends with status 1 if a limit is missed.

    Examples:

    `bench check-instruments synthfaces`

    `bench check-instruments synthfaces --method-resolution 32`

    `bench check-instruments synthfaces --au runs/synth-au/model.safetensors --json`

    `bench check-instruments london --data DIR`
    """
    from bench.analysis.instruments import panel
    from bench.data.benchmark import load_benchmark
    from bench.report.terminal.instruments import print_check

    chosen = load_benchmark(benchmark, embedder=embedder, au_estimator=au)
    check = panel.check_instruments(
        chosen,
        chosen.card.data_folder(options.given_data(data, benchmark)),
        out,
        part=part.value,
        method_resolutions=method_resolution or (),
        command=command_line(),
    )
    if json:
        print_json(check.to_dict())
    else:
        print_check(check, stdout())
    if check.missed:
        raise typer.Exit(1)
