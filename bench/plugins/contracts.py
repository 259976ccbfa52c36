"""The contract between the harness and a method.

A method is a class with a ``card``, made without arguments but its parameters. The harness calls
``prepare`` once and ``transfer`` many times, with any grouping of requests; the image of a request
must not depend on what else is in the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bench.data.images import Pixels
from bench.data.split import Pair
from bench.plugins.encoded import Remember, in_memory
from bench.remembered import Memory

__all__ = [
    "IBUG_68", "Face", "Landmarks", "Method", "MethodCard", "MethodContext", "Reconstructs",
    "TransferRequest",
]  # fmt: skip

Landmarks = NDArray[np.float64]
"""Points of a face, (points, 2): x and y as fractions of the frame, the origin upper left."""

IBUG_68: Final = "ibug-68"
"""The point scheme of :mod:`metrics.landmarks`: which 68 points, in which order."""


@dataclass(frozen=True, slots=True)
class MethodCard:
    """What a reader of the board must know of a method.

    Attributes:
        name: unique, lower case with hyphens.
        description: one line.
        has_alpha: whether the output depends on alpha; if not, a pair is made once.
        is_anchor: fixes an end of the scales and is set apart on the board.
        citation: the source of the method.
        on_boards: whether ``bench leaderboard make`` runs it where it comes with the package; not
            controls, nor what is a method only with a parameter.

    ``prepare`` may replace the card of the instance, as where ``has_alpha`` is told by data.
    """

    name: str
    description: str
    has_alpha: bool = True
    is_anchor: bool = False
    citation: str = ""
    on_boards: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """An image with its place in the dataset; ``(identity, sample)`` is unique and hashable.

    Attributes:
        pixels: uint8, (resolution, resolution, 3), RGB.
    """

    identity: str
    sample: str
    expression: str
    pixels: Pixels

    @property
    def key(self) -> tuple[str, str]:
        return self.identity, self.sample


@dataclass(frozen=True, slots=True, eq=False)
class TransferRequest:
    """One image to make.

    Attributes:
        pair: names of source, source sample and target.
        source: the face whose expression is transferred.
        source_reference: the images that make the source's mean face, at least one.
        target_reference: the images that make the target's mean face, at least one.
        alpha: transfer intensity, 0 (mean face of the target) to 1 and beyond; 1 for methods
            without alpha.
    """

    pair: Pair
    source: Face
    source_reference: tuple[Face, ...]
    target_reference: tuple[Face, ...]
    alpha: float


def _no_landmarks(faces: Sequence[Face]) -> list[Landmarks | None]:
    return [None] * len(faces)


@dataclass(frozen=True, slots=True)
class MethodContext:
    """What a method learns before the first request.

    Attributes:
        dataset: name of the dataset.
        resolution: side of all images in pixels.
        device: torch device, such as ``cpu`` or ``cuda``.
        seed: the run's seed; a random method draws from it and from the request alone.
        development: all faces of the dev identities, the only ones to fit anything on.
        neutral: the neutral face of an identity, a real image.
        look_up: the source face of (identity, expression); None if the dataset has none. For
            anchors that show the answer: a method under test has no business with it.
        stranger: for a pair, the face of a third person that ``shuffled-source`` shows.
        landmarks: the landmarks of real faces, those that the dataset knows or else those that the
            AU estimator finds; None for a face that has none. Each is read once.
        landmark_scheme: which points they are, in which order.
        landmark_source: who gives them, with what decides where they are; part of what
            ``prepare`` returns if the method uses them.
        remember: ``remember(made_by, encode)`` is a function like ``encode``, from faces to one
            array of numbers for each, that encodes every image once, in this run and in later
            ones; see :class:`bench.plugins.encoded.Remember`.
        memory: room for whatever else a method remembers (:class:`bench.remembered.Remembered`),
            shared with all that the harness remembers itself.
    """

    dataset: str
    resolution: int
    device: str
    seed: int
    development: Callable[[], Sequence[Face]]
    neutral: Callable[[str], Face]
    look_up: Callable[[str, str], Face | None]
    stranger: Callable[[Pair], Face]
    landmarks: Callable[[Sequence[Face]], list[Landmarks | None]] = _no_landmarks
    landmark_scheme: str = IBUG_68
    landmark_source: str = ""
    remember: Remember = in_memory
    memory: Memory = field(default_factory=Memory)


class Method(Protocol):
    """A method of expression transfer.

    A class may take keyword parameters with defaults in ``__init__``; they are set on the command
    line by ``--param name=value`` and are part of a run's identity.
    """

    card: MethodCard

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        """Loads weights and fits what must be fitted, on ``context.development`` alone.

        Returns:
            What decides the numbers besides the class's own source file and parameters, such as
            ``{"weights_sha256": ...}``; part of the run's identity hash. Often empty.

        Raises:
            FileNotFoundError, ValueError: with one line that says what to do.
        """
        ...

    def transfer(self, requests: Sequence[TransferRequest]) -> NDArray[np.generic]:
        """Makes one image for each request.

        Returns:
            (len(requests), resolution, resolution, 3), RGB: uint8 in 0..255 or floating in 0..1.

        Raises:
            TimeoutError: the outcome of the sample is ``timeout``.
            bench.plugins.failures.InvalidOutput: it is ``invalid_output``.
            Exception: any other: it is ``method_error``.
        """
        ...


@runtime_checkable
class Reconstructs(Protocol):
    """A method that can encode faces and decode them again, with no transfer between.

    Optional: ``bench reconstruct`` measures what encoding and decoding alone lose, and ``bench
    run`` keeps a few reconstructions for the report.
    """

    def reconstruct(self, faces: Sequence[Face]) -> NDArray[np.generic]:
        """Makes an image of each face from its code alone; called after ``prepare``.

        Returns:
            (len(faces), resolution, resolution, 3), as ``transfer`` does.
        """
        ...
