"""What a comparison found, whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from glow.comparison.accuracy import Accuracy
from glow.comparison.machine import Machine, MatrixPeak
from glow.comparison.peers import DIFFERENCES
from glow.comparison.rows import Row

__all__ = ["Report"]


@dataclass(frozen=True, slots=True)
class Report:
    """The machine, a row for each implementation in each cell, and the accuracy of ours."""

    machine: Machine
    peaks: Sequence[MatrixPeak]
    rows: Sequence[Row]
    accuracy: Sequence[Accuracy]

    def to_dict(self) -> dict[str, Any]:
        """JSON values; ``rows`` has the keys of :class:`glow.comparison.rows.Row`."""
        return {
            "machine": asdict(self.machine),
            "matrix_peaks": [asdict(peak) for peak in self.peaks],
            "peers": {
                name: {"version": _version(name), "difference": difference}
                for name, difference in DIFFERENCES.items()
                if any(row.implementation == name for row in self.rows)
            },
            "rows": [row.to_dict() for row in self.rows],
            "accuracy": [asdict(result) for result in self.accuracy],
        }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
