from __future__ import annotations

import numpy as np
import pytest

from metrics.agreement import equal_error_rate
from metrics.measures.verification import equal_error_rates


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ties", [False, True])
def test_equal_weights_give_the_plain_rate(seed: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    genuine, impostors = random.normal(0.6, 0.2, 60), random.normal(1.0, 0.2, 200)
    if ties:
        genuine, impostors = genuine.round(1), impostors.round(1)
    weights = np.ones((1, 60)), np.full((1, 200), 2.5)
    found = equal_error_rates(genuine, impostors, *weights)
    assert found[0] == pytest.approx(equal_error_rate(-genuine, -impostors), abs=1e-12)


def test_a_weight_of_two_is_a_face_that_is_there_twice() -> None:
    random = np.random.default_rng(0)
    genuine, impostors = random.normal(0.6, 0.2, 20), random.normal(1.0, 0.2, 50)
    counts = random.integers(0, 4, (6, 20)), random.integers(0, 4, (6, 50))
    found = equal_error_rates(genuine, impostors, *(c.astype(float) for c in counts))
    for rate, near, far in zip(found, *counts, strict=True):
        repeated = np.repeat(genuine, near), np.repeat(impostors, far)
        assert rate == pytest.approx(equal_error_rate(*(-r for r in repeated)), abs=1e-12)


def test_separated_is_zero_and_nobody_is_no_number() -> None:
    near, far = np.array([0.1, 0.2]), np.array([0.9, 1.0, 1.1])
    assert equal_error_rates(near, far, np.ones((1, 2)), np.ones((1, 3)))[0] == 0.0
    assert equal_error_rates(far, near, np.ones((1, 3)), np.ones((1, 2)))[0] == 1.0
    assert np.isnan(equal_error_rates(near, far, np.zeros((1, 2)), np.ones((1, 3)))[0])
