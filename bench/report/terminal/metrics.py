"""The metrics of stored runs, and the cards of metrics, for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bench.analysis.score_cards import metric_cards
from bench.report.terminal.console import titled_table
from bench.report.wording import MISSING, interval, number, printable

if TYPE_CHECKING:
    from bench.analysis.metric_values import MetricTable, MetricValue, RunMetrics
    from metrics.measures import MetricCard

__all__ = ["print_card", "print_cards", "print_metrics", "value_text"]

_NAME_WIDTH = 18
_VALUE_WIDTH = 23
_SECTIONS = (
    (
        "scores",
        (
            "transfer_score",
            "expression_skill",
            "identity_retention",
            "naturalness",
            "au_skill",
            "coverage",
        ),
    ),
    ("expression", ("au_", "aucon", "aue_")),
    ("identity", ("id_",)),
    ("shape", ("lmk_",)),
    ("image", ("psnr", "ssim", "lpips")),
)
"""Titles of the groups of metrics, and how the names of their metrics begin."""


def print_metrics(table: MetricTable, console: Console, *, per_unit: bool = False) -> None:
    """Prints every metric of every run, what is absent and why, and what to know of the numbers.

    As many runs stand beside each other as the console has room for; the others follow below.

    Args:
        table: the metrics.
        console: where to.
        per_unit: print the error of each Action Unit, too.
    """
    where = f"{printable(table.benchmark)}, {table.part} part"
    room = max(1, (console.width - _NAME_WIDTH - 6) // (_VALUE_WIDTH + 1))
    for start in range(0, len(table.runs), room):
        console.print(_values_table(table.runs[start : start + room], where))
        console.print()
    if per_unit:
        for run in table.runs:
            console.print(_units_table(run, where))
            console.print()
    for line in _sentences(table):
        console.print(Text(line))


def print_cards(cards: Sequence[MetricCard], console: Console) -> None:
    """Prints the list of metrics."""
    table = Table(
        Column("metric", no_wrap=True),
        Column("better", no_wrap=True),
        "unit",
        "what",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for card in cards:
        table.add_row(card.name, card.direction, card.unit or "-", card.title)
    console.print(table, markup=False)
    console.print("\nA whole card: bench list metrics NAME", markup=False, highlight=False)


def print_card(card: MetricCard, console: Console) -> None:
    """Prints all that a card says."""
    table = Table(
        Column(no_wrap=True), Column(overflow="fold"), box=None, pad_edge=False, show_header=False
    )
    for name, value in card.to_dict().items():
        text = {True: "yes", False: "no", None: "none"}.get(value) if _is_flag(value) else value
        if isinstance(text, list):
            text = ", ".join(text)
        if text != "":
            table.add_row(name, str(text))
    console.print(table, markup=False, highlight=False)


def value_text(value: MetricValue) -> str:
    """``0.123 [0.100, 0.145]``, ``exact`` for an infinite value, ``n/a`` without a number."""
    if value.absent:
        return MISSING
    if math.isinf(value.estimate.value):
        return "exact"
    # Four figures: more digits of a large number would say nothing and need room.
    digits = 3 if abs(value.estimate.value) < 10 else 2
    return f"{number(value.estimate.value, digits)} {interval(value.estimate, digits)}".rstrip()


def _is_flag(value: object) -> bool:
    return value is None or isinstance(value, bool)


def _values_table(runs: Sequence[RunMetrics], where: str) -> Table:
    table = titled_table(where, gap=1)
    table.add_column("metric", no_wrap=True, min_width=_NAME_WIDTH)
    table.add_column("", no_wrap=True)
    for run in runs:
        table.add_column(
            Text(printable(run.label) + (" *" if run.is_anchor else "") + _alpha(run)),
            justify="right",
            overflow="fold",
            min_width=_VALUE_WIDTH,
            max_width=_VALUE_WIDTH,
        )
    directions = {card.name: card.direction for card in metric_cards()}
    columns = [{value.name: value for value in run.values} for run in runs]
    for title, names in _by_section(list(columns[0])):
        shown = [name for name in names if not all(column[name].absent for column in columns)]
        if shown:
            table.add_row(Text(title, style="italic"))
        for name in shown:
            cells = [Text(value_text(column[name])) for column in columns]
            table.add_row(Text(name), Text(directions[name], style="dim"), *cells)
    return table


def _by_section(names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    left = list(names)
    for title, beginnings in _SECTIONS:
        chosen = [name for name in left if name.startswith(beginnings)]
        left = [name for name in left if name not in chosen]
        yield title, chosen
    yield "other", left


def _units_table(run: RunMetrics, where: str) -> Table:
    from metrics.au.facs import ACTION_UNIT_NAMES

    table = titled_table(f"{where}: {printable(run.label)}{_alpha(run)}, error of each AU", gap=1)
    table.add_column("AU", no_wrap=True)
    table.add_column("", overflow="fold")
    for heading in ("MAE [95% interval]", "do nothing", "source", "output"):
        table.add_column(heading, justify="right", no_wrap=True)
    for unit in sorted(run.units, key=lambda unit: -unit.mae.value):
        table.add_row(
            *map(
                Text,
                (
                    unit.action_unit.removeprefix("AU").lstrip("0"),
                    ACTION_UNIT_NAMES.get(unit.action_unit, ""),
                    f"{number(unit.mae.value, 3)} {interval(unit.mae, 3)}",
                    number(unit.mae_of_nothing, 3),
                    number(unit.in_source),
                    number(unit.in_output),
                ),
            )
        )
    return table


def _alpha(run: RunMetrics) -> str:
    if run.alpha is not None:
        return f" alpha {number(run.alpha)} {run.alpha_protocol}"
    if run.alpha_by_target:
        alphas = run.alpha_by_target.values()
        return f" alpha {number(min(alphas))} to {number(max(alphas))} {run.alpha_protocol}"
    return ""


def _sentences(table: MetricTable) -> Iterator[str]:
    pairs = ", ".join(sorted({f"{run.pairs} pairs" for run in table.runs}))
    yield (
        f"{pairs}; 95% intervals over people; up or down says what is better. Expression and shape "
        "are measured against the source, images against the target's own with that expression. "
        f"AU estimator {table.au_estimator} ({table.scale}), embedder {table.embedder}. What a "
        "number is: bench list metrics NAME."
    )
    for run in table.runs:
        if run.failures:
            failed = ", ".join(f"{name} {count}" for name, count in sorted(run.failures.items()))
            yield (
                f"{printable(run.label)}: {sum(run.failures.values())} of {run.pairs} pairs failed "
                f"({failed}). The metric's card says what they count; never a zero."
            )
    yield from _matching(table)
    yield from _footnotes(table.runs)
    fewest = min(run.identities for run in table.runs)
    if fewest < 6:
        yield (
            f"The intervals rest on fewer than 6 people on one side ({fewest}): do not rely on "
            "them."
        )
    for note in table.notes:
        yield printable(note)


def _matching(table: MetricTable) -> Iterator[str]:
    matching = table.matching
    if not math.isfinite(matching.equal_error_rate):
        return
    low, high = 100 * matching.interval.low, 100 * matching.interval.high
    yield (
        f"id_eer {number(100 * matching.equal_error_rate)} % [{number(low)}, {number(high)}]: "
        f"{matching.genuine} real images against their own person's others, {matching.impostors} "
        "comparisons with other people; 1 % of these come nearer than "
        f"{number(matching.threshold, 3)}."
    )


def _footnotes(runs: Sequence[RunMetrics]) -> Iterator[str]:
    """One line for each remark and each reason, with the metrics and, if not all, the methods."""
    found: dict[tuple[str, bool], dict[str, set[str]]] = {}
    for run in runs:
        for value in run.values:
            if text := value.absent or value.remark:
                where = found.setdefault((text, bool(value.absent)), {})
                where.setdefault(value.name, set()).add(run.label)
            elif value.pairs not in (0, run.pairs - sum(run.failures.values()), run.pairs):
                text = f"of {value.pairs} of {run.pairs} pairs"
                found.setdefault((text, False), {}).setdefault(value.name, set()).add(run.label)
    everyone = {run.label for run in runs}
    for (text, is_absent), names in found.items():
        labels = set.union(*names.values())
        of = "" if labels == everyone else f" of {', '.join(sorted(map(printable, labels)))}"
        yield f"{', '.join(names)}{of}{' not computed' if is_absent else ''}: {printable(text)}."
