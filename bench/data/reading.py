"""Files of text that others wrote: their size is looked at before they are read."""

from __future__ import annotations

import json
import math
import stat
from pathlib import Path
from typing import Any, Final, NoReturn

from bench.errors import BenchError

__all__ = ["MOST_JSON", "MOST_TABLE", "MOST_TEXT", "check_size", "parse_json", "read_text"]

MIB: Final = 1 << 20
MOST_TEXT: Final = 4 * MIB
"""Bytes of a text that people write, such as a card."""

MOST_JSON: Final = 16 * MIB
"""Bytes of one JSON object; parsed it takes some ten times as many."""

MOST_TABLE: Final = 1024 * MIB
"""Bytes of a table with a row for each image or pair: ten million rows of a hundred bytes."""


def check_size(path: Path, most: int) -> None:
    """Refuses a file that is larger than its kind can be, before it is read.

    Raises:
        BenchError: it is, it cannot be looked at, or it is a folder, a device, or a pipe, from
            which reading would never end.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise BenchError(f"cannot read {path}: {_reason(error)}") from error
    if not stat.S_ISREG(status.st_mode):
        raise BenchError(f"cannot read {path}: it is no file")
    size = status.st_size
    if size > most:
        raise BenchError(
            f"{path} has {size / MIB:.0f} MiB, and a file of this kind at most {most // MIB}",
            hint="it is damaged, or another kind of file",
        )


def read_text(path: Path, most: int = MOST_TEXT, *, encoding: str = "utf-8") -> str:
    """The text of a file.

    Args:
        path: the file.
        most: bytes that a file of its kind can have.
        encoding: ``utf-8``, or ``utf-8-sig`` where programs of Windows may have written it.

    Raises:
        BenchError: the file is missing, too large, unreadable or no text in UTF-8.
    """
    check_size(path, most)
    try:
        return path.read_text(encoding=encoding)
    except UnicodeDecodeError as error:
        raise BenchError(f"{path} is no text in UTF-8: byte {error.start}") from error
    except OSError as error:
        raise BenchError(f"cannot read {path}: {_reason(error)}") from error


def parse_json(text: str, *, finite: bool) -> Any:
    """The values of a JSON text.

    Args:
        text: the text.
        finite: whether NaN and infinite numbers are refused, as the standard has it.

    Raises:
        ValueError: it is no JSON, is nested too deeply, holds a number or a character that nothing
            can be done with, or a number that is not finite.
    """
    try:
        values = json.loads(
            text,
            parse_constant=_refuse_constant if finite else None,
            parse_float=_finite if finite else None,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if "\\ud" in text.lower():
        # Half a character passes for text until it is printed or becomes the name of a file.
        json.dumps(values, ensure_ascii=False).encode("utf-8")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON; what is undefined is null")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large a number")
    return value


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
