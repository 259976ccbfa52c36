"""Whether what an instrument returned has the form that it promised."""

from __future__ import annotations

from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from metrics.contracts import AUReading, Outcome

__all__ = ["embedding_problem", "numbers_of", "reading_problem", "seen_faces"]

NORM_ERROR: Final = 1e-4
"""float32 leaves a unit norm by far less."""

OUTCOMES: Final = get_args(Outcome)


def embedding_problem(returned: Any, count: int) -> str:
    """What is wrong with embeddings; empty if nothing."""
    if problem := _array_problem(returned, count, 2):
        return problem
    norms = np.linalg.norm(returned.astype(np.float64), axis=1)
    worst = float(norms[np.argmax(np.abs(norms - 1.0))])
    if not abs(worst - 1.0) <= NORM_ERROR:
        return f"it returns an embedding of norm {worst:.4g}"
    return ""


def reading_problem(returned: Any, count: int, units: int) -> str:
    """What is wrong with a reading of Action Units; empty if nothing."""
    if not isinstance(returned, AUReading):
        return f"it returns {type(returned).__name__}"
    outcomes = list(returned.outcomes)
    if len(outcomes) != count or not set(outcomes) <= set(OUTCOMES):
        return f"its outcomes are {outcomes}"
    if problem := _array_problem(returned.values, count, 2):
        return f"values: {problem}"
    if returned.values.shape[1] != units:
        return f"values: {returned.values.shape[1]} columns"
    parts = {"values": returned.values}
    if returned.landmarks is not None:
        if problem := _array_problem(returned.landmarks, count, 3):
            return f"landmarks: {problem}"
        parts["landmarks"] = returned.landmarks
    is_ok = np.array([outcome == "ok" for outcome in outcomes])
    for name, rows in parts.items():
        flat = rows.reshape(count, -1)
        if not np.isfinite(flat[is_ok]).all():
            return f"{name}: NaN or infinite where the outcome is ok"
        if not np.isnan(flat[~is_ok]).all():
            return f"{name}: numbers where the outcome is not ok"
    return ""


def seen_faces(returned: Any) -> int:
    """How many images an instrument has an answer for."""
    if isinstance(returned, AUReading):
        return sum(outcome == "ok" for outcome in returned.outcomes)
    return len(returned)


def numbers_of(returned: Any) -> NDArray[np.float64]:
    """All that was read, (N, numbers)."""
    if not isinstance(returned, AUReading):
        return np.asarray(returned, dtype=np.float64)
    outcomes = np.array([OUTCOMES.index(outcome) for outcome in returned.outcomes])
    columns = [returned.values, outcomes]
    if returned.landmarks is not None:
        columns.append(returned.landmarks.reshape(len(outcomes), -1))
    return np.column_stack(columns).astype(np.float64)


def _array_problem(returned: Any, count: int, dimensions: int) -> str:
    if not isinstance(returned, np.ndarray):
        return f"it returns {type(returned).__name__}"
    if returned.dtype != np.float32 or returned.ndim != dimensions or len(returned) != count:
        return f"it returns {returned.dtype} of shape {returned.shape}"
    return ""
