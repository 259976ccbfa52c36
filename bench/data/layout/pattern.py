"""Patterns of file names: from a path to named fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import Formatter

__all__ = [
    "IMAGE_SUFFIXES",
    "compile_pattern",
    "fields_of_pattern",
    "fields_of_template",
    "is_image",
    "match_image",
    "pattern_of_path",
    "without_suffix",
]  # fmt: skip

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
        re.error: it is none.
    """
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


def match_image(compiled: re.Pattern[str], path: str) -> dict[str, str] | None:
    """The fields of an image's path; None if the pattern does not fit.

    The field ``sample`` is what the pattern fits where it names no such group.
    """
    match = compiled.fullmatch(without_suffix(path))
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
