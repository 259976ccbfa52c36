"""The tables of ``bench alpha-search``: criteria, protocols, expressions and targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.text import Text

from bench.report.terminal.console import print_sentence, titled_table
from bench.report.wording import interval, number, percent, printable, signed

if TYPE_CHECKING:
    from bench.analysis.alpha_groups import GroupAlpha
    from bench.analysis.alpha_study import AlphaStudy
    from bench.analysis.board import Estimate
    from bench.analysis.statistics.alpha_costs import Protocol
    from bench.analysis.statistics.alpha_curves import Criterion

__all__ = [
    "BY",
    "error_digits",
    "print_criteria",
    "print_groups",
    "print_protocols",
    "print_target_spread",
]

BY: dict[Criterion, str] = {
    "au": "least AU error",
    "identity": "last before the crossover",
    "score": "largest transfer score",
}
"""What each criterion asks of alpha."""

_EDGE = "!"
_PROTOCOLS: tuple[Protocol, ...] = ("oracle", "dev", "fixed")


def print_criteria(study: AlphaStudy, console: Console) -> None:
    """alpha* by all three criteria, each with its interval, and the crossover."""
    table = titled_table("alpha* by each criterion, and with other people")
    table.add_column("criterion", overflow="fold")
    for heading in ("alpha*", "95% interval", "on the edge", "none"):
        table.add_column(Text(heading), justify="right", no_wrap=True)
    for name, choice in study.choices.items():
        table.add_row(
            Text(f"{name}: {BY[name]}"),
            Text(_flagged(choice.alpha, choice.on_edge)),
            Text(f"[{number(choice.low)}, {number(choice.high)}]"),
            Text(percent(choice.edge_share)),
            Text(percent(choice.none_share)),
        )
    console.print(table)
    choice, crossover = study.choice, "No crossover in range"
    if not math.isnan(choice.crossover):
        low, high = number(choice.crossover_low), number(choice.crossover_high)
        crossover = f"Crossover at {number(choice.crossover)} [{low}, {high}]"
    print_sentence(
        console,
        f"On the edge of the grid ({_EDGE}), or none: in how many resamples of the people. "
        f"{crossover}; {percent(choice.without_crossover)} of the resamples have none.",
    )
    console.print()


def print_protocols(study: AlphaStudy, console: Console) -> None:
    """Oracle, dev and fixed side by side, and their paired differences."""
    digits = error_digits(study)
    headings = ("AU error [95% interval]", "E", "R", "score [95% interval]")
    names = ("au_mse", "expression_skill", "identity_retention", "transfer_score")
    table = titled_table(f"Protocols, alpha by {study.by} ({BY[study.by]})")
    table.add_column("", no_wrap=True)
    for heading in ("alpha", *headings):
        table.add_column(Text(heading), justify="right", no_wrap=True)
    alphas = (study.oracle.median, study.choice.alpha, study.fixed_alpha)
    for protocol, alpha in zip(_PROTOCOLS, alphas, strict=True):
        error, skill, retention, score = (study.costs[n].values.get(protocol) for n in names)
        table.add_row(
            Text(protocol),
            Text(number(alpha)),
            Text(_estimate(error, digits)),
            Text(number(skill.value if skill else None)),
            Text(number(retention.value if retention else None)),
            Text(_estimate(score, 3)),
        )
    console.print(table)
    console.print()
    table = titled_table("What the choice costs: paired differences")
    table.add_column("", no_wrap=True)
    for heading in (headings[0], headings[-1]):
        table.add_column(Text(heading), justify="right", no_wrap=True)
    for key in study.costs["au_mse"].differences:
        error, score = (study.costs[name].differences[key] for name in (names[0], names[-1]))
        cells = _estimate(error, digits, signed), _estimate(score, 3, signed)
        table.add_row(Text(" - ".join(key)), *map(Text, cells))
    console.print(table)
    print_sentence(
        console,
        "oracle: each pair at the alpha that is best for it with hindsight; their median is "
        f"printed. dev: {_held_out_text(study)}. fixed: every pair at that alpha.",
    )
    console.print()


def print_groups(by: str, study: AlphaStudy, console: Console) -> None:
    """A row for every expression, or for every target.

    Args:
        by: ``expression`` or ``target``.
        study: the study.
        console: where to.
    """
    score = study.by == "score"
    what, quantity = ("score", "transfer_score") if score else ("AU error", "au_mse")
    digits = 3 if score else error_digits(study)
    table = titled_table(f"Per {by}: alpha* by {study.by}, and {what} by protocol")
    table.add_column(Text(f"\n{by}"), overflow="fold", min_width=12)
    errors = (f"{what if protocol == 'dev' else ''}\n{protocol}" for protocol in _PROTOCOLS)
    for heading in ("\npairs", "\nalpha*", "oracle\n[middle half]", *errors):
        table.add_column(Text(heading), justify="right", no_wrap=True)
    for group in _groups(by, study):
        oracle, values = group.oracle, group.values[quantity]
        middle_half = f"[{number(oracle.low)}, {number(oracle.high)}]"
        table.add_row(
            Text(printable(group.name)),
            Text(str(group.pairs)),
            Text(_flagged(group.alphas[study.by], group.on_edge)),
            Text(f"{number(oracle.median)} {middle_half}"),
            *(Text(number(values.get(protocol), digits)) for protocol in _PROTOCOLS),
        )
    console.print(table)
    console.print()


def print_target_spread(study: AlphaStudy, console: Console) -> None:
    """How much the targets differ in alpha*, in one sentence."""
    groups = study.per_target
    alphas = np.array([group.alphas[study.by] for group in groups])
    alphas = alphas[np.isfinite(alphas)]
    if not alphas.size:
        return
    low, middle, high = (number(float(q)) for q in np.quantile(alphas, [0.25, 0.5, 0.75]))
    on_edge = sum(group.on_edge for group in groups)
    print_sentence(
        console,
        f"Per target ({len(groups)}): alpha* has median {middle}, middle half {low} to {high}, all "
        f"{number(alphas.min())} to {number(alphas.max())}; {on_edge} on the edge of the grid. "
        "--per-target prints each.",
    )


def error_digits(study: AlphaStudy) -> int:
    """Decimals for three figures of the AU error, whose scale is the estimator's."""
    fixed = study.costs["au_mse"].values["fixed"].value
    if not (math.isfinite(fixed) and fixed > 0):
        return 4
    return min(max(2 - math.floor(math.log10(fixed)), 2), 8)


def _groups(by: str, study: AlphaStudy) -> Sequence[GroupAlpha]:
    return study.per_target if by == "target" else study.per_expression


def _held_out_text(study: AlphaStudy) -> str:
    if study.held_out is None:
        return "too few people to choose the alpha of some on the pairs of others"
    sides = {"source and target": "people", "target": "targets", "source": "sources"}
    return (
        f"each pair at the alpha chosen on the pairs of other {sides[study.held_out]}, so that it "
        "has not seen the answer; the alpha printed is chosen on all pairs"
    )


def _flagged(alpha: float, on_edge: bool) -> str:
    """With room for the flag, so that digits stand in line."""
    return number(alpha) + (_EDGE if on_edge else " ")


def _estimate(
    estimate: Estimate | None, digits: int, say: Callable[[float, int], str] = number
) -> str:
    if estimate is None:
        return number(None)
    return f"{say(estimate.value, digits)} {interval(estimate, digits)}".rstrip()
