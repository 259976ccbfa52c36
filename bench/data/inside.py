"""Paths that others wrote, in cards, lists and tables: they stay below the folder they belong to.

Such a path is written with ``/`` and means the same on every system. What would leave its folder
on any of them is refused on all: ``..``, absolute paths, Windows' drives, shares, backslashes and
names of devices, and links that lead out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from bench.errors import BenchError

__all__ = ["FOLLOW_LINKS", "inside", "leaves_by_link", "name_in_path_problem", "path_problem"]

FOLLOW_LINKS: Final = "BENCH_FOLLOW_LINKS"
"""Environment variable: ``1`` for users who made the links in their copies themselves."""

LONGEST_PATH: Final = 1024
LONGEST_NAME: Final = 255
"""Bytes in UTF-8 that file systems take; of a path, what leaves room for the folder's own."""

_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789¹²³"}
)
"""Names that Windows takes for devices, whatever their suffix."""


def path_problem(text: str) -> str | None:
    """Why a written path may not name a file below a folder; None if it may.

    Only the text is looked at, not the disk: see :func:`inside`.

    Returns:
        The rest of a sentence that begins with the path, such as ``leaves its folder``.
    """
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        return "is no text in UTF-8"
    if not text.strip(" ./"):
        return "names no file"
    if size > LONGEST_PATH:
        return f"is longer than {LONGEST_PATH} bytes"
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        return "holds a control character"
    if "\\" in text:
        return "holds a backslash, and the parts of a path are separated by /"
    if text.startswith("/"):
        return "is absolute, and must be relative to its folder"
    return next(filter(None, map(_part_problem, text.split("/"))), None)


def name_in_path_problem(text: str) -> str | None:
    """Why a written name may not be that of one file or folder; None if it may."""
    return "is a path, not a name" if "/" in text else path_problem(text)


def inside(root: Path, text: str) -> Path:
    """The file below a folder that a written path names; it need not exist.

    Args:
        root: the folder; where it lies, and whether it is a link itself, is its owner's affair.
        text: the path, with ``/``.

    Raises:
        BenchError: the path leaves the folder, by what it says or by a link on the disk.
    """
    if problem := path_problem(text):
        raise BenchError(f"the path {_shown(text)} {problem}")
    path = root / text
    if leaves_by_link(path, root):
        raise BenchError(
            f"{path} is a link that leaves {root}",
            hint=f"copy what it leads to, or set {FOLLOW_LINKS}=1 if you made the link yourself",
        )
    return path


def leaves_by_link(path: Path, root: Path) -> bool:
    """Whether links lead from a path below a folder to outside of it, and are not trusted."""
    if os.environ.get(FOLLOW_LINKS) == "1":
        return False
    real, base = os.path.realpath(path), os.path.realpath(root)
    return os.path.commonpath([real, base]) != base


def _part_problem(part: str) -> str | None:
    if part in ("", "."):
        return None
    # Windows strips blanks and dots at the end of a name, so ".. " is ".." there.
    if not part.strip(" ."):
        return "leaves its folder"
    if ":" in part:
        return "holds a colon, which names a drive or a stream on Windows"
    if part.partition(".")[0].rstrip(" ").upper() in _DEVICES:
        return f"holds {part}, which is a device on Windows"
    if len(part.encode("utf-8")) > LONGEST_NAME:
        return f"holds a name of more than {LONGEST_NAME} bytes"
    return None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:99]}…")
