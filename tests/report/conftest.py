"""A made-up benchmark with the shape of the real one: few methods and all anchors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.alpha import AlphaSearch, Crossover
from bench.analysis.board import Board, BoardRow, Estimate
from bench.analysis.statistics.average_ranks import AverageRanks
from bench.report.contents import ReportInput, ReportMethod

GRID = np.unique(np.round(np.r_[np.arange(0, 1.01, 0.1), np.arange(0.3, 0.51, 0.02)], 2))
# name, anchor, alpha, score, E, R, Q
METHODS = [
    ("glow-arith", False, 0.7, 0.412, 0.44, 0.36, 0.48),
    ("pixel-arith", False, 0.9, 0.389, 0.41, 0.31, 0.57),
    ("real-target", True, None, 0.085, 0.03, 0.68, 1.0),
    ("copy-source", True, None, 0.0, 0.58, -0.01, 1.0),
    ("target-neutral", True, None, 0.0, 0.0, 1.0, 1.0),
    ("shuffled-source", True, None, 0.0, -0.23, 0.0, 1.0),
]


def make_curve(peak: float = 0.7, end: float = 0.4) -> pd.DataFrame:
    """Scores over the grid, with the AU error least at ``peak``."""
    skill = 0.45 - (GRID - peak) ** 2
    retention = 0.92 - (0.92 - end) * GRID
    return pd.DataFrame(
        {
            "alpha": GRID,
            "au_mse": 0.006 + 0.012 * (GRID - peak) ** 2,
            "au_mae": 0.03 + 0.04 * np.abs(GRID - peak),
            "id_dist_target": 0.5 + 0.6 * GRID,
            "id_dist_source": 1.3 - 0.7 * GRID,
            "expression_skill": skill,
            "identity_retention": retention,
            "naturalness": 0.7 - 0.2 * GRID,
            "transfer_score": 0.4 * GRID,
            "coverage": np.ones_like(GRID),
        }
    )


def make_search(curve: pd.DataFrame, alpha: float) -> AlphaSearch:
    """A search result whose oracle alphas scatter over the grid."""
    draws = np.random.default_rng(1).choice(GRID, size=120)
    oracle = pd.DataFrame(
        {
            "pair": [f"{i:03d}/smiling>{i + 1:03d}" for i in range(len(draws))],
            "alpha_mse": draws,
            "on_edge": np.isin(draws, GRID[[0, -1]]),
        }
    )
    share = float(oracle["on_edge"].mean())
    return AlphaSearch(alpha, alpha - 0.1, Crossover(0.62, 1), None, oracle, share, curve, 120, 0)


def estimate(value: float, half: float = 0.04) -> Estimate:
    return Estimate(value, value - half, value + half)


def make_row(rank: int | None, values: tuple[Any, ...], **changes: Any) -> BoardRow:
    name, anchor, alpha, score, skill, retention, naturalness = values
    row: dict[str, Any] = {
        "method": name,
        "run_id": f"{name}-1a2b3c4d",
        "is_anchor": anchor,
        "parameters": {},
        "alpha": alpha,
        "alpha_protocol": None if alpha is None else "dev",
        "transfer_score": estimate(score) if score else Estimate(0.0, 0.0, 0.0),
        "expression_skill": estimate(skill),
        "raw_expression_skill": estimate(skill + 0.1),
        "identity_retention": estimate(retention),
        "naturalness": estimate(naturalness, 0.02),
        "coverage": 1.0,
        "pairs": 328,
        "failures": {},
        "au_mse": 0.01,
        "au_mae": 0.05,
        "id_dist_target": 0.9,
        "id_dist_source": 0.8,
        "expression_skill_at_zero": None if alpha is None else -0.02,
        "identity_retention_at_zero": None if alpha is None else 0.91,
        "naturalness_at_zero": None if alpha is None else 0.62,
        "images_per_second": 41.3 if alpha else 1234.5,
        "peak_memory_mib": 812.0,
        "rank": rank,
        "rank_without_failures": rank,
    }
    if rank is not None:
        row |= {
            "rank_low": 1,
            "rank_high": 2,
            "tie_group": 1,
            "best_probability": 0.5,
            "average_rank": 1.5,
            "on_front": True,
            "front_frequency": 0.996,
            "hypervolume": estimate(0.3),
        }
    return BoardRow(**{**row, **changes})


def make_board(**first_row: Any) -> Board:
    """The board; ``first_row`` changes fields of the best method."""
    ranks = [1, 2, None, None, None, None]
    rows = [
        make_row(rank, values, **(first_row if rank == 1 else {}))
        for rank, values in zip(ranks, METHODS, strict=True)
    ]
    notes = ("12 pairs are left out for every method.",)
    return Board(
        "london-64",
        "test",
        tuple(rows),
        notes,
        Estimate(0.05, -0.02, 0.11),
        average_ranks=AverageRanks(
            {"glow-arith": 1.4, "pixel-arith": 1.6}, 1.6, 0.2, 0.31, people=40, left_out=1
        ),
    )


def make_report(**changes: Any) -> ReportInput:
    """A whole report; ``changes`` replace fields of it."""
    board = make_board()
    methods = []
    for place, row in enumerate(board.rows):
        curve = None if row.alpha is None else make_curve(row.alpha, 0.35 - 0.2 * place)
        info = {
            "command": f"bench run {row.method} --benchmark london",
            "identity": {"hash": f"{place:08x}", "parts": {"precision": "float32"}},
            "instruments": {
                "embedder": {"name": "MobileFaceNet", "licence": "Apache-2.0", "version": "1"}
            },
            "packages": {"torch": "2.9.0", "numpy": "2.4.6"},
            "git": {"commit": "0123456789abcdef", "dirty": False},
        }
        search = None if curve is None or row.alpha is None else make_search(curve, row.alpha)
        methods.append(ReportMethod(row, curve, search, info))
    card = {
        "title": "A made-up face set",
        "authors": ["A. Author", "B. Author"],
        "year": 2017,
        "licence": "CC-BY-4.0",
        "doi": "10.6084/m9.figshare.5047666.v5",
        "may_show_images": True,
    }
    report: dict[str, Any] = {
        "benchmark": "london-64",
        "card": card,
        "board": board,
        "methods": methods,
        "command": "bench report --html --runs runs",
        "created": "2026-01-02 03:04 UTC",
    }
    return ReportInput(**{**report, **changes})


@pytest.fixture
def report() -> ReportInput:
    return make_report()


@pytest.fixture
def board() -> Board:
    return make_board()


@pytest.fixture
def search() -> AlphaSearch:
    return make_search(make_curve(), 0.7)


@pytest.fixture
def changed_board() -> Callable[..., Board]:
    return make_board


@pytest.fixture
def changed_report() -> Callable[..., ReportInput]:
    return make_report


@pytest.fixture
def changed_row() -> Callable[..., BoardRow]:
    return make_row
