"""Where the features of the pictures come from: the released tables, or instruments run here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bench.imports.valenzuela2021.images import ReleasedImages, read_released
from bench.imports.valenzuela2021.release import Expression, Output
from metrics.niqe import NiqeModel

__all__ = ["Columns", "Features", "Naturalness", "ReleasedFeatures", "naturalness"]

Columns = dict[str, Any]
"""Cells of a stored row by name: ``outcome``, ``niqe``, the Action Units, and distances or an
embedding."""

Advance = Callable[[int], None]

CHUNK_IMAGES = 16

RELEASED_INSTRUMENTS: dict[str, dict[str, Any]] = {
    "embedder": {
        "name": "facenet-pytorch (released values)",
        "kind": "embedder",
        "version": "as released in 2021; version, weights and crop are not stated",
        "scale": "L2 0..2, to the decoded mean faces",
        "licence": "values: CC BY-NC-ND 3.0",
        "source": "evaluation/likeliness of the release",
    },
    "au_estimator": {
        "name": "OpenFace 2.0 (released values)",
        "kind": "au_estimator",
        "version": "as released in 2021; image mode",
        "scale": "intensity 0..5",
        "licence": "values: CC BY-NC-ND 3.0",
        "source": "evaluation/quality of the release",
    },
}


class Features(Protocol):
    """What is known of the pictures of a release.

    Attributes:
        units: names of the Action Unit columns.
        instruments: their cards, with ``niqe``; None where naturalness was not computed.
        fingerprint: what beside the tables and the instruments decides the numbers.
        notes: what a reader of the numbers must know.
    """

    units: tuple[str, ...]
    instruments: dict[str, dict[str, Any] | None]
    fingerprint: dict[str, str]
    notes: tuple[str, ...]

    def has(self, output: Output) -> bool: ...

    def of_output(self, output: Output) -> Columns: ...

    def of_source(self, expression: Expression) -> Columns: ...

    def of_mean(self, identity: str) -> Columns: ...

    def niqe_of(self, path: Path) -> float | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Naturalness:
    """NIQE of every picture of a release, or why there is none.

    Attributes:
        card: version and patch of the model; None where there is none.
        scores: by file; those of the photographs among them.
        sha256: of the pictures.
        note: one sentence.
    """

    card: dict[str, Any] | None
    scores: dict[Path, float]
    sha256: str
    note: str


def naturalness(images: ReleasedImages, advance: Advance = lambda _: None) -> Naturalness:
    """Fits NIQE to the aligned photographs of the release and scores every picture with it.

    It is a formula of this project and no evaluator of the paper: the pictures alone decide it.
    Where one of them is missing there is no NIQE at all, since a mean over some would be of other
    pairs than the other scores.

    Args:
        images: the pictures of a copy.
        advance: called with the number of pictures scored since the last call.

    Raises:
        BenchError: a picture cannot be read.
    """
    photographs = [path for _, path in images.photographs]
    if images.missing:
        here = images.missing[0].relative_to(images.release.folder)
        reason = (
            f"{len(images.missing)} of {len(images.needed)} pictures are missing, such as {here}"
        )
    elif not photographs:
        reason = "there are no photographs <identity><number>_aligned.png in data/id*_aligned"
    else:
        return _scored(images, photographs, advance)
    note = f"Naturalness Q and the transfer score are not defined: in this copy {reason}."
    return Naturalness(None, {}, "", note)


def _scored(images: ReleasedImages, photographs: list[Path], advance: Advance) -> Naturalness:
    natural = np.stack(read_released(photographs))
    try:
        model = NiqeModel.fit(natural)
    except ValueError as error:
        note = f"Naturalness Q and the transfer score are not defined: {error}."
        return Naturalness(None, {}, "", note)
    digest = hashlib.sha256(natural.tobytes())
    scores: dict[Path, float] = {}
    paths = list(dict.fromkeys([*photographs, *images.needed]))
    for start in range(0, len(paths), CHUNK_IMAGES):
        chunk = paths[start : start + CHUNK_IMAGES]
        pixels = np.stack(read_released(chunk))
        digest.update(pixels.tobytes())
        scores.update(zip(chunk, map(float, model.score(pixels)), strict=True))
        advance(len(chunk))
    note = (
        "Naturalness Q was computed here from the released pictures, with a NIQE fitted on the "
        f"{len(photographs)} aligned photographs of the release; nothing of it was released."
    )
    card = {"version": model.version, "patch": model.patch}
    return Naturalness(card, scores, digest.hexdigest(), note)


class ReleasedFeatures:
    """The released distances and intensities as they stand, nothing measured again but NIQE."""

    def __init__(self, images: ReleasedImages, niqe: Naturalness) -> None:
        self._images, self._niqe = images, niqe
        self.units = images.release.units
        self.instruments = {**RELEASED_INSTRUMENTS, "niqe": niqe.card}
        self.fingerprint = {"pictures_sha256": niqe.sha256}
        self.notes: tuple[str, ...] = (
            "The neutral face of a person, which is the identity reference too, is here the "
            "released decoded mean face and no photograph: no other was measured. So R is 1 at "
            "alpha 0 by definition.",
            "copy-source has no R and no transfer score: the distances of the source photographs "
            "were not released.",
            niqe.note,
        )
        selves = sorted({o.target for o in images.release.outputs if o.is_self and o.alpha})
        if selves:
            self.notes += (
                f"Self pairs ({', '.join(selves)}) have released intensities and no distances: "
                "they are stored, and like all self pairs not scored.",
            )

    def has(self, output: Output) -> bool:
        return True

    def of_output(self, output: Output) -> Columns:
        return {
            **self._read(output.units, self._images.output(output)),
            "id_dist_target": output.to_target,
            "id_dist_source": output.to_source,
            # The released distances are to the decoded mean faces, the paper's own variant.
            "id_dist_target_mean": output.to_target,
            "id_dist_source_mean": output.to_source,
        }

    def of_source(self, expression: Expression) -> Columns:
        return self._read(expression.units, self._images.source(expression))

    def of_mean(self, identity: str) -> Columns:
        mean = self._images.release.means[identity]
        sources = {f"id_dist_to_{source}": far for source, far in mean.to_sources.items()}
        own = {f"id_dist_to_{identity}": 0.0}
        # Distances are symmetric: what a target's mean face is from the source's, that is from it.
        back = {
            f"id_dist_to_{other.identity}": other.to_sources[identity]
            for other in self._images.release.means.values()
            if identity in other.to_sources
        }
        return {
            **self._read(mean.units, self._images.mean(identity)),
            **sources,
            **back,
            **own,
        }

    def niqe_of(self, path: Path) -> float | None:
        return self._niqe.scores.get(path)

    def _read(self, units: Sequence[float], path: Path) -> Columns:
        named = dict(zip(self.units, units, strict=True))
        return {"outcome": "ok", "niqe": self.niqe_of(path), **named}
