"""What a face may go through and still be the same face: small changes, blur, noise, ghosts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Changes", "ghosts"]


@dataclass(frozen=True, slots=True)
class Changes:
    """Random changes of images. Each falls on a share of them, so that untouched ones are seen.

    Attributes:
        share: share of the images that each kind of change falls on.
        rotation: largest rotation, degrees.
        scale: largest relative change of size.
        shift: largest translation, as a share of the frame.
        colour: largest relative change of brightness, contrast and of each channel.
        blur: largest share of the image that is replaced by its blurred copy, 0 to 1.
        noise: largest deviation of Gaussian noise, of the range of pixel values.
        flip: whether to mirror half of the images.
    """

    share: float = 0.5
    rotation: float = 2.0
    scale: float = 0.03
    shift: float = 0.025
    colour: float = 0.12
    blur: float = 1.0
    noise: float = 0.03
    flip: bool = False

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Changed images.

        Args:
            images: (N, 3, S, S), floating, in [0, 1].
            generator: source of all randomness.

        Returns:
            (N, 3, S, S) in [0, 1].
        """
        x = self._move(images, generator)
        x = self._recolour(x, generator)
        amount = self.blur * self._some(len(x), generator)
        x = x + (_blurred(x) - x) * amount
        deviation = self.noise * self._some(len(x), generator)
        x = x + torch.randn(x.shape, generator=generator) * deviation
        return x.clamp(0.0, 1.0)

    def _some(self, count: int, generator: torch.Generator) -> Tensor:
        """(N, 1, 1, 1): 0 for most images, uniform in 0..1 for the share that is changed."""
        chosen = torch.rand(count, generator=generator) < self.share
        return (chosen * torch.rand(count, generator=generator)).view(-1, 1, 1, 1)

    def _move(self, x: Tensor, generator: torch.Generator) -> Tensor:
        count = len(x)
        # Resampling blurs a little, so those that stay where they are are not resampled at all.
        moved = torch.rand(count, generator=generator) < self.share
        uniform = torch.rand((4, count), generator=generator) * 2.0 - 1.0
        angle = uniform[0] * (self.rotation * torch.pi / 180.0)
        zoom = 1.0 + uniform[1] * self.scale
        cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
        # grid_sample's frame spans 2 units, hence the factor 2.
        across, down = uniform[2] * self.shift * 2.0, uniform[3] * self.shift * 2.0
        affine = torch.stack(
            [torch.stack([cos, -sin, across], 1), torch.stack([sin, cos, down], 1)], dim=1
        )
        y = x.clone()
        if moved.any():
            grid = F.affine_grid(affine[moved], list(x[moved].shape), align_corners=False)
            y[moved] = F.grid_sample(
                x[moved], grid, mode="bicubic", padding_mode="border", align_corners=False
            )
        if self.flip:
            mirrored = torch.rand(count, generator=generator) < 0.5
            y[mirrored] = y[mirrored].flip(3)
        return y

    def _recolour(self, x: Tensor, generator: torch.Generator) -> Tensor:
        amount = self.colour * self._some(len(x), generator)
        uniform = torch.rand((len(x), 5, 1, 1), generator=generator) * 2.0 - 1.0
        contrast, brightness, channels = uniform[:, :1], uniform[:, 1:2], uniform[:, 2:]
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = x + amount * (contrast * (x - mean) + brightness * mean)
        return x * (1.0 + 0.5 * amount * channels)


def ghosts(images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Faces through which others shine: averages, and sums and differences like a method's output.

    Half are mixtures w x + (1 - w) y with w in 0.5..1, half are x + b (y - z) with b in 0..0.5.

    Args:
        images: (N, 3, S, S) in [0, 1].
        generator: source of all randomness.

    Returns:
        The ghosted images (N, 3, S, S) in [0, 1], and the part (N,), 0 to 1, that the others have
        in each.
    """
    count = len(images)
    first, second = (images[torch.randperm(count, generator=generator)] for _ in range(2))
    part = 0.5 * torch.rand(count, generator=generator)
    weight = part.view(-1, 1, 1, 1)
    mixtures = images + weight * (first - images)
    sums = images + weight * (first - second)
    is_sum = (torch.rand(count, generator=generator) < 0.5).view(-1, 1, 1, 1)
    return torch.where(is_sum, sums, mixtures).clamp(0.0, 1.0), part


def _blurred(x: Tensor) -> Tensor:
    """A binomial blur of 5 pixels (a deviation of 1), edges repeated."""
    kernel = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
    channels = x.shape[1]
    across = kernel.view(1, 1, 1, 5).repeat(channels, 1, 1, 1)
    padded = F.pad(x, (2, 2, 2, 2), mode="replicate")
    return F.conv2d(F.conv2d(padded, across, groups=channels), across.mT, groups=channels)
