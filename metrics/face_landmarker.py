"""The MediaPipe Face Landmarker: opened with one sentence if it cannot be, closed at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["INSTALL", "close_landmarker", "library_advice", "open_landmarker"]

INSTALL: Final = "pip install -e '.[mediapipe]'"
_STDERR: Final = 2


def open_landmarker(path: Path, who: str, *, faces: int, blendshapes: bool) -> tuple[Any, Any]:
    """A function from an array to MediaPipe's image, and the landmarker.

    Args:
        path: ``face_landmarker.task``.
        who: what needs it, for the message.
        faces: how many it looks for, at most.
        blendshapes: whether it reads them.

    Raises:
        ImportError: MediaPipe or a shared library that it needs is not installed.
        FileNotFoundError: there is no such file.
        ValueError: the file is no Face Landmarker.
    """
    try:
        import mediapipe
        from mediapipe.tasks.python.core.base_options import BaseOptions
        from mediapipe.tasks.python.vision import face_landmarker
    except ModuleNotFoundError as error:
        raise ImportError(f"{who} needs mediapipe: {INSTALL}") from error
    except (ImportError, OSError) as error:
        raise ImportError(library_advice(error)) from error
    if not path.is_file():
        raise FileNotFoundError(
            f"no Face Landmarker at {path}: give the path of a face_landmarker.task"
        )

    def to_image(frame: NDArray[np.uint8]) -> Any:
        return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)

    options = face_landmarker.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(path)),
        num_faces=faces,
        output_face_blendshapes=blendshapes,
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
            raise ImportError(library_advice(error)) from error
        landmarker.detect(to_image(np.zeros((64, 64, 3), dtype=np.uint8)))
    return to_image, landmarker


def close_landmarker(landmarker: Any) -> None:
    """Frees the model, also at the end of the program."""
    try:
        landmarker.close()
    except RuntimeError:
        # At the end of the program MediaPipe's worker thread is gone before any finaliser runs.
        # The model goes with the process; without a handle its own finaliser keeps silent.
        landmarker._handle = None


def library_advice(error: Exception) -> str:
    """One sentence about a shared library that MediaPipe cannot find."""
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
