from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import gamma
from scipy.stats import gennorm

from metrics.generalized_gaussian import fit_asymmetric, fit_symmetric

COUNT = 200_000


def sample(shape: float, left: float, right: float, seed: int = 0) -> NDArray[np.float64]:
    """Asymmetric generalised Gaussian with these root mean squares on either side of 0."""
    rng = np.random.default_rng(seed)
    size = np.abs(gennorm.rvs(shape, size=COUNT, random_state=rng))
    size *= np.sqrt(gamma(1.0 / shape) / gamma(3.0 / shape))
    # The density is continuous at 0, so the wider side has the more samples.
    is_left = rng.random(COUNT) < left / (left + right)
    return np.asarray(np.where(is_left, -size * left, size * right))


@pytest.mark.parametrize("shape", [0.6, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("deviation", [0.1, 3.0])
def test_shape_and_deviation_are_recovered(shape: float, deviation: float) -> None:
    fit = fit_symmetric(sample(shape, deviation, deviation))
    assert fit.shape == pytest.approx(shape, rel=0.03)
    assert fit.deviation == pytest.approx(deviation, rel=0.02)


@pytest.mark.parametrize("shape", [0.8, 1.5, 3.0])
@pytest.mark.parametrize(("left", "right"), [(1.0, 1.0), (0.5, 2.0), (3.0, 1.0)])
def test_both_sides_are_recovered(shape: float, left: float, right: float) -> None:
    values = sample(shape, left, right)
    fit = fit_asymmetric(values)
    assert fit.shape == pytest.approx(shape, rel=0.05)
    assert fit.left == pytest.approx(left, rel=0.03)
    assert fit.right == pytest.approx(right, rel=0.03)
    assert fit.mean == pytest.approx(values.mean(), abs=0.03 * (left + right))


def test_mirroring_swaps_the_sides() -> None:
    values = sample(1.5, 0.5, 2.0)[:1000]
    fit, mirrored = fit_asymmetric(values), fit_asymmetric(-values)
    assert mirrored.shape == pytest.approx(fit.shape)
    assert mirrored.left == pytest.approx(fit.right)
    assert mirrored.mean == pytest.approx(-fit.mean)


def test_rows_are_fitted_each_on_its_own() -> None:
    rows = np.stack([sample(1.0, 1.0, 1.0)[:999], sample(3.0, 1.0, 2.0)[:999]])
    together, alone = fit_asymmetric(rows), fit_asymmetric(rows[1])
    assert [part[1] for part in together] == list(alone)


@pytest.mark.parametrize("values", [np.zeros(10), np.full(10, 2.0), np.full(10, -2.0)])
def test_degenerate_samples_give_finite_numbers(values: NDArray[np.float64]) -> None:
    assert np.all(np.isfinite(fit_symmetric(values)))
    assert np.all(np.isfinite(fit_asymmetric(values)))
