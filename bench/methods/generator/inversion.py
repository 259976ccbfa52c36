"""Finding the code of a face by optimisation.

Abdal, Qin and Wonka, "Image2StyleGAN: How to Embed Images Into the StyleGAN Latent Space?", ICCV
2019.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Literal, cast

import torch
from torch import Tensor
from torch.nn import functional

from bench.methods.generator.loading import Generator
from metrics.perceptual import SMALLEST_SIDE, load_lpips

__all__ = ["Distance", "Perceptual", "find_codes", "perceptual_distance"]

Perceptual = Literal["auto", "lpips", "none"]

Distance = Callable[[Tensor, Tensor], Tensor]
"""(N,) of images (N, 3, side, side) in 0..1, differentiable in the first."""


_DECAYS: Final = (0.9, 0.999)
_SMALL: Final = 1e-8


def find_codes(
    generator: Generator,
    faces: Tensor,
    *,
    steps: int,
    learning_rate: float,
    perceptual: Distance | None,
) -> Tensor:
    """The codes whose images are nearest to faces, each found from the mean code.

    The distance is that of the paper, the mean squared error of pixels in -1..1 plus a perceptual
    one, measured at the side of the faces. The optimiser is Adam, whose rate decays to zero by a
    cosine; it moves each number of a code in units of its standard deviation.

    Args:
        generator: the generator.
        faces: (N, 3, side, side) in 0..1, the side at most the generator's.
        steps: of the optimiser.
        learning_rate: at first, in standard deviations.
        perceptual: the perceptual distance; None for none.

    Returns:
        (N, *mean.shape), float32.
    """
    faces = faces.to(generator.device)
    with torch.inference_mode(False), torch.enable_grad(), _same_every_time():
        moved = torch.zeros(len(faces), *generator.mean.shape, device=generator.device)
        adam = _Adam(moved)
        for step in range(steps):
            moved.requires_grad_()
            images = generator.images(generator.mean + generator.deviation * moved)
            images = _at_side(images, faces.shape[-1])
            distances = 4.0 * (images - faces).square().flatten(1).mean(dim=1)
            if perceptual is not None:
                distances = distances + perceptual(images, faces)
            # A sum, and Adam goes number by number: the faces know nothing of each other.
            (gradient,) = torch.autograd.grad(distances.sum(), moved)
            decay = 0.5 * (1.0 + math.cos(math.pi * step / steps))
            moved = moved.detach() - learning_rate * decay * adam.direction(gradient)
    return generator.mean + generator.deviation * moved


def perceptual_distance(
    choice: Perceptual, side: int, device: torch.device
) -> tuple[Distance | None, str]:
    """LPIPS where it is wanted and there, and what it is for a run's identity.

    Args:
        choice: ``auto`` takes it if it is installed and the faces are large enough.
        side: of the faces, in pixels.
        device: torch device.

    Raises:
        ImportError, FileNotFoundError, ValueError: it is asked for and cannot be had; one sentence.
    """
    if choice == "none" or (choice == "auto" and side < SMALLEST_SIDE):
        return None, "none"
    if side < SMALLEST_SIDE:
        raise ValueError(
            f"LPIPS needs faces of at least {SMALLEST_SIDE} pixels a side, these have {side}: "
            "--param perceptual=none"
        )
    try:
        lpips = load_lpips()
    except (ImportError, FileNotFoundError):
        if choice == "lpips":
            raise
        return None, "none"
    version = importlib.metadata.version("lpips")
    return lpips.differentiable(device), f"lpips {version}, AlexNet {lpips.backbone_sha256}"


class _Adam:
    """Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1.

    torch's own, when it is first made, imports a compiler that changes the environment.
    """

    def __init__(self, like: Tensor) -> None:
        self._first, self._second = torch.zeros_like(like), torch.zeros_like(like)
        self._step = 0

    def direction(self, gradient: Tensor) -> Tensor:
        """What to subtract at a learning rate of 1."""
        self._step += 1
        self._first.lerp_(gradient, 1.0 - _DECAYS[0])
        self._second.lerp_(gradient.square(), 1.0 - _DECAYS[1])
        first = self._first / (1.0 - _DECAYS[0] ** self._step)
        second = self._second / (1.0 - _DECAYS[1] ** self._step)
        return first / (second.sqrt() + _SMALL)


def _at_side(images: Tensor, side: int) -> Tensor:
    if images.shape[-1] == side:
        return images
    return functional.interpolate(images, (side, side), mode="bicubic", antialias=True)


def _same_every_time() -> AbstractContextManager[None]:
    """Algorithms of convolution that give an accelerator the same digits each time."""
    flags = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True)
    return cast(AbstractContextManager[None], flags)
