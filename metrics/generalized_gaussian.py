"""Moment-matching fits of generalised Gaussian distributions, along the last axis of an array.

K. Sharifi, A. Leon-Garcia, IEEE Trans. Circuits and Systems for Video Technology 5(1), 1995
(symmetric); N.-E. Lasmar, Y. Stitou, Y. Berthoumieu, "Multiscale skewed heavy tailed model for
texture analysis", ICIP 2009 (asymmetric).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma

__all__ = ["AsymmetricFit", "SymmetricFit", "fit_asymmetric", "fit_symmetric"]

Floats = NDArray[np.float64]

_SHAPES: Final = np.linspace(0.2, 10.0, 9801)
_RATIOS: Final = gamma(2.0 / _SHAPES) ** 2 / (gamma(1.0 / _SHAPES) * gamma(3.0 / _SHAPES))
"""(E|x|)^2 / E[x^2] of a generalised Gaussian, increasing with its shape."""


class SymmetricFit(NamedTuple):
    """Shape (0.2 heavy-tailed, 1 Laplace, 2 Gauss, up to 10) and standard deviation."""

    shape: Floats
    deviation: Floats


class AsymmetricFit(NamedTuple):
    """Shape, mean of the fitted distribution, and root mean square of either side of 0."""

    shape: Floats
    mean: Floats
    left: Floats
    right: Floats


def fit_symmetric(values: Floats) -> SymmetricFit:
    """Fits a zero-mean generalised Gaussian to (..., n) values; all zeros give shape 0.2."""
    power = np.mean(values**2, axis=-1)
    ratio = _divide(np.mean(np.abs(values), axis=-1) ** 2, power)
    return SymmetricFit(_shape_of(ratio), np.sqrt(power))


def fit_asymmetric(values: Floats) -> AsymmetricFit:
    """Fits an asymmetric generalised Gaussian with its mode at 0 to (..., n) values."""
    squares = values**2
    negative, positive = values < 0.0, values > 0.0
    left = np.sqrt(_divide(np.sum(squares * negative, axis=-1), np.sum(negative, axis=-1)))
    right = np.sqrt(_divide(np.sum(squares * positive, axis=-1), np.sum(positive, axis=-1)))
    skew = _divide(left, right)
    ratio = _divide(np.mean(np.abs(values), axis=-1) ** 2, np.mean(squares, axis=-1))
    shape = _shape_of(ratio * (skew**3 + 1.0) * (skew + 1.0) / (skew**2 + 1.0) ** 2)
    scale = np.sqrt(gamma(1.0 / shape) / gamma(3.0 / shape))
    mean = (right - left) * scale * gamma(2.0 / shape) / gamma(1.0 / shape)
    return AsymmetricFit(shape, mean, left, right)


def _shape_of(ratio: Floats) -> Floats:
    return np.asarray(np.interp(ratio, _RATIOS, _SHAPES))


def _divide(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient, 0 where the denominator is 0."""
    result = np.zeros_like(numerator, dtype=np.float64)
    return np.divide(numerator, denominator, out=result, where=denominator != 0)
