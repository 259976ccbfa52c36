"""Faces as files, for methods that work in another process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from bench.plugins.contracts import Face, MethodContext

__all__ = ["FaceFiles", "face_row", "write_development"]


class FaceFiles:
    """Writes each face once, under a number: a name would tell the person and the expression.

    Args:
        folder: where; it is made.

    Attributes:
        written: the faces by identity and sample.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._paths: dict[tuple[str, str], str] = {}
        self.written: dict[tuple[str, str], Face] = {}

    def path(self, face: Face) -> str:
        """Where the face lies as PNG."""
        if face.key not in self._paths:
            path = self._folder / f"{len(self._paths) + 1:06}.png"
            Image.fromarray(face.pixels).save(path)
            self._paths[face.key], self.written[face.key] = str(path), face
        return self._paths[face.key]


def face_row(face: Face, files: FaceFiles) -> dict[str, Any]:
    """A face as JSON values: its file, and what it is called."""
    return {
        "path": files.path(face),
        "identity": face.identity,
        "sample": face.sample,
        "expression": face.expression,
    }


def write_development(folder: Path, context: MethodContext) -> None:
    """Writes the dev faces, and ``faces.jsonl`` that lists them with ``is_neutral``."""
    files = FaceFiles(folder)
    faces = context.development()
    neutral = {context.neutral(identity).key for identity in {face.identity for face in faces}}
    lines = [
        json.dumps({**face_row(face, files), "is_neutral": face.key in neutral}) for face in faces
    ]
    (folder / "faces.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
