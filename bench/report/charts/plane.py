"""Axes with round ticks, and the map from data to drawing units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Axis", "Plane", "finite_runs", "round_ticks"]

_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LARGEST = 1e12


def round_ticks(low: float, high: float, about: int = 5) -> tuple[float, ...]:
    """Multiples of 1, 2, 2.5 or 5 times a power of ten within [low, high].

    Raises:
        ValueError: ``low`` is not below ``high``, or one of them is not finite.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"ticks need finite ends with low < high, got {low} and {high}")
    least = (high - low) / about
    power = 10.0 ** math.floor(math.log10(least))
    # The slack keeps a step that is short by one rounding error.
    step = next(m * power for m in _ROUND_STEPS if m * power >= least * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(float(f"{index * step:.12g}") for index in range(first, last + 1))


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values with its ticks, its name and a note on its unit."""

    low: float
    high: float
    ticks: tuple[float, ...]
    label: str
    note: str = ""

    @classmethod
    def spanning(
        cls,
        values: ArrayLike,
        label: str,
        note: str = "",
        *,
        limits: tuple[float, float] = (-_LARGEST, _LARGEST),
        about: int = 5,
        margin: float = 0.0,
    ) -> Axis:
        """The axis that holds all finite values, with ends on ticks.

        No finite value gives 0..1, a single value a small range around it. Values outside
        ``limits`` do not stretch the axis; ``margin`` widens the range by that share of it.
        """
        data = np.asarray(values, dtype=np.float64).ravel()
        data = np.clip(data[np.isfinite(data)], *limits)
        low, high = (float(data.min()), float(data.max())) if data.size else (0.0, 1.0)
        if high - low <= 1e-9 * max(abs(low), abs(high), 1e-3):
            pad = 0.5 * abs(low) or 0.5
            low, high = low - pad, high + pad
        pad = margin * (high - low)
        low, high = low - pad, high + pad
        ticks = round_ticks(low, high, about)
        step = ticks[1] - ticks[0] if len(ticks) > 1 else high - low
        low, high = step * math.floor(low / step + 1e-6), step * math.ceil(high / step - 1e-6)
        return cls(low, high, round_ticks(low, high, about + 1), label, note)

    def share(self, value: float) -> float:
        """Where a value lies along the axis, 0..1; values beyond the ends are at the ends."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def tick_label(self, tick: float) -> str:
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else abs(tick) or 1.0
        decimals = next((d for d in range(12) if abs(round(step, d) - step) < 1e-6 * step), 12)
        return f"{tick + 0.0:.{decimals}f}"


@dataclass(frozen=True, slots=True)
class Plane:
    """A rectangle of drawing units with an axis along its lower and its left side."""

    width: float
    height: float
    x: Axis
    y: Axis
    left: float = 48.0
    right: float = 16.0
    top: float = 44.0
    bottom: float = 52.0

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the area for data."""
        return self.left, self.top, self.width - self.right, self.height - self.bottom

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Drawing coordinates of a data point; a point outside moves onto the frame."""
        left, top, right, bottom = self.frame
        return (
            left + (right - left) * self.x.share(x),
            bottom - (bottom - top) * self.y.share(y),
        )


def finite_runs(
    x: ArrayLike, y: ArrayLike
) -> Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The stretches of a curve between its gaps (NaN or infinite), in order."""
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    good = np.isfinite(xs) & np.isfinite(ys)
    cuts = np.flatnonzero(np.diff(good.astype(np.int8))) + 1
    pieces = np.split(np.arange(len(xs)), cuts)
    return [(xs[piece], ys[piece]) for piece in pieces if piece.size and good[piece[0]]]
