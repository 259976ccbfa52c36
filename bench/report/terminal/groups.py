"""Groups of people under every method, for the terminal and as Markdown.

Both are made from the JSON of the report, so that a stored one can be shown again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.text import Text

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import FEWEST_IDENTITIES
from bench.report.terminal.console import print_sentence, titled_table
from bench.report.wording import interval, number, printable

__all__ = ["groups_markdown", "print_groups"]

Values = Mapping[str, Any]

_LETTERS = {
    "expression_skill": "E",
    "raw_expression_skill": "raw E",
    "identity_retention": "R",
    "naturalness": "Q",
    "transfer_score": "score",
}
_DIGITS = {"au_mse": 3}
_NAME_WIDTH = 17
_COUNT_WIDTH = 6
_GAIN_WIDTH = 23


def print_groups(values: Values, console: Console) -> None:
    """Prints a table for each variable and side, what they say, and how they were made.

    Args:
        values: ``GroupReport.to_dict()``.
        console: where to.
    """
    for _, results in _tables(values):
        for columns in _fitting(results, console.width):
            _print_table(values, columns, console)
            console.print()
        for sentence in (remarks := _remarks(results)):
            print_sentence(console, sentence)
        if remarks:
            console.print()
    print_sentence(console, _conclusion(values), "bold")
    console.print()
    for sentence in _explanations(values):
        print_sentence(console, sentence)


def groups_markdown(values: Values) -> str:
    """The same as Markdown, for the page of a board.

    Args:
        values: ``GroupReport.to_dict()``, as it is or read back from JSON.
    """
    parts = [_conclusion(values)]
    for _, results in _tables(values):
        parts += [
            f"**B{_title(results[0])[1:]}**",
            "\n".join(_markdown_table(results)),
            *_remarks(results),
        ]
    return "\n\n".join([*parts, *_explanations(values)]) + "\n"


def _tables(values: Values) -> Iterator[tuple[tuple[str, str], list[Values]]]:
    """The results that share a table: those of one variable and side."""
    for key, results in groupby(values["results"], lambda one: (one["variable"], one["side"])):
        yield key, list(results)


def _title(result: Values) -> str:
    return f"by {printable(result['variable'])} of the {result['side']}"


def _fitting(results: Sequence[Values], width: int) -> Iterator[list[Values]]:
    """The results again, those of as many scores at once as the console has room for."""
    scores = list(dict.fromkeys(result["score"] for result in results))
    room = max(1, (width - _NAME_WIDTH - 2 * _COUNT_WIDTH - 2) // (_GAIN_WIDTH + 1))
    for start in range(0, len(scores), room):
        shown = scores[start : start + room]
        yield [result for result in results if result["score"] in shown]


def _print_table(values: Values, results: Sequence[Values], console: Console) -> None:
    title = f"{printable(values['benchmark'])}, {values['part']} part: gain {_title(results[0])}"
    table = titled_table(title, gap=1)
    table.add_column("method, group", overflow="fold", min_width=_NAME_WIDTH)
    for heading in ("people", "pairs"):
        table.add_column(heading, justify="right", no_wrap=True)
    for score in dict.fromkeys(result["score"] for result in results):
        heading = f"{_LETTERS.get(score, score)} [95% interval]"
        table.add_column(heading, justify="right", overflow="fold", width=_GAIN_WIDTH)
    for label, of_method in groupby(results, lambda result: str(result["label"])):
        by_score = list(of_method)
        style = "dim" if by_score[0]["is_anchor"] else None
        table.add_row(Text(_name(by_score[0], label), style="bold"), style=style)
        for rows in zip(*(result["groups"] for result in by_score), strict=True):
            counts = (rows[0]["identities"], rows[0]["pairs"])
            gains = (_gain(r, one["score"]) for r, one in zip(rows, by_score, strict=True))
            cells = [f"  {printable(rows[0]['group'])}", *map(str, counts), *gains]
            table.add_row(*map(Text, cells), style=style)
        gaps = [_gap_text(result, ":\n", "\n") for result in by_score]
        if any(gaps):
            table.add_row(Text("  largest gap"), "", "", *map(Text, gaps), style=style)
    console.print(table)


def _markdown_table(results: Sequence[Values]) -> Iterator[str]:
    groups = [
        f"{_cell(row['group'])} ({row['identities']} people, {row['pairs']} pairs)"
        for row in results[0]["groups"]
    ]
    headings = ["method", "score", *groups, "largest gap", "p", "p after Holm"]
    yield _line(headings)
    yield _line(["---"] * len(headings))
    for result in results:
        gap = result["gap"]
        yield _line(
            [
                _cell(_name(result, result["label"])),
                _letter(result),
                *(_gain(row, result["score"]) for row in result["groups"]),
                _cell(f"{_gap_name(gap)}: {_gap_size(result)}") if gap else "",
                _p_value(gap["p_value"]) if gap else "",
                _p_value(gap["p_adjusted"]) if gap else "",
            ]
        )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Text that cannot end a cell."""
    return printable(text).replace("|", "\\|")


