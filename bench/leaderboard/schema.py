"""Whether a file is what ``leaderboards/entry.schema.json`` says an entry is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from bench.data.reading import MOST_JSON, parse_json, read_text
from bench.errors import BenchError
from bench.paths import packaged_leaderboards

__all__ = ["ENTRY_SCHEMA_VERSION", "check_entry", "read_json", "schema_file"]

ENTRY_SCHEMA_VERSION: Final = 1

# Of a value that a message shows.
MOST_SHOWN = 200


def schema_file() -> Path:
    """The published schema: it comes with the package, wherever the boards are."""
    return packaged_leaderboards() / "entry.schema.json"


def read_json(path: Path, missing: str, hint: str | None = None) -> dict[str, Any]:
    """Reads a JSON object strictly: no NaN and no infinity.

    Args:
        path: the file.
        missing: what to say if it is not there.
        hint: what to type then.

    Raises:
        BenchError: the file is missing, or no such object.
    """
    if not path.exists():
        raise BenchError(f"{missing}: {path} is not there", hint=hint)
    text = read_text(path, MOST_JSON)
    try:
        values = parse_json(text, finite=True)
    except ValueError as error:
        raise BenchError(f"cannot read {path}: {error}") from error
    if not isinstance(values, dict):
        raise BenchError(f"{path}: expected a JSON object, found {_shown(values)}")
    return values


def check_entry(values: Mapping[str, Any], path: Path) -> None:
    """Refuses what is no entry of this version.

    Args:
        values: the contents of ``entry.json``.
        path: the file, for messages.

    Raises:
        BenchError: it names the file, the field and what was expected there.
    """
    version = values.get("schema_version")
    if version != ENTRY_SCHEMA_VERSION:
        raise BenchError(
            f"{path} has schema version {_shown(version)}, this bench reads and writes "
            f"{ENTRY_SCHEMA_VERSION}",
            hint="use the version of bench that wrote it, or add its run again",
        )
    from jsonschema.exceptions import best_match

    problem = best_match(_validator().iter_errors(values))
    if problem is not None:
        where = problem.json_path.removeprefix("$").removeprefix(".") or "the whole"
        raise BenchError(
            f"{path}: {where}: {_shown(problem.message)}", hint=f"the format: {schema_file()}"
        )


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    schema = cast(dict[str, Any], json.loads(schema_file().read_text(encoding="utf-8")))
    return Draft202012Validator(schema)


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"
