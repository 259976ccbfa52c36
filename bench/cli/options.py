"""Options that several commands share, with the same name and meaning everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.arguments import given_data, parse_alphas, parse_parameters

__all__ = [
    "DEFAULT_OUT", "Alphas", "AuEstimator", "BenchmarkName", "Data", "Device", "Embedder", "Json",
    "KeepImages", "Limit", "Out", "Parameters", "Python", "Runs", "Seed", "SourceAus",
    "StoredBenchmark", "StoredMethods", "given_data", "parse_alphas", "parse_parameters",
]  # fmt: skip

DEFAULT_OUT = Path("runs")

BenchmarkName = Annotated[
    str, typer.Option("--benchmark", "-b", help="Benchmark: NAME or NAME-RESOLUTION.")
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        "-d",
        help="Your copy of a dataset that does not come with bench; by default $BENCH_DATA.",
        show_default=False,
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder of runs.")]
Runs = Annotated[Path, typer.Option("--runs", help="Folder of runs.")]
StoredBenchmark = Annotated[
    str | None,
    typer.Option("--benchmark", "-b", help="Benchmark; by default the only one in the runs."),
]
StoredMethods = Annotated[
    list[str] | None,
    typer.Argument(help="Methods with a stored run; by default all.", show_default=False),
]
Alphas = Annotated[
    str,
    typer.Option(
        "--alphas",
        help="Grid of transfer intensities, such as 0,0.5,1 or 0:1:0.1. "
        "By default the benchmark's.",
        show_default=False,
    ),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Use the first N pairs of each part.", show_default=False),
]
Device = Annotated[str, typer.Option("--device", help="Torch device: cpu or cuda.")]
Embedder = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        help="Embedder, as bench list embedders has it: NAME, NAME:FILE or FILE. "
        "By default the benchmark's.",
        show_default=False,
    ),
]
AuEstimator = Annotated[
    str | None,
    typer.Option(
        "--au",
        help="AU estimator, as bench list au has it: NAME, NAME:FILE or FILE. "
        "By default the benchmark's.",
        show_default=False,
    ),
]
SourceAus = Annotated[
    str | None,
    typer.Option(
        "--source-aus",
        help="Action Units of a source image: what the estimator reads, or the dataset's labels. "
        "By default the benchmark's.",
        metavar="estimator|labels",
        show_default=False,
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--param", "-p", help="Parameter of a method, NAME=VALUE; repeatable.", show_default=False
    ),
]
Python = Annotated[
    Path | None,
    typer.Option(
        "--python",
        help="Python interpreter of another environment, where the method works: FILE.py or "
        "MODULE:CLASS.",
        metavar="PATH",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
KeepImages = Annotated[bool, typer.Option("--keep-images", help="Store every output image.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of a table.")]
