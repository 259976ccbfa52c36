from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glow.training import TrainingOptions


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Twelve smooth coloured images of 32x32 pixels."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    random = np.random.default_rng(0)
    ramp = np.linspace(0.0, 1.0, 32)
    for index in range(12):
        across, down, level = random.uniform(0.0, 0.4, (3, 3))
        image = 0.1 + level + across * ramp[:, None, None] + down * ramp[None, :, None]
        Image.fromarray((image.clip(0, 1) * 255).astype(np.uint8)).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def options(photographs: Path, tmp_path: Path) -> TrainingOptions:
    return TrainingOptions(
        data=[photographs],
        held_out=[photographs],
        out=tmp_path / "run",
        steps=12,
        batch=4,
        warmup=2,
        measure_every=4,
        precision="fp32",
    )
