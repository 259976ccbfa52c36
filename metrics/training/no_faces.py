"""Images that no estimator should call a face."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["KINDS", "no_faces"]

Maker = Callable[[Tensor, torch.Generator], Tensor]

_EYES: Final = (0.34, 0.60)
_MOUTH: Final = (0.62, 0.94)
"""Bands of the frame that hold eyes with brows, and mouth with chin, where eyes are aligned."""


def no_faces(faces: Tensor, generator: torch.Generator) -> Tensor:
    """As many images without a face as there are faces, of all :data:`KINDS` in turn.

    Args:
        faces: (N, 3, S, S) in [0, 1], from which some kinds are made.
        generator: source of all randomness.

    Returns:
        (N, 3, S, S) in [0, 1].
    """
    makers = list(KINDS.values())
    result = torch.empty_like(faces)
    for index, make in enumerate(makers):
        if len(part := faces[index :: len(makers)]):
            result[index :: len(makers)] = make(part, generator)
    return result.clamp(0.0, 1.0)


def _noise(faces: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(faces.shape, generator=generator)


def _flat(faces: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand((len(faces), 3, 1, 1), generator=generator).expand_as(faces)


def _smooth(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Gradients and clouds: a few random colours, widened to the frame."""
    cells = int(torch.randint(2, 9, (1,), generator=generator))
    coarse = torch.rand((len(faces), 3, cells, cells), generator=generator)
    return F.interpolate(coarse, size=faces.shape[2:], mode="bicubic", align_corners=True)


def _scrambled(faces: Tensor, generator: torch.Generator) -> Tensor:
    """The patches of each face, 8 or 16 pixels wide, in random order."""
    side = faces.shape[-1] // (4 if torch.rand(1, generator=generator) < 0.5 else 8)
    patches = F.unfold(faces, side, stride=side)
    order = torch.rand((len(faces), patches.shape[2]), generator=generator).argsort(dim=1)
    patches = patches.gather(2, order[:, None, :].expand_as(patches))
    return F.fold(patches, faces.shape[2:], side, stride=side)


def _without_eyes(faces: Tensor, generator: torch.Generator) -> Tensor:
    return _covered(faces, _EYES, generator)


def _without_mouth(faces: Tensor, generator: torch.Generator) -> Tensor:
    return _covered(faces, _MOUTH, generator)


def _displaced(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Faces moved so far that eyes or mouth leave the frame and the rest comes in behind."""
    side = faces.shape[-1]
    far = int(torch.randint(int(0.35 * side), int(0.65 * side), (1,), generator=generator))
    down = bool(torch.rand(1, generator=generator) < 0.5)
    return faces.roll(far, dims=2 if down else 3)


def _covered(faces: Tensor, band: tuple[float, float], generator: torch.Generator) -> Tensor:
    """A band of the frame painted over: with one colour of the face, with any, or with noise."""
    side = faces.shape[-1]
    top, bottom = (round(edge * side) for edge in band)
    count = len(faces)
    colours = torch.rand((count, 3, 1, 1), generator=generator)
    # A point below the eyes beside the nose is skin in every aligned face.
    skin = faces[:, :, round(0.62 * side), round(0.40 * side)].view(count, 3, 1, 1)
    noise = torch.rand((count, 3, bottom - top, side), generator=generator)
    choice = torch.rand((count, 1, 1, 1), generator=generator)
    flat = torch.where(choice < 0.6, skin, colours)
    result = faces.clone()
    result[:, :, top:bottom] = torch.where(choice < 0.85, flat.expand_as(noise), noise)
    return result


KINDS: Final[dict[str, Maker]] = {
    "noise": _noise,
    "flat": _flat,
    "smooth": _smooth,
    "scrambled": _scrambled,
    "without_eyes": _without_eyes,
    "without_mouth": _without_mouth,
    "displaced": _displaced,
}
"""Each kind by name: a function of faces (N, 3, S, S) and a generator."""
