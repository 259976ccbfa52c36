"""What an instrument is, for provenance: everything that decides the numbers it gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["InstrumentCard"]


@dataclass(frozen=True, slots=True)
class InstrumentCard:
    """Identity of an embedder or an Action Unit estimator.

    Two instruments with equal cards give equal numbers.

    Attributes:
        name: short name, such as ``mobilefacenet``.
        kind: what it measures.
        version: version of the code around the weights; changes when the numbers could.
        description: one line for a report.
        input_size: side in pixels of what the network sees.
        crop: how the frame is brought there.
        scale: unit and range of the values, such as ``L2 0..2`` or ``blendshape 0..1``.
        weights_name: name of the weights file, without its folder.
        weights_sha256: SHA-256 of that file, hexadecimal.
        licence: licence of the weights, ``unknown`` for a file this project does not know.
        source: where the weights come from.
        normalisation: how pixels 0..255 become the network's input.
        alignment: what the frame must be like, or how the face is brought into position.
        no_face: what happens to an image without a face, in one sentence.
        several_faces: what happens to an image with more than one, in one sentence.
        action_units: names of the columns of an estimator's readings; empty for an embedder.
    """

    name: str
    kind: Literal["embedder", "au_estimator"]
    version: str
    description: str
    input_size: int
    crop: str
    scale: str
    weights_name: str
    weights_sha256: str
    licence: str
    source: str
    normalisation: str = ""
    alignment: str = ""
    no_face: str = ""
    several_faces: str = ""
    action_units: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, ready for JSON."""
        return {**asdict(self), "action_units": list(self.action_units)}
