"""Encodes the real images of a part, decodes them again, and measures what was lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.data.images import Pixels
from bench.data.split import Part
from bench.errors import BenchError
from bench.plugins.contracts import Face, Reconstructs
from bench.plugins.registry import MethodEntry, list_methods
from bench.run.outputs import Output, checked_images
from bench.run.preparation import prepare_method
from bench.run.session import Session
from metrics.measures.errors import mean_absolute_errors
from metrics.measures.identity import embedding_distances

__all__ = ["Reconstructions", "faces_of_part", "reconstruct", "require_reconstruction"]

CHUNK_IMAGES = 64

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Reconstructions:
    """N faces and what a method made of them.

    Attributes:
        method: its name.
        parameters: those that were set, as text.
        faces: the N originals.
        images: N reconstructions; None where the method failed.
        outcomes: N; ``ok`` where original and reconstruction could both be read.
        values: by name (N,), NaN where the outcome is not ``ok``.
        absent: metrics that cannot be computed here, with the reason.
    """

    method: str
    parameters: Mapping[str, str]
    faces: tuple[Face, ...]
    images: tuple[Pixels | None, ...]
    outcomes: tuple[str, ...]
    values: Mapping[str, Floats]
    absent: Mapping[str, str] = field(default_factory=dict)


def require_reconstruction(entry: MethodEntry) -> None:
    """Refuses a method that cannot reconstruct.

    Raises:
        BenchError: its class has no function ``reconstruct``; the hint names those that have.
    """
    if callable(getattr(entry.factory, "reconstruct", None)):
        return
    able = [e.name for e in list_methods() if callable(getattr(e.factory, "reconstruct", None))]
    raise BenchError(
        f"method {entry.name!r} does not reconstruct: its class has no function reconstruct(faces) "
        "(docs/add-a-method.md)",
        hint=f"bench reconstruct {' '.join(able)}",
    )


def faces_of_part(session: Session, part: Part, limit: int | None = None) -> list[Face]:
    """The real images of the people of a part, or the first ``limit`` in a fixed shuffled order.

    Raises:
        BenchError: the part holds nobody, or an image is missing or damaged.
    """
    samples = [
        sample
        for identity in session.benchmark.split.identities(part)
        for sample in session.dataset.samples(identity)
    ]
    if not samples:
        raise BenchError(f"{session.benchmark.name} has no {part} part")
    if limit is not None:
        samples = sorted(samples, key=lambda s: _shuffled(s.identity, s.name))[:limit]
    return [session.face(sample) for sample in samples]


def reconstruct(
    session: Session,
    entry: MethodEntry,
    parameters: Mapping[str, str],
    faces: Sequence[Face],
    *,
    device: str = "cpu",
    seed: int = 0,
    advance: Callable[[int], None] = lambda _: None,
) -> Reconstructions:
    """Reconstructs faces and measures each against its original.

    Measured are the image metrics that can be computed here; ``id_dist``, the L2 distance of the
    two embeddings; and ``au_mae``, the mean absolute difference of the Action Units.

    Args:
        session: dataset and instruments.
        entry: the method.
        parameters: its parameters as text.
        faces: the originals.
        device: torch device.
        seed: of everything random.
        advance: hears how many faces were done since the last call.

    Raises:
        BenchError: the method cannot be prepared, or does not reconstruct.
    """
    require_reconstruction(entry)
    method, _ = prepare_method(session, entry, parameters, device, seed)
    assert isinstance(method, Reconstructs)
    outputs: list[Output] = []
    parts: list[dict[str, Floats]] = []
    outcomes: list[str] = []
    for start in range(0, len(faces), CHUNK_IMAGES):
        chunk = faces[start : start + CHUNK_IMAGES]
        made = checked_images(method.reconstruct, chunk, session.benchmark.resolution)
        values, found = _measure(session, chunk, made)
        outputs += made
        parts.append(values)
        outcomes += found
        advance(len(chunk))
    return Reconstructions(
        method=entry.name,
        parameters=dict(parameters),
        faces=tuple(faces),
        images=tuple(output.pixels for output in outputs),
        outcomes=tuple(outcomes),
        values={name: np.concatenate([values[name] for values in parts]) for name in parts[0]},
        absent=session.instruments.image_metrics.absent,
    )


def _measure(
    session: Session, faces: Sequence[Face], outputs: Sequence[Output]
) -> tuple[dict[str, Floats], list[str]]:
    """Values of each face by metric, NaN where it could not be made or read, and outcomes."""
    instruments = session.instruments
    names = (*instruments.image_metrics.available, "id_dist", "au_mae")
    values = {name: np.full(len(faces), np.nan) for name in names}
    outcomes = [output.outcome for output in outputs]
    there = [i for i, output in enumerate(outputs) if output.pixels is not None]
    if not there:
        return values, outcomes
    originals = [faces[i].pixels for i in there]
    images = [pixels for output in outputs if (pixels := output.pixels) is not None]
    before, after = instruments.measure(originals, real=True), instruments.measure(images)
    for place, i in enumerate(there):
        outcomes[i] = _outcome(before[place].outcome, after[place].outcome)
    ok = np.array([outcomes[i] == "ok" for i in there])
    rows = np.array(there)[ok]
    if not rows.size:
        return values, outcomes
    compared = instruments.image_metrics.compare(np.stack(images)[ok], np.stack(originals)[ok])
    for name, column in compared.items():
        values[name][rows] = column
    values["id_dist"][rows] = embedding_distances(
        *(np.stack([read.embedding for read in side])[ok] for side in (after, before))
    )
    values["au_mae"][rows] = mean_absolute_errors(
        *(
            np.stack([read.action_units for read in side]).astype(np.float64)[ok]
            for side in (after, before)
        )
    )
    return values, outcomes


def _outcome(before: str, after: str) -> str:
    """That of the reconstruction; an original that cannot be read says nothing of a method."""
    return after if before == "ok" else "unreadable_original"


def _shuffled(identity: str, sample: str) -> str:
    return hashlib.sha256(f"{identity}/{sample}".encode()).hexdigest()
