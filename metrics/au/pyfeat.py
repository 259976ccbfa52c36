"""Action Units by py-feat 2: the probability that each of 20 is there.

Cheong, Jolly, Xie, Byrne, Kenney and Chang, "Py-Feat: Python Facial Expression Analysis Toolbox",
Affective Science 2023; here its ``Detectorv2``, RetinaFace and one network for all it reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from metrics.au.frame_size import SMALLEST_FRAME, enlarged
from metrics.au.pyfeat_loading import (
    DETECTION_THRESHOLD,
    INSTALL,
    load_detector,
    pyfeat_problem,
    pyfeat_version,
)
from metrics.au.pyfeat_weights import DETECTOR, MULTITASK, find_pyfeat_weights
from metrics.cards import InstrumentCard
from metrics.contracts import AUReading, Images, Outcome, check_images
from metrics.plugin import InstrumentPlugin

__all__ = ["ACTION_UNITS", "PY_FEAT", "PyFeatAUEstimator"]

ACTION_UNITS: Final = (
    "AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU10", "AU11", "AU12",
    "AU14", "AU15", "AU17", "AU20", "AU23", "AU24", "AU25", "AU26", "AU28", "AU43",
)  # fmt: skip
"""What the network reads."""

_VERSION: Final = "1"
_LANDMARKS: Final = 68
_CHIP: Final = 256
_SCALE: Final = "probability 0..1"
_LICENCE: Final = f"{MULTITASK.licence} (RetinaFace: {DETECTOR.licence})"


class PyFeatAUEstimator:
    """Action Unit estimator (:class:`metrics.contracts.AUEstimator`) by py-feat.

    The values are probabilities that an Action Unit is present, not intensities. Frames smaller
    than 256 pixels are enlarged to that, bicubic. Images are read one by one, so that none
    depends on another.

    Args:
        path: ``face_multitask_v28.safetensors``, or the folder that holds it and the face
            detector's file; by default where py-feat keeps them.
        device: torch device.

    Raises:
        ImportError: py-feat or what it needs is missing, with the command that brings it.
        FileNotFoundError: the weights are missing, with the command that fetches them.
        ValueError: the weights are damaged or of another network.
    """

    def __init__(self, path: Path | str | None = None, *, device: str = "cpu") -> None:
        weights = find_pyfeat_weights(None if path is None else Path(path))
        self._detector = load_detector(weights, device)
        read = tuple(self._detector.multitask.au_names)
        if read != ACTION_UNITS:
            raise ValueError(
                f"{weights.multitask} reads {len(read)} Action Units, expected py-feat 2.1's "
                f"{len(ACTION_UNITS)}: give {MULTITASK.file_name}"
            )
        self._card = InstrumentCard(
            name="py-feat",
            kind="au_estimator",
            version=f"{_VERSION}+feat.{pyfeat_version()}+face.{weights.detector_sha256[:8]}",
            description="py-feat Detectorv2: RetinaFace and face_multitask_v2",
            input_size=_CHIP,
            crop="square of 1.2 times RetinaFace's box; frames enlarged to 256 pixels where "
            "smaller (bicubic)",
            scale=_SCALE,
            weights_name=weights.multitask.name,
            weights_sha256=weights.multitask_sha256,
            licence=_LICENCE,
            source=f"{MULTITASK.address} and {DETECTOR.address}",
            normalisation="by py-feat, of RGB 0..255: 224 pixels, ImageNet's mean and deviation",
            alignment="none: the box is not turned",
            no_face=f"no_face if RetinaFace finds none with a score of {DETECTION_THRESHOLD:g}",
            several_faces="the outcome several_faces",
            action_units=ACTION_UNITS,
        )

    @property
    def card(self) -> InstrumentCard:
        return self._card

    @property
    def action_units(self) -> tuple[str, ...]:
        """Names of the columns of a reading, sorted."""
        return ACTION_UNITS

    def estimate(self, images: Images) -> AUReading:
        """Probabilities (N, 20) in 0..1 and 68 landmarks of each image.

        Raises:
            ValueError: the images are malformed; among others, if they are not uint8, since
                py-feat would take values of 0..1 for black.
        """
        side = max(check_images(images), SMALLEST_FRAME)
        values = np.full((len(images), len(ACTION_UNITS)), np.nan, dtype=np.float32)
        landmarks = np.full((len(images), _LANDMARKS, 2), np.nan, dtype=np.float32)
        outcomes: list[Outcome] = []
        for row, points, frame in zip(values, landmarks, images, strict=True):
            faces = self._detect(enlarged(frame))
            if len(faces) == 1:
                face = faces.iloc[0]
                row[:] = face[list(ACTION_UNITS)].to_numpy(dtype=np.float32)
                for column, axis in enumerate("xy"):
                    names = [f"{axis}_{point}" for point in range(_LANDMARKS)]
                    points[:, column] = face[names].to_numpy(dtype=np.float32) / side
            outcomes.append(
                "ok" if len(faces) == 1 else "several_faces" if len(faces) else "no_face"
            )
        return AUReading(outcomes, values, landmarks)

    def _detect(self, frame: Images) -> Any:
        """Table of the faces in a frame (side, side, 3), a row each; empty if there are none."""
        import torch

        pixels = torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None].contiguous()
        found = self._detector.detect(pixels, data_type="tensor", progress_bar=False)
        # Where it finds none, py-feat gives one row with a score of 0 and NaN for the rest.
        return found[found["FaceScore"] >= DETECTION_THRESHOLD]


def _problem() -> str | None:
    if problem := pyfeat_problem():
        return problem
    try:
        find_pyfeat_weights()
    except (FileNotFoundError, ValueError) as error:
        return str(error)
    return None


PY_FEAT: Final = InstrumentPlugin[PyFeatAUEstimator](
    name="py-feat",
    kind="au_estimator",
    description="py-feat: probabilities of 20 Action Units",
    make=PyFeatAUEstimator,
    packages=("feat", "torchvision", "torchcodec"),
    install=INSTALL,
    takes="FILE.safetensors or FOLDER",
    problem=_problem,
    scale=_SCALE,
    licence=_LICENCE,
)
