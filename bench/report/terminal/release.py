"""What imported measurements say, for the terminal: right at 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.report.wording import crossover_text, number, printable

if TYPE_CHECKING:
    from bench.analysis.release.agreement import Agreement, AgreementRow
    from bench.analysis.release.comparison import Comparison
    from bench.analysis.release.identity import IdentityCurve
    from bench.analysis.release.oracle import PairAlpha
    from bench.analysis.release.summary import ReleaseSummary
    from bench.analysis.release.unit_errors import Hardest, UnitError

__all__ = ["print_agreement", "print_release"]

_WORDS = {"au_mse": "mean squared", "au_mae": "mean absolute"}
_MOST_ALPHAS = 8


def print_release(summary: ReleaseSummary, console: Console) -> None:
    """Prints the oracle alphas, identity, Action Units and the comparison with doing nothing."""
    low, high = summary.alphas[0], summary.alphas[-1]
    _heading(console, f"{summary.benchmark}: {summary.method}, imported and not measured again")
    _sentence(
        console,
        f"{_count(summary.expressions, 'expression')} of {', '.join(summary.sources)} to "
        f"{', '.join(summary.targets)}; {_count(summary.alphas, 'alpha')} from {number(low)} to "
        f"{number(high)}, and the mean face (alpha 0); "
        f"{_count(summary.action_units, 'Action Unit')}.",
    )
    console.print()
    _print_oracle(summary, console)
    _print_identity(summary.identity, console)
    _print_units(summary, console)
    _print_comparisons(summary.comparisons, console)
    for note in (summary.warning, *summary.notes):
        if note:
            _sentence(console, note)
    console.print()


def print_agreement(compared: Agreement, console: Console) -> None:
    """Prints how far instruments run here agree with the released numbers."""
    _heading(console, f"{compared.benchmark}: measured here beside the released numbers")
    for kind, words in (("embedder", "Distances"), ("au_estimator", "Action Units")):
        _sentence(
            console,
            f"{words}: released by {compared.released[kind]}; measured by "
            f"{compared.measured[kind]}.",
        )
    _agreement_table("Action Units", compared.action_units, console)
    _sentence(
        console,
        "Scales differ wherever the instruments do: r compares the order, and the difference of "
        "means says something only where both scales are the same.",
    )
    _agreement_table("Distances of the outputs above alpha 0", compared.distances, console)
    for words, units in (
        ("Released alone", compared.only_released),
        ("Measured alone", compared.only_measured),
    ):
        if units:
            _sentence(console, f"{words}: {', '.join(units)}.")
    if compared.unread:
        _sentence(console, f"In {compared.unread} pictures no single face was found.")
    for note in compared.notes:
        _sentence(console, note)
    console.print()


def _print_oracle(summary: ReleaseSummary, console: Console) -> None:
    errors = list(_WORDS)
    _heading(console, "Oracle alpha* of each pair (! at the edge of the released range)")
    table = _table(
        ["target", "expression"],
        [f"{title}{mark}" for mark in ("", "'") for title in ("alpha*", "error", "nothing")],
    )
    by_pair: dict[str, dict[str, PairAlpha]] = {}
    for item in summary.pair_alphas:
        by_pair.setdefault(item.pair, {})[item.error] = item
    for found in by_pair.values():
        first = next(iter(found.values()))
        cells = [
            cell
            for error in errors
            for cell in (_oracle_cells(found[error]) if error in found else ("n/a",) * 3)
        ]
        table.add_row(*map(_text, (first.target, first.expression, *cells)))
    console.print(table)
    _sentence(
        console,
        "Least mean squared error, with ' mean absolute error; nothing: the error of the target's "
        "mean face.",
    )
    for share in summary.shares:
        _sentence(
            console,
            f"By {_WORDS[share.error]} error, {share.inside} of {share.pairs} alpha* lie in "
            f"[{number(share.low)}, {number(share.high)}], {share.at_low} and {share.at_high} of "
            f"them on its ends; in {share.at_zero} no transfer is better than the mean face, doing "
            "nothing.",
        )
    _sentence(
        console,
        "Nothing else was released, so the share says how often doing nothing is not better, not "
        "that the best alpha of all lies there.",
    )
    console.print()


def _oracle_cells(item: PairAlpha) -> tuple[str, str, str]:
    edge = "!" if item.at_edge else " "
    return f"{number(item.alpha)}{edge}", number(item.value, 3), number(item.nothing, 3)


def _print_identity(curves: Sequence[IdentityCurve], console: Console) -> None:
    grid = sorted({alpha for curve in curves for alpha in curve.alphas})
    shown = [alpha for alpha in grid if abs(alpha * 10 - round(alpha * 10)) < 1e-6] or grid
    shown = shown[:_MOST_ALPHAS]
    _heading(console, "Identity distance over alpha, means over expressions")
    table = _table(
        ["target", "to"],
        [*(number(alpha) for alpha in shown), "crossover"],
    )
    for curve in curves:
        places = {alpha: place for place, alpha in enumerate(curve.alphas)}
        for side, values in (("target", curve.to_target), ("source", curve.to_source)):
            cells = [number(values[places[a]]) if a in places else "n/a" for a in shown]
            crossing = crossover_text(curve.crossover) if side == "target" else ""
            name = curve.target if side == "target" else ""
            table.add_row(*map(_text, (name, side, *cells, crossing)))
    console.print(table)
    single = [found for curve in curves for found in curve.crossovers.values()]
    crossed = sum(found.alpha is not None for found in single)
    _sentence(
        console,
        f"Of {len(single)} pairs, {crossed} cross in the released range: there the output is as "
        "far from the target as from the source.",
    )
    console.print()


def _print_units(summary: ReleaseSummary, console: Console) -> None:
    for error, words in _WORDS.items():
        table = _table(["unit"], [f"{words} error [95% interval]", "nothing", "rank"])
        _heading(console, f"Action Units over all transfers, by {words} error")
        for item in summary.unit_errors:
            if item.error == error:
                table.add_row(*map(_text, (item.unit, *_unit_cells(item))))
        console.print(table)
        console.print()
    _sentence(
        console,
        "Rank 1 is the largest error, in brackets where 95% of the resamples place it; nothing: "
        "the error of the mean faces.",
    )
    for hardest in summary.hardest:
        _sentence(console, _hardest_text(hardest))
    console.print()


def _unit_cells(item: UnitError) -> tuple[str, str, str]:
    return (
        f"{number(item.value)} {_range(item.low, item.high)}",
        number(item.nothing),
        f"{item.rank} ({item.rank_low}-{item.rank_high})",
    )


def _hardest_text(hardest: Hardest) -> str:
    named = ", ".join(
        f"{unit} (here {'not measured' if rank is None else f'rank {rank}'})"
        for unit, rank in hardest.named.items()
    )
    verdict = {0: "none of these is", len(hardest.found): "these are"}.get(
        hardest.agreeing, f"{hardest.agreeing} of these is"
    )
    return (
        f"By {_WORDS[hardest.error]} error the hardest are {', '.join(hardest.found)}. The paper "
        f"names {named}: {verdict} among the three; in {100 * hardest.same_share:.0f}% of the "
        "resamples the three are the same."
    )


def _print_comparisons(comparisons: Iterable[Comparison], console: Console) -> None:
    comparisons = list(comparisons)
    _heading(console, "AU error of doing nothing (the mean face) minus that of the transfer")
    table = _table(["alpha", "error"], ["gain [95% interval]", "better"])
    for item in comparisons:
        table.add_row(
            _text(item.protocol),
            _text(_WORDS[item.error]),
            _text(f"{number(item.gain, 3)} {_range(item.low, item.high, 3)}"),
            _text(f"{item.better} of {item.pairs}"),
        )
    console.print(table)
    for item in comparisons:
        if item.protocol == "best fixed":
            _sentence(console, _comparison_text(item))
    console.print()


def _comparison_text(item: Comparison) -> str:
    losing = [target for target, gain in item.gain_by_target.items() if gain <= 0]
    alpha = number(item.alphas["all"])
    sure = "is above 0" if item.low > 0 else "is below 0" if item.high < 0 else "holds 0"
    text = (
        f"By {_WORDS[item.error]} error the best single alpha, {alpha}, which saw these pairs, "
        f"gains {number(item.gain, 3)}; the interval {sure}"
    )
    if losing:
        text += f". It does not gain for {', '.join(losing)}"
    return f"{text}."


def _agreement_table(title: str, rows: Sequence[AgreementRow], console: Console) -> None:
    _heading(console, title)
    table = _table([""], ["r", "measured - released", "released", "measured", "images"])
    for row in rows:
        numbers = (row.correlation, row.difference, row.released, row.measured)
        table.add_row(*map(_text, (row.name, *map(number, numbers), str(row.images))))
    console.print(table)


def _table(left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _text(cell: str) -> Text:
    return Text(printable(cell))


def _range(low: float, high: float, digits: int = 2) -> str:
    return f"[{number(low, digits)}, {number(high, digits)}]"


def _count(items: Sequence[object], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _heading(console: Console, text: str) -> None:
    console.print(Text(printable(text), style="bold"))


def _sentence(console: Console, text: str) -> None:
    console.print(Text(printable(text)))
