"""Results go to stdout; everything else goes to stderr."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console

__all__ = ["print_json", "stdout"]


def stdout() -> Console:
    """The console for results."""
    return Console()


def print_json(value: Any) -> None:
    """Prints a value as strict JSON (no NaN)."""
    print(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))
