"""``bench data pairs``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.data.benchmark import DEFAULT_BENCHMARK
from bench.errors import BenchError

__all__ = ["pairs"]


def pairs(
    benchmark: Annotated[
        str, typer.Argument(help="Benchmark: NAME or NAME-RESOLUTION.")
    ] = DEFAULT_BENCHMARK,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="The file to write, JSON lines.", show_default=False),
    ] = Path("pairs.jsonl"),
    data: options.Data = None,
    limit: options.Limit = None,
) -> None:
    """List what a method is to make, for a program that runs elsewhere.

    Writes a line for each pair: its names, its alphas, and the paths of the source image, of the
    source's and of the target's reference images. Make an image for each alpha, list them in
    DIR/manifest.csv (source,sample,target,alpha,path), and measure them.

    Examples:

    `bench data pairs synthfaces --out pairs.jsonl`

    `bench data pairs london --data DIR --limit 40`

    `bench run precomputed --param folder=DIR --param name=my-gan`
    """
    import json
    import shlex

    from bench.data.benchmark import load_benchmark
    from bench.data.dataset import Dataset
    from bench.data.pair_list import list_pairs
    from bench.methods.precomputed import COLUMNS

    loaded = load_benchmark(benchmark)
    loaded.check_expressions()
    folder = loaded.card.data_folder(options.given_data(data, benchmark))
    dataset = Dataset(loaded.card, folder, loaded.resolution)
    rows = list(list_pairs(loaded, dataset, limit))
    try:
        out.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    except OSError as error:
        raise BenchError(
            f"cannot write {out}: {error.strerror or error}", hint="--out FILE names another"
        ) from error
    alphas = len(loaded.alphas)
    print(
        f"{out}: {len(rows)} pairs of {loaded.name}, {len(rows) * alphas} images at {alphas} alphas"
    )
    words = ["bench", "run", "precomputed", "--param", "folder=DIR", "--param", "name=NAME"]
    for option, value in (("--benchmark", benchmark), ("--data", data), ("--limit", limit)):
        words += [] if value is None else [option, str(value)]
    print("Next: make them into DIR, list them in DIR/manifest.csv, and measure them")
    print(f"      {','.join(COLUMNS)}")
    print(f"      {shlex.join(words)}")
