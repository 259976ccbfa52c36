"""Options that several commands share, with the same name and meaning everywhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bench.data.benchmark import card_of
from bench.errors import BenchError

__all__ = [
    "DEFAULT_OUT", "Alphas", "AuEstimator", "BenchmarkName", "Data", "Device", "Embedder", "Json",
    "KeepImages", "Limit", "Out", "Parameters", "Runs", "Seed", "SourceAus", "StoredBenchmark",
    "StoredMethods", "given_data", "parse_alphas", "parse_parameters",
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
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
KeepImages = Annotated[bool, typer.Option("--keep-images", help="Store every output image.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of a table.")]


def parse_alphas(text: str) -> tuple[float, ...]:
    """Alphas from ``0,0.5,1`` or ``START:STOP:STEP`` (both ends included); empty if no text.

    Raises:
        BenchError: the text is neither.
    """
    if not text:
        return ()
    try:
        if ":" in text:
            start, stop, step = (float(part) for part in text.split(":"))
            count = round((stop - start) / step)
            alphas = [round(start + i * step, 6) for i in range(count + 1)]
        else:
            alphas = [round(float(part), 6) for part in text.split(",")]
        if not alphas or not all(abs(alpha) < 1e3 for alpha in alphas):
            raise ValueError
    except (ValueError, ZeroDivisionError) as error:
        raise BenchError(
            f"--alphas {text!r} is no grid", hint="such as 0,0.5,1 or 0:1:0.1"
        ) from error
    return tuple(sorted(set(alphas)))


def parse_parameters(texts: list[str] | None) -> dict[str, str]:
    """Parameters from ``NAME=VALUE`` texts.

    Raises:
        BenchError: a text has no ``=``.
    """
    parameters = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BenchError(f"--param {text!r} is not NAME=VALUE")
        parameters[name] = value
    return parameters


def given_data(data: Path | None, name: str) -> Path | None:
    """The data folder of the command line, else of ``$BENCH_DATA``; None if there is neither.

    The variable is for copies: a dataset whose images come with the package does not look at it.

    Args:
        data: what ``--data`` says.
        name: of a benchmark or a dataset.

    A name without a card has no copy to look for; what is wrong with it, the command says.
    """
    variable = os.environ.get("BENCH_DATA")
    if data is not None or not variable:
        return data
    try:
        ships_images = card_of(name).ships_images
    except BenchError:
        return None
    return None if ships_images else Path(variable)
