"""Numbers and sentences that the terminal and the HTML page share."""

from __future__ import annotations

import math
import shlex
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.analysis.alpha import AlphaSearch, Crossover
    from bench.analysis.board import Board, BoardRow, Estimate
    from bench.analysis.paired_values import ComparedMethod

__all__ = [
    "alpha_conclusion",
    "alpha_text",
    "conclusion",
    "coverage_text",
    "crossover_text",
    "interval",
    "lead_text",
    "listed",
    "number",
    "own_mean_face",
    "percent",
    "picture_refusal",
    "printable",
    "protocol_text",
    "rank_interval",
    "rank_text",
    "rate",
    "row_command",
    "signed",
]

MISSING = "n/a"


def number(value: float | None, digits: int = 2) -> str:
    """Fixed decimals; ``n/a`` for None and NaN; never ``-0.00``."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign: ``+0.12``, ``-0.03``, ``0.00``."""
    text = number(value, digits)
    return f"+{text}" if value > 0 and text != number(0.0, digits) else text


def interval(estimate: Estimate, digits: int = 2) -> str:
    """``[0.39, 0.47]``, or nothing where there is no interval."""
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return ""
    return f"[{number(estimate.low, digits)}, {number(estimate.high, digits)}]"


def percent(share: float | None) -> str:
    """Whole percents; what is not all never reads 100%, what is not nothing never 0%."""
    if share is None or not math.isfinite(share):
        return MISSING
    if 0.995 <= share < 1:
        return ">99%"
    if 0 < share < 0.005:
        return "<1%"
    return f"{100 * share:.0f}%"


def rate(images_per_second: float | None) -> str:
    """Three figures: 0.12, 1.23, 12.3, 123, 12345."""
    if images_per_second is None or not math.isfinite(images_per_second):
        return MISSING
    digits = 2 if images_per_second < 10 else 1 if images_per_second < 100 else 0
    return f"{images_per_second:.{digits}f}"


