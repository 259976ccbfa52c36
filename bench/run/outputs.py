"""What a method returned, checked sample by sample."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from bench.data.images import Pixels
from bench.errors import BenchError
from bench.plugins.contracts import Method, TransferRequest
from bench.plugins.failures import InvalidOutput, MethodGone, Raised
from bench.plugins.guard import guarded
from bench.run.waiting import ImagesWait
from bench.stopping import stop_if_told

__all__ = ["Output", "call_method", "checked_images"]

Item = TypeVar("Item")

ROUNDING = 1e-3
"""Floating values may leave [0, 1] by this much, as clipping and resampling leave them."""


_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """The image of one request, or why there is none.

    Attributes:
        pixels: the image; None unless the outcome is ok.
        outcome: ``ok``, ``method_error``, ``invalid_output`` or ``timeout``.
        detail: one line about a failure.
    """

    pixels: Pixels | None
    outcome: str = "ok"
    detail: str = ""


def call_method(
    method: Method, requests: Sequence[TransferRequest], resolution: int, seed: int = 0
) -> list[Output]:
    """Calls a method and never raises for what it does wrong; see ``checked_images``.

    What it prints goes to stderr, and what it does to the global random generators is undone; see
    ``bench.plugins.guard``.

    Args:
        method: prepared.
        requests: the images to make.
        resolution: side of the images in pixels.
        seed: of the run.

    Raises:
        BenchError: the method is gone or waits, or the disk is full: no sample is to blame.
    """

    def make(asked: Sequence[TransferRequest]) -> Any:
        with guarded(seed, *((request.pair.key, request.alpha) for request in asked)):
            return method.transfer(asked)

    return checked_images(make, requests, resolution)


def checked_images(
    make: Callable[[Sequence[Item]], Any], items: Sequence[Item], resolution: int
) -> list[Output]:
    """One image for each item, or why there is none.

    If the whole call fails, each item is tried alone, so that only those samples fail that are
    themselves the reason.

    Args:
        make: a method's function from items to an array of images.
        items: what it is given.
        resolution: side of the images in pixels.

    Raises:
        BenchError: the method is gone or waits, or the disk is full: no sample is to blame.
    """
    try:
        returned = make(items)
    except (ImagesWait, MethodGone):  # an instrument elsewhere has yet to answer; or nobody will
        raise
    # A method may raise anything, or try to end the process; its sample gets the outcome.
    except (Exception, SystemExit) as error:
        stop_if_told()
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise BenchError(
                f"the disk is full while images are made: {error}",
                hint="make room and run the same command: it goes on",
            ) from error
        if len(items) == 1:
            return [Output(None, _outcome(error), _one_line(error))]
        return _one_by_one(make, items, resolution)
    problem = _shape_problem(returned, len(items), resolution)
    if problem is None:
        return [_check(image) for image in returned]
    if len(items) == 1:
        return [Output(None, "invalid_output", problem)]
    return _one_by_one(make, items, resolution)


def _one_by_one(
    make: Callable[[Sequence[Item]], Any], items: Sequence[Item], resolution: int
) -> list[Output]:
    return [checked_images(make, [item], resolution)[0] for item in items]


def _outcome(error: BaseException) -> str:
    if isinstance(error, Raised):
        return error.outcome
    if isinstance(error, TimeoutError):
        return "timeout"
    return "invalid_output" if isinstance(error, InvalidOutput) else "method_error"


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
    # Where an object lies is another place in every run, and what is stored is not.
    text = _ADDRESS.sub("0x...", text)
    return (text if isinstance(error, Raised) else f"{type(error).__name__}: {text}")[:300]
