"""The Action Units that the faces of a drawn dataset were made with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.data.card import DatasetCard
from bench.data.tables import read_rows
from bench.errors import BenchError

__all__ = ["Truth", "read_truth"]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Known Action Units of the images of a dataset.

    Attributes:
        action_units: A names, sorted.
        intensities: (identity, sample) -> (A,), 0 to 5.
    """

    action_units: tuple[str, ...]
    intensities: dict[tuple[str, str], NDArray[np.float64]]


def read_truth(card: DatasetCard) -> Truth | None:
    """Reads ``faces.csv`` beside a dataset's card; None if the dataset knows no truth.

    Raises:
        BenchError: the table is malformed; the message names the line.
    """
    path = card.folder / "faces.csv"
    if not path.is_file():
        return None
    header, *rows = read_rows(path) or [[]]
    units = tuple(sorted(c for c in header if c.startswith("AU") and c[2:].isdigit()))
    if not units or not {"identity", "sample"} <= set(header):
        raise BenchError(f"{path}:1: expected the columns identity, sample, AU01, ...")
    intensities = {}
    for line, row in enumerate(rows, start=2):
        try:
            values = dict(zip(header, row, strict=True))
            numbers = np.array([float(values[unit]) for unit in units])
        except ValueError as error:
            raise BenchError(f"{path}:{line}: malformed row: {error}") from error
        intensities[values["identity"], values["sample"]] = numbers
    return Truth(units, intensities)
