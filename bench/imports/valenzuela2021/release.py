"""The released tables as one value: who was transferred to whom, with which readings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Expression", "MeanFace", "Output", "Release"]

Units = tuple[float, ...]
"""Intensities (0 to 5) in the order of ``Release.units``."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression of the source.

    Attributes:
        number: k of ``expression<k>``, the row of ``AUs_reference.csv``.
        source: the identity that shows it.
        sample: name of the photograph without its suffix.
        units: its intensities.
    """

    number: int
    source: str
    sample: str
    units: Units

    @property
    def name(self) -> str:
        return f"expression{self.number}"


@dataclass(frozen=True, slots=True)
class MeanFace:
    """The decoded mean face of an identity; it is the same in every expression's table.

    Attributes:
        to_sources: distances (0 to 2) to the mean faces of the sources.
    """

    identity: str
    units: Units
    to_sources: dict[str, float]


@dataclass(frozen=True, slots=True)
class Output:
    """One released image.

    Attributes:
        alpha: 0 for the mean face.
        text: alpha as the file names write it; ``mean`` for the mean face.
        to_target: distance to the target's mean face, ``to_source`` to the source's; None where
            none was released.
    """

    expression: Expression
    target: str
    alpha: float
    text: str
    units: Units
    to_target: float | None
    to_source: float | None

    @property
    def is_self(self) -> bool:
        return self.target == self.expression.source


@dataclass(frozen=True, slots=True)
class Release:
    """What the tables of a copy of the release say.

    Attributes:
        folder: the copy.
        units: names of the Action Units, ``AU01`` and so on.
        expressions: those that are there, ascending.
        means: the mean face of every identity, by name.
        outputs: by expression, target and alpha; at alpha = 0 the target's mean face.
        sha256: of the tables that were read.
    """

    folder: Path
    units: tuple[str, ...]
    expressions: tuple[Expression, ...]
    means: dict[str, MeanFace]
    outputs: tuple[Output, ...]
    sha256: str

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets of the transfers to another person, sorted."""
        return tuple(sorted({o.target for o in self.outputs if not o.is_self}))
