"""From ARKit blendshapes to FACS Action Units, by the table ``arkit_to_facs.csv`` beside this file.

The README there gives the references and the reasons for the doubtful rows.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

__all__ = ["FacsTable", "load_facs_table", "parse_facs_table"]

_COLUMNS = ["blendshape", "action_unit", "weight", "source", "reason"]


@dataclass(frozen=True, slots=True, eq=False)
class FacsTable:
    """A linear map from blendshapes to Action Units.

    Attributes:
        blendshapes: the B names in the order of the columns of a reading.
        action_units: the A names, ``AU01``, ``AU12``, ..., sorted.
        weights: (B, A); every column sums to 1, so an Action Unit keeps the scale 0..1.
        fingerprint: SHA-256 of what decides the numbers, which reasons and sources do not.
    """

    blendshapes: tuple[str, ...]
    action_units: tuple[str, ...]
    weights: NDArray[np.float32]
    fingerprint: str

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Action Units (N, A) of blendshapes (N, B); a row of NaN stays one."""
        # Not a matrix product, whose rounding may depend on the number of rows.
        return np.asarray((values[:, :, None] * self.weights).sum(axis=1), dtype=np.float32)


@cache
def load_facs_table() -> FacsTable:
    """The committed table."""
    text = resources.files("metrics.au").joinpath("arkit_to_facs.csv").read_text(encoding="utf-8")
    return parse_facs_table(text)


def parse_facs_table(text: str) -> FacsTable:
    """Reads a table; rows without an ``AU`` name are kept as blendshapes that map to nothing.

    Raises:
        ValueError: other columns, a blendshape listed twice, or weights of an Action Unit that
            do not sum to 1.
    """
    rows = list(csv.DictReader(text.splitlines()))
    if not rows or list(rows[0]) != _COLUMNS:
        raise ValueError(f"expected the columns {','.join(_COLUMNS)}")
    blendshapes = tuple(row["blendshape"] for row in rows)
    if len(set(blendshapes)) < len(blendshapes):
        raise ValueError("a blendshape is listed twice")
    shares: dict[str, dict[int, float]] = defaultdict(dict)
    for index, row in enumerate(rows):
        if row["action_unit"].startswith("AU"):
            shares[row["action_unit"]][index] = float(row["weight"])
    action_units = tuple(sorted(shares))
    weights = np.zeros((len(rows), len(action_units)), dtype=np.float32)
    for column, unit in enumerate(action_units):
        for index, share in shares[unit].items():
            weights[index, column] = share
    uneven = [u for u, total in zip(action_units, weights.sum(axis=0), strict=True) if total != 1]
    if uneven:
        raise ValueError(f"the weights of {', '.join(uneven)} do not sum to 1")
    parts = [f"{row['blendshape']},{row['action_unit']},{row['weight']}" for row in rows]
    fingerprint = hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()
    return FacsTable(blendshapes, action_units, weights, fingerprint)
