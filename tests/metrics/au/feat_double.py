"""Stands for py-feat 2.1.5 as far as this project uses it, with its side effects and its traps.

The top left pixel of an image says what is found: red, how many faces; green, hundredths of the
score; blue, in 255ths, the probability of every Action Unit. What it takes and gives is held
against the real package where that is installed.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import torch
from safetensors import safe_open

AU_NAMES = [
    f"AU{unit:02d}"
    for unit in (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)
]
HF_REPO = "py-feat/face_multitask_v2"
HF_WEIGHTS_FILE = "face_multitask_v28.safetensors"

if "OMP_NUM_THREADS" not in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"
for name in ("XGBClassifier", "SVMClassifier", "EmoSVMClassifier"):
    vars(sys.modules["__main__"])[name] = object


def hf_hub_download_with_fallback(
    repo_id: str, filename: str, fallback_filename: str, cache_dir: str
) -> str:
    raise AssertionError(f"asks the network for {repo_id}")


utils: Any = ModuleType("feat.utils")
utils.hf_hub_download_with_fallback = hf_hub_download_with_fallback
sys.modules["feat.utils"] = utils

built: list[Detectorv2] = []
"""Every detector, in the order of making."""


class Detectorv2:
    def __init__(
        self,
        device: Any = "cpu",
        face_detection_threshold: float = 0.5,
        identity_model: str | None = "arcface",
        multitask_weights: Any = None,
        amp: bool | None = None,
        compile: bool = False,
    ) -> None:
        torch.set_grad_enabled(False)
        built.append(self)
        self.offline = os.environ.get("HF_HUB_OFFLINE")
        self.identity_model, self.amp = identity_model, amp
        self.threshold = face_detection_threshold
        self.given: list[torch.Tensor] = []
        detector = utils.hf_hub_download_with_fallback(
            repo_id="py-feat/retinaface_r34",
            filename="model.safetensors",
            fallback_filename="retinaface_r34.safetensors",
            cache_dir="resources",
        )
        with safe_open(detector, framework="pt") as file:
            if "body.conv1.weight" not in file.keys():  # noqa: SIM118
                raise RuntimeError("Error(s) in loading state_dict for RetinaFace: Missing key(s)")
        with safe_open(multitask_weights, framework="pt") as file:
            metadata = file.metadata() or {}
        if "config" not in metadata:
            raise RuntimeError(f"{multitask_weights}: safetensors metadata missing 'config'")
        count = 20 if metadata["config"] == "{}" else 24
        self.multitask = SimpleNamespace(au_names=(AU_NAMES * 2)[:count])

    def detect(
        self,
        inputs: Any,
        data_type: str = "image",
        output_size: Any = None,
        batch_size: int = 1,
        num_workers: int = 0,
        pin_memory: bool = False,
        face_identity_threshold: float = 0.8,
        face_detection_threshold: float | None = None,
        skip_frames: Any = None,
        progress_bar: bool = True,
        **kwargs: Any,
    ) -> pd.DataFrame:
        assert data_type == "tensor"
        self.given.append(inputs)
        rows = []
        for number, image in enumerate(inputs):
            # As the real one, it takes values of 0..1 without a word.
            faces, score, level = (float(value) for value in image[:, 0, 0])
            seen = [score / 100.0] * round(faces) if score / 100.0 >= self.threshold else []
            if not seen:
                rows.append({"FaceScore": 0.0, "frame": number})
            for face, value in enumerate(seen):
                points = {f"x_{i}": 100.0 + i + face for i in range(68)}
                points |= {f"y_{i}": 150.0 + i for i in range(68)}
                units = dict.fromkeys(AU_NAMES, level / 255.0)
                rows.append({"FaceScore": value, "frame": number, **points, **units})
        return pd.DataFrame(rows)
