"""Action Units by the MediaPipe Face Landmarker: 52 ARKit blendshapes, mapped by a table."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.au.facs import load_facs_table
from metrics.cards import InstrumentCard
from metrics.contracts import AUReading, Images, Outcome, check_images
from metrics.weights import published_as, sha256_of

__all__ = ["BlendshapeReading", "MediaPipeAUEstimator"]

_VERSION: Final = "1"
_SMALLEST_FRAME: Final = 256
_STDERR: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class BlendshapeReading:
    """Blendshapes of N images.

    Attributes:
        outcomes: N outcomes, in the order of the images.
        names: the B names of the columns.
        values: (N, B) in 0..1; rows that are not ``ok`` are NaN.
    """

    outcomes: list[Outcome]
    names: tuple[str, ...]
    values: NDArray[np.float32]


class MediaPipeAUEstimator:
    """Action Unit estimator (:class:`metrics.contracts.AUEstimator`) from a ``.task`` file.

    Frames smaller than 256 pixels are enlarged to that, bicubic, before detection. Every image
    is detected on its own, without tracking. Two faces are searched for, so that a second one is
    noticed. Use as a context manager, or leave the closing to the end of the program.

    Args:
        path: ``face_landmarker.task``.

    Raises:
        ImportError: MediaPipe or a shared library that it needs is not installed.
        FileNotFoundError: there is no such file.
        ValueError: the file is no Face Landmarker.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._table = load_facs_table()
        self._image: Any
        self._landmarker: Any
        self._image, self._landmarker = _open_landmarker(self._path)
        self._close = weakref.finalize(self, _close_landmarker, self._landmarker)
        sha256 = sha256_of(self._path)
        known = published_as(sha256)
        self._card = InstrumentCard(
            name="mediapipe",
            kind="au_estimator",
            version=f"{_VERSION}+table.{self._table.fingerprint[:8]}",
            description="MediaPipe Face Landmarker, ARKit blendshapes mapped to Action Units",
            input_size=_SMALLEST_FRAME,
            crop="whole frame, enlarged to 256 pixels where smaller (bicubic)",
            scale="blendshape 0..1",
            weights_name=self._path.name,
            weights_sha256=sha256,
            licence=known.licence if known else "unknown",
            source=known.source if known else "unknown",
        )

    @property
    def card(self) -> InstrumentCard:
        return self._card

    @property
    def action_units(self) -> tuple[str, ...]:
        """Names of the columns of a reading, sorted."""
        return self._table.action_units

    def estimate(self, images: Images) -> AUReading:
        """Action Units (N, A) in 0..1 of each image, independent of the other images.

        Raises:
            ValueError: the images are malformed.
        """
        reading = self.blendshapes(images)
        return AUReading(reading.outcomes, self._table.apply(reading.values))

    def blendshapes(self, images: Images) -> BlendshapeReading:
        """Blendshapes (N, 52) in 0..1 of each image, as the model gives them.

        Raises:
            ValueError: the images are malformed.
        """
        check_images(images)
        names = self._table.blendshapes
        values = np.full((len(images), len(names)), np.nan, dtype=np.float32)
        outcomes: list[Outcome] = []
        for row, frame in zip(values, images, strict=True):
            faces = self._detect(frame)
            if len(faces) == 1:
                row[:] = [faces[0][name] for name in names]
            outcomes.append("ok" if len(faces) == 1 else "several_faces" if faces else "no_face")
        return BlendshapeReading(outcomes, names, values)

    def close(self) -> None:
        """Frees the model; the estimator cannot be used afterwards."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _detect(self, frame: NDArray[np.uint8]) -> list[dict[str, float]]:
        """Blendshapes by name of each face found in a frame (H, W, 3)."""
        if not self._close.alive:
            raise ValueError("this Action Unit estimator is closed: make a new one")
        if len(frame) < _SMALLEST_FRAME:
            size = (_SMALLEST_FRAME, _SMALLEST_FRAME)
            frame = np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC))
        found = self._landmarker.detect(self._image(np.ascontiguousarray(frame)))
        return [
            {category.category_name: category.score for category in face}
            for face in found.face_blendshapes
        ]


def _open_landmarker(path: Path) -> tuple[Any, Any]:
    """A function from an array to MediaPipe's image, and the landmarker."""
    try:
        import mediapipe
        from mediapipe.tasks.python.core.base_options import BaseOptions
        from mediapipe.tasks.python.vision import face_landmarker
    except ModuleNotFoundError as error:
        raise ImportError(
            "the MediaPipe Action Unit estimator needs mediapipe: pip install -e '.[mediapipe]'"
        ) from error
    except (ImportError, OSError) as error:
        raise ImportError(_library_advice(error)) from error
    if not path.is_file():
        raise FileNotFoundError(
            f"no Face Landmarker at {path}: give the path of a face_landmarker.task"
        )

    def to_image(frame: NDArray[np.uint8]) -> Any:
        return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)

    options = face_landmarker.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(path)),
        num_faces=2,
        output_face_blendshapes=True,
    )
    with _native_stderr_silenced():
        try:
            landmarker = face_landmarker.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError, FileNotFoundError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{path} is not a MediaPipe Face Landmarker ({reason}): "
                f"check that the download is whole"
            ) from error
        except OSError as error:
            raise ImportError(_library_advice(error)) from error
        landmarker.detect(to_image(np.zeros((64, 64, 3), dtype=np.uint8)))
    return to_image, landmarker


def _close_landmarker(landmarker: Any) -> None:
    try:
        landmarker.close()
    except RuntimeError:
        # At the end of the program MediaPipe's worker thread is gone before any finaliser runs.
        # The model goes with the process; without a handle its own finaliser keeps silent.
        landmarker._handle = None


def _library_advice(error: Exception) -> str:
    return (
        f"MediaPipe is installed but cannot start ({error}): it needs shared libraries of the "
        f"system, on Debian and Ubuntu: apt-get install libegl1 libgles2 libgl1 libglib2.0-0"
    )


@contextmanager
def _native_stderr_silenced() -> Iterator[None]:
    """Drops what MediaPipe's native code writes to standard error while it starts.

    It logs its defaults as warnings through file descriptor 2 and heeds no log-level variable.
    """
    sys.stderr.flush()
    try:
        saved = os.dup(_STDERR)
    except OSError:
        yield
        return
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), _STDERR)
        yield
    finally:
        os.dup2(saved, _STDERR)
        os.close(saved)
