"""Image metrics of an output against the target's real image with the source's expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from metrics.measures.card import MetricCard
from metrics.measures.measure import Measure, ratio, with_count
from metrics.measures.pairs import PairReadings

__all__ = [
    "IMAGE_MEASURES",
    "LPIPS",
    "PSNR",
    "SSIM",
    "mean_squares_of_psnr",
    "psnr_of_mean_squares",
]

Floats = NDArray[np.float64]

_WHERE = (
    "a real image of the target with the source's expression; real people express themselves in "
    "their own way, so this is no measure of the transfer alone"
)


def mean_squares_of_psnr(values: Floats) -> Floats:
    """Mean squared errors, of images in 0..1, of PSNRs in dB; 0 of infinity."""
    return np.asarray(10.0 ** (-values / 10.0))


def psnr_of_mean_squares(errors: Floats) -> Floats:
    """PSNR in dB of mean squared errors of images in 0..1; infinity of 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(-10.0 * np.log10(errors))


def _measure(
    name: Literal["psnr", "ssim", "lpips"],
    title: str,
    formula: str,
    direction: Literal["up", "down"],
    *,
    unit: str = "",
    span: str,
    best: float,
    aggregation: str = "mean over pairs",
    source: str,
    symmetric: bool = True,
    of_value: Callable[[Floats], Floats] = lambda values: values,
    of_sums: Callable[[Floats], Floats] = ratio,
) -> Measure:
    def summands(pairs: PairReadings) -> Floats:
        values = pairs.image_values.get(name)
        return with_count(np.full(len(pairs), np.nan) if values is None else of_value(values))

    def lacking(pairs: PairReadings) -> str:
        values = pairs.image_values.get(name)
        if values is None or np.isnan(values).all():
            return "no output was compared with a real image of the target"
        return ""

    card = MetricCard(
        name=name,
        title=title,
        formula=formula,
        direction=direction,
        unit=unit,
        range=span,
        best=best,
        needs=(_WHERE,),
        aggregation=aggregation,
        failures="left out",
        scales="",
        source=source,
        symmetric=symmetric,
    )
    return Measure(card, summands, of_sums, lacking)


PSNR: Final = _measure(
    "psnr",
    "peak signal-to-noise ratio",
    "10 log10(255^2 / mean squared error over pixels and channels)",
    "up",
    unit="dB",
    span="0 and up, infinite if exact",
    best=float("inf"),
    aggregation="of the mean squared error over pairs, as torchmetrics has it over a set; a mean "
    "of dB is higher, and one exact image would make it infinite",
    source="torchmetrics",
    of_value=mean_squares_of_psnr,
    of_sums=lambda sums: psnr_of_mean_squares(ratio(sums)),
)

SSIM: Final = _measure(
    "ssim",
    "structural similarity",
    "SSIM on RGB, Gaussian window of 11 pixels, sigma 1.5, mean over channels and all pixels, "
    "the image mirrored at its border",
    "up",
    span="-1 to 1",
    best=1.0,
    source="Wang et al., IEEE TIP 13(4), 2004; torchmetrics",
)

LPIPS: Final = _measure(
    "lpips",
    "perceptual distance",
    "LPIPS 0.1 with AlexNet",
    "down",
    span="0 and up",
    best=0.0,
    source="Zhang et al., CVPR 2018; the package lpips",
)

IMAGE_MEASURES: Final = (PSNR, SSIM, LPIPS)
