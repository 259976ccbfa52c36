"""What decides the numbers of a method besides its own file, as hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from bench.plugins.contracts import Face

__all__ = ["code_sha256", "faces_sha256"]


def code_sha256(*modules: ModuleType) -> str:
    """Hash of the source files of modules that a method computes with."""
    digest = hashlib.sha256()
    for module in modules:
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def faces_sha256(faces: Sequence[Face]) -> str:
    """Hash of the images that something was fitted on, in their order.

    It stands for the fitted numbers, whose last digits differ between machines.
    """
    digest = hashlib.sha256()
    for face in faces:
        digest.update(face.pixels.tobytes())
    return digest.hexdigest()
