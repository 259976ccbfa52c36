"""Reading and writing small CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.data.reading import MOST_TABLE, read_text
from bench.errors import BenchError

__all__ = ["csv_text", "read_rows"]


def read_rows(path: Path) -> list[list[str]]:
    """All rows of a CSV file, the header first.

    Raises:
        BenchError: the file is missing, too large, no UTF-8 text or no CSV; the message names it.
    """
    try:
        return list(csv.reader(read_text(path, MOST_TABLE).splitlines()))
    except csv.Error as error:
        raise BenchError(f"{path} is no CSV file in UTF-8: {error}") from error


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as the text of a CSV file, with line feeds."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
