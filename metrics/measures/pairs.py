"""What metrics are computed from: readings of N outputs and of the real images behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from metrics.measures.scale import AUScale

__all__ = ["PairReadings"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PairReadings:
    """N pairs at one alpha; what was not measured is NaN or, if of no pair, None.

    Attributes:
        ok: (N,) whether the output could be made and read.
        action_units: A names, ``AU01``, ``AU12``, ...
        scale: what the Action Units are read on; None for an unknown scale.
        output: (N, A) a(y).
        source: (N, A) a(s), as read or as people labelled it.
        source_neutral: (N, A) the same of the source person's neutral face.
        target_neutral: (N, A) of the target's.
        id_dist_target: (N,) L2 distance, 0 to 2, of the unit-norm embedding of y to the target's
            identity reference.
        id_dist_source: (N,) to the source person's.
        match_distance: two faces closer than this count as one person; NaN if not known.
        output_landmarks: (N, 68, 2) points of y, in the order of iBUG 68.
        source_landmarks: (N, 68, 2) points of s.
        image_values: by name of an image metric (N,), y against the target's real image with the
            source's expression.
    """

    ok: NDArray[np.bool_]
    action_units: tuple[str, ...]
    scale: AUScale | None
    output: Floats
    source: Floats
    source_neutral: Floats
    target_neutral: Floats
    id_dist_target: Floats
    id_dist_source: Floats
    match_distance: float = float("nan")
    output_landmarks: Floats | None = None
    source_landmarks: Floats | None = None
    image_values: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ok)

    def take(self, rows: NDArray[np.intp]) -> Self:
        """The pairs of these rows, in this order."""
        chosen: dict[str, Any] = {
            "image_values": {k: v[rows] for k, v in self.image_values.items()}
        }
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, np.ndarray):
                chosen[entry.name] = value[rows]
        return replace(self, **chosen)
