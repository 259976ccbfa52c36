"""``bench import``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.errors import BenchError

__all__ = ["imports"]

imports = typer.Typer(
    help="Import measurements that others released, as stored runs.", no_args_is_help=True
)


@imports.command("valenzuela2021")
def valenzuela2021(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Your copy of the release, with evaluation/.")
    ],
    out: options.Out = options.DEFAULT_OUT,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Measure the released pictures again, and compare."),
    ] = False,
    embedder: Annotated[
        str | None,
        typer.Option("--embedder", help="With --measure: embedder.", show_default=False),
    ] = None,
    au: Annotated[
        str | None,
        typer.Option("--au", help="With --measure: AU estimator.", show_default=False),
    ] = None,
    json: options.Json = False,
) -> None:
    """Import what Valenzuela et al. (CVPR Workshops 2021) measured, and say what it says.

    Their distances and intensities become stored runs, not measured again. `--measure` reads the
    released pictures with instruments of your own, as another benchmark, and prints how far both
    agree.

    Examples:

    `bench import valenzuela2021 DIR`

    `bench import valenzuela2021 DIR --out runs --json`

    `bench import valenzuela2021 DIR --measure --embedder mobilefacenet --au mediapipe`
    """
    from bench import api_imports
    from bench.imports.valenzuela2021 import ALIAS, TRANSFER
    from bench.report.terminal.release import print_agreement, print_release

    if measure != (embedder is not None and au is not None) or (embedder is None) != (au is None):
        raise BenchError(
            "--measure needs --embedder and --au, and they need it",
            hint="--measure --embedder NAME --au NAME; bench list embedders and bench list au",
        )
    if measure and embedder is not None and au is not None:
        compared = api_imports.measure_valenzuela2021(folder, out, embedder, au)
        if json:
            print_json(compared.to_dict())
        else:
            print_agreement(compared, stdout())
            _next_steps(compared.benchmark, TRANSFER, out)
        return
    summary = api_imports.import_valenzuela2021(folder, out)
    if json:
        print_json(summary.to_dict())
    else:
        print_release(summary, stdout())
        _next_steps(ALIAS, TRANSFER, out)


def _next_steps(benchmark: str, method: str, out: Path) -> None:
    named = ["--benchmark", benchmark]
    runs, report_runs = (
        [] if out == options.DEFAULT_OUT else [option, str(out)] for option in ("--out", "--runs")
    )
    commands = [
        ["bench", "report", "--html", *named, *report_runs],
        ["bench", "alpha-search", method, *named, *runs],
    ]
    console = stdout()
    for start, words in zip(("Next: ", "      "), commands, strict=True):
        console.print(f"{start}{shlex.join(words)}", highlight=False, soft_wrap=True, markup=False)
