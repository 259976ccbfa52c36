"""The generators that come with the package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["SHIPPED", "shipped_name", "shipped_path"]

SHIPPED: Final[Mapping[str, str]] = {
    "synthfaces-64": "37f8076e7ee9515cf03f8701457437a9ef17df6af50e82bbbec35a175557c886",
}
"""SHA-256 of ``model.pt`` by the name of its folder, ``<dataset>-<side>``."""

_FOLDER: Final = Path(__file__).resolve().parent / "weights"


def shipped_name(sha256: str) -> str | None:
    """The name of the generator with this SHA-256; None for a stranger."""
    return next((name for name, known in SHIPPED.items() if known == sha256), None)


def shipped_path(dataset: str) -> Path | None:
    """The file of the generator of a dataset; None if none comes with the package."""
    name = next((name for name in SHIPPED if name.rpartition("-")[0] == dataset), None)
    return None if name is None else _FOLDER / name / "model.pt"
