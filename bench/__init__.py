"""An evaluation harness for facial expression transfer.

The commands of ``bench`` as functions, such as ``bench.run(["glow-arith"])``: see
:mod:`bench.python`, which is imported when one of them is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.python import (
        alpha_search,
        compare,
        groups,
        leaderboard,
        list_au,
        list_benchmarks,
        list_boards,
        list_embedders,
        list_methods,
        list_metrics,
        metrics,
        reconstruct,
        report,
        run,
        second_opinion,
    )

__all__ = [
    "alpha_search",
    "compare",
    "groups",
    "leaderboard",
    "list_au",
    "list_benchmarks",
    "list_boards",
    "list_embedders",
    "list_methods",
    "list_metrics",
    "metrics",
    "reconstruct",
    "report",
    "run",
    "second_opinion",
]

__version__ = "0.1.0"

PACKAGES = ("leaderboard", "report", "run")
"""Functions that are packages, too: see :mod:`bench.callables`."""


def __getattr__(name: str) -> Any:
    if name in PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name in __all__:
        return getattr(import_module(f"{__name__}.python"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
