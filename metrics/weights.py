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
    "FACENET_CASIA",
    "FACENET_VGGFACE2",
    "FACE_LANDMARKER",
    "MOBILEFACENET",
    "WEIGHTS_VARIABLE",
    "PublishedWeights",
    "cache_folder",
    "find_weights",
    "published_as",
    "require_published",
    "sha256_of",
]

WEIGHTS_VARIABLE: Final = "BENCH_WEIGHTS"
_START: Final = 64
"""Bytes that tell a web page."""


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """A weights file that anybody can get, and what is known of it.

    Attributes:
        sha256: hexadecimal; empty where nobody has published one.
        source: address, first; after a semicolon, what else must be known.
    """

    file_name: str
    sha256: str
    licence: str
    source: str

    @property
    def address(self) -> str:
        """Where it can be fetched, or read about."""
        return self.source.partition(";")[0]


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
_FACENET_RELEASE: Final = "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/"
FACENET_VGGFACE2: Final = PublishedWeights(
    file_name="20180402-114759-vggface2.pt",
    sha256="281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b",
    licence="MIT; trained on VGGFace2 (for research)",
    source=f"{_FACENET_RELEASE}20180402-114759-vggface2.pt; its authors publish no SHA-256, this "
    "one is what several public projects that fetch the file check it against",
)
FACENET_CASIA: Final = PublishedWeights(
    file_name="20180408-102900-casia-webface.pt",
    sha256="",
    licence="MIT; trained on CASIA-WebFace (for research)",
    source=f"{_FACENET_RELEASE}20180408-102900-casia-webface.pt; nobody publishes its SHA-256, so "
    "that of the file is recorded and not checked",
)
_PUBLISHED: Final = (MOBILEFACENET, FACE_LANDMARKER, FACENET_VGGFACE2, FACENET_CASIA)


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
    origin = next((p.address for p in _PUBLISHED if p.file_name == file_name), None)
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


def require_published(path: Path, published: PublishedWeights) -> str:
    """SHA-256 of a file that must be the published one.

    Where no SHA-256 has been published, any file passes that is not a web page.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is a web page, or another file; one sentence that names it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}: get them from {published.address}")
    with path.open("rb") as file:
        start = file.read(_START).lstrip()
    if start[:1] == b"<":
        raise ValueError(
            f"{path} is a web page, not weights: get {published.file_name} again from "
            f"{published.address}"
        )
    digest = sha256_of(path)
    if published.sha256 and digest != published.sha256:
        raise ValueError(
            f"{path} has the SHA-256 {digest} and {published.file_name} has {published.sha256}, so "
            f"it is truncated, changed or another file: get it again from {published.address}"
        )
    return digest


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal; read once while the file stays as it is."""
    status = path.stat()
    return _sha256(path.resolve(), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=32)
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
