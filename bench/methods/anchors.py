"""The anchors: real images that fix the ends of the scales on every board."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from bench.data.images import Pixels
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest

__all__ = ["CopySource", "RealTarget", "ShuffledSource", "TargetNeutral"]


class _Photograph(ABC):
    """An anchor that answers every request with a real image."""

    context: MethodContext

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self.context = context
        return {}

    def transfer(self, requests: Sequence[TransferRequest]) -> Pixels:
        return np.stack([self.choose(request).pixels for request in requests])

    @abstractmethod
    def choose(self, request: TransferRequest) -> Face:
        """The real image that answers a request."""


class TargetNeutral(_Photograph):
    """Does nothing: expression skill 0, identity retention 1."""

    card = MethodCard(
        "target-neutral",
        "the target's neutral real image: what doing nothing scores",
        has_alpha=False,
        is_anchor=True,
    )

    def choose(self, request: TransferRequest) -> Face:
        return self.context.neutral(request.pair.target)


class CopySource(_Photograph):
    """Returns the source: raw expression skill 1, identity retention near 0."""

    card = MethodCard(
        "copy-source",
        "the source real image itself: every expression, nothing of the target",
        has_alpha=False,
        is_anchor=True,
    )

    def choose(self, request: TransferRequest) -> Face:
        return request.source


class ShuffledSource(_Photograph):
    """Returns a third person's real image: no information of source or target."""

    card = MethodCard(
        "shuffled-source",
        "the real image of a third person with an expression of their own",
        has_alpha=False,
        is_anchor=True,
    )

    def choose(self, request: TransferRequest) -> Face:
        return self.context.stranger(request.pair)


class RealTarget(_Photograph):
    """Returns the target's own real image with the source's expression.

    A reference for how far two people's own expressions differ, not a ceiling.
    """

    card = MethodCard(
        "real-target",
        "the target's own real image with that expression, where the dataset has one",
        has_alpha=False,
        is_anchor=True,
    )

    def choose(self, request: TransferRequest) -> Face:
        face = self.context.look_up(request.pair.target, request.source.expression)
        if face is None:
            raise LookupError(
                f"{request.pair.target!r} has no image of {request.source.expression!r}"
            )
        return face
