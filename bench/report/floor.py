"""Differences between neighbours on a board, beside what the instruments themselves move."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.data.benchmark import card_of
from bench.errors import BenchError
from bench.report.wording import number, printable, signed
from bench.run.panels import read_panels
from bench.run.store import RunFolder

if TYPE_CHECKING:
    from bench.analysis.board import Board, BoardRow
    from bench.analysis.instruments.floor import Floor

__all__ = ["BoardFloor", "Difference", "Step", "floor_of_board"]

SCORES = ("transfer_score", "expression_skill", "identity_retention", "naturalness")
"""Of each step, in this order."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference as it is printed; in brackets too if it is below the floor, for lack of grey."""

    text: str
    below: bool


@dataclass(frozen=True, slots=True)
class Step:
    """From the row above to a row: differences of the scores in the order of ``SCORES``."""

    name: str
    is_anchor: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class BoardFloor:
    """What a report says about the floor of its board.

    The floor of a score is the shift of the whole board's number under a perturbation, never the
    change of a single image, which is far larger and cancels in a sum over pairs. The floor of
    the transfer score depends on E, R and Q; of a difference it is the larger one of its rows.

    Attributes:
        floor: None if there is none for this board.
        remark: what the floor is and which command made it, or which command would make one;
            empty if nothing can be said.
        steps: a row for each row of the board but the first; empty without a floor.
        lead_is_below: whether the lead of the first method over the second is below the floor.
    """

    floor: Floor | None
    remark: str
    steps: tuple[Step, ...] = ()
    lead_is_below: bool = False


def floor_of_board(runs: Path, board: Board) -> BoardFloor:
    """Looks up the stored floor of the data and instruments with which a board was made.

    A damaged file is named in the remark: a report can do without a floor.

    Args:
        runs: the folder of runs.
        board: the board of some of its runs.
    """
    from bench.analysis.instruments.panel import stored_floor

    folder = runs / board.benchmark
    infos = [RunFolder(folder / row.run_id).info for row in board.rows]
    made_with: list[Mapping[str, Any]] = [
        info.get("identity", {}).get("parts", {}) for info in infos
    ]
    command = _command(runs, board.benchmark)
    try:
        floor = stored_floor(runs, board.benchmark, made_with)
        others = bool(read_panels(runs, board.benchmark))
    except BenchError as error:
        return BoardFloor(None, f"No floor of the instruments: {printable(error)}.")
    if floor is None and others:
        return BoardFloor(
            None,
            "The stored floor of the instruments belongs to other data or instruments and is not "
            f"used; {command} makes one, with the --embedder and --au of these runs.",
        )
    if floor is None:
        remark = f"{command} measures which differences are too small for the instruments."
        return BoardFloor(None, remark if command else "")
    return _with_floor(board, floor)


def _with_floor(board: Board, floor: Floor) -> BoardFloor:
    steps = tuple(
        _step(board.rows[place - 1], row, floor)
        for place, row in enumerate(board.rows)
        if place > 0
    )
    contestants = [row for row in board.rows if not row.is_anchor][:2]
    lead = board.lead is not None and len(contestants) == 2
    of_scores = [floor.of_transfer_score(_point(row)) for row in board.rows if not row.is_anchor]
    defined = [value for value in of_scores if math.isfinite(value)]
    score = ""
    if defined:
        low, high = number(min(defined), 3), number(max(defined), 3)
        score = f", of the score {low if low == high else f'{low} to {high}, by method'}"
    return BoardFloor(
        floor=floor,
        remark=(
            "In grey and brackets: below the floor of the instruments, what a 1-pixel shift, "
            "JPEG 95 or a re-encode of all outputs alone changes: "
            f"E {number(floor.of('expression_skill'), 3)}, "
            f"R {number(floor.of('identity_retention'), 3)}, "
            f"Q {number(floor.of('naturalness'), 3)}{score}. "
            f"Made by {printable(floor.command or 'bench check-instruments')} "
            f"on {floor.images} {floor.part} images."
        ),
        steps=steps,
        lead_is_below=lead and _below(contestants[1], contestants[0], "transfer_score", floor),
    )


def _step(above: BoardRow, row: BoardRow, floor: Floor) -> Step:
    differences = []
    for score in SCORES:
        text = signed(_value(row, score) - _value(above, score), 3)
        below = _below(row, above, score, floor)
        differences.append(Difference(f"({text})" if below else text, below))
    return Step(printable(row.label), row.is_anchor, tuple(differences))


def _below(row: BoardRow, above: BoardRow, score: str, floor: Floor) -> bool:
    """Whether a difference is no larger than the floor; False where either is undefined."""
    if score == "transfer_score":
        limit = max(floor.of_transfer_score(_point(row)), floor.of_transfer_score(_point(above)))
    else:
        limit = floor.of(score)
    return abs(_value(row, score) - _value(above, score)) <= limit


def _point(row: BoardRow) -> tuple[float, float, float]:
    return (
        row.expression_skill.value,
        row.identity_retention.value,
        row.naturalness.value,
    )


def _value(row: BoardRow, score: str) -> float:
    return float(getattr(row, score).value)


def _command(runs: Path, benchmark: str) -> str:
    """What makes a floor; empty for a benchmark whose images nobody has, such as an import."""
    try:
        card = card_of(benchmark)
    except BenchError:
        return ""
    words: Sequence[str] = ["bench", "check-instruments", benchmark]
    options = [] if card.ships_images else ["--data", "DIR"]
    if runs != Path("runs"):
        options += ["--out", str(runs)]
    return shlex.join([*words, *options])
