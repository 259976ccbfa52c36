"""What rows and provenance must hold to stand on a board; each check refuses with one sentence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from bench.analysis.scores import SCORES_VERSION
from bench.errors import BenchError

__all__ = [
    "check_complete",
    "check_finite",
    "check_measured_with",
    "check_scores_version",
]

WRONG: Final = {
    "dataset": "was made on another dataset",
    "manifest_sha256": "was made on another list of images (manifest)",
    "split": "was made on another split",
    "split_sha256": "was made on another split",
    "resolution": "was made at another resolution",
    "instruments": "was measured with other instruments",
    "source_aus": "takes the sources' Action Units from elsewhere",
    "labels_sha256": "was made with other labels",
}


def check_measured_with(
    who: str, found: Mapping[str, Any], expected: Mapping[str, Any], whose: str
) -> None:
    """Refuses what was not measured on the same images, split and instruments.

    Args:
        who: what is checked, for the message.
        found: parts of its identity; others than the fields of ``measured_with`` do not count.
        expected: the same fields of what it must equal; fields that it lacks do not count but for
            labels.
        whose: owner of ``expected``, for the message, such as ``the board's``.

    Raises:
        BenchError: it names the first field that differs, and both values.
    """
    for field, problem in WRONG.items():
        if field not in expected and not (field == "source_aus" and field in found):
            continue
        if found.get(field) == expected.get(field):
            continue
        here, there = _differing(found.get(field), expected.get(field))
        name = field if not isinstance(expected.get(field), Mapping) else ""
        raise BenchError(f"{who} {problem}: {name} {here}, {whose} {there}".replace(":  ", ": "))


def check_scores_version(who: str, version: int) -> None:
    """Refuses scores by other formulas.

    Raises:
        BenchError: the version is not ``SCORES_VERSION``.
    """
    if version != SCORES_VERSION:
        raise BenchError(
            f"{who} holds scores of version {version}, this bench computes version "
            f"{SCORES_VERSION}",
            hint="remove its folder and add its run again",
        )


def check_complete(
    who: str,
    rows: pd.DataFrame,
    pairs: Collection[str],
    alphas: Sequence[float] | None,
    part: str,
    hint: str | None = None,
) -> None:
    """Refuses rows that are not every pair at every alpha once.

    Args:
        who: what is checked, for the message.
        rows: of one part: source, sample, target, alpha.
        pairs: the keys that there must be.
        alphas: the grid; None for a method without alpha, whose alphas are NaN.
        part: for the message.
        hint: what to type.

    Raises:
        BenchError: it counts what is missing and names the first.
    """
    keys = (rows["source"] + "/" + rows["sample"] + ">" + rows["target"]).to_numpy()
    wanted = pd.Index(sorted(pairs))
    places = wanted.get_indexer(keys)
    if (places < 0).any():
        raise BenchError(
            f"{who}: {part} pair {keys[int((places < 0).argmax())]} is not of the split"
        )
    absent = wanted.difference(keys)
    if len(absent):
        raise BenchError(
            f"{who} lacks {len(absent)} of the {len(wanted)} {part} pairs, the first {absent[0]}",
            hint=hint,
        )
    counts = np.zeros((len(wanted), len(alphas) if alphas else 1), dtype=int)
    if alphas is None:
        columns = np.where(rows["alpha"].isna(), 0, -1)
    else:
        columns = pd.Index(np.round(alphas, 6)).get_indexer(rows["alpha"].round(6))
    if (columns < 0).any():
        alpha = rows["alpha"].to_numpy()[int((columns < 0).argmax())]
        raise BenchError(f"{who}: alpha {alpha:g} of {part} is not on the benchmark's grid")
    np.add.at(counts, (places, columns), 1)
    if (counts != 1).any():
        place, column = (int(index[0]) for index in np.nonzero(counts != 1))
        where = "" if alphas is None else f" at alpha {alphas[column]:g}"
        raise BenchError(
            f"{who} has {counts[place, column]} rows for {part} pair {wanted[place]}{where}, "
            "where there must be one",
            hint=hint,
        )


def check_finite(who: str, rows: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuses a row with outcome ``ok`` in which something was not measured.

    Args:
        who: what is checked, for the message.
        rows: source, sample, target, alpha, outcome and the columns.
        columns: of what is measured on an output.

    Raises:
        BenchError: it names pair, alpha and column.
    """
    values = rows[list(columns)].to_numpy(dtype=np.float64)
    ok = (rows["outcome"] == "ok").to_numpy(dtype=bool)
    undefined = ok[:, None] & ~np.isfinite(values)
    if undefined.any():
        place, column = (int(index[0]) for index in np.nonzero(undefined))
        row = rows.iloc[place]
        alpha = "" if np.isnan(row["alpha"]) else f" at alpha {row['alpha']:g}"
        raise BenchError(
            f"{who}: {row['part']} pair {row['source']}/{row['sample']}>{row['target']}{alpha} has "
            f"outcome ok but {columns[column]} is NaN",
            hint="an output that cannot be measured must have another outcome",
        )


def _differing(found: Any, expected: Any) -> tuple[str, str]:
    """The first values that differ, of nested tables their names before them."""
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        for name in sorted({*found, *expected}):
            if found.get(name) != expected.get(name):
                here, there = _differing(found.get(name), expected.get(name))
                return f"{name} {here}", there
    return _short(found), _short(expected)


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return f"{text[:12]}…" if len(text) > 40 else text
