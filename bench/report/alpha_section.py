"""The charts of one method over the transfer intensity alpha."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bench.report.figures import Curve, curves, histogram
from bench.report.plane import Axis, round_ticks
from bench.report.wording import alpha_conclusion, crossover_text, number, printable

if TYPE_CHECKING:
    import pandas as pd

    from bench.analysis.alpha import AlphaSearch
    from bench.report.contents import ReportMethod

__all__ = [
    "AlphaSection",
    "alpha_axis",
    "alpha_section",
    "error_chart",
    "identity_chart",
    "oracle_chart",
]

_TO_TARGET, _TO_SOURCE = "to the target", "to the source"


@dataclass(frozen=True, slots=True)
class AlphaSection:
    """What the page says about one method over alpha; charts without data are None.

    Attributes:
        parts: (name, series number) of the curves in the chart of AU error.
        sentence: what the alpha search found; empty where there was none.
        crossover: its alpha or ``none in range``; empty without a search.
        crossover_decoded: the same to the method's own decoded mean faces.
    """

    name: str
    search: AlphaSearch | None
    parts: list[tuple[str, int]]
    sentence: str
    crossover: str
    crossover_decoded: str
    error: Markup
    identity: Markup
    oracle: Markup | None


def alpha_section(method: ReportMethod, benchmark: str, part: str) -> AlphaSection:
    """Charts of a method that has a curve, an alpha search or both.

    Args:
        method: the method.
        benchmark: name of the benchmark.
        part: the part that ``method.curve`` was measured on.

    Raises:
        ValueError: the method has neither.
    """
    search, name = method.search, printable(method.row.label)
    frames: list[tuple[str, pd.DataFrame]] = []
    if search is not None:
        frames.append(("dev", search.curve))
    # A board without a test part is made of the very pairs of the search.
    if method.curve is not None and (search is None or part != "dev"):
        frames.append((part, method.curve))
    if not frames:
        raise ValueError(f"{method.row.label} has no curve over alpha and no alpha search")
    x = alpha_axis([frame for _, frame in frames])
    decoded = search.crossover_decoded if search is not None else None
    return AlphaSection(
        name=name,
        search=search,
        parts=[(label, index) for index, (label, _) in enumerate(frames)],
        sentence=alpha_conclusion(search, benchmark, method.row.label) if search else "",
        crossover=crossover_text(search.crossover) if search else "",
        crossover_decoded=crossover_text(decoded) if decoded is not None else "",
        error=error_chart(name, frames, x, search, method.row.alpha),
        identity=identity_chart(name, frames[0][1], x, search),
        oracle=oracle_chart(name, search) if search is not None else None,
    )


def _column(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return np.asarray(frame[name].to_numpy(), dtype=np.float64)


def alpha_axis(frames: Sequence[pd.DataFrame]) -> Axis:
    """The axis that holds the alphas of all curves."""
    return Axis.spanning(
        np.concatenate([_column(frame, "alpha") for frame in frames]),
        "alpha",
        "transfer intensity; 0: the target's mean face",
    )


def error_chart(
    name: str,
    frames: Sequence[tuple[str, pd.DataFrame]],
    x: Axis,
    search: AlphaSearch | None,
    alpha: float | None,
) -> Markup:
    """AU error over alpha, a line for each part.

    Args:
        name: of the method.
        frames: (name, curve) of each part.
        x: axis of alpha.
        search: whose dev alpha* is marked; None to mark ``alpha`` instead.
        alpha: that of the board.
    """
    lines = [
        Curve(label, _column(frame, "alpha"), _column(frame, "au_mse"), index)
        for index, (label, frame) in enumerate(frames)
    ]
    errors = np.concatenate([np.asarray(line.y) for line in lines])
    y = Axis.spanning(
        [0.0, *errors], "AU error (MSE)", "mean over AUs, in squared units of the AU scale"
    )
    chosen = search.dev_alpha if search is not None else alpha
    mark = f"dev alpha* {number(chosen)}" if search is not None else f"alpha {number(chosen)}"
    return curves(lines, x, y, f"AU error of {name} over alpha; {mark}", verticals=[(chosen, mark)])


def identity_chart(name: str, frame: pd.DataFrame, x: Axis, search: AlphaSearch | None) -> Markup:
    """Identity distances to target and source over alpha, with their crossover."""
    alphas = _column(frame, "alpha")
    lines = [
        Curve(_TO_TARGET, alphas, _column(frame, "id_dist_target"), 0),
        Curve(_TO_SOURCE, alphas, _column(frame, "id_dist_source"), 1),
    ]
    distances = np.concatenate([np.asarray(line.y) for line in lines])
    y = Axis.spanning([0.0, *distances], "Identity distance", "L2 between unit embeddings, 0 to 2")
    found = search.crossover.alpha if search is not None else None
    described = crossover_text(search.crossover) if search is not None else "not searched"
    return curves(
        lines,
        x,
        y,
        f"Identity distance of {name} to target and source over alpha; crossover: {described}",
        verticals=[(found, f"crossover {number(found)}")],
    )


def oracle_chart(name: str, search: AlphaSearch) -> Markup | None:
    """How often each alpha is best in hindsight; None where the grid has one alpha alone."""
    alphas = _column(search.oracle, "alpha_mse")
    grid = _column(search.curve, "alpha")
    grid = grid[np.isfinite(grid)]
    if not np.isfinite(alphas).any() or not grid.size or grid.min() == grid.max():
        return None
    low, high = float(grid.min()), float(grid.max())
    x = Axis(low, high, round_ticks(low, high), "oracle alpha*", "per pair, sees the answer")
    edges = np.asarray(search.oracle["on_edge"].to_numpy(), dtype=bool)
    return histogram(
        alphas, edges, x, f"Distribution of the oracle alpha of {name}", chosen=search.dev_alpha
    )
