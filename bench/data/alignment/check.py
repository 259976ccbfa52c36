"""Measures how far the eyes of the pictures of a folder are from a template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.data.alignment.align import SMALLEST_SIDE, require_points
from bench.data.alignment.pictures import read_picture
from bench.data.alignment.sources import FaceSource
from bench.errors import BenchError
from metrics.faces.templates import Template

__all__ = ["FAR", "REFERENCE_SIDE", "AlignmentCheck", "check_alignment"]

REFERENCE_SIDE: Final = 256
"""Offsets are told in pixels of a frame of this side, whatever the side of the pictures."""

FAR: Final = 3.0
"""A picture whose offset is more than so many tolerances is named: no detector errs so far."""


@dataclass(frozen=True, slots=True, eq=False)
class AlignmentCheck:
    """What a folder's pictures are like. Lengths are pixels of a frame of 256.

    Attributes:
        folder: that was looked at.
        template: name of the template.
        source: who said where the eyes are.
        tolerance: of the mean offset.
        files: the N pictures with a face, as relative paths.
        offsets: (N, 2, 2) of the image-left and the image-right eye as (x, y): where it is less
            where aligning the picture again would bring it.
        interocular: (N,) distance of the eyes.
        expected_interocular: the mean of what it would become.
        without_face: pictures in which no face was found.
        several_faces: pictures with more than one; the largest was measured.
        unusable: other pictures that could not be measured, with the reason.
    """

    folder: str
    template: str
    source: str
    tolerance: float
    files: tuple[str, ...]
    offsets: NDArray[np.float64]
    interocular: NDArray[np.float64]
    expected_interocular: float
    without_face: tuple[str, ...]
    several_faces: tuple[str, ...]
    unusable: tuple[tuple[str, str], ...]

    @property
    def distances(self) -> NDArray[np.float64]:
        """(N,): mean over both eyes of how far each is off."""
        return np.asarray(np.linalg.norm(self.offsets, axis=2).mean(axis=1))

    @property
    def far(self) -> tuple[str, ...]:
        """Pictures whose offset is more than :data:`FAR` tolerances, the worst first."""
        order = np.argsort(-self.distances, kind="stable")
        return tuple(self.files[i] for i in order if self.distances[i] > FAR * self.tolerance)

    @property
    def aligned(self) -> bool:
        """Whether the mean offset is within the tolerance and no picture is far off."""
        return float(self.distances.mean()) <= self.tolerance and not self.far

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        distances = self.distances
        worst = int(distances.argmax())
        median, high = (float(q) for q in np.quantile(distances, [0.5, 0.95]))
        left, right = self.offsets.mean(axis=0).tolist()
        return {
            "schema_version": 1,
            "folder": self.folder,
            "template": self.template,
            "source": self.source,
            "reference_side": REFERENCE_SIDE,
            "tolerance": self.tolerance,
            "aligned": self.aligned,
            "pictures": len(self.files) + len(self.without_face) + len(self.unusable),
            "measured": len(self.files),
            "mean_offset": float(distances.mean()),
            "median_offset": median,
            "offset_95_percent": high,
            "worst_offset": float(distances[worst]),
            "worst_file": self.files[worst],
            "mean_left_eye_offset": left,
            "mean_right_eye_offset": right,
            "mean_interocular": float(self.interocular.mean()),
            "expected_interocular": self.expected_interocular,
            "far": list(self.far),
            "without_face": list(self.without_face),
            "several_faces": list(self.several_faces),
            "unusable": [{"file": file, "reason": reason} for file, reason in self.unusable],
        }


def check_alignment(
    folder: Path,
    files: Sequence[str],
    template: Template,
    source: FaceSource,
    tolerance: float,
    advance: Callable[[int], None],
) -> AlignmentCheck:
    """Measures pictures.

    Args:
        folder: of the pictures.
        files: their paths relative to it.
        template: what they should be aligned to.
        source: who says where the eyes are.
        tolerance: of the mean offset, in pixels of a frame of 256.
        advance: called with 1 after each picture.

    Raises:
        BenchError: no picture could be measured.
    """
    require_points(template, source)
    measured: list[str] = []
    eyes: list[NDArray[np.float64]] = []
    targets: list[NDArray[np.float64]] = []
    without, several, unusable = [], [], []
    for file in files:
        try:
            found, count = _eyes(folder / file, file, template, source)
        except (BenchError, ValueError) as error:
            unusable.append((file, str(error)))
        else:
            if found is None:
                without.append(file)
            else:
                measured.append(file)
                eyes.append(found[0])
                targets.append(found[1])
                several += [file] if count > 1 else []
        advance(1)
    if not measured:
        reason = f": {unusable[0][0]}: {unusable[0][1]}" if unusable else ""
        raise BenchError(f"no eyes were found in any picture of {folder}{reason}")
    is_at, should_be = np.stack(eyes), np.stack(targets)
    return AlignmentCheck(
        folder=str(folder),
        template=template.name,
        source=source.name,
        tolerance=tolerance,
        files=tuple(measured),
        offsets=is_at - should_be,
        interocular=_distance(is_at),
        expected_interocular=float(_distance(should_be).mean()),
        without_face=tuple(without),
        several_faces=tuple(several),
        unusable=tuple(unusable),
    )


def _eyes(
    path: Path, file: str, template: Template, source: FaceSource
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]] | None, int]:
    """Where the eyes of a picture are and where they should be, both (2, 2), and how many faces.

    Raises:
        BenchError: the picture cannot be read, or is no square.
        ValueError: points are missing.
    """
    picture = read_picture(path)
    width, height = picture.size
    if width != height or width < SMALLEST_SIDE:
        raise BenchError(f"it is {width}x{height} pixels, and an aligned picture is square")
    faces = source.faces(file, np.asarray(picture))
    if not faces:
        return None, 0
    unit = REFERENCE_SIDE / width
    should_be = template.similarity(faces[0].points, width)(faces[0].eyes)
    return (faces[0].eyes * unit, should_be * unit), len(faces)


def _distance(eyes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) from (N, 2, 2)."""
    return np.asarray(np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=1))
