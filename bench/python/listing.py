"""The commands that list what there is, as DataFrames with the columns of their JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.python.commands import Folder
from bench.python.frames import frame_of

if TYPE_CHECKING:
    import pandas as pd

    from bench.plugins.instruments import Kind

__all__ = [
    "list_au",
    "list_benchmarks",
    "list_boards",
    "list_embedders",
    "list_methods",
    "list_metrics",
]


def list_methods() -> pd.DataFrame:
    """The installed methods with their parameters, as ``bench list methods``.

    Example:
        >>> methods = bench.list_methods()
        >>> methods[methods["kind"] == "method"]["name"]
    """
    from bench.plugins.registry import list_methods as installed

    return frame_of([entry.to_dict() for entry in installed()])


def list_benchmarks() -> pd.DataFrame:
    """The benchmarks, as ``bench list benchmarks``.

    Example:
        >>> bench.list_benchmarks()[["name", "ships_images", "test_pairs"]]
    """
    from bench.data.overview import benchmark_rows

    return frame_of(benchmark_rows())


def list_embedders(*, data: Folder | None = None) -> pd.DataFrame:
    """The installed embedders and what is missing to use them, as ``bench list embedders``.

    Args:
        data: your copy of a dataset: a folder ``weights`` beside it is searched first.

    Example:
        >>> bench.list_embedders()[["name", "ready"]]
    """
    return _instruments("embedder", data)


def list_au(*, data: Folder | None = None) -> pd.DataFrame:
    """The installed AU estimators and what is missing to use them, as ``bench list au``.

    Args:
        data: as for :func:`list_embedders`.

    Example:
        >>> bench.list_au()[["name", "ready", "scale"]]
    """
    return _instruments("au_estimator", data)


def list_metrics() -> pd.DataFrame:
    """The cards of all metrics, as ``bench list metrics``.

    Example:
        >>> bench.list_metrics()[["name", "unit"]]
    """
    from bench.analysis.score_cards import metric_cards

    return frame_of([card.to_dict() for card in metric_cards()])


def list_boards() -> pd.DataFrame:
    """The published boards, as ``bench leaderboard show`` without a name.

    Example:
        >>> bench.list_boards()[["benchmark", "best"]]
    """
    from bench.api_leaderboard import list_boards as published

    return frame_of([board.to_dict() for board in published()])


def _instruments(kind: Kind, data: Folder | None) -> pd.DataFrame:
    from bench.plugins.instruments import list_instruments, weights_beside

    given = data or os.environ.get("BENCH_DATA")
    beside = weights_beside(Path(given)) if given else []
    return frame_of([entry.to_dict() for entry in list_instruments(kind, beside)])
