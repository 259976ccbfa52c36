"""A report of made-up stored runs, for the tests of sections that read them.

Tests cannot import this file, so they run it: ``runpy.run_path``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.stored import make_board
from bench.report.contents import ReportInput, ReportMethod
from bench.run.store import StoredRun
from bench.run.timings import Timings

UNITS = ("AU01", "AU04", "AU12", "AU25")
ALPHAS = (0.0, 0.5, 1.0)
PEOPLE = ("p00", "p01", "p02", "p03", "p04", "p05", "p06", "p07")

Output = Callable[[str, str, float], Any]
"""Of source, target and alpha (1 without alpha): the errors of the four Action Units, or the
outcome and the detail of a failure."""


def exact(source: str, target: str, alpha: float) -> Any:
    """Alpha times the source's change exactly; alpha 1 is best."""
    return 0.0


def off_by(*errors: float) -> Output:
    """The same errors everywhere."""
    return lambda source, target, alpha: np.array(errors)


def noisy(seed: int, size: float = 0.1) -> Output:
    """Errors that depend on the pair alone."""

    def errors(source: str, target: str, alpha: float) -> Any:
        key = [seed, *map(ord, source), 0, *map(ord, target)]
        return np.random.default_rng(key).normal(0, size, len(UNITS))

    return errors


def stored_report(
    methods: Mapping[str, Output],
    *,
    people: Sequence[str] = PEOPLE,
    sample: str = "smiling",
    units: Sequence[str] = UNITS,
    folder: Path = Path("nowhere"),
    benchmark: str = "made-up-64",
    **changes: Any,
) -> ReportInput:
    """The methods and target-neutral on all pairs of these people, ranked as a board is.

    Args:
        methods: by name; those whose name ends in ``*`` are anchors without alpha.
        people: of the test part; dev has six others.
        sample: name of what is transferred.
        units: names of the Action Units.
        folder: of the runs.
        benchmark: its name.
        changes: of fields of the report.
    """
    parts = {"test": tuple(people), "dev": tuple(f"d{number}" for number in range(6))}
    random = np.random.default_rng(0)
    faces = {
        (part, name): (
            random.uniform(0, 0.2, len(units)),
            random.uniform(0.2, 0.6, len(units)),
            random.normal(size=8),
        )
        for part, names in parts.items()
        for name in names
    }
    references = _references(faces, sample, units)
    runs = [
        _run(name, output, faces, parts, references, sample, units, folder / benchmark)
        for name, output in {**methods, "target-neutral*": exact}.items()
    ]
    board = make_board(runs, benchmark)
    by_id = {run.run_id: run for run in runs}
    keys = {f"{source}/{sample}>{target}" for source in people for target in people}
    values: dict[str, Any] = {
        "benchmark": benchmark,
        "card": {"licence": "CC-BY-4.0", "may_show_images": True},
        "board": board,
        "methods": [
            ReportMethod(row, info=by_id[row.run_id].info, run=by_id[row.run_id])
            for row in board.rows
        ],
        "command": "bench report --html",
        "created": "2026-01-02 03:04 UTC",
        "pairs": frozenset(keys),
        "folder": folder,
    }
    return ReportInput(**{**values, **changes})


def _references(faces: Any, sample: str, units: Sequence[str]) -> pd.DataFrame:
    rows = [
        {
            "identity": name,
            "sample": shown,
            "part": part,
            "expression": shown,
            "is_reference": shown == "neutral",
            "is_neutral": shown == "neutral",
            "outcome": "ok",
            "niqe": 4.0,
            "embedding": _unit(who),
            **dict(zip(units, neutral + (shown != "neutral") * change, strict=True)),
        }
        for (part, name), (neutral, change, who) in faces.items()
        for shown in ("neutral", sample)
    ]
    return pd.DataFrame(rows)


def _run(
    name: str,
    output: Output,
    faces: Any,
    parts: Mapping[str, Sequence[str]],
    references: pd.DataFrame,
    sample: str,
    units: Sequence[str],
    folder: Path,
) -> StoredRun:
    is_anchor = name.endswith("*")
    name = name.removesuffix("*")
    rows = [
        _row(part, source, target, alpha, output, faces, sample, units, name)
        for part, names in parts.items()
        for source in names
        for target in names
        for alpha in ((np.nan,) if is_anchor else ALPHAS)
    ]
    card = {"name": "made-up", "scale": "probability 0..1"}
    info = {
        "benchmark": folder.name,
        "method": {"name": name, "is_anchor": is_anchor, "has_alpha": not is_anchor},
        "identity": {"parts": {"parameters": {}, "dataset": "made-up"}},
        "instruments": {"au_estimator": card, "embedder": card},
        "action_units": list(units),
        "created": "2026",
    }
    return StoredRun(folder / f"{name[:20]}-1", info, pd.DataFrame(rows), references, Timings())


def _row(
    part: str,
    source: str,
    target: str,
    alpha: float,
    output: Output,
    faces: Any,
    sample: str,
    units: Sequence[str],
    name: str,
) -> dict[str, Any]:
    made = output(source, target, 1.0 if np.isnan(alpha) else alpha)
    key = {
        "part": part,
        "source": source,
        "sample": sample,
        "target": target,
        "kind": "self" if source == target else "cross",
        "alpha": alpha,
    }
    if isinstance(made, tuple):
        failed = {"outcome": made[0], "detail": made[1], "niqe": np.nan, "embedding": None}
        return {**key, **failed, **dict.fromkeys(units, np.nan)}
    _, change, of_source = faces[part, source]
    neutral, _, of_target = faces[part, target]
    share = 0.0 if name == "target-neutral" else 1.0 if np.isnan(alpha) else alpha
    who = of_target + 0.3 * share * (of_source - of_target)
    values = neutral + share * change + made
    return {
        **key,
        "outcome": "ok",
        "detail": "",
        "niqe": 4.5,
        "embedding": _unit(who),
        **dict(zip(units, values, strict=True)),
    }


def _unit(vector: Any) -> Any:
    return (vector / np.linalg.norm(vector)).astype(np.float32)
