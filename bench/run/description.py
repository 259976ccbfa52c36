"""``run.json``: what is written of a run, and whether that of others is what readers expect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.data.inside import name_in_path_problem
from bench.data.reading import parse_json
from bench.errors import BenchError
from bench.plugins.contracts import Method
from bench.plugins.registry import MethodEntry
from bench.run.identity import identity_hash
from bench.run.provenance import provenance

if TYPE_CHECKING:
    from bench.run.session import Session

__all__ = ["MOST_BYTES", "SCHEMA_VERSION", "describe", "parse_description"]

SCHEMA_VERSION: Final = 1
MOST_BYTES: Final = 16 << 20
"""Of the file; parsed it takes some ten times as many."""

_KINDS: Final[dict[type, str]] = {
    str: "a text", bool: "true or false", dict: "an object", list: "a list", int: "a whole number",
}  # fmt: skip

_NEEDED: Final[dict[str, type]] = {
    "schema_version": int,
    "benchmark": str,
    "method": dict,
    "method.name": str,
    "method.has_alpha": bool,
    "method.is_anchor": bool,
    "identity": dict,
    "identity.hash": str,
    "identity.parts": dict,
    "identity.parts.parameters": dict,
    "action_units": list,
    "created": str,
}
"""Without them nothing can be said of a run."""

_KNOWN: Final[dict[str, type]] = {
    "method.description": str,
    "method.citation": str,
    "method.origin": str,
    "identity.parts.fingerprint": dict,
    "identity.parts.instruments": dict,
    "identity.parts.dataset": str,
    "dataset": dict,
    "dataset.name": str,
    "instruments": dict,
    "instruments.embedder": dict,
    "instruments.au_estimator": dict,
    "image_metrics": dict,
    "image_metrics.absent": dict,
    "image_metrics.made_by": dict,
    "command": str,
    "git": dict,
    "packages": dict,
    "hardware": dict,
    "notes": list,
    "has_test_part": bool,
}
"""Where they are there, they are of these kinds."""

_OF_TEXTS: Final = ("identity.parts.parameters", "action_units", "notes")


def describe(
    session: Session,
    method: Method,
    entry: MethodEntry,
    parts: Mapping[str, Any],
    cards: Mapping[str, Any],
    command: str,
    device: str,
) -> dict[str, Any]:
    """What stands in run.json before the first row, but for the schema version.

    Args:
        session: dataset and instruments.
        method: prepared.
        entry: where it comes from.
        parts: of the run's identity.
        cards: of the instruments.
        command: what the user typed.
        device: torch device.
    """
    card, dataset = method.card, session.benchmark.card
    return {
        "benchmark": session.benchmark.name,
        "method": {
            "name": card.name,
            "description": card.description,
            "citation": card.citation,
            "has_alpha": card.has_alpha,
            "is_anchor": card.is_anchor,
            "origin": entry.origin,
        },
        "identity": {"hash": identity_hash(parts), "parts": dict(parts)},
        "dataset": {
            "name": dataset.name,
            "citation": dataset.citation,
            "licence": dataset.licence,
            "doi": dataset.doi,
            "may_show_images": dataset.may_show_images,
        },
        "instruments": dict(cards),
        "image_metrics": session.instruments.image_metrics.to_dict(),
        "action_units": list(session.scored_units),
        "command": command,
        **provenance(device),
    }


def parse_description(content: bytes, path: Path) -> dict[str, Any]:
    """The contents of run.json, of any schema version.

    Args:
        content: of the file.
        path: the file, for messages.

    Raises:
        BenchError: it is no JSON, or a field is missing or of another kind than it should be; the
            message names file and field.
    """
    if len(content) > MOST_BYTES:
        raise BenchError(f"{path} is not a run's description: it has {len(content)} bytes")
    try:
        values = parse_json(content.decode("utf-8"), finite=False)
    except ValueError as error:
        raise BenchError(f"{path} is not a run's description: {error}") from error
    if not isinstance(values, dict):
        raise BenchError(f"{path} is not a run's description: expected a JSON object")
    if values.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
        return values  # its reader says which version it is
    for place, kind in {**_NEEDED, **_KNOWN}.items():
        found = _at(values, place)
        # In Python, but not in JSON, true is a number.
        fits = isinstance(found, kind) and (kind is bool or not isinstance(found, bool))
        if not fits and (place in _NEEDED or found is not _ABSENT):
            said = "missing" if found is _ABSENT else f"{str(found)[:60]!r}"
            raise BenchError(
                f"{path} is not a run's description: {place} is {said}, expected {_KINDS[kind]}"
            )
    for place in _OF_TEXTS:
        found = _at(values, place)
        texts = found.values() if isinstance(found, dict) else found
        if found is not _ABSENT and not all(isinstance(one, str) for one in texts):
            raise BenchError(f"{path} is not a run's description: {place} holds other than texts")
    # It becomes the name of folders and of a card.
    if problem := name_in_path_problem(values["benchmark"]):
        raise BenchError(f"{path} is not a run's description: benchmark {problem}")
    if not values["method"]["name"].strip():
        raise BenchError(f"{path} is not a run's description: method.name is empty")
    return values


_ABSENT: Final = object()


def _at(values: dict[str, Any], place: str) -> Any:
    found: Any = values
    for name in place.split("."):
        if not isinstance(found, dict) or name not in found:
            return _ABSENT
        found = found[name]
    return found
