"""What the JSON of every analysis result has in common."""

from __future__ import annotations

import math
from typing import Any, SupportsFloat

__all__ = ["SCHEMA_VERSION", "number_or_none", "without_nan"]

SCHEMA_VERSION = 1
"""Raised when a name in the JSON of an analysis result changes or goes."""


def number_or_none(value: SupportsFloat | None) -> float | None:
    """A plain float for JSON, which has no NaN and no infinity: these become ``None``."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def without_nan(value: Any) -> Any:
    """Nested dictionaries and lists as they are in JSON: tuples as lists, no number as ``None``."""
    if isinstance(value, dict):
        return {name: without_nan(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(part) for part in value]
    return number_or_none(value) if isinstance(value, float) else value
