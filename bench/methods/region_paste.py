"""Mouth and eyes of the source, pasted into the target's neutral face by Poisson blending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bench.data.images import Pixels
from bench.methods.face_shapes import (
    IMAGE_LEFT_BROW,
    IMAGE_LEFT_EYE,
    IMAGE_RIGHT_BROW,
    IMAGE_RIGHT_EYE,
    MOUTH,
    RIGID,
    FaceLandmarks,
)
from bench.methods.warping import Floats, geometry_fingerprint, sample
from bench.plugins.contracts import Landmarks, MethodCard, MethodContext, TransferRequest
from metrics.similarity import Similarity, fit_similarity

__all__ = ["RegionPaste"]

INSTALL: Final = "pip install -e '.[opencv]'"

# Without the brows' ends, which hair may reach.
LEFT: Final = np.r_[IMAGE_LEFT_BROW, IMAGE_LEFT_EYE][1:]
RIGHT: Final = np.r_[IMAGE_RIGHT_EYE, IMAGE_RIGHT_BROW][:-1]
Regions = Literal["mouth", "eyes", "mouth+eyes"]

REGIONS: Final[dict[Regions, tuple[NDArray[np.intp], ...]]] = {
    "mouth": (np.r_[MOUTH],),
    "eyes": (LEFT, RIGHT),
    "mouth+eyes": (LEFT, RIGHT, np.r_[MOUTH]),
}
"""Landmarks of the pieces that are pasted one after the other; an eye comes with its brow."""

MARGIN: Final = 0.04
"""Of skin around the landmarks of a piece, as a share of the frame."""

EROSION: Final = 3
"""Pixels that seamlessClone takes from the edge of a mask before it uses it."""

BORDER: Final = 4
"""Pixels put around the frame meanwhile."""

LARGEST_GAIN: Final = 2.0
"""Of the source's colours, which are brought to the target's before blending."""


class RegionPaste:
    """``y = n_target + alpha (pasted - n_target)``: a cross-fade from the neutral face.

    Each piece of the source is brought to the target's face by the similarity between the two
    persons' own neutral pieces, so that a raised brow stays as far above its place. It is given the
    mean colour of the target's neutral piece, since gradients grow with the light that a skin
    reflects, and then blended in by them. Nothing else moves: a dropping jaw or a wrinkled forehead
    stays behind, and below alpha 1 both expressions show through each other. Eyes, brows and lips
    are the source's own; where hair reaches a piece, it leaves a bright or dark spot.

    Args:
        regions: ``mouth``, ``eyes`` (with their brows) or ``mouth+eyes``.
    """

    card = MethodCard(
        "region-paste",
        "the source's mouth and eyes in the target's neutral face, by Poisson blending",
        citation="Perez, Gangnet and Blake, Poisson Image Editing, SIGGRAPH 2003",
    )

    def __init__(self, regions: Regions = "mouth+eyes") -> None:
        if regions not in REGIONS:
            raise ValueError(f"regions must be one of {', '.join(REGIONS)}, not {regions!r}")
        self.regions = regions

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self._cv2 = _opencv()
        self._neutral = context.neutral
        self._landmarks = FaceLandmarks(context)
        return {**geometry_fingerprint(self._landmarks), "opencv": self._cv2.__version__}

    def transfer(self, requests: Sequence[TransferRequest]) -> Floats:
        pasted: dict[tuple[tuple[str, str], str], Pixels] = {}
        outputs = []
        for request in requests:
            key = request.source.key, request.pair.target
            if key not in pasted:
                pasted[key] = self._pasted(request)
            neutral = self._neutral(request.pair.target).pixels / 255.0
            outputs.append(neutral + request.alpha * (pasted[key] / 255.0 - neutral))
        return np.clip(outputs, 0.0, 1.0)

    def _pasted(self, request: TransferRequest) -> Pixels:
        source, target = (self._neutral(p) for p in (request.pair.source, request.pair.target))
        moving, still = self._landmarks[request.source], self._landmarks[source]
        at_rest = self._landmarks[target]
        head = fit_similarity(moving[RIGID], still[RIGID])
        face = target.pixels
        for piece in REGIONS[self.regions]:
            person = fit_similarity(still[piece], at_rest[piece])
            placed = _after(head, person)
            mask = self._hull(np.concatenate([placed(moving[piece]), at_rest[piece]]), len(face))
            gain = _mean(target.pixels, mask) / _mean(_placed(source.pixels, person), mask)
            patch = _placed(request.source.pixels, placed) * np.clip(gain, 0.0, LARGEST_GAIN)
            face = self._blended(np.clip(patch, 0.0, 255.0).round().astype(np.uint8), face, mask)
        return face

    def _hull(self, points: Landmarks, size: int) -> NDArray[np.uint8]:
        """255 within the hull of points, with a margin; (size, size)."""
        cv2 = self._cv2
        mask = np.zeros((size, size), dtype=np.uint8)
        corners = np.round(points * size - 0.5).astype(np.int32)
        cv2.fillConvexPoly(mask, cv2.convexHull(corners), 255)
        reach = EROSION + round(MARGIN * size)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        dilated: NDArray[np.uint8] = cv2.dilate(mask, disc)
        return dilated

    def _blended(self, patch: Pixels, face: Pixels, mask: NDArray[np.uint8]) -> Pixels:
        """The patch where the mask is, the face elsewhere."""
        cv2 = self._cv2
        # A piece may reach the edge of the frame, where there is nothing to blend it with.
        patch, face = (
            cv2.copyMakeBorder(picture, *[BORDER] * 4, cv2.BORDER_REPLICATE)
            for picture in (patch, face)
        )
        mask = cv2.copyMakeBorder(mask, *[BORDER] * 4, cv2.BORDER_CONSTANT, value=0)
        x, y, width, height = cv2.boundingRect(mask)
        centre = (x + width // 2, y + height // 2)
        blended = cv2.seamlessClone(patch, face, mask, centre, cv2.NORMAL_CLONE)
        found: Pixels = blended[BORDER:-BORDER, BORDER:-BORDER]
        return found


def _opencv() -> ModuleType:
    try:
        import cv2
    except ImportError as error:
        raise ImportError(f"it needs OpenCV ({error}): {INSTALL}") from error
    return cv2


def _after(first: Similarity, second: Similarity) -> Similarity:
    """The first, then the second."""
    return Similarity(second.scale * first.scale, second.scale * first.shift + second.shift)


def _placed(picture: Pixels, similarity: Similarity) -> Pixels:
    """A picture moved by a similarity of fractions of the frame."""
    size = len(picture)
    centres = (np.arange(size) + 0.5) / size
    places = similarity.inverse()(np.stack(np.meshgrid(centres, centres), axis=-1))
    found = sample(picture / 255.0, places)
    return np.round(np.clip(found, 0.0, 1.0) * 255.0).astype(np.uint8)


def _mean(picture: Pixels, mask: NDArray[np.uint8]) -> Floats:
    """Mean colour (3,) where a mask is."""
    mean: Floats = picture[mask > 0].mean(axis=0) + 1.0
    return mean
