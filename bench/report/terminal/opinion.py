"""Two pairs of instruments on the same outputs, for the terminal and as Markdown.

Both are made from the JSON of the opinion, so that a stored one can be shown again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.analysis.board import Estimate
from bench.analysis.opinion_values import FEWEST_CONTESTANTS
from bench.report.terminal.console import print_sentence, titled_table
from bench.report.wording import interval, number, percent, printable, signed

__all__ = ["opinion_markdown", "print_opinion"]

Values = Mapping[str, Any]

_NAME_WIDTH = 17
_NEUTRAL = "target-neutral"
_HALFWAY = 0.5
"""Retention of an image that is as much the source's as the target's."""
_OWED = "In front under one pair of instruments alone"
_OWED_HEADINGS = ("in front", "of", "first", "second", "")


def print_opinion(values: Values, console: Console) -> None:
    """Prints both rankings side by side, how far they agree, and who owes a place to which.

    Args:
        values: ``Opinion.to_dict()``.
        console: where to.
    """
    where = f"{printable(values['benchmark'])}, {values['part']} part"
    table = titled_table(f"{where}: the same outputs, measured twice", gap=1)
    table.add_column("method", overflow="fold", min_width=_NAME_WIDTH)
    for which in ("first", "second"):
        table.add_column("#", justify="right", no_wrap=True, min_width=2)
        table.add_column(f"{which} [95% int.]", justify="right", no_wrap=True)
        table.add_column("cov.", justify="right", no_wrap=True)
    table.add_column("shift", justify="right", no_wrap=True)
    parts = titled_table("What the scores are made of, first -> second")
    parts.add_column("method", overflow="fold", min_width=_NAME_WIDTH)
    for name in ("alpha", "E", "R", "Q"):
        parts.add_column(name, justify="right", no_wrap=True)
    for row in values["rows"]:
        style = "dim" if row["is_anchor"] else None
        table.add_row(*map(Text, _cells(row)), style=style)
        parts.add_row(Text(_name(row)), *map(Text, _part_cells(row)), style=style)
    console.print(table)
    console.print()
    console.print(parts)
    console.print()
    if owed := _owed_places(values):
        console.print(_owed_table(owed))
        console.print()
    print_sentence(console, _agreement(values), "bold")
    console.print()
    for sentence in _explanations(values):
        print_sentence(console, sentence)


def opinion_markdown(values: Values) -> str:
    """The same as Markdown, for the page of a board.

    Args:
        values: ``Opinion.to_dict()``, as it is or read back from JSON.
    """
    ranked = ["method", "#", "first", "cov.", "#", "second", "cov.", "shift"]
    headings = [*ranked, "alpha", "E", "R", "Q"]
    lines = [
        _line(headings),
        _line(["---"] * len(headings)),
        *(_line(map(_escaped, (*_cells(row), *_part_cells(row, "to")))) for row in values["rows"]),
    ]
    parts = [_agreement(values), "\n".join(lines)]
    if owed := _owed_places(values):
        rows = [_line(map(_escaped, cells)) for cells in owed]
        parts += [
            f"{_OWED}:",
            "\n".join([_line(_OWED_HEADINGS), _line(["---"] * len(_OWED_HEADINGS)), *rows]),
        ]
    return "\n\n".join([*parts, *map(_escaped, _explanations(values))]) + "\n"


def _line(cells: Iterator[str] | Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Text that cannot end a cell, and whose stars are stars."""
    return text.replace("|", "\\|").replace("*", "\\*")


def _name(row: Values) -> str:
    return printable(row["label"]) + (" *" if row["is_anchor"] else "")


def _cells(row: Values) -> list[str]:
    cells = [_name(row)]
    for one in (row["first"], row["second"]):
        cells += [
            "-" if one["rank"] is None else str(one["rank"]),
            _with_interval(one["transfer_score"], one["transfer_score_interval"]),
            percent(one["coverage"]),
        ]
    return [*cells, "" if row["shift"] is None else f"{row['shift']:+d}" if row["shift"] else "0"]


def _part_cells(row: Values, arrow: str = "->") -> list[str]:
    names = ("expression_skill", "identity_retention", "naturalness")
    alpha = "-" if row["alpha"] is None else number(row["alpha"])
    if row["alpha_protocol"] == "leave-one-target-out":
        alpha = "LOTO"
    return [
        alpha,
        *(f"{number(row['first'][name])} {arrow} {number(row['second'][name])}" for name in names),
    ]


def _with_interval(value: float | None, ends: Values | None) -> str:
    shown = number(value)
    if value is None or ends is None:
        return shown
    return f"{shown} {interval(Estimate(value, ends['low'], ends['high']))}"


