from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.matching import match_real_images
from bench.analysis.real_images import real_images


def references(people: int, images: int, spread: float, seed: int = 0) -> pd.DataFrame:
    """People of random directions; every image is a reference, the first one neutral."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for person in range(people):
        who = random.normal(size=16)
        for image in range(images):
            vector = who + spread * random.normal(size=16)
            rows.append(
                {
                    "identity": f"p{person}", "sample": str(image), "part": "test",
                    "expression": "any", "is_reference": True, "is_neutral": image == 0,
                    "outcome": "ok", "niqe": 4.0, "AU01": 0.0,
                    "embedding": (vector / np.linalg.norm(vector)).astype(np.float32),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_people_who_are_far_apart_are_told_apart() -> None:
    found = match_real_images(real_images(references(8, 5, 0.05), ["AU01"]))
    assert found.equal_error_rate == 0.0
    assert (found.interval.low, found.interval.high) == (0.0, 0.0)
    assert found.genuine == 8 * 5
    assert found.impostors == 8 * 5 * 7


def test_people_who_are_one_are_told_by_chance() -> None:
    table = references(10, 6, 1.0)
    random = np.random.default_rng(1)
    table["embedding"] = [random.normal(size=16).astype(np.float32) for _ in range(len(table))]
    found = match_real_images(real_images(table, ["AU01"]))
    assert found.equal_error_rate == pytest.approx(0.5, abs=0.08)
    assert found.interval.low < found.equal_error_rate < found.interval.high


def test_one_percent_of_the_strangers_are_nearer_than_the_threshold() -> None:
    table = references(12, 10, 0.8)
    real = real_images(table, ["AU01"])
    found = match_real_images(real)
    own = real.identities.get_indexer(table["identity"])
    images, others = (a.ravel() for a in np.indices((len(table), 12)))
    strangers = others != own[images]
    far = real.distances.of_real(images[strangers], others[strangers])
    assert np.count_nonzero(far < found.threshold) == int(0.01 * far.size)


def test_an_image_is_left_out_of_its_own_reference() -> None:
    """With one image of everybody there is nothing to compare it with."""
    found = match_real_images(real_images(references(6, 1, 0.3), ["AU01"]))
    assert found.genuine == 0
    assert np.isnan(found.equal_error_rate)
    assert np.isfinite(found.threshold)


def test_images_without_an_embedding_are_left_out() -> None:
    table = references(6, 4, 0.1)
    table["embedding"] = [
        None if place in (1, 9) else vector for place, vector in enumerate(table["embedding"])
    ]
    found = match_real_images(real_images(table, ["AU01"]))
    assert found.genuine == 6 * 4 - 2
    assert found.equal_error_rate == 0.0
