"""Where the numbers come from: run records laid out for reading, and whom to cite."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.report.wording import printable

__all__ = ["Citation", "citations", "doi_link", "flatten", "shared_and_own"]

_DOI = re.compile(r"10\.\d{4,9}/[-._;()/:A-Za-z0-9]+")
_CITATION_FIELDS = ("version", "licence", "source", "weights_name", "weights_sha256", "sha256")

Entries = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Citation:
    """A named thing with a licence that a run used: weights or an instrument."""

    name: str
    details: tuple[tuple[str, str], ...]


def doi_link(value: object) -> str:
    """The address of a well-formed DOI, else nothing: no other text becomes a link."""
    text = str(value or "").strip().removeprefix("https://doi.org/").removeprefix("doi:")
    return f"https://doi.org/{text}" if _DOI.fullmatch(text) else ""


def flatten(info: Mapping[str, Any], prefix: str = "") -> Entries:
    """Nested records as (path, text) entries in their order; lists of plain values on one line."""
    entries: Entries = []
    for key, value in info.items():
        path = f"{prefix}{printable(key)}"
        if isinstance(value, Mapping):
            entries += flatten(value, f"{path} / ")
        elif isinstance(value, (list, tuple)):
            plain = all(isinstance(item, (str, int, float)) for item in value)
            text = ", ".join(map(str, value)) if plain else json.dumps(value, default=str)
            entries.append((path, printable(text)))
        else:
            entries.append((path, "none" if value is None else printable(value)))
    return entries


def shared_and_own(infos: Sequence[Mapping[str, Any]]) -> tuple[Entries, list[Entries]]:
    """Entries that all runs have in common, and what is left of each."""
    flat = [flatten(info) for info in infos]
    if not flat:
        return [], []
    common = set(flat[0]).intersection(*map(set, flat[1:])) if len(flat) > 1 else set()
    shared = [entry for entry in flat[0] if entry in common]
    return shared, [[entry for entry in entries if entry not in common] for entries in flat]


def citations(infos: Sequence[Mapping[str, Any]]) -> list[Citation]:
    """Weights and instruments: what has a name and a licence in the run records, each once.

    The dataset has a paragraph of its own on the page and is left out.
    """
    found: dict[Citation, None] = {}
    for info in infos:
        for record in _records({key: info[key] for key in info if key != "dataset"}):
            name, licence = record.get("name"), record.get("licence") or record.get("license")
            if isinstance(name, str) and licence:
                named = {**record, "licence": licence}
                details = tuple(
                    (field.replace("_", " "), printable(named[field]))
                    for field in _CITATION_FIELDS
                    if named.get(field)
                )
                found[Citation(printable(name), details)] = None
    return list(found)


def _records(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _records(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _records(inner)
