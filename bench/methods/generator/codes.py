"""The codes of faces in a generator: every face is encoded once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data.images import Pixels, resize
from bench.methods.fingerprint import code_sha256
from bench.methods.generator import inversion, loading
from bench.methods.generator.inversion import Perceptual, find_codes, perceptual_distance
from bench.methods.generator.loading import Generator
from bench.plugins.contracts import Face, MethodContext

__all__ = ["GeneratorCodes"]

BATCH: Final = 16
"""Faces that are worked on together, fewer where they are larger than 256 pixels a side."""

_PIXELS_TOGETHER: Final = BATCH * 256**2


class GeneratorCodes:
    """Codes found by optimisation (:class:`bench.methods.face_codes.FaceCodes`).

    Args:
        generator: the generator.
        context: tells the side of the faces in pixels, and remembers codes.
        steps, learning_rate: of the optimiser, see :func:`find_codes`.
        perceptual: whether LPIPS is part of the distance.

    Raises:
        ImportError, FileNotFoundError, ValueError: LPIPS is asked for and cannot be had.
    """

    def __init__(
        self,
        generator: Generator,
        context: MethodContext,
        *,
        steps: int,
        learning_rate: float,
        perceptual: Perceptual,
    ) -> None:
        resolution = context.resolution
        self._generator, self._resolution = generator, resolution
        self._steps, self._learning_rate = steps, learning_rate
        self._side = min(resolution, generator.side)
        self._perceptual, described = perceptual_distance(perceptual, self._side, generator.device)
        self._batch = min(BATCH, max(1, _PIXELS_TOGETHER // generator.side**2))
        self.fingerprint: Mapping[str, str] = {
            "weights_sha256": generator.sha256,
            "perceptual": described,
            "inversion_sha256": code_sha256(inversion, loading),
        }
        self._encoded = context.remember(self.fingerprint, self._encode)

    def encode(self, faces: Sequence[Face]) -> None:
        """Encodes those of the faces that were not encoded before, in batches."""
        self._encoded(faces)

    def _encode(self, faces: Sequence[Face]) -> list[NDArray[np.float64]]:
        waiting, found = iter(faces), []
        while group := list(islice(waiting, self._batch)):
            pixels = np.stack([resize(face.pixels, self._side) for face in group])
            images = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255.0
            codes = find_codes(
                self._generator,
                _filled(images, self._batch),
                steps=self._steps,
                learning_rate=self._learning_rate,
                perceptual=self._perceptual,
            )
            for face, code in zip(group, codes.flatten(1).double().cpu(), strict=False):
                if not torch.isfinite(code).all():
                    raise ValueError(
                        f"the code of {face.identity}/{face.sample} is not finite: "
                        "--param learning_rate= takes a smaller one"
                    )
                found.append(code.numpy())
        return found

    def of(self, face: Face) -> Tensor:
        """The code of a face, (size,), float64."""
        return torch.from_numpy(self._encoded([face])[0])

    def mean(self, faces: Sequence[Face]) -> Tensor:
        """The mean code of faces, (size,), float64."""
        return torch.stack([self.of(face) for face in faces]).mean(dim=0)

    def decode(self, codes: Iterable[Tensor]) -> list[Pixels]:
        """An image of each code, at the benchmark's resolution."""
        waiting = iter(codes)
        images: list[Pixels] = []
        while group := list(islice(waiting, self._batch)):
            images += self._decode_batch(torch.stack(group))
        return images

    @torch.no_grad()
    def _decode_batch(self, codes: Tensor) -> Iterator[Pixels]:
        generator = self._generator
        w = _filled(codes, self._batch).float().to(generator.device)
        images = generator.images(w.reshape(-1, *generator.mean.shape))[: len(codes)]
        if not torch.isfinite(images).all():
            raise ValueError("the generator made values that are not finite")
        pixels = (images.clamp(0.0, 1.0) * 255.0).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        return (resize(image, self._resolution) for image in pixels)


def _filled(rows: Tensor, count: int) -> Tensor:
    """The rows, and the last again until there are so many.

    Networks round differently at another batch size, and each step of an optimiser adds to that:
    always at the same size, a code does not depend on what else is encoded.
    """
    return torch.cat([rows, rows[-1:].expand(count - len(rows), *rows.shape[1:])])
