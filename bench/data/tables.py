"""Reading small CSV files."""

from __future__ import annotations

import csv
from pathlib import Path

from bench.errors import BenchError

__all__ = ["read_rows"]


def read_rows(path: Path) -> list[list[str]]:
    """All rows of a CSV file, the header first.

    Raises:
        BenchError: the file is no UTF-8 text or no CSV; the message names it.
    """
    try:
        return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BenchError(f"{path} is no CSV file in UTF-8: {error}") from error
