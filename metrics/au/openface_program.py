"""OpenFace's own programs: where they are, what is typed, and what is said when they fail."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from metrics.weights import sha256_of

__all__ = ["FACE_LANDMARK_IMG", "FEATURE_EXTRACTION", "OUTPUTS", "OpenFaceProgram", "find_program"]

FACE_LANDMARK_IMG: Final = "FaceLandmarkImg"
FEATURE_EXTRACTION: Final = "FeatureExtraction"
OUTPUTS: Final = ("-aus", "-2Dfp")
"""Options that ask for Action Units and for the 68 points, and leave out the rest."""

_MODELS: Final = ("AU_predictors", "model")
_STARTING_SECONDS: Final = 120.0
_SHOWN_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class OpenFaceProgram:
    """FaceLandmarkImg or FeatureExtraction.

    FaceLandmarkImg takes each picture by itself and reports all its faces. FeatureExtraction is
    made for one person on video: here every picture is a sequence of its own, so that none is
    tracked from another, and ``-au_static`` turns off the calibration to a person, which needs
    many frames.

    Attributes:
        path: the executable.
        name: :data:`FACE_LANDMARK_IMG` or :data:`FEATURE_EXTRACTION`.
    """

    path: Path
    name: str

    def place(self, images: Path, name: str) -> Path:
        """Where below ``images`` the program looks for the picture of that name."""
        folder = images / name if self.name == FEATURE_EXTRACTION else images
        return folder / f"{name}.png"

    def command(self, images: Path, names: Sequence[str], tables: Path) -> list[str]:
        """What to type to have the pictures at :meth:`place` measured into ``tables``."""
        if self.name == FEATURE_EXTRACTION:
            folders = [argument for name in names for argument in ("-fdir", str(images / name))]
            return [str(self.path), *folders, "-out_dir", str(tables), "-au_static", *OUTPUTS]
        return [str(self.path), "-fdir", str(images), "-out_dir", str(tables), *OUTPUTS]

    def run(
        self, images: Path, names: Sequence[str], tables: Path, *, seconds_per_image: float
    ) -> None:
        """Measures all pictures in one process.

        Raises:
            RuntimeError: the program cannot be started, fails, or takes longer than two minutes
                and ``seconds_per_image`` for each picture; with the last lines that it printed.
        """
        limit = _STARTING_SECONDS + seconds_per_image * len(names)
        with tempfile.TemporaryFile() as log:
            status = self._status(self.command(images, names, tables), log, limit)
            said = _last_lines(log)
        if status is None:
            raise RuntimeError(
                f"{self.path} was stopped: {len(names)} images took longer than {limit:.0f} s{said}"
            )
        if status != 0:
            ending = f"status {status}" if status > 0 else signal.Signals(-status).name
            raise RuntimeError(
                f"{self.path} failed with {ending}{said}; check it with: {self.path} -f IMAGE"
            )

    def fingerprint(self) -> str:
        """SHA-256 of the executable and of its models, in a checkout or installed."""
        digest = hashlib.sha256(sha256_of(self.path).encode())
        places = (self.path.parent, self.path.parent.parent / "etc" / "OpenFace")
        for root in (place / models for place in places for models in _MODELS):
            for path in sorted(path for path in root.rglob("*") if path.is_file()):
                digest.update(f"{path.relative_to(root)} {sha256_of(path)}\n".encode())
        return digest.hexdigest()

    def _status(self, command: Sequence[str], log: IO[bytes], limit: float) -> int | None:
        """Exit status, None if the program had to be stopped."""
        try:
            process = subprocess.Popen(
                command,
                cwd=self.path.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise RuntimeError(
                f"{self.path} cannot be started ({error.strerror}): is it a program for this "
                f"machine, and executable (chmod +x)?"
            ) from error
        try:
            return process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                _stop(process)


def find_program(place: Path) -> OpenFaceProgram | None:
    """The program at a path, or in a folder; FaceLandmarkImg where both are.

    Raises:
        ValueError: the path is a file that is named like neither.
    """
    place = place.expanduser()
    if place.is_file():
        for name in (FACE_LANDMARK_IMG, FEATURE_EXTRACTION):
            if name.lower() in place.name.lower():
                return OpenFaceProgram(place.resolve(), name)
        raise ValueError(
            f"{place} is neither {FACE_LANDMARK_IMG} nor {FEATURE_EXTRACTION} of OpenFace: give "
            f"the path of one of them, or of the folder that holds them"
        )
    for name in (FACE_LANDMARK_IMG, FEATURE_EXTRACTION):
        for file_name in (name, f"{name}.exe"):
            if (place / file_name).is_file():
                return OpenFaceProgram((place / file_name).resolve(), name)
    return None


def _stop(process: subprocess.Popen[bytes]) -> None:
    # A wrapper script has children of its own: they are in its session.
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_lines(log: IO[bytes]) -> str:
    log.seek(0)
    lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
    shown = [line for line in lines if line][-_SHOWN_LINES:]
    return f" ({' / '.join(shown)})" if shown else ""
