"""FACS: the names of Action Units, and the table that makes them from ARKit blendshapes.

The table is ``arkit_to_facs.csv`` beside this file; the README there gives the references and the
reasons for the doubtful rows.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["ACTION_UNIT_NAMES", "FacsTable", "load_facs_table", "parse_facs_table"]

ACTION_UNIT_NAMES: Final = {
    "AU01": "inner brow raiser",
    "AU02": "outer brow raiser",
    "AU04": "brow lowerer",
    "AU05": "upper lid raiser",
    "AU06": "cheek raiser",
    "AU07": "lid tightener",
    "AU08": "lips toward each other",
    "AU09": "nose wrinkler",
    "AU10": "upper lip raiser",
    "AU11": "nasolabial furrow deepener",
    "AU12": "lip corner puller",
    "AU14": "dimpler",
    "AU15": "lip corner depressor",
    "AU16": "lower lip depressor",
    "AU17": "chin raiser",
    "AU18": "lip pucker",
    "AU20": "lip stretcher",
    "AU22": "lip funneler",
    "AU23": "lip tightener",
    "AU24": "lip presser",
    "AU25": "lips part",
    "AU26": "jaw drop",
    "AU28": "lip suck",
    "AU43": "eye closure",
    "AU45": "blink",
}
"""Names of the FACS manual (2002) of all Action Units that an instrument here reads."""

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
