"""What ``bench alpha-search`` prints: right at 80 columns, without colour and in a pipe."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from bench.report.terminal.alpha_tables import (
    BY,
    error_digits,
    print_criteria,
    print_groups,
    print_protocols,
    print_target_spread,
)
from bench.report.terminal.console import print_sentence, titled_table
from bench.report.terminal.text_plot import text_plot
from bench.report.wording import alpha_conclusion, crossover_text, number, percent, printable

if TYPE_CHECKING:
    from bench.analysis.alpha_refinement import Refinement
    from bench.analysis.named_search import NamedSearch

__all__ = ["print_alpha_search"]

Floats = NDArray[np.float64]

_MOST_PLOT_WIDTH = 100


def print_alpha_search(found: NamedSearch, console: Console, *, per_target: bool = False) -> None:
    """Prints what an alpha search found: tables, a small plot, what to do, and its conclusion.

    Args:
        found: the search.
        console: where to.
        per_target: print a row for every target, not only their spread.
    """
    study = found.study
    _print_summary(found, console)
    print_criteria(study, console)
    print_protocols(study, console)
    if len(study.per_expression) > 1:
        print_groups("expression", study, console)
    if per_target:
        print_groups("target", study, console)
    else:
        print_target_spread(study, console)
        console.print()
    _print_plot(found, console)
    console.print()
    for sentence in _remarks(found):
        print_sentence(console, sentence)
    print_sentence(console, alpha_conclusion(found.search, found.benchmark, found.label), "bold")
    if study.by != "au":
        chosen = f"By {study.by} ({BY[study.by]}) alpha* is {number(study.choice.alpha)}."
        print_sentence(console, chosen, "bold")


def _print_summary(found: NamedSearch, console: Console) -> None:
    search, study = found.search, found.study
    title = f"alpha search: {printable(found.label)} on {printable(found.benchmark)}, dev part"
    table = titled_table(title, header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    unusable = f", {search.unusable} unusable" if search.unusable else ""
    read = "; ".join(
        f"{part} {rows.outputs} outputs, {rows.real_images} real images"
        for part, rows in found.read.items()
    )
    oracle = search.oracle["alpha_mse"].to_numpy(dtype=np.float64)
    rows = [
        ("pairs", f"{search.pairs}{unusable} ({study.sources} sources, {study.targets} targets)"),
        ("read from disk", read),
        ("dev alpha*", f"{number(search.dev_alpha)} (least mean squared AU error)"),
        ("", f"{number(search.dev_alpha_mae)} by mean absolute error"),
        ("oracle alpha*", _spread(oracle[np.isfinite(oracle)])),
        ("on the grid's edge", f"{percent(search.oracle_edge_share)} of the oracle alphas"),
        ("crossover", f"{crossover_text(search.crossover)} (to the identity references)"),
    ]
    if search.crossover_decoded is not None:
        rows.append(("", f"{crossover_text(search.crossover_decoded)} (to the decoded mean faces)"))
    for name, text in rows:
        table.add_row(Text(name), Text(text))
    console.print(table)
    console.print()


def _print_plot(found: NamedSearch, console: Console) -> None:
    study, curve, refined = found.study, found.search.curve, found.refinement
    choice, marks = study.choice, {"R": refined.alpha if refined else None}
    interval: tuple[float, float] | None
    if study.by == "identity":
        title = "Identity distance over alpha   t to the target, s to the source"
        curves = {"t": curve["id_dist_target"], "s": curve["id_dist_source"]}
        interval, legend = None, "O last before the crossover, which is not in range"
        if not math.isnan(choice.crossover):
            interval = choice.crossover_low, choice.crossover_high
            legend = "O last before the crossover   X crossover   = its 95% interval"
            marks = {"X": choice.crossover, **marks}
    else:
        name, column = {"au": ("AU error (MSE)", "au_mse")}.get(
            study.by, ("Transfer score", "transfer_score")
        )
        title = f"{name} over alpha"
        curves = {"*": curve[column]}
        interval = choice.low, choice.high
        legend = "* measured   O alpha*   = its 95% interval"
    if marks["R"] is not None:
        legend += "   R refined"
    console.print(Text(title, style="bold"))
    print_sentence(console, legend)
    for line in text_plot(
        curve["alpha"].to_numpy(dtype=np.float64),
        {mark: values.to_numpy(dtype=np.float64) for mark, values in curves.items()},
        choice.alpha,
        interval=interval,
        marks=marks,
        width=min(console.width - 1, _MOST_PLOT_WIDTH),
    ):
        console.print(Text(line), no_wrap=True, overflow="ignore", crop=False)


def _remarks(found: NamedSearch) -> list[str]:
    """What to know before using the numbers, and what to do about it."""
    study = found.study
    remarks = []
    if study.warning:
        remarks.append(f"{study.warning}.".capitalize())
    if on_edge := [name for name, choice in study.choices.items() if choice.on_edge]:
        grid = study.choice.grid
        remarks.append(
            f"alpha* by {' and '.join(on_edge)} is on the edge of the grid ({number(grid[0])} to "
            f"{number(grid[-1])}): a better one may lie outside it. {_wider(found)}"
        )
    if found.refinement is not None:
        remarks.append(_refined_text(found.refinement, error_digits(study)))
    return remarks


def _wider(found: NamedSearch) -> str:
    """What to type for a grid that goes on where alpha* is on the edge."""
    if found.imported:
        return "These measurements were imported and have no other alphas."
    choices = found.study.choices.values()
    low, high = (float(end) for end in found.study.choice.grid[[0, -1]])
    span = max(high - low, 1.0)
    below = low - span if any(c.on_edge and c.alpha == low for c in choices) else low
    above = high + span if any(c.on_edge and c.alpha == high for c in choices) else high
    # At most 30 steps, each a round number.
    fine = (above - below) / 30
    power = 10.0 ** math.floor(math.log10(fine))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor > fine * (1 - 1e-9))
    return f"Type the same command with --alphas={below:g}:{above:g}:{step:g}."


def _refined_text(refined: Refinement, digits: int) -> str:
    if refined.alpha is None:
        return "Nothing was refined: there is no crossover between two alphas of the grid."
    images = (
        f"{len(refined.evaluations)} alphas between {number(refined.low)} and "
        f"{number(refined.high)}, {refined.images} images, {refined.images_made} of them made now"
    )
    if refined.by == "identity":
        return (
            f"Refined: the crossover is at {number(refined.alpha, 4)}, within "
            f"{refined.tolerance:g} ({images})."
        )
    name, digits = ("AU error", digits + 1) if refined.by == "au" else ("transfer score", 4)
    return (
        f"Refined: {BY[refined.by]} at alpha {number(refined.alpha, 4)}, within "
        f"{refined.tolerance:g}: {name} {number(refined.value, digits)}, on the grid "
        f"{number(refined.grid_value, digits)} at {number(refined.grid_alpha)} ({images})."
    )


def _spread(oracle: Floats) -> str:
    if not oracle.size:
        return "no pair could be measured"
    low, middle, high = (float(q) for q in np.quantile(oracle, [0.25, 0.5, 0.75]))
    return (
        f"median {number(middle)}, middle half {number(low)} to {number(high)}, "
        f"all {number(float(oracle.min()))} to {number(float(oracle.max()))}"
    )
