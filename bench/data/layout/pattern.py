"""Patterns of file names: from a path to named fields."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from string import Formatter
from types import FrameType
from typing import Final, NoReturn

from bench.errors import BenchError

__all__ = [
    "IMAGE_SUFFIXES",
    "compile_pattern",
    "fields_of_pattern",
    "fields_of_template",
    "fits",
    "is_image",
    "match_image",
    "pattern_of_path",
    "without_suffix",
]  # fmt: skip

LONGEST_PATTERN: Final = 2000
"""Characters."""

MOST_SECONDS: Final = 2.0
"""Of computing, to tell whether a name fits a pattern: some patterns take for ever."""

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
"""Extensions of image files, in any case."""


def is_image(path: str) -> bool:
    """Whether a file has the extension of an image."""
    return without_suffix(path) != path


def without_suffix(path: str) -> str:
    """A path without the extension of an image; other dots belong to the name."""
    stem, dot, suffix = path.rpartition(".")
    is_name = stem and not stem.endswith("/")
    return stem if is_name and f"{dot}{suffix.lower()}" in IMAGE_SUFFIXES else path


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A card's pattern as a regular expression for whole paths.

    Raises:
        re.error: it is none, or longer than a pattern of names needs to be.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise re.error(f"it has more than {LONGEST_PATTERN} characters")
    if pattern.startswith("^"):
        return re.compile(pattern[1:])
    # Compiled alone first: what is unbalanced must not pair up with what stands around it.
    re.compile(pattern)
    return re.compile(f"(?:.*/)?(?P<_fitted>{pattern})")


def fields_of_pattern(pattern: str) -> set[str]:
    """The named groups of a card's pattern."""
    return set(compile_pattern(pattern).groupindex) - {"_fitted"}


def fields_of_template(template: str) -> set[str]:
    """The fields of a ``{field}`` text.

    Raises:
        ValueError: a brace lacks its partner, or more than a name stands between them.
    """
    parts = list(Formatter().parse(template))
    if any(given or conversion for _, _, given, conversion in parts):
        raise ValueError("only a field's name can stand between braces")
    return {name for _, name, _, _ in parts if name is not None}


def fits(compiled: re.Pattern[str], path: str) -> re.Match[str] | None:
    """A path as a card's pattern sees it; None if the pattern does not fit the whole.

    Raises:
        BenchError: it takes too long to tell: the pattern repeats what repeats already. Only the
            main thread, and not on Windows, can know.
    """
    with _bounded(compiled.pattern, path):
        return compiled.fullmatch(path)


def match_image(compiled: re.Pattern[str], path: str) -> dict[str, str] | None:
    """The fields of an image's path; None if the pattern does not fit.

    The field ``sample`` is what the pattern fits where it names no such group.
    """
    match = fits(compiled, without_suffix(path))
    if match is None:
        return None
    found = {name: value or "" for name, value in match.groupdict().items()}
    fitted = found.pop("_fitted", match[0])
    return {"sample": fitted, **found}


def pattern_of_path(path: str, samples: Iterable[str]) -> str:
    """The pattern of a ``{identity}/{sample}.png`` text, for the samples that are known."""
    names = "|".join(re.escape(name) for name in sorted(samples, key=len, reverse=True))
    groups = {"identity": "[^/]+", "sample": names}
    pattern, seen = "^", set()
    for text, name, _, _ in Formatter().parse(without_suffix(path)):
        pattern += re.escape(text)
        if name in seen:
            pattern += f"(?P={name})"
        elif name is not None:
            pattern += f"(?P<{name}>{groups[name]})"
            seen.add(name)
    return pattern


@contextmanager
def _bounded(pattern: str, path: str) -> Iterator[None]:
    """Ends what takes more than ``MOST_SECONDS`` of computing."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise BenchError(
            f"the card's pattern {pattern[:200]!r} takes more than {MOST_SECONDS:g} s for the name "
            f"{path[:100]!r}",
            hint="it repeats what repeats already, as (a+)+ does: write it without that",
        )

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)
