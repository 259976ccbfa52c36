"""Action Units by OpenFace 2: the user's own program, or what it wrote elsewhere."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.au.frame_size import SMALLEST_FRAME
from metrics.au.openface_csv import INTENSITY_UNITS, LANDMARKS, PRESENCE_UNITS
from metrics.au.openface_folder import (
    LEAST_CONFIDENCE,
    ExchangeFolder,
    Face,
    image_name,
    read_face,
    write_image,
)
from metrics.au.openface_program import FEATURE_EXTRACTION, OpenFaceProgram, find_program
from metrics.cards import InstrumentCard
from metrics.contracts import AUReading, Images, Outcome, check_images
from metrics.plugin import InstrumentPlugin

__all__ = [
    "OPENFACE",
    "PROGRAM_VARIABLE",
    "OpenFaceAUEstimator",
    "OpenFaceReading",
]

PROGRAM_VARIABLE: Final = "OPENFACE_BIN"
"""Environment variable with the path of the program, or of the folder that holds it."""

_VERSION: Final = "1"
_SCALE: Final = "intensity 0..5"
_LICENCE: Final = "OpenFace: academic and other non-commercial research only"
_AU_CROP: Final = 112
_PROGRAM_BATCH: Final = 256
_ADVICE: Final = (
    f"set ${PROGRAM_VARIABLE} to the path of OpenFace's FaceLandmarkImg, or give openface:FOLDER "
    f"with a folder csv inside for an OpenFace on another machine"
)


@dataclass(frozen=True, slots=True, eq=False)
class OpenFaceReading:
    """All that OpenFace says of N images.

    Attributes:
        outcomes: N outcomes, in the order of the images.
        intensities: (N, 17) in 0..5; rows that are not ``ok`` are NaN.
        presences: (N, 18), 0 or 1, in the order of ``PRESENCE_UNITS``, with AU28, which has no
            intensity; rows that are not ``ok`` are NaN.
        landmarks: (N, 68, 2) as (x, y) fractions of the frame, NaN where there are none; None
            if OpenFace was run without them.
    """

    outcomes: list[Outcome]
    intensities: NDArray[np.float32]
    presences: NDArray[np.float32]
    landmarks: NDArray[np.float32] | None


class OpenFaceAUEstimator:
    """Action Unit estimator (:class:`metrics.contracts.AUEstimator`) by OpenFace 2.

    Frames smaller than 256 pixels are enlarged to that, bicubic. Faces that OpenFace is less
    confident of than 0.7 do not count. Every image is measured once, however often it comes.

    Args:
        path: FaceLandmarkImg, FeatureExtraction, the folder that holds them, or a folder with
            ``images`` and ``csv`` (:class:`metrics.au.openface_folder.ExchangeFolder`); by
            default what ``$OPENFACE_BIN`` says.
        seconds_per_image: how long the program may take, beside two minutes to start.

    Raises:
        FileNotFoundError: there is no OpenFace, with what to do.
        ValueError: the path is a file of another name.
    """

    def __init__(self, path: Path | str | None = None, *, seconds_per_image: float = 30.0) -> None:
        self._source = _find_source(path)
        self._seconds_per_image = seconds_per_image
        self._card = _card(self._source)

    @property
    def card(self) -> InstrumentCard:
        return self._card

    @property
    def action_units(self) -> tuple[str, ...]:
        """Names of the columns of a reading, sorted: the 17 with an intensity."""
        return INTENSITY_UNITS

    def estimate(self, images: Images) -> AUReading:
        """Intensities (N, 17) in 0..5 of each image, independent of the other images.

        Raises:
            ValueError: the images are malformed, or OpenFace's answer is.
            RuntimeError: OpenFace fails.
            UnmeasuredImages: images wait for an OpenFace elsewhere.
        """
        reading = self.read(images)
        return AUReading(reading.outcomes, reading.intensities, reading.landmarks)

    def read(self, images: Images) -> OpenFaceReading:
        """Intensities, presences and landmarks; raises as :meth:`estimate` does."""
        side = max(check_images(images), SMALLEST_FRAME)
        names = [image_name(frame) for frame in images]
        frames = dict(zip(names, images, strict=True))
        faces = (
            self._look_up(self._source, frames)
            if isinstance(self._source, ExchangeFolder)
            else self._run(self._source, frames)
        )
        found = [faces[name] for name in names]
        readable = [face for face in found if face.outcome == "ok"]
        landmarks = None
        if all(face.landmarks is not None for face in readable):
            landmarks = np.full((len(names), LANDMARKS, 2), np.nan, dtype=np.float32)
            for row, face in zip(landmarks, found, strict=True):
                if face.landmarks is not None:
                    row[:] = face.landmarks / side
        return OpenFaceReading(
            outcomes=[face.outcome for face in found],
            intensities=_stack([face.intensities for face in found], len(INTENSITY_UNITS)),
            presences=_stack([face.presences for face in found], len(PRESENCE_UNITS)),
            landmarks=landmarks,
        )

    def _look_up(
        self, folder: ExchangeFolder, frames: Mapping[str, NDArray[np.uint8]]
    ) -> dict[str, Face]:
        found = {name: read_face(folder.tables, name) for name in frames}
        missing = {name: frames[name] for name, face in found.items() if face is None}
        if missing:
            raise folder.request(missing)
        return {name: face for name, face in found.items() if face is not None}

    def _run(
        self, program: OpenFaceProgram, frames: Mapping[str, NDArray[np.uint8]]
    ) -> dict[str, Face]:
        names = list(frames)
        faces: dict[str, Face] = {}
        for start in range(0, len(names), _PROGRAM_BATCH):
            batch = names[start : start + _PROGRAM_BATCH]
            with tempfile.TemporaryDirectory(prefix="openface-") as folder:
                images, tables = Path(folder, "images"), Path(folder, "csv")
                for name in batch:
                    write_image(program.place(images, name), frames[name])
                tables.mkdir()
                program.run(images, batch, tables, seconds_per_image=self._seconds_per_image)
                for name in batch:
                    face = read_face(tables, name)
                    if face is None:
                        raise RuntimeError(
                            f"{program.path} ended without an answer for an image: is it "
                            f"OpenFace 2?"
                        )
                    faces[name] = face
        return faces


def _stack(rows: list[NDArray[np.float32]], columns: int) -> NDArray[np.float32]:
    return np.array(rows, dtype=np.float32).reshape(len(rows), columns)


def _find_source(path: Path | str | None) -> OpenFaceProgram | ExchangeFolder:
    place = path if path is not None else os.environ.get(PROGRAM_VARIABLE)
    if not place:
        raise FileNotFoundError(f"no OpenFace is named: {_ADVICE}")
    place = Path(place).expanduser()
    program = find_program(place)
    if program is not None:
        return program
    folder = ExchangeFolder(place)
    if folder.images.is_dir() or folder.tables.is_dir():
        return folder
    what = "has neither FaceLandmarkImg nor a folder csv" if place.is_dir() else "does not exist"
    raise FileNotFoundError(f"{place} {what}: {_ADVICE}")


def _problem() -> str | None:
    try:
        _find_source(None)
    except (FileNotFoundError, ValueError) as error:
        return str(error)
    return None


def _card(source: OpenFaceProgram | ExchangeFolder) -> InstrumentCard:
    several = f"several_faces if OpenFace is confident ({LEAST_CONFIDENCE:g}) of more than one"
    if isinstance(source, ExchangeFolder):
        version = "+".join(part for part in (_VERSION, "csv", source.version()) if part)
        name, fingerprint, description = "", "", "OpenFace 2, CSV files made elsewhere"
    else:
        version, name, fingerprint = _VERSION, source.path.name, source.fingerprint()
        description = f"OpenFace 2, {source.name}"
        if source.name == FEATURE_EXTRACTION:
            description += " -au_static, each image a sequence of its own"
            several = "it follows one face and does not notice others"
    return InstrumentCard(
        name="openface",
        kind="au_estimator",
        version=version,
        description=description,
        input_size=_AU_CROP,
        crop="whole frame, enlarged to 256 pixels where smaller (bicubic)",
        scale=_SCALE,
        weights_name=name,
        weights_sha256=fingerprint,
        licence=_LICENCE,
        source="https://github.com/TadasBaltrusaitis/OpenFace",
        normalisation="OpenFace's own: histograms of oriented gradients and shape parameters",
        alignment="OpenFace's own: its 68 landmarks, similarity transform to 112 pixels",
        no_face=f"no_face if OpenFace finds none, or is less confident than {LEAST_CONFIDENCE:g}",
        several_faces=several,
        action_units=INTENSITY_UNITS,
    )


OPENFACE: Final = InstrumentPlugin[OpenFaceAUEstimator](
    name="openface",
    kind="au_estimator",
    description="OpenFace 2: 17 intensities, by your own program or from its CSV files",
    make=OpenFaceAUEstimator,
    takes="PROGRAM or FOLDER",
    problem=_problem,
    scale=_SCALE,
    licence=_LICENCE,
)
