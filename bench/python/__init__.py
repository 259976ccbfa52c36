"""The commands that run, measure and read as functions, for notebooks and programs.

``import bench`` has them all. Their arguments have the names of the commands' options, and what
they return holds the JSON of the command (``to_dict``), tables of it (``to_frame``) and, where
there is one, a chart (``figure``). In a notebook it shows itself as the command prints it. What a
user can mend is a :class:`bench.errors.BenchError`.
"""

from __future__ import annotations

from bench.python.listing import (
    list_au,
    list_benchmarks,
    list_boards,
    list_embedders,
    list_methods,
    list_metrics,
)
from bench.python.reading import compare, groups, leaderboard, metrics, report
from bench.python.results import AlphaResult, BoardResult, ReconstructionResult, Result
from bench.python.running import alpha_search, reconstruct, run, second_opinion

__all__ = [
    "AlphaResult",
    "BoardResult",
    "ReconstructionResult",
    "Result",
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
