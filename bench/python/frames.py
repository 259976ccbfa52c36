"""Rows of JSON as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Row", "frame_of", "unfolded"]

Row = Mapping[str, Any]

CONTAINERS = (dict, list, tuple)


def frame_of(rows: Sequence[Row], columns: Sequence[str] = ()) -> pd.DataFrame:
    """A DataFrame with the columns of the rows, in their order.

    An interval, ``{"low", "high"}`` or null, is two columns with its ends, NaN for null. Other
    objects and lists stay as they are.

    Args:
        rows: the rows.
        columns: names in a row, where there may be none.
    """
    import pandas as pd

    if not rows:
        return pd.DataFrame(columns=list(_flat(dict.fromkeys(columns))))
    return pd.DataFrame([_flat(row) for row in rows])


def unfolded(rows: Sequence[Row], key: str, name: str = "") -> list[Row]:
    """Rows that each hold several, such as the metrics of a method, as one row for each of those.

    Args:
        rows: the rows.
        key: under which each holds an object of objects, or a list of them.
        name: the column for the names in that object.

    Returns:
        The rows that were held, each after the single values of its holder. Where both have a
        value of the same name, that of the held row is called ``<key>.<name>``.
    """
    long: list[Row] = []
    for row in rows:
        kept = {k: v for k, v in row.items() if k == "parameters" or not isinstance(v, CONTAINERS)}
        held = row[key]
        pairs = held.items() if isinstance(held, Mapping) else ((None, one) for one in held)
        for title, values in pairs:
            named = {} if title is None else {name: title}
            inner = {f"{key}.{k}" if k in kept else k: value for k, value in values.items()}
            long.append({**kept, **named, **inner})
    return long


def _flat(row: Row) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if key == "interval" or key.endswith("_interval"):
            ends = value or {}
            flat |= {f"{key}.{end}": ends.get(end, float("nan")) for end in ("low", "high")}
        else:
            flat[key] = value
    return flat
