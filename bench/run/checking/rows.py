"""The images that a method is asked for while it is checked."""

from __future__ import annotations

from collections.abc import Sequence

from bench.data.benchmark import Benchmark
from bench.data.split import Pair
from bench.errors import BenchError
from bench.run.outputs import Output

__all__ = ["Row", "failure", "pairs_to_check", "row_name", "rows_at_zero", "rows_to_check"]

Row = tuple[Pair, float | None]
"""A pair and alpha; None for methods without alpha."""


def pairs_to_check(benchmark: Benchmark) -> tuple[Pair, Pair, Pair]:
    """Three pairs of the test part, the first two with one target.

    Raises:
        BenchError: the test part has no two pairs of different people.
    """
    pairs = [pair for pair in benchmark.pairs("test") if pair.kind == "cross"]
    if len(pairs) < 2:
        raise BenchError(
            f"{benchmark.name} has fewer than two pairs of different people in test",
            hint="--benchmark NAME; bench list benchmarks",
        )
    first, *others = pairs
    another = next((p for p in others if p.source not in (first.source, first.target)), others[0])
    # Where a target receives one source alone, another is given to it here.
    made_up = Pair("test", another.source, another.sample, first.target)
    same_target = (p for p in others if p.target == first.target and p.source != first.source)
    third = next((p for p in others if p.target != first.target), others[0])
    return first, next(same_target, made_up), third


def rows_to_check(pairs: Sequence[Pair], grid: Sequence[float], has_alpha: bool) -> list[Row]:
    """Each pair at 0, between, at 1 and at the end of the grid, which may lie beyond 1."""
    alphas = dict.fromkeys((0.0, grid[len(grid) // 2], 1.0, grid[-1])) if has_alpha else (None,)
    return [(pair, alpha) for pair in pairs for alpha in alphas]


def rows_at_zero(rows: Sequence[Row]) -> tuple[int, int]:
    """Places of two rows with one target and two sources, both at alpha 0."""
    at_zero = [place for place, (_, alpha) in enumerate(rows) if alpha == 0.0]
    return at_zero[0], at_zero[1]


def row_name(row: Row) -> str:
    """Such as ``ada/happy>bo at alpha 0.5``."""
    pair, alpha = row
    return pair.key if alpha is None else f"{pair.key} at alpha {alpha:g}"


def failure(rows: Sequence[Row], outputs: Sequence[Output]) -> str:
    """The first row without an image, and why; empty if there is none."""
    for row, output in zip(rows, outputs, strict=True):
        if output.pixels is None:
            return f"{row_name(row)} is {output.outcome}: {output.detail}"
    return ""
