"""The two kinds of tables of the release, each value checked where it stands.

Distances are CSV: a header ``output_images,0.3,...,0.5, source, target`` and rows
``<identity>_source`` and ``<identity>_target``. Intensities only look like CSV: the header is bare
names in brackets, and every row is a printed Python list of strings.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.reading import MOST_TABLE, read_text
from bench.errors import BenchError

__all__ = [
    "LARGEST_DISTANCE",
    "LARGEST_INTENSITY",
    "SAME_DISTANCE",
    "DistanceRow",
    "DistanceTable",
    "IntensityRow",
    "IntensityTable",
    "problem_at",
    "read_distances",
    "read_intensities",
]

LARGEST_DISTANCE = 2.0
"""Of two unit vectors."""

LARGEST_INTENSITY = 5.0
"""Of an Action Unit, as OpenFace states it."""

SAME_DISTANCE = 1e-4
"""Two distances of one pair of images differ by less."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_UNIT = re.compile(r"AU\d\d_r")
_END = re.compile(r"(?:(?P<identity>.+)_)?(?P<side>source|target)")


@dataclass(frozen=True, slots=True)
class IntensityRow:
    """One image: the line it stands on, the name in its first cell, and its values, 0 to 5."""

    line: int
    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class IntensityTable:
    """Action Units (``AU01``, ...) of named images."""

    path: Path
    units: tuple[str, ...]
    rows: tuple[IntensityRow, ...]


@dataclass(frozen=True, slots=True)
class DistanceRow:
    """Distances (0 to 2) of the outputs of one target to one mean face.

    Attributes:
        to_outputs: by alpha.
        to_source: of this mean face to the source's, ``to_target`` to the target's.
    """

    line: int
    to_outputs: dict[float, float]
    to_source: float
    to_target: float


@dataclass(frozen=True, slots=True)
class DistanceTable:
    """Of every identity, the row of the source's mean face and the row of its own."""

    path: Path
    alphas: tuple[float, ...]
    source: dict[str, DistanceRow]
    target: dict[str, DistanceRow]


def problem_at(path: Path, line: int, problem: str) -> BenchError:
    """An error that names file and line."""
    return BenchError(f"{path}:{line}: {problem}")


def read_intensities(path: Path) -> IntensityTable:
    """Reads ``AUs_*.csv``.

    Raises:
        BenchError: the header or a row is malformed, a value is no number of 0 to 5, or a name
            stands twice; the message names file and line.
    """
    (top, header), *lines = _lines(path)
    header = header.strip()
    first, *names = [name.strip() for name in header.strip("[]").split(",")]
    if not (header.startswith("[") and header.endswith("]")) or first != "filename" or not names:
        raise problem_at(path, top, "expected the header [filename, AU01_r, ...]")
    for name in names:
        if not _UNIT.fullmatch(name):
            raise problem_at(path, top, f"{name!r} is no column of intensities such as AU01_r")
    _refuse_double(path, [(top, name) for name in names])
    rows = tuple(_intensity_row(path, line, text, len(names)) for line, text in lines)
    _refuse_double(path, [(row.line, row.name) for row in rows])
    return IntensityTable(path, tuple(name.removesuffix("_r") for name in names), rows)


