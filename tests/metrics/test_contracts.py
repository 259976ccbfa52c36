from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from metrics import InstrumentCard, check_images


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, metrics, metrics.weights; "
        "heavy = {'torch', 'pandas', 'scipy', 'mediapipe', 'onnxruntime', 'PIL', 'cv2'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_card_is_ready_for_json() -> None:
    card = InstrumentCard(
        "name", "embedder", "1", "d", 112, "c", "L2 0..2", "w.onnx", "ab", "MIT", "here",
        action_units=("AU01", "AU12"),
    )  # fmt: skip
    assert json.loads(json.dumps(card.to_dict())) == card.to_dict()


def test_well_formed_images_tell_their_side() -> None:
    assert check_images(np.zeros((0, 64, 64, 3), dtype=np.uint8)) == 64


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((64, 64, 3), np.uint8),
        ((2, 64, 32, 3), np.uint8),
        ((2, 64, 64, 4), np.uint8),
        ((2, 3, 64, 64), np.uint8),
        ((2, 64, 64, 3), np.float32),
    ],
)
def test_malformed_images_are_refused_with_what_they_are(
    shape: tuple[int, ...], kind: type[np.generic]
) -> None:
    with pytest.raises(ValueError, match=r"expected square RGB.*got " + np.dtype(kind).name):
        check_images(np.zeros(shape, dtype=kind))
