"""The weights of methods: which of the package's own they are, on what terms, from what data.

A run records the SHA-256 of its weights. That of a file of this package leads to the README beside
it, whose first table is the card of the model; of any other file nothing more is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from bench.report.provenance import Citation
from bench.report.wording import listed, printable

__all__ = ["method_weights"]

_FOLDERS: Final = {
    "Glow": ("glow", "weights"),
    "generator": ("bench", "methods/generator/weights"),
}
"""Package and folder of the models of each kind."""

_OF_CARD: Final = {"licence": "licence", "training data": "trained on"}
"""Rows of a model's table, and how they are called here."""


def method_weights(infos: Sequence[Mapping[str, Any]]) -> list[Citation]:
    """The weights of the methods, each file once, with its licence and who used it.

    Args:
        infos: the contents of ``run.json``.
    """
    used: dict[str, list[str]] = {}
    for info in infos:
        if digest := _digest(info):
            name = printable(_record(info, "method").get("name") or "a method")
            users = used.setdefault(digest, [])
            if name not in users:
                users.append(name)
    return [_citation(digest, users) for digest, users in used.items()]


def _digest(info: Mapping[str, Any]) -> str:
    return str(_record(info, "identity", "parts", "fingerprint").get("weights_sha256") or "")


def _record(info: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    value: Any = info
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _citation(digest: str, users: Sequence[str]) -> Citation:
    used = ("used by", ", ".join(users))
    hashed = ("weights sha256", printable(digest))
    if digest not in _shipped():
        unknown = ("licence", "not known: the file did not come with this package")
        return Citation(f"weights of {listed(users)}", (used, unknown, hashed))
    name, path = _shipped()[digest]
    card = _card(path)
    said = [(title, card[row]) for row, title in _OF_CARD.items() if row in card]
    return Citation(name, (used, *said, ("weights name", _place(path)), hashed))


@cache
def _shipped() -> Mapping[str, tuple[str, Path]]:
    """What the models of this package are called, and their files, by SHA-256."""
    return {
        hashlib.sha256(path.read_bytes()).hexdigest(): (f"{kind} {path.parent.name}", path)
        for kind, (package, folder) in _FOLDERS.items()
        for path in Path(str(files(package))).joinpath(folder).glob("*/model.*")
    }


def _place(path: Path) -> str:
    """Where the file lies in the package, which has no drive and no user."""
    parts = path.parts
    start = max(place for place, part in enumerate(parts) if part in {"glow", "bench"})
    return "/".join(parts[start:])


def _card(path: Path) -> dict[str, str]:
    """The rows of the first table of the README beside a model."""
    readme = path.with_name("README.md")
    if not readme.is_file():
        return {}
    rows: dict[str, str] = {}
    for line in readme.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 2:
            rows.setdefault(cells[0], cells[1])
        elif rows:
            break
    return rows
