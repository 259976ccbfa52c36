"""Two methods on the same pairs, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd
from rich.console import Console
from rich.text import Text

from bench.report.significance import p_text
from bench.report.terminal.board_details import print_explanation
from bench.report.terminal.console import print_sentence, titled_table
from bench.report.wording import (
    alpha_text,
    number,
    percent,
    printable,
    protocol_text,
    signed,
)

if TYPE_CHECKING:
    from bench.analysis.paired_values import (
        ComparedMethod,
        Disagreement,
        PairedMethods,
        PairedScore,
        PeopleOfSide,
    )
    from bench.analysis.statistics.identity_scores import Side

__all__ = ["print_comparison"]

_NAMES: Final = {
    "transfer_score": "transfer score",
    "expression_skill": "E, expression",
    "raw_expression_skill": "raw E",
    "identity_retention": "R, identity",
    "naturalness": "Q, naturalness",
    "au_mse": "AU error, squared",
    "au_mae": "AU error, absolute",
    "id_dist_target": "far from target",
    "id_dist_source": "far from source",
    "hypervolume": "hypervolume",
}
_SHORT_NAMES: Final = {
    "transfer_score": "score",
    "expression_skill": "E",
    "raw_expression_skill": "raw E",
    "identity_retention": "R",
    "naturalness": "Q",
}
_SIDES: Final[tuple[Side, ...]] = ("target", "source")


def print_comparison(
    found: PairedMethods, console: Console, *, by_person: str | None = None
) -> None:
    """Prints paired differences, what they say, tests on people, and where the two disagree most.

    Args:
        found: the comparison.
        console: where to.
        by_person: ``source`` or ``target``: print every person of this side, too.
    """
    print_sentence(
        console,
        f"{printable(found.benchmark)}, {found.part} part, {found.pairs} pairs. "
        f"A: {_method(found.first)}. B: {_method(found.second)}.",
    )
    if found.agreement is not None:
        print_sentence(console, printable(found.agreement.sentence))
    console.print()
    _print_scores(found, console)
    print_explanation(found.explanation, console)
    console.print()
    _print_tests(found, console)
    _print_disagreements(found, console)
    for side in _SIDES:
        if side == by_person:
            _print_people(found.people[side], console)
    for note in found.notes:
        print_sentence(console, printable(note))


def _method(method: ComparedMethod) -> str:
    text = printable(method.label)
    if alpha := alpha_text(method):
        text += f" at alpha {alpha} ({protocol_text(method)})"
    if method.coverage < 1:
        text += f", {percent(method.coverage)} of the pairs measured, the rest as the worst anchor"
    return text


def _print_scores(found: PairedMethods, console: Console) -> None:
    table = titled_table("Paired differences", gap=1)
    table.add_column("")
    for title in ("better", "A", "B", "A - B [95% interval]", "p", "Holm"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in found.rows:
        table.add_row(*map(Text, _score_cells(row)))
    console.print(table)
    console.print()
    print_sentence(
        console,
        "p: of no difference, by resampling sources and targets; Holm: the same, corrected for "
        f"the {len(found.rows)} rows. Up and down say what is better. Failed pairs count as the "
        "worst anchor, but in the two distances, which are of pairs that both could measure.",
    )
    console.print()


def _score_cells(row: PairedScore) -> list[str]:
    # AU errors are small numbers on the scales of most estimators.
    digits = 4 if row.name.startswith("au_") else 3
    found = row.comparison
    low, high = number(found.low, digits), number(found.high, digits)
    return [
        _NAMES[row.name],
        row.better,
        number(row.first, digits),
        number(row.second, digits),
        f"{signed(found.difference, digits)} [{low}, {high}]",
        p_text(found.p_value),
        p_text(found.p_adjusted),
    ]


def _print_tests(found: PairedMethods, console: Console) -> None:
    table = titled_table("Tests on the means of people, Holm-corrected p", gap=1)
    table.add_column("")
    for side in _SIDES:
        for title in (f"{side}s", "A - B", "Wilcoxon", "sign flip"):
            table.add_column(title, justify="right", no_wrap=True)
    columns = [found.people[side].tests for side in _SIDES]
    for tests in zip(*columns, strict=True):
        cells = [
            text
            for test in tests
            for text in (
                str(test.people),
                signed(test.difference, 3),
                p_text(test.wilcoxon_adjusted),
                p_text(test.sign_flip_adjusted),
            )
        ]
        table.add_row(Text(_SHORT_NAMES[tests[0].name]), *map(Text, cells))
    console.print(table)
    print_sentence(
        console,
        "By target the sources are taken as given, and the other way round: these p-values speak "
        "of other people on one side alone.",
    )
    console.print()


def _print_disagreements(found: PairedMethods, console: Console) -> None:
    table = titled_table("Where the two differ most", gap=2)
    table.add_column("pair", overflow="fold")
    for title in ("E, A - B", "R, A - B"):
        table.add_column(title, justify="right", no_wrap=True)
    failures = [_failures(one) for one in found.disagreements]
    if any(failures):
        table.add_column("failed")
    for one, failed in zip(found.disagreements, failures, strict=True):
        cells = [
            printable(f"{one.source} {one.sample} to {one.target}"),
            signed(one.expression_skill),
            signed(one.identity_retention),
            *([failed] if any(failures) else []),
        ]
        table.add_row(*map(Text, cells))
    console.print(table)
    print_sentence(
        console, "The means of these differences over all pairs are those of E and R above."
    )


def _failures(one: Disagreement) -> str:
    outcomes = (("A", one.first_outcome), ("B", one.second_outcome))
    return ", ".join(f"{name}: {printable(text)}" for name, text in outcomes if text != "ok")


def _print_people(people: PeopleOfSide, console: Console) -> None:
    table = titled_table(f"Every {people.side}, by difference in transfer score", gap=2)
    table.add_column(people.side, overflow="fold")
    for title in ("score A", "score B", "A - B", "E, A - B", "R, A - B"):
        table.add_column(title, justify="right", no_wrap=True)
    differences = people.first - people.second
    order = differences.sort_values("transfer_score", ascending=False, kind="stable").index
    for name in order:
        table.add_row(*map(Text, _person_cells(str(name), people, differences.loc[name])))
    console.print()
    console.print(table)


def _person_cells(name: str, people: PeopleOfSide, difference: pd.Series) -> list[str]:
    scores = (table.at[name, "transfer_score"] for table in (people.first, people.second))
    fields = ("transfer_score", "expression_skill", "identity_retention")
    return [
        printable(name),
        *(number(float(score), 3) for score in scores),
        *(signed(float(difference[field]), 3) for field in fields),
    ]
