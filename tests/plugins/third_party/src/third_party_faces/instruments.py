"""An embedder and an Action Unit estimator of squares of brightness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metrics.cards import InstrumentCard
from metrics.contracts import AUReading, Images, Outcome, check_images
from metrics.plugin import InstrumentPlugin

__all__ = ["EYES", "UNITS"]

SQUARES = 8


def _squares(images: Images) -> NDArray[np.float64]:
    """Mean brightness of squares in 0..1, (N, squares)."""
    width = check_images(images) // SQUARES
    grey = images.astype(np.float64).mean(axis=-1) / 255.0
    cut = grey[:, : SQUARES * width, : SQUARES * width]
    blocks = cut.reshape(-1, SQUARES, width, SQUARES, width).mean(axis=(2, 4))
    return np.asarray(blocks.reshape(len(images), -1))


class Eyes:
    card = InstrumentCard(
        name="third-party-eyes", kind="embedder", version="1", description="squares",
        input_size=64, crop="whole frame", scale="L2 0..2", weights_name="", weights_sha256="",
        licence="Apache-2.0", source="third-party-faces",
    )  # fmt: skip

    def embed(self, images: Images) -> NDArray[np.float32]:
        rows = _squares(images) + 1e-6
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class Units:
    action_units = ("AU12", "AU26")
    card = InstrumentCard(
        name="third-party-units", kind="au_estimator", version="1", description="two squares",
        input_size=64, crop="whole frame", scale="brightness 0..1", weights_name="",
        weights_sha256="", licence="Apache-2.0", source="third-party-faces",
        action_units=action_units,
    )  # fmt: skip

    def estimate(self, images: Images) -> AUReading:
        rows = _squares(images)
        values = rows[:, [52, 60]].astype(np.float32)
        is_face = np.ptp(rows, axis=1) > 0.0
        values[~is_face] = np.nan
        outcomes: list[Outcome] = ["ok" if face else "no_face" for face in is_face]
        return AUReading(outcomes, values)


def _eyes(path: Path | None) -> Eyes:
    return Eyes()


def _units(path: Path | None) -> Units:
    return Units()


EYES = InstrumentPlugin("third-party-eyes", "embedder", "squares", _eyes)
UNITS = InstrumentPlugin("third-party-units", "au_estimator", "two squares", _units)
