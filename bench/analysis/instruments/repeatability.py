"""How far the readings of real images change when the images change in a way that means nothing.

Two different floors follow from it. That of a single image or pair is the root mean square of the
change: it is as likely up as down. That of a score over many pairs is the shift of the whole sum,
in which whatever is as likely up as down has cancelled: it is far smaller, and comparing a score
with the floor of a single image would hide real differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.embeddings import Floats
from bench.analysis.instruments.board_shifts import BoardShift, board_shifts
from bench.data.split import Pair
from bench.run.perturbed import PerturbedReadings, Reading
from metrics.perturbations import Perturbation, PerturbationKind

__all__ = ["Repeatability", "RepeatedReading", "repeatability"]


@dataclass(frozen=True, slots=True)
class RepeatedReading:
    """What one perturbation changes.

    The changes are of single images: over those that could be read before and after. NaN where
    there are none.

    Attributes:
        name, kind, label: of the perturbation.
        images: number of images that could be read before and after.
        coverage: share of all images that could be read after it, 0 to 1.
        identity_mean, identity_rms: mean and root mean square of the L2 distance (0 to 2) between
            the embeddings of an image before and after.
        au_rms: root mean square over images and Action Units of the change, in the units of the
            estimator.
        au_mean_absolute: Action Unit -> mean absolute change.
        shifts: what the board's scores would change by if it happened to all outputs.
    """

    name: str
    kind: PerturbationKind
    label: str
    images: int
    coverage: float
    identity_mean: float
    identity_rms: float
    au_rms: float
    au_mean_absolute: dict[str, float]
    shifts: tuple[BoardShift, ...]


@dataclass(frozen=True, slots=True)
class Repeatability:
    """The panel of perturbations on the images of one part.

    Attributes:
        images: number of images.
        coverage: share of them that could be read as they are, 0 to 1.
        scale: unit and range of the AU estimator's values.
    """

    part: str
    images: int
    coverage: float
    scale: str
    readings: tuple[RepeatedReading, ...]


def repeatability(read: PerturbedReadings, pairs: Sequence[Pair], scale: str) -> Repeatability:
    """Compares the readings of a part before and after each perturbation.

    Args:
        read: the readings.
        pairs: the pairs of the part, for the scores of a board.
        scale: of the AU estimator.
    """
    shifts = board_shifts(read, pairs)
    return Repeatability(
        part=read.part,
        images=len(read.samples),
        coverage=float(read.original.readable.mean()),
        scale=scale,
        readings=tuple(
            _repeated(perturbation, read, after, shifts[perturbation])
            for perturbation, after in read.perturbed.items()
        ),
    )


def _repeated(
    perturbation: Perturbation,
    read: PerturbedReadings,
    after: Reading,
    shifts: tuple[BoardShift, ...],
) -> RepeatedReading:
    both = read.original.readable & after.readable
    moved = np.linalg.norm((after.embeddings - read.original.embeddings)[both], axis=1)
    changed = (after.action_units - read.original.action_units)[both]
    per_unit = np.abs(changed).mean(axis=0) if len(changed) else np.full(changed.shape[1], np.nan)
    return RepeatedReading(
        name=perturbation.name,
        kind=perturbation.kind,
        label=perturbation.label,
        images=int(np.count_nonzero(both)),
        coverage=float(after.readable.mean()),
        identity_mean=float(moved.mean()) if moved.size else float("nan"),
        identity_rms=_root_mean_square(moved),
        au_rms=_root_mean_square(changed),
        au_mean_absolute=dict(zip(read.action_units, map(float, per_unit), strict=True)),
        shifts=shifts,
    )


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt(np.square(values).mean())) if values.size else float("nan")