def printable(text: object) -> str:
    """One line without control characters, which could move the cursor or reorder the table.

    Characters that set the direction of the text that follows are dropped, too; letters of
    right-to-left scripts stay.
    """
    kept = (" " if character.isspace() else character for character in str(text))
    return "".join(c for c in kept if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def rank_text(row: BoardRow) -> str:
    """The interval of the rank and the letter of the tie group: ``2 b``, ``1-3 a``.

    Nothing for an anchor, which has no rank.
    """
    if row.rank is None:
        return ""
    return f"{rank_interval(row)} {_group_letters(row.tie_group)}".rstrip()


def rank_interval(row: BoardRow) -> str:
    """``1-3``, or ``2`` where the interval is one rank or there is none."""
    low, high = row.rank_low, row.rank_high
    if low is None or high is None or low == high:
        return number(row.rank if low is None else low, 0)
    return f"{low}-{high}"


def _group_letters(group: int | None) -> str:
    """``a`` to ``z``, then ``aa``, ``ab``."""
    letters, rest = "", group or 0
    while rest > 0:
        rest, place = divmod(rest - 1, 26)
        letters = chr(ord("a") + place) + letters
    return letters


def coverage_text(row: BoardRow) -> str:
    """The share of pairs that could be measured, marked with ``!`` if it is not all."""
    return percent(row.coverage) + ("!" if row.coverage < 1 else "")


def listed(names: Sequence[str], most: int = 3) -> str:
    """``a``, ``a and b``, ``a, b and c``, ``a, b, c and 2 more``."""
    shown = [printable(name) for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def _with_interval(estimate: Estimate, digits: int = 2) -> str:
    value = number(estimate.value, digits)
    if interval(estimate):
        low, high = number(estimate.low, digits), number(estimate.high, digits)
        return f"{value} (95% interval {low} to {high})"
    return f"{value} (no interval: too few people)"


def lead_text(board: Board) -> str:
    """The paired difference of the first two methods; nothing where there is none."""
    if board.lead is None or math.isnan(board.lead.low):
        return ""
    return f"a paired difference of {_with_interval(board.lead)}"


def conclusion(board: Board, *, lead_is_below: bool = False) -> str:
    """What the table says, in one sentence with its uncertainty.

    Args:
        board: the ranked table.
        lead_is_below: whether the lead of the first method is below the instruments' floor.
    """
    rows = [row for row in board.rows if not row.is_anchor]
    where = f"On {printable(board.benchmark)} ({board.part}"
    if not rows:
        return f"{where}) only anchors were measured, so there is no method to rank."
    best, rest = rows[0], rows[1:]
    where += f", {best.pairs} pairs) "
    score = best.transfer_score
    if not score.value > 0:
        return (
            f"{where}no method beats doing nothing: the best transfer score is "
            f"{number(score.value)}, of {printable(best.label)}."
        )
    text = where + printable(best.label)
    if alpha_text(best):
        text += f" at alpha {alpha_text(best)} ({protocol_text(best)})"
    text += f" has the highest transfer score, {_with_interval(score)}"
    if rest:
        second = rest[0]
        text += f"; {printable(second.label)} follows with {number(second.transfer_score.value)}"
        if board.lead is not None and not math.isnan(board.lead.low):
            text += f", {lead_text(board)}"
            if lead_is_below:
                text += ", below the floor of the instruments"
    if tied := [row.label for row in rest if row.tie_group == best.tie_group is not None]:
        text += f"; the data cannot tell {printable(best.label)} from {listed(tied)}, "
        text += "so they share the first place"
    if best.coverage < 1:
        text += f"; {printable(best.label)} gave an image that could be measured for "
        text += f"{percent(best.coverage)} of the pairs, and the rest count as the worst anchor"
    reference = max(
        (row for row in board.rows if row.is_anchor),
        key=lambda row: (
            -math.inf if math.isnan(row.transfer_score.value) else row.transfer_score.value
        ),
        default=None,
    )
    if reference is not None and reference.transfer_score.value >= score.value:
        text += f"; the anchor {printable(reference.label)} has "
        text += f"{number(reference.transfer_score.value)} and is not reached"
    return f"{text}."


def protocol_text(row: BoardRow | ComparedMethod) -> str:
    """How the alpha of a method was chosen."""
    return {
        "dev": "chosen on dev",
        "fixed": "given by the user",
        "leave-one-target-out": "of each target chosen on the other targets",
    }.get(row.alpha_protocol or "", "no protocol stated")


def alpha_text(row: BoardRow | ComparedMethod) -> str:
    """``0.40``; ``0.34 to 0.44`` where targets have different alphas; nothing without alpha."""
    if row.alpha is not None:
        return number(row.alpha)
    alphas = row.alpha_by_target.values()
    return f"{number(min(alphas))} to {number(max(alphas))}" if alphas else ""


def own_mean_face(row: BoardRow) -> str:
    """E, R and Q of a method's own mean face, or nothing where it has none."""
    values = (
        row.expression_skill_at_zero,
        row.identity_retention_at_zero,
        row.naturalness_at_zero,
    )
    if all(value is None for value in values):
        return ""
    named = zip("ERQ", values, strict=True)
    return ", ".join(f"{name} {number(value)}" for name, value in named)


def crossover_text(crossover: Crossover) -> str:
    """The alpha of the crossover, or ``none in range``."""
    if crossover.alpha is None:
        return "none in range"
    more = f" (the first of {crossover.count})" if crossover.count > 1 else ""
    return f"{number(crossover.alpha)}{more}"


def alpha_conclusion(search: AlphaSearch, benchmark: str, method: str) -> str:
    """What an alpha search found, in one sentence."""
    found = search.crossover.alpha
    identity = (
        "nowhere in the range is the output as far from the target as from the source"
        if found is None
        else f"at alpha {number(found)} the output is as far from the target as from the source"
    )
    return (
        f"On the dev part of {printable(benchmark)} the AU error of {printable(method)} is least "
        f"at alpha {number(search.dev_alpha)}; {identity}."
    )


def row_command(info: Mapping[str, Any], method: str, benchmark: str) -> str:
    """The command that made a row: the recorded one, else the plain call for that method."""
    recorded = info.get("command")
    if isinstance(recorded, str) and recorded:
        return printable(recorded)
    if isinstance(recorded, (list, tuple)) and recorded:
        return printable(shlex.join(str(word) for word in recorded))
    return printable(shlex.join(["bench", "run", method, "--benchmark", benchmark]))


def picture_refusal(card: Mapping[str, Any]) -> str:
    """Why a dataset's faces are not shown; empty where its card says ``may_show_images``."""
    if card.get("may_show_images") is True:
        return ""
    licence = printable(card.get("licence") or "its licence")
    return f"not shown: {licence} does not allow showing faces"
