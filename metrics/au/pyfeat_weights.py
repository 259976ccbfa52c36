"""Where py-feat's weights lie: a file or folder of the user, or the cache inside py-feat."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from metrics.weights import (
    WEIGHTS_VARIABLE,
    PublishedWeights,
    cache_folder,
    require_published,
)

__all__ = [
    "DETECTOR",
    "DETECTOR_NAMES",
    "DOWNLOAD",
    "MULTITASK",
    "PyFeatWeights",
    "find_pyfeat_weights",
]

MULTITASK: Final = PublishedWeights(
    file_name="face_multitask_v28.safetensors",
    sha256="",
    licence="non-commercial research only",
    source="https://huggingface.co/py-feat/face_multitask_v2",
)
"""Action Units and landmarks, for py-feat 2.1."""

DETECTOR: Final = PublishedWeights(
    file_name="retinaface_r34.safetensors",
    sha256="",
    licence="MIT",
    source="https://huggingface.co/py-feat/retinaface_r34; the file is called model.safetensors "
    "there",
)
"""RetinaFace, which finds the faces."""

DETECTOR_NAMES: Final = (DETECTOR.file_name, "model.safetensors")
"""What its file may be called."""

DOWNLOAD: Final = "python -c 'from feat import Detectorv2; Detectorv2(identity_model=None)'"
"""Makes py-feat fetch both files into its cache, with progress bars; about 240 MB."""

_MULTITASK_VARIABLE: Final = "FEAT_MULTITASK_WEIGHTS"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_HEADER: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class PyFeatWeights:
    """The two files that decide py-feat's Action Units.

    Attributes:
        multitask: path of the network that reads faces.
        multitask_sha256: of that file, hexadecimal.
        detector: path of the network that finds them.
        detector_sha256: of that file, hexadecimal.
    """

    multitask: Path
    multitask_sha256: str
    detector: Path
    detector_sha256: str


def find_pyfeat_weights(explicit: Path | None = None) -> PyFeatWeights:
    """Finds both files; nothing is downloaded and py-feat is not imported.

    Args:
        explicit: the multitask file, or a folder that holds both. By default they are looked for
            in ``$FEAT_MULTITASK_WEIGHTS``, in ``$BENCH_WEIGHTS``, in this project's cache, and in
            py-feat's own cache. A detector that does not lie beside the multitask file is taken
            from the others of these places.

    Raises:
        FileNotFoundError: one of them is nowhere, with the command that fetches it.
        ValueError: a file is a web page, truncated, or no safetensors file.
    """
    usual = list(_usual_places())
    if explicit is None:
        multitask_places = detector_places = usual
    else:
        multitask_places = [explicit]
        detector_places = [explicit if explicit.is_dir() else explicit.parent, *usual]
    multitask = next((path for place in multitask_places for path in _multitask_in(place)), None)
    detector = next((path for place in detector_places for path in _detector_in(place)), None)
    for file, path, places in (
        (MULTITASK, multitask, multitask_places),
        (DETECTOR, detector, detector_places),
    ):
        if path is None:
            looked = " or ".join(dict.fromkeys(str(place) for place in places))
            raise FileNotFoundError(
                f"py-feat's {file.file_name} ({file.licence}) is not in {looked}; get it from "
                f"{file.address} and give py-feat:FOLDER, or let py-feat fetch it: {DOWNLOAD}"
            )
    assert multitask is not None
    assert detector is not None
    return PyFeatWeights(
        multitask, _checked(multitask, MULTITASK), detector, _checked(detector, DETECTOR)
    )


def _usual_places() -> Iterator[Path]:
    for variable in (_MULTITASK_VARIABLE, WEIGHTS_VARIABLE):
        if named := os.environ.get(variable):
            yield Path(named)
    yield cache_folder()
    package = importlib.util.find_spec("feat")
    for folder in (package.submodule_search_locations or []) if package else []:
        yield Path(folder) / "resources"


def _multitask_in(place: Path) -> list[Path]:
    if place.is_dir():
        return sorted(place.rglob(MULTITASK.file_name))
    if place.is_file() and place.suffix != ".safetensors":
        raise ValueError(
            f"{place} is no safetensors file: py-feat's other formats are pickles, which may hold "
            f"code and are refused; get {MULTITASK.file_name} from {MULTITASK.address}"
        )
    return [place] if place.is_file() else []


def _detector_in(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    files = [path for name in DETECTOR_NAMES for path in sorted(place.rglob(name))]
    # Many files are called model.safetensors.
    return [
        path
        for path in files
        if path.name == DETECTOR.file_name
        or "retinaface_r34" in str(path)
        or (path.parent / MULTITASK.file_name).is_file()
    ]


def _checked(path: Path, published: PublishedWeights) -> str:
    """SHA-256 of a whole safetensors file."""
    sha256 = require_published(path, published)
    # Hugging Face names the files of its cache by their SHA-256.
    blob = path.resolve().name
    if _SHA256.fullmatch(blob) and blob != sha256:
        raise ValueError(
            f"{path} has the SHA-256 {sha256} and should have {blob}, so it is truncated: delete "
            f"it and get it again from {published.address}"
        )
    if fault := _fault(path):
        raise ValueError(
            f"{path} is {fault}: get {published.file_name} again from {published.address}"
        )
    return sha256


def _fault(path: Path) -> str | None:
    """What is wrong with a safetensors file: eight bytes of length, a JSON header, the tensors."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(size, _LONGEST_HEADER):
            return "truncated or no safetensors file"
        try:
            header = json.loads(file.read(length))
            end = max(
                entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"
            )
        except (ValueError, AttributeError, KeyError, TypeError, IndexError, RecursionError):
            return "truncated or no safetensors file"
    if not isinstance(end, int) or 8 + length + end != size:
        return f"truncated: it has {size} bytes and should have {8 + length + end}"
    return None
