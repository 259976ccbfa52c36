"""Reading side files: what they say of which images."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from bench.data.layout.pattern import (
    compile_pattern,
    fields_of_pattern,
    fits,
    without_suffix,
)
from bench.data.layout.spec import LabelSpec, SideTable
from bench.data.reading import MOST_TABLE, read_text
from bench.errors import BenchError

__all__ = ["SideValues", "fields_of_table", "read_side_table", "unit_name"]

UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class SideValues:
    """What the files of one side table say.

    Attributes:
        keys: fields that the rows share with the images.
        fields: values of the keys -> field -> value.
        labels: values of the keys -> AU -> intensity, NaN where it is not known.
        files: how many files there are.
    """

    keys: tuple[str, ...]
    fields: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)
    labels: dict[tuple[str, ...], dict[str, float]] = field(default_factory=dict)
    files: int = 0

    def key_of(self, image: Mapping[str, str]) -> tuple[str, ...]:
        """The key under which an image's values stand."""
        return tuple(_key(name, image[name]) for name in self.keys)


def fields_of_table(table: SideTable) -> set[str]:
    """The fields that each row of a side table has."""
    columns = {*table.columns, *table.names} - {""}
    return fields_of_pattern(table.files) | columns


@lru_cache(maxsize=4096)
def unit_name(text: str) -> str | None:
    """``AU06`` for ``6``, ``06``, ``AU6`` or ``6.0e+00``; None for what is no such number."""
    bare = re.sub(r"^\s*AU(?=\d)", "", text, flags=re.IGNORECASE)
    try:
        number = float(bare)
    except ValueError:
        return None
    return f"AU{int(number):02d}" if number in range(1, 100) else None


def read_side_table(
    table: SideTable,
    folder: Path,
    paths: Sequence[str],
    known: set[str],
    labels: LabelSpec | None,
) -> SideValues:
    """Reads the files of a side table.

    Args:
        table: which files, and what their columns are.
        folder: where the paths begin.
        paths: all files of the folder.
        known: fields that images have.
        labels: the scale of AU intensities; None if the dataset has none.

    Raises:
        BenchError: there is no such file and the table is not optional, a row is malformed, an
            intensity is off the scale, or two rows contradict each other; with file and line.
    """
    compiled = compile_pattern(table.files)
    matches = [(path, match) for path in paths if (match := fits(compiled, path))]
    if not matches and not table.optional:
        raise BenchError(
            f"no file in {folder} fits the side files {table.files!r} of the card",
            hint="--labels DIR, the folder that holds them",
        )
    values = SideValues(tuple(sorted(fields_of_table(table) & known)), files=len(matches))
    collector = _Collector(values, table, labels)
    for path, match in matches:
        named = {k: v or "" for k, v in match.groupdict().items() if k != "_fitted"}
        for line, row in _rows(folder / path, table):
            try:
                collector.take({**named, **row})
            except ValueError as error:
                raise BenchError(f"{folder / path}:{line}: {error}") from error
    return values


class _Collector:
    """Adds what rows say to the values of a table; ``ValueError`` where a row is malformed."""

    def __init__(self, values: SideValues, table: SideTable, labels: LabelSpec | None) -> None:
        self.values, self.offset = values, table.frame_offset
        self.labels, self.bounds = labels, labels.bounds if labels else (0.0, 0.0)
        self.unknown = {*table.unknown, *(_number(text) for text in table.unknown)} - {None}

    def take(self, row: dict[str, str]) -> None:
        if "frame" in row:
            row["frame"] = _frame(row["frame"], self.offset)
        key = tuple([_key(name, row[name]) for name in self.values.keys])
        given = self.values.fields.setdefault(key, {})
        number = row.pop("au", None)
        for name, raw in row.items():
            if name in self.values.keys:
                continue
            text = raw.strip()
            if name == "value" and number is not None:
                if (unit := unit_name(number)) is None:
                    raise ValueError(f"{number!r} is no Action Unit's number")
                self._take_label(key, unit, text)
            elif self.labels is not None and name[:2] == "AU" and name[2:].isdigit():
                self._take_label(key, name, text)
            elif text and not self._is_unknown(text) and given.setdefault(name, text) != text:
                raise ValueError(f"{name} is {text!r} here and {given[name]!r} before")

    def _take_label(self, key: tuple[str, ...], unit: str, text: str) -> None:
        units = self.values.labels.setdefault(key, {})
        intensity = UNKNOWN
        if text and not self._is_unknown(text):
            intensity = UNKNOWN if (number := _number(text)) is None else number
            if not self.bounds[0] <= intensity <= self.bounds[1]:
                scale = self.labels.scale if self.labels else ""
                raise ValueError(f"the intensity {text!r} is not on the scale {scale}")
        before = units.setdefault(unit, intensity)
        # What is not known twice is no contradiction.
        if before != intensity and not (math.isnan(before) and math.isnan(intensity)):
            raise ValueError(f"{unit} is {text} here and {before:g} before")

    def _is_unknown(self, text: str) -> bool:
        """Whether a value means "not known"; numbers are compared as numbers."""
        return bool(self.unknown) and (text in self.unknown or _number(text) in self.unknown)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _frame(text: str, offset: int) -> str:
    number = without_suffix(text.strip())
    if not number.isdecimal():
        raise ValueError(f"{text!r} is no frame's number")
    return str(int(number) + offset)


def _key(name: str, text: str) -> str:
    """A field's value as it is compared: files without extension, frames as numbers."""
    text = text.strip()
    if name == "file":
        return without_suffix(text.replace("\\", "/"))
    return str(int(text)) if name == "frame" and text.isdecimal() else text


def _rows(path: Path, table: SideTable) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows by field, with their line; empty lines and comments are none."""
    # Split at line feeds alone: names may hold what else Unicode calls the end of a line.
    lines = read_text(path, MOST_TABLE, encoding="utf-8-sig").split("\n")
    places: dict[str, int] | None = None
    if not table.header:
        places = {name: place for place, name in enumerate(table.names) if name}
    width = len(table.names)
    header: list[str] = []
    for number, line in enumerate(lines, start=1):
        is_header = number == table.header
        if number < table.header or not line.strip() or (line[0] == "#" and not is_header):
            continue
        try:
            values = _columns(line, table.separator)
        except csv.Error as error:
            raise BenchError(f"{path}:{number}: {error}") from error
        if is_header:
            header = [value.strip() for value in values]
            continue
        if places is None:
            places, width = _places(table, header, len(values), path)
        if len(values) != width:
            raise BenchError(f"{path}:{number}: expected {width} columns, found {len(values)}")
        yield number, {name: values[place] for name, place in places.items()}


def _columns(line: str, separator: str) -> list[str]:
    if not separator:
        return line.split()
    # An empty last column may be a tab, which is no white space to strip.
    line = line.rstrip("\r")
    return next(csv.reader([line], delimiter=separator)) if '"' in line else line.split(separator)


def _places(
    table: SideTable, header: list[str], width: int, path: Path
) -> tuple[dict[str, int], int]:
    """Where each field stands; a header that is one short leaves the first column unnamed."""
    names = ["", *header] if len(header) + 1 == width else header
    missing = sorted(column for column in table.columns.values() if column not in names)
    if missing:
        raise BenchError(f"{path}:{table.header}: no column called {', '.join(missing)}")
    return {name: names.index(column) for name, column in table.columns.items()}, len(names)
