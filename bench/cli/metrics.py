"""``bench metrics`` and ``bench list metrics``."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

__all__ = ["list_metrics", "metrics"]


def metrics(
    methods: options.StoredMethods = None,
    benchmark: options.StoredBenchmark = None,
    runs: options.Runs = options.DEFAULT_OUT,
    alpha: Annotated[
        float | None,
        typer.Option(
            "--alpha", help="Measure at this alpha, not at the dev alpha*.", show_default=False
        ),
    ] = None,
    per_au: Annotated[
        bool, typer.Option("--per-au", help="Print the error of each Action Unit, too.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Print every metric of stored runs, each with its interval over people.

    No method is run: bench run METHOD does that. Methods with alpha are measured at their dev
    alpha\\*.

    Examples:

    `bench metrics glow-arith pixel-arith`

    `bench metrics glow-arith --per-au`

    `bench metrics glow-arith --benchmark london --alpha 0.5 --json`
    """
    from rich.console import Console

    from bench.analysis.stored_metrics import stored_metrics
    from bench.report.terminal.metrics import print_metrics

    with Console(stderr=True).status("computing metrics"):
        table = stored_metrics(runs, benchmark, methods or [], alpha)
    if json:
        print_json(table.to_dict())
    else:
        print_metrics(table, stdout(), per_unit=per_au)


def list_metrics(
    name: Annotated[
        str | None, typer.Argument(help="Print the whole card of this one.", show_default=False)
    ] = None,
    json: options.Json = False,
) -> None:
    """List all metrics; or print the card of one.

    Examples:

    `bench list metrics`

    `bench list metrics aue_sum_mse`

    `bench list metrics --json`
    """
    from bench.analysis.score_cards import find_metric, metric_cards
    from bench.report.terminal.metrics import print_card, print_cards

    cards = [find_metric(name)] if name else list(metric_cards())
    if json and name:
        print_json({"schema_version": 1, "card": cards[0].to_dict()})
    elif json:
        print_json({"schema_version": 1, "rows": [card.to_dict() for card in cards]})
    elif name:
        print_card(cards[0], stdout())
    else:
        print_cards(cards, stdout())
