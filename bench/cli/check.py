"""``bench check``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bench.api_checks import TIME_LIMIT
from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.data.benchmark import DEFAULT_BENCHMARK
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.plugins.checks.outcome import Report

__all__ = ["check", "show_report"]

NOT_FOR: Final[Mapping[str, Sequence[str]]] = {
    "embedder": ("param", "python", "device"),
    "au": ("param", "python", "device"),
    "dataset": ("param", "python", "device", "benchmark", "time_limit"),
}
"""What is checked -> options that would change nothing."""


def check(
    context: typer.Context,
    method: Annotated[
        str | None,
        typer.Argument(help="Name of a method, or its .py file.", show_default=False),
    ] = None,
    embedder: Annotated[
        str | None,
        typer.Option(
            "--embedder", help="Check this: NAME, NAME:FILE, FILE.py.", show_default=False
        ),
    ] = None,
    au: Annotated[
        str | None,
        typer.Option("--au", help="Check this: NAME, NAME:FILE, FILE.py.", show_default=False),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", help="Check the card of this dataset.", show_default=False),
    ] = None,
    param: options.Parameters = None,
    python: options.Python = None,
    benchmark: options.BenchmarkName = DEFAULT_BENCHMARK,
    data: options.Data = None,
    device: options.Device = "cpu",
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=0.1, help="Seconds for each step.")
    ] = TIME_LIMIT,
    json: options.Json = False,
) -> None:
    """Check a method, an embedder, an AU estimator or a dataset against its contract.

    A plugin works in a process of its own on a few images of the benchmark. Each failure says what
    was expected and which line of the contract asks for it (docs/add-a-method.md,
    docs/add-an-instrument.md, docs/add-a-dataset.md). Ends with status 1 if a check fails.

    Examples:

    `bench check pixel-arith`

    `bench check ./my_method.py --param strength=0.8`

    `bench check ./my_method.py --python ./torch1/bin/python`

    `bench check --embedder mobilefacenet --benchmark london --data DIR`

    `bench check --dataset my-faces --data DIR`
    """
    from bench import api_checks

    named = [name for name in (method, embedder, au, dataset) if name is not None]
    if len(named) != 1:
        raise BenchError(
            "name one thing to check",
            hint="bench check METHOD, --embedder NAME, --au NAME or --dataset NAME",
        )
    _refuse_idle_options(context)
    if dataset is not None:
        report = api_checks.check_dataset(dataset, options.given_data(data, dataset))
    elif method is not None:
        report = api_checks.check_method(
            method,
            options.parse_parameters(param),
            benchmark=benchmark,
            data=options.given_data(data, benchmark),
            device=device,
            python=python,
            time_limit=time_limit,
        )
    else:
        report = api_checks.check_instrument(
            "au_estimator" if embedder is None else "embedder",
            named[0],
            benchmark=benchmark,
            data=options.given_data(data, benchmark),
            time_limit=time_limit,
        )
    show_report(report, json=json)


def show_report(
    report: Report, written: Sequence[Path] = (), commands: Sequence[str] = (), *, json: bool
) -> None:
    """Prints a report; ends with status 1 if a check has failed.

    Args:
        report: what was found.
        written: files that were written before.
        commands: what to type next.
        json: whether to print JSON.
    """
    from bench.report.terminal.checks import print_checks

    if json:
        files = {"written": list(map(str, written)), "next": list(commands)} if written else {}
        print_json({**report.to_dict(), **files})
    else:
        console = stdout()
        print_checks(report, console)
        if written:
            console.print()
        for lines, first in ((written, "Written: "), (commands, "Next: ")):
            for place, line in enumerate(lines):
                label = " " * len(first) if place else first
                # Never broken into two, so that it can be copied.
                console.print(f"{label}{line}", markup=False, highlight=False, soft_wrap=True)
    if not report.has_passed:
        raise typer.Exit(1)


def _refuse_idle_options(context: typer.Context) -> None:
    """Refuses options that do not apply to what is checked.

    Raises:
        BenchError: one was typed.
    """
    for kind, options_ in NOT_FOR.items():
        for option in options_ if context.params[kind] is not None else ():
            source = context.get_parameter_source(option)
            if source is not None and source.name == "COMMANDLINE":
                flag, words = option.replace("_", "-"), [f"--{kind}", str(context.params[kind])]
                raise BenchError(
                    f"--{flag} means nothing with --{kind}",
                    hint=shlex.join(["bench", "check", *words]),
                )
