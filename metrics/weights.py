"""Where the weights of the instruments lie on this machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

__all__ = [
    "FACE_LANDMARKER",
    "MOBILEFACENET",
    "WEIGHTS_VARIABLE",
    "PublishedWeights",
    "cache_folder",
    "find_weights",
    "published_as",
    "sha256_of",
]

WEIGHTS_VARIABLE: Final = "BENCH_WEIGHTS"


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """A weights file that anybody can get, and what is known of it."""

    file_name: str
    sha256: str
    licence: str
    source: str


MOBILEFACENET: Final = PublishedWeights(
    file_name="MobileFaceNet.onnx",
    sha256="b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507",
    licence="Apache-2.0",
    source="https://github.com/foamliu/MobileFaceNet (weights/MobileFaceNet.onnx)",
)
FACE_LANDMARKER: Final = PublishedWeights(
    file_name="face_landmarker.task",
    sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    licence="Apache-2.0",
    source="https://storage.googleapis.com/mediapipe-models/face_landmarker/"
    "face_landmarker/float16/1/face_landmarker.task",
)
_PUBLISHED: Final = (MOBILEFACENET, FACE_LANDMARKER)


def cache_folder() -> Path:
    """Folder for weights that belong to the user: ``$XDG_CACHE_HOME`` or ``~/.cache``, below it
    ``bench/weights``. It need not exist."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "bench" / "weights"


def find_weights(file_name: str, explicit: Path | str | None = None) -> Path:
    """Finds a weights file.

    Looks at ``explicit`` alone if it is given, else in ``$BENCH_WEIGHTS``, else in
    :func:`cache_folder`. A folder is searched recursively for ``file_name``; a file is taken
    under any name if its suffix is that of ``file_name``.

    Raises:
        FileNotFoundError: there is no such file; one line says where it was looked for and
            where to get it.
    """
    if explicit is not None:
        places = [Path(explicit)]
    else:
        variable = os.environ.get(WEIGHTS_VARIABLE)
        places = [Path(variable)] if variable else []
        places.append(cache_folder())
    for place in places:
        found = next(_candidates(place, file_name, named_by_user=explicit is not None), None)
        if found is not None:
            return found
    looked = " and ".join(str(place) for place in places)
    origin = next((p.source for p in _PUBLISHED if p.file_name == file_name), None)
    advice = f"get it from {origin} and" if origin else "get it from its authors and"
    raise FileNotFoundError(
        f"the weights {file_name} are not at {looked}: {advice} give its path, set "
        f"${WEIGHTS_VARIABLE} to its folder, or put it into {cache_folder()}"
    )


def _candidates(place: Path, file_name: str, *, named_by_user: bool) -> Iterator[Path]:
    if place.is_file():
        if named_by_user or place.suffix == Path(file_name).suffix:
            yield place
    elif place.is_dir():
        yield from sorted(path for path in place.rglob(file_name) if path.is_file())


def published_as(sha256: str) -> PublishedWeights | None:
    """What is known of the file with this SHA-256, ``None`` for a stranger."""
    return next((p for p in _PUBLISHED if p.sha256 == sha256), None)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal; read once while the file stays as it is."""
    status = path.stat()
    return _sha256(path.resolve(), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=32)
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
