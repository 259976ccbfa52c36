"""Readings of made-up pairs that come apart the more, the larger ``far`` is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from metrics.measures import SCALES, PairReadings
from metrics.measures.errors import LOWER_UNITS, UPPER_UNITS

UNITS = tuple(sorted(UPPER_UNITS + LOWER_UNITS))
INTENSITY = next(scale for scale in SCALES if scale.name == "intensity 0..5")

MakePairs = Callable[..., PairReadings]


def make(far: float = 0.5, count: int = 40, seed: int = 0) -> PairReadings:
    """Outputs that are perfect at ``far`` = 0 and lose everything with it, pair by pair.

    Everybody rests alike, so that being like the source and changing like it are one.
    """
    random = np.random.default_rng(seed)
    shape = (count, len(UNITS))
    rest = np.full(shape, 0.2)
    source = np.where(random.random(shape) < 0.5, rest, random.uniform(1.2, 4.0, shape))
    wrong = random.normal(size=shape)
    points = random.uniform(0.2, 0.8, (count, 68, 2))
    distance = random.uniform(0.2, 0.4, count) * (1.0 + far) * (far > 0)
    return PairReadings(
        ok=np.ones(count, dtype=bool),
        action_units=UNITS,
        scale=INTENSITY,
        output=source + far * wrong,
        source=source,
        source_neutral=rest,
        target_neutral=rest,
        id_dist_target=distance,
        id_dist_source=1.4 - distance,
        match_distance=0.5,
        output_landmarks=points + 0.02 * far * random.normal(size=points.shape),
        source_landmarks=points,
        image_values={
            # 0 dB and below would be images that share nothing.
            "psnr": np.full(count, np.inf)
            if far == 0
            else 40.0 - 10.0 * far - random.random(count),
            "ssim": 1.0 - 0.1 * far - 0.01 * far * random.random(count),
            "lpips": 0.1 * far + 0.01 * far * random.random(count),
        },
    )


@pytest.fixture
def make_pairs() -> MakePairs:
    return make
