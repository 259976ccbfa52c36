"""Files compared by their content, so that what differs is told by name and not as bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

__all__ = ["fingerprints"]


def fingerprints(paths: Iterable[Path], beside: Path) -> dict[str, str]:
    """SHA-256 of files, by their place in a folder, in the order of their names."""
    return {
        str(path.relative_to(beside)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(paths)
    }
