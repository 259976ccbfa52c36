"""What a method returned, checked sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.data.images import Pixels
from bench.plugins.contracts import Method, TransferRequest

__all__ = ["Output", "call_method"]

ROUNDING = 1e-3
"""Floating values may leave [0, 1] by this much, as clipping and resampling leave them."""


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """The image of one request, or why there is none.

    Attributes:
        pixels: the image; None unless the outcome is ok.
        outcome: ``ok``, ``method_error`` or ``invalid_output``.
        detail: one line about a failure.
    """

    pixels: Pixels | None
    outcome: str = "ok"
    detail: str = ""


def call_method(
    method: Method, requests: Sequence[TransferRequest], resolution: int
) -> list[Output]:
    """Calls a method and never raises for what it does wrong.

    If the whole call fails, each request is tried alone, so that only those samples fail that
    are themselves the reason.
    """
    try:
        returned = method.transfer(requests)
    except Exception as error:  # a method may raise anything; its sample gets the outcome
        if len(requests) == 1:
            return [Output(None, "method_error", _one_line(error))]
        return _one_by_one(method, requests, resolution)
    problem = _shape_problem(returned, len(requests), resolution)
    if problem is None:
        return [_check(image) for image in returned]
    if len(requests) == 1:
        return [Output(None, "invalid_output", problem)]
    return _one_by_one(method, requests, resolution)


def _one_by_one(
    method: Method, requests: Sequence[TransferRequest], resolution: int
) -> list[Output]:
    return [call_method(method, [request], resolution)[0] for request in requests]


def _shape_problem(returned: Any, count: int, resolution: int) -> str | None:
    expected = (count, resolution, resolution, 3)
    if not isinstance(returned, np.ndarray):
        return f"returned {type(returned).__name__}, expected an array of shape {expected}"
    if returned.shape != expected:
        return f"returned shape {returned.shape}, expected {expected}"
    if returned.dtype != np.uint8 and not np.issubdtype(returned.dtype, np.floating):
        return f"returned {returned.dtype}, expected uint8 in 0..255 or floating in 0..1"
    return None


def _check(image: np.ndarray[Any, Any]) -> Output:
    if image.dtype == np.uint8:
        return Output(image)
    if not np.isfinite(image).all():
        return Output(None, "invalid_output", "returned NaN or infinite values")
    low, high = float(image.min()), float(image.max())
    if low < -ROUNDING or high > 1.0 + ROUNDING:
        return Output(None, "invalid_output", f"values in [{low:.3g}, {high:.3g}], not in [0, 1]")
    return Output(np.round(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8))


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300]
