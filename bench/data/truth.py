"""The Action Units that a dataset itself gives its images: as drawn, or as coded by people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data.card import DatasetCard
from bench.data.inside import inside
from bench.data.tables import csv_text, read_rows
from bench.errors import BenchError

__all__ = ["Truth", "labels_text", "read_truth"]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Known Action Units of the images of a dataset.

    Attributes:
        path: the table.
        scale: ``LOW..HIGH``, such as ``0..5``.
        action_units: A names, sorted.
        intensities: (identity, sample) -> (A,) on that scale, NaN where an Action Unit is present
            and was not graded.
    """

    path: Path
    scale: str
    action_units: tuple[str, ...]
    intensities: dict[tuple[str, str], NDArray[np.float64]]


def read_truth(card: DatasetCard) -> Truth | None:
    """Reads the table of AU labels beside a dataset's card; None if the dataset has none.

    Raises:
        BenchError: the table is malformed; the message names the line.
    """
    if card.labels is None:
        return None
    path = inside(card.folder, card.labels.file)
    if not path.is_file():
        return None
    header, *rows = read_rows(path) or [[]]
    named = card.labels.action_units
    units = tuple(sorted(named or (c for c in header if c.startswith("AU") and c[2:].isdigit())))
    if not units or not {"identity", "sample", *units} <= set(header):
        wanted = ", ".join(named) or "AU01, ..."
        raise BenchError(f"{path}:1: expected the columns identity, sample, {wanted}")
    low, high = card.labels.bounds
    intensities: dict[tuple[str, str], NDArray[np.float64]] = {}
    for line, row in enumerate(rows, start=2):
        try:
            values = dict(zip(header, row, strict=True))
            numbers = np.array([float(values[unit] or "nan") for unit in units])
        except ValueError as error:
            raise BenchError(f"{path}:{line}: malformed row: {error}") from error
        if (numbers < low).any() or (numbers > high).any():
            raise BenchError(f"{path}:{line}: an intensity is not on the scale {card.labels.scale}")
        key = values["identity"], values["sample"]
        if key in intensities:
            raise BenchError(f"{path}:{line}: {'/'.join(key)} is listed twice")
        intensities[key] = numbers
    return Truth(path, card.labels.scale, units, intensities)


def labels_text(units: Sequence[str], labels: Mapping[tuple[str, str], Mapping[str, float]]) -> str:
    """A table of AU labels as the text of its file.

    Args:
        units: names of the columns.
        labels: (identity, sample) -> AU -> intensity; what is not known becomes an empty cell.
    """
    rows = [["identity", "sample", *units]]
    for (identity, sample), values in sorted(labels.items()):
        cells = (values.get(unit, math.nan) for unit in units)
        rows.append([identity, sample, *("" if math.isnan(c) else f"{c:g}" for c in cells)])
    return csv_text(rows)