def _agreement(values: Values) -> str:
    """Kendall's tau, or why there is none."""
    count, tau = values["contestants"], values["tau"]
    many = f"{count} contestant{'' if count == 1 else 's'}"
    if count < 2:
        return f"With {many} there is no order to agree on."
    if tau is None:
        return f"Kendall's tau of the two rankings of {many} is undefined: one board ties them all."
    text = f"Kendall's tau-b of the two rankings of {many}: {_with_interval(tau, None)}"
    if values["tau_interval"]:
        ends = values["tau_interval"]
        text += f" (95% of resampled people {number(ends['low'])} to {number(ends['high'])})"
    if count < FEWEST_CONTESTANTS:
        text += f". With {many} it says little: it can only be 1 or -1"
    return f"{text}."


def _owed_places(values: Values) -> list[list[str]]:
    """Who is in front of whom under one pair of instruments alone, and by how much under both.

    Of the anchors doing nothing stands for all: the others score about 0 as well.
    """
    rows = []
    for mine, other in (("first", "second"), ("second", "first")):
        nothing = [one for one in values[f"{mine}_anchor_separations"] if one["worse"] == _NEUTRAL]
        for one in (*values[f"{mine}_separations"], *nothing):
            # What both separate, each in its own order, is told once.
            is_told = one["verdict"] == "reversed" and mine == "second"
            if one["verdict"] not in ("not in front", "reversed") or is_told:
                continue
            differences = {
                mine: _signed(one["difference"], one["difference_interval"]),
                other: _signed(one["other_difference"], one["other_difference_interval"]),
            }
            rows.append(
                [
                    printable(one["better"]),
                    printable(one["worse"]),
                    differences["first"],
                    differences["second"],
                    "sep." if one["verdict"] == "reversed" else "",
                ]
            )
    return rows


def _owed_table(rows: Sequence[Sequence[str]]) -> Table:
    table = titled_table(_OWED, gap=1)
    for heading in _OWED_HEADINGS[:2]:
        table.add_column(heading, overflow="fold", min_width=14)
    for heading in _OWED_HEADINGS[2:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for cells in rows:
        table.add_row(*map(Text, cells))
    return table


def _held(verdicts: Sequence[str], mine: str, other: str) -> str:
    if not verdicts:
        return f"The {mine} instruments separate no two contestants."
    contradicted = verdicts.count("not in front") + verdicts.count("reversed")
    return (
        f"Of {len(verdicts)} pair{'' if len(verdicts) == 1 else 's'} of contestants that the "
        f"{mine} instruments separate, the {other} ones confirm {verdicts.count('confirmed')}, "
        f"keep the order of {verdicts.count('same order')} without separating, and contradict "
        f"{contradicted}."
    )


def _signed(value: float | None, ends: Values | None) -> str:
    if value is None:
        return number(None)
    shown = signed(value)
    return f"{shown} {interval(Estimate(value, ends['low'], ends['high']))}" if ends else shown


def _explanations(values: Values) -> Iterator[str]:
    yield (
        f"First: {printable(values['first'])}, the benchmark's own, under which each alpha was "
        f"chosen. Second: {printable(values['second'])}, the same outputs at the same alpha. "
        f"{values['pairs']} pairs; shift: places lost under the second; * anchor, not ranked."
    )
    if values["contestants"] > 1:
        for mine, other in (("first", "second"), ("second", "first")):
            yield _held([one["verdict"] for one in values[f"{mine}_separations"]], mine, other)
    if _owed_places(values):
        yield (
            f"{_OWED}: differences in score with their intervals; one pair of instruments "
            "separates the two, and under the other the same method is not in front; sep.: "
            "separated there too, the other way round."
        )
    if count := values["pairs_left_out"]:
        yield (
            f"{count} more pairs are left out of both boards: one pair of instruments could not "
            "read a real image of theirs."
        )
    yield from _anchor_places(values)
    for note in values["notes"]:
        yield printable(note)


def _anchor_places(values: Values) -> Iterator[str]:
    """Whether both pairs of instruments tell what is known of the anchors."""
    rows = {row["method"]: row for row in values["rows"] if row["is_anchor"]}
    if not {"copy-source", "shuffled-source", "real-target"} <= set(rows):
        return
    for which in ("first", "second"):
        right, wrong = (
            rows[name][which]["expression_skill"] for name in ("copy-source", "shuffled-source")
        )
        retention = rows["real-target"][which]["identity_retention"]
        blind = []
        if right is None or right <= max(0.0, wrong or 0.0):
            blind.append("expressions")
        if retention is None or retention < _HALFWAY:
            blind.append("people")
        verdict = f"They do not tell {' and '.join(blind)} apart here" if blind else "As it must be"
        yield (
            f"Anchors under the {which} instruments: E {number(right)} of the source's own image "
            f"(copy-source), {number(wrong)} of a wrong expression (shuffled-source), 0 is doing "
            f"nothing; R {number(retention)} of the target's own image (real-target), 0 is the "
            f"source. {verdict}."
        )