def read_distances(path: Path) -> DistanceTable:
    """Reads ``likeliness/expression<k>.csv``.

    Raises:
        BenchError: the header or a row is malformed, a value is no number of 0 to 2, an identity
            lacks one of its two rows, or a distance contradicts another; the message names file
            and line.
    """
    (top, first), *lines = _lines(path)
    header = _cells(first)
    if len(header) < 4 or header[0] != "output_images":
        raise problem_at(path, top, "expected the header output_images,<alphas>,source,target")
    ends = [_END.fullmatch(name) for name in header[-2:]]
    sides = [end["side"] for end in ends if end]
    if sorted(sides) != ["source", "target"]:
        raise problem_at(
            path, top, f"the last two columns are {header[-2:]}, not source and target"
        )
    alphas = [_alpha(path, top, text) for text in header[1:-2]]
    _refuse_double(path, [(top, f"alpha {alpha:g}") for alpha in alphas])
    found: dict[str, dict[str, DistanceRow]] = {"source": {}, "target": {}}
    for line, text in lines:
        name, *cells = _cells(text)
        match = _END.fullmatch(name)
        if match is None or match["identity"] is None:
            raise problem_at(path, line, f"{name!r} is no row <identity>_source or _target")
        if len(cells) != len(header) - 1:
            raise problem_at(
                path, line, f"{len(cells)} values where the header names {len(header) - 1}"
            )
        values = [_number(path, line, cell, LARGEST_DISTANCE) for cell in cells]
        if match["identity"] in found[match["side"]]:
            raise problem_at(path, line, f"{name} stands here a second time")
        last = dict(zip(sides, values[-2:], strict=True))
        found[match["side"]][match["identity"]] = DistanceRow(
            line, dict(zip(alphas, values, strict=False)), last["source"], last["target"]
        )
    table = DistanceTable(path, tuple(sorted(alphas)), found["source"], found["target"])
    _check_distances(table)
    return table


def _check_distances(table: DistanceTable) -> None:
    """Both rows of every identity are there, and agree on the distance of their mean faces."""
    if not table.source and not table.target:
        raise problem_at(table.path, 1, "there is no row below the header")
    for name, row in (*table.source.items(), *table.target.items()):
        if name not in table.source or name not in table.target:
            absent = "source" if name not in table.source else "target"
            raise problem_at(table.path, row.line, f"{name} has no row {name}_{absent}")
    for name, source in table.source.items():
        target = table.target[name]
        for row, own in ((source, source.to_source), (target, target.to_target)):
            if own > SAME_DISTANCE:
                raise problem_at(table.path, row.line, f"a face {own:g} away from itself, not 0")
        if abs(source.to_target - target.to_source) > SAME_DISTANCE:
            raise problem_at(
                table.path,
                target.line,
                f"the mean faces of {name} and the source are {target.to_source:g} apart, but "
                f"{source.to_target:g} in line {source.line}",
            )


def _intensity_row(path: Path, line: int, text: str, count: int) -> IntensityRow:
    try:
        cells = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        cells = None
    if not isinstance(cells, list) or not all(isinstance(cell, str) for cell in cells):
        raise problem_at(path, line, "the row is no printed Python list of strings")
    if len(cells) != count + 1:
        raise problem_at(
            path, line, f"{max(len(cells) - 1, 0)} values where the header names {count}"
        )
    values = tuple(_number(path, line, cell, LARGEST_INTENSITY) for cell in cells[1:])
    return IntensityRow(line, cells[0].strip(), values)


def _lines(path: Path) -> list[tuple[int, str]]:
    """The lines that are not blank, at least one, with their numbers from 1."""
    text = read_text(path, MOST_TABLE, encoding="utf-8-sig")
    lines = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        raise problem_at(path, 1, "the file is empty")
    return lines


def _cells(text: str) -> list[str]:
    return [cell.strip() for cell in text.split(",")]


def _number(path: Path, line: int, text: str, largest: float) -> float:
    if not _NUMBER.fullmatch(text.strip()):
        raise problem_at(path, line, f"{text.strip()!r} is no number")
    value = float(text)
    if not 0.0 <= value <= largest:
        raise problem_at(path, line, f"{text.strip()} is not in 0..{largest:g}")
    return value


def _alpha(path: Path, line: int, text: str) -> float:
    value = _number(path, line, text, 1.0)
    if value == 0.0:
        raise problem_at(path, line, "alpha 0 is the mean face and has no column of its own")
    return round(value, 6)


def _refuse_double(path: Path, named: Sequence[tuple[int, str]]) -> None:
    ordered = sorted(named, key=lambda item: (item[1], item[0]))
    for (_, name), (line, again) in itertools.pairwise(ordered):
        if name == again:
            raise problem_at(path, line, f"{name} stands here a second time")
