"""Options that several commands share, with the same name and meaning everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.arguments import given_data, parse_alphas, parse_parameters
from bench.run.distributed.storage import folder_of_runs

__all__ = [
    "DEFAULT_OUT", "Alphas", "AuEstimator", "BenchmarkName", "CacheSize", "Dask", "DaskTls", "Data",
    "Device", "Devices", "Embedder", "Isolate", "Json", "KeepImages", "Limit", "MaxMemory",
    "MemoryLimit", "NoCache", "Out", "Parameters", "Python", "Runs", "Seed", "SourceAus",
    "StoredBenchmark", "StoredMethods", "Timeout", "Workers",
    "given_data", "parse_alphas", "parse_parameters",
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
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        help="Folder of runs, or an address such as s3://BUCKET/runs.",
        parser=folder_of_runs,
        metavar="PATH",
    ),
]
Runs = Annotated[
    Path,
    typer.Option(
        "--runs",
        help="Folder of runs, or an address such as s3://BUCKET/runs.",
        parser=folder_of_runs,
        metavar="PATH",
    ),
]
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
Device = Annotated[str, typer.Option("--device", help="Torch device, cpu or cuda.")]
Devices = Annotated[
    str,
    typer.Option(
        "--device",
        help="Torch device, cpu or cuda; or several, such as cuda:0,cuda:1, each with a process.",
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        help="Processes that make the images, which share the cores of this machine.",
    ),
]
MaxMemory = Annotated[
    int | None,
    typer.Option(
        "--max-memory",
        min=1,
        help="MiB of memory that all processes of the command may take together: fewer images at "
        "once, and less remembered.",
        metavar="MIB",
        show_default=False,
    ),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache", help="Neither use nor keep latents and features; see bench cache info."
    ),
]
CacheSize = Annotated[
    str | None,
    typer.Option(
        "--cache-size",
        help="Most that is kept, such as 500MB; by default $BENCH_CACHE_SIZE, else 4GB.",
        metavar="SIZE",
        show_default=False,
    ),
]
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
Isolate = Annotated[
    bool,
    typer.Option(
        "--isolate",
        help="Have each method named work in a process of its own: whatever it does there ends in "
        "outcomes of its samples.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        min=0.1,
        help="With --isolate or --python: seconds for an image, by default 60.",
        metavar="SECONDS",
        show_default=False,
    ),
]
MemoryLimit = Annotated[
    int | None,
    typer.Option(
        "--memory-limit",
        min=1,
        help="With --isolate or --python: MiB of memory that a method may write to.",
        metavar="MIB",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
KeepImages = Annotated[bool, typer.Option("--keep-images", help="Store every output image.")]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        help="Have the images made by the workers of the Dask scheduler at ADDRESS, or of one that "
        "is started here with N workers.",
        metavar="ADDRESS|local:N",
        show_default=False,
    ),
]
DaskTls = Annotated[
    str | None,
    typer.Option(
        "--dask-tls",
        help="Certificate authority, certificate and key for that connection. By default as Dask "
        "is configured.",
        metavar="CA,CERT,KEY",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of a table.")]
