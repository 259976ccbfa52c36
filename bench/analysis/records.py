"""What the JSON of every analysis result has in common."""

from __future__ import annotations

import math
from typing import SupportsFloat

__all__ = ["SCHEMA_VERSION", "number_or_none"]

SCHEMA_VERSION = 1
"""Raised when a name in the JSON of an analysis result changes or goes."""


def number_or_none(value: SupportsFloat | None) -> float | None:
    """A plain float for JSON, which has no NaN and no infinity: these become ``None``."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