def _name(result: Values, label: str) -> str:
    star = " *" if result["is_anchor"] else ""
    alpha = result["alpha"]
    return f"{printable(label)}{star}" + ("" if alpha is None else f", alpha {number(alpha)}")


def _letter(result: Values) -> str:
    return _LETTERS.get(result["score"], str(result["score"]))


def _gain(row: Values, score: str) -> str:
    if row["withheld"]:
        return "withheld"
    return _with_interval(row["gain"], row, score)


def _with_interval(value: float | None, ends: Values, score: str) -> str:
    low, high = (float("nan") if ends[end] is None else ends[end] for end in ("low", "high"))
    digits = _DIGITS.get(score, 2)
    return f"{number(value, digits)} {interval(Estimate(low, low, high), digits)}".rstrip()


def _gap_name(gap: Values) -> str:
    return f"{printable(gap['most'])} minus {printable(gap['least'])}"


def _gap_size(result: Values) -> str:
    return _with_interval(result["gap"]["gap"], result["gap"], result["score"])


def _gap_text(result: Values, after_name: str, after_size: str) -> str:
    gap = result["gap"]
    if gap is None:
        return ""
    p_values = f"p {_p_value(gap['p_value'])}, Holm {_p_value(gap['p_adjusted'])}"
    return f"{_gap_name(gap)}{after_name}{_gap_size(result)}{after_size}{p_values}"


def _p_value(value: float | None) -> str:
    return "<0.001" if value is not None and value < 0.0005 else number(value, 3)


def _remarks(results: Sequence[Values]) -> list[str]:
    """Why numbers are withheld, and who is left out; the same for all methods of a table."""
    first = results[0]
    reasons: dict[str, list[str]] = {}
    for row in first["groups"]:
        if row["withheld"]:
            reasons.setdefault(row["withheld"], []).append(printable(row["group"]))
    remarks = [f"Withheld, {' and '.join(names)}: {why}." for why, names in reasons.items()]
    few = [row for row in first["groups"] if row["identities"] < FEWEST_IDENTITIES]
    if shaky := [printable(row["group"]) for row in few if not row["withheld"]]:
        remarks.append(
            f"Intervals of {' and '.join(shaky)} rest on fewer than {FEWEST_IDENTITIES} people: do "
            "not rely on them."
        )
    if count := first["ungrouped"]:
        are = "person is" if count == 1 else "people are"
        remarks.append(
            f"{count} {are} left out: the dataset does not tell their "
            f"{printable(first['variable'])}."
        )
    return remarks


def _conclusion(values: Values) -> str:
    """How many gaps were looked at, and which of them are findings."""
    methods = [one for one in values["results"] if one["gap"] and not one["is_anchor"]]
    looks = values["looks"]
    if not methods:
        return "No two groups have a number, so nothing can be said about groups."
    text = f"Gaps between groups looked at: {looks} of methods"
    if values["anchor_looks"]:
        text += f" (and {values['anchor_looks']} of anchors)"
    found = [one for one in methods if one["gap"]["differs"]]
    if found:
        return f"{text}. Significant after Holm's correction over them: {_listed(found)}."
    text += ". None is significant after Holm's correction over them"
    least = min(methods, key=lambda one: one["gap"]["p_value"])
    return f"{text}; the least p-value is of {_listed([least])}."


def _listed(results: Sequence[Values]) -> str:
    return "; ".join(
        f"{printable(one['label'])}, {_letter(one)} {_title(one)}, {_gap_text(one, ' ', ', ')}"
        for one in results
    )


def _explanations(values: Values) -> Iterator[str]:
    yield (
        f"Gain: the score minus that of {values['compared_with']} (doing nothing, E 0 and R 1) on "
        "the same people, so that what the instruments read into a group's resting faces cancels. "
        "How well they read a group's moving faces does not: see whether an anchor (*) shows the "
        "same gap."
    )
    yield (
        "Largest gap: its interval and p-value are corrected for being the largest of its "
        "variable; Holm corrects p further for all gaps of methods shown here, or of anchors. "
        "Looks taken in other calls are not counted."
    )
    for variable in values["variables"]:
        if variable["rule"]:
            yield f"Groups: {printable(variable['rule'])}."
    for note in values["notes"]:
        yield printable(note)
