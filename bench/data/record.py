"""Strict reading of a TOML table into a frozen dataclass."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from bench.errors import BenchError

__all__ = ["read_record"]


def read_record(kind: type[Any], values: Any, path: Path, place: str = "") -> Any:
    """Makes a record from the values of a TOML table.

    A field may be a text, a number, a truth value, a list, a table of one kind of value, or
    another record; lists become tuples and whole numbers become floats where a float is meant.

    Args:
        kind: the dataclass; a field with a default may be left out.
        values: the table.
        path: the file, for messages.
        place: the table's name in the file, for messages; empty at the top.

    Raises:
        BenchError: a field is missing, unknown or of the wrong type.
    """
    where = f"{path}: {place}: " if place else f"{path}: "
    if not isinstance(values, dict):
        raise BenchError(f"{path}: a table for {kind.__name__} is missing")
    known = get_type_hints(kind)
    needed = {f.name for f in fields(kind) if f.default is f.default_factory is MISSING}
    if unknown := sorted(set(values) - set(known)):
        raise BenchError(f"{where}unknown field(s) {', '.join(unknown)}")
    if missing := sorted(needed - set(values)):
        raise BenchError(f"{where}missing field(s) {', '.join(missing)}")
    read = {}
    for name, value in values.items():
        expected = _without_none(known[name])
        inner = f"{place}.{name}" if place else name
        if record := _record_in(expected):
            if expected is record:
                read[name] = read_record(record, value, path, inner)
                continue
            if isinstance(value, list):
                read[name] = tuple(
                    read_record(record, item, path, f"{inner}[{number}]")
                    for number, item in enumerate(value, start=1)
                )
                continue
        if not _fits(value, expected):
            raise BenchError(f"{where}{name} must be of type {_in_toml(expected)}, not {value!r}")
        read[name] = _converted(value, expected)
    return kind(**read)


def _without_none(expected: Any) -> Any:
    """The type of an optional field."""
    kinds = [argument for argument in get_args(expected) if argument is not NoneType]
    return kinds[0] if NoneType in get_args(expected) else expected


def _record_in(expected: Any) -> type[Any] | None:
    """The dataclass of a field that is one or a list of them."""
    inner = get_args(expected)[0] if get_origin(expected) is tuple else expected
    return inner if is_dataclass(inner) and isinstance(inner, type) else None


def _fits(value: Any, expected: Any) -> bool:
    arguments = get_args(expected)
    if get_origin(expected) is tuple:
        return isinstance(value, list) and all(_fits(item, arguments[0]) for item in value)
    if get_origin(expected) is dict:
        return isinstance(value, dict) and all(_fits(v, arguments[1]) for v in value.values())
    # In Python, but not in TOML, a truth value is a number.
    if isinstance(value, bool) or expected is bool:
        return isinstance(value, bool) and expected is bool
    return isinstance(value, (int, float) if expected is float else expected)


def _converted(value: Any, expected: Any) -> Any:
    """A fitting value as the field holds it."""
    arguments = get_args(expected)
    if get_origin(expected) is tuple:
        return tuple(_converted(item, arguments[0]) for item in value)
    if get_origin(expected) is dict:
        return {name: _converted(item, arguments[1]) for name, item in value.items()}
    return float(value) if expected is float else value


def _in_toml(expected: Any) -> str:
    arguments = get_args(expected)
    if get_origin(expected) is tuple:
        return f"list of {_in_toml(arguments[0])}"
    if get_origin(expected) is dict:
        return f"table of {_in_toml(arguments[1])}"
    return "table" if is_dataclass(expected) else str(expected.__name__)
