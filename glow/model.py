"""Glow: images to whitened latents and back."""

from __future__ import annotations

from math import log
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glow.config import GlowConfig
from glow.layers import FlowLevel, FlowStep, GaussianSplit, TopPrior

__all__ = ["Glow"]


class Glow(nn.Module):
    """Multi-scale normalising flow (Kingma and Dhariwal, "Glow", NeurIPS 2018).

    Latents are the *whitened* eps of all levels, each standard normal under the model, flattened
    position by position (height, width, channel) and joined from the finest level to the top: the
    vector that the original's ``encode`` returns and that latent arithmetic acts on.

    Images are float tensors (N, C, H, W) in [0, 1].

    Example:
        >>> model = Glow(GlowConfig(image_size=8, levels=2, steps=1, width=4)).eval()
        >>> images = torch.rand(2, 3, 8, 8)
        >>> eps = model.encode(images)
        >>> eps.shape
        torch.Size([2, 192])
        >>> bool((model.decode(eps) - model.quantize(images)).abs().max() < 1e-6)
        True
    """

    def __init__(self, config: GlowConfig) -> None:
        super().__init__()
        self.config = config
        levels, splits = [], []
        channels = config.channels
        for level in range(config.levels):
            channels *= 4
            steps = (
                FlowStep(channels, config.width, config.coupling, config.permutation)
                for _ in range(config.steps)
            )
            levels.append(FlowLevel(steps))
            if level < config.levels - 1:
                splits.append(GaussianSplit(channels))
                channels //= 2
        self.levels, self.splits = nn.ModuleList(levels), nn.ModuleList(splits)
        self.top = TopPrior(channels, learned=config.learn_top)

    @classmethod
    def from_pretrained(cls, path: Path | str) -> Glow:
        """A model from a ``.safetensors`` file, in evaluation mode; see :func:`load_glow`."""
        from glow.checkpoint import load_glow

        return load_glow(path)

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Latents of images, without noise and therefore deterministic.

        Args:
            images: (N, C, H, W), floating, in [0, 1].

        Returns:
            eps, (N, C * H * W), float64: the latent state is carried in double precision so
            that :meth:`decode` inverts it to about 1e-12.

        Raises:
            ValueError: the images have another shape, dtype or range than the model expects.
        """
        self._check_images(images)
        eps, _ = self._flow(self._to_state(images))
        return self._flatten(eps)

    @torch.inference_mode()
    def decode(self, eps: Tensor) -> Tensor:
        """Images of latents: the exact inverse of :meth:`encode`.

        Args:
            eps: (N, C * H * W), floating.

        Returns:
            images, (N, C, H, W), float64. Latents that are no image's can fall outside [0, 1];
            the caller clips.

        Raises:
            ValueError: the latents have another shape or dtype than the model expects.
        """
        if eps.ndim != 2 or eps.shape[1] != self.config.latent_size:
            raise ValueError(
                f"expected latents of shape (N, {self.config.latent_size}), got {tuple(eps.shape)}"
            )
        if not eps.is_floating_point():
            raise ValueError(f"expected floating latents, got {eps.dtype}")
        by_level = self._unflatten(eps.double())
        z = self.top.inverse(by_level[-1])
        for index in reversed(range(self.config.levels)):
            level = self.levels[index]
            assert isinstance(level, FlowLevel)
            z = F.pixel_shuffle(level.inverse(z), 2)
            if index > 0:
                split = self.splits[index - 1]
                assert isinstance(split, GaussianSplit)
                z = split.inverse(z, by_level[index - 1])
        return _from_state(z)

    def quantize(self, images: Tensor) -> Tensor:
        """The images that ``decode(encode(images))`` returns: 8-bit images unchanged if bits = 8.

        Args:
            images: (N, C, H, W), floating, in [0, 1].
        """
        return _from_state(self._to_state(images)).to(images.dtype)

    def log_prob(self, centred: Tensor) -> Tensor:
        """Log-density of each image, shape (N,), with gradients.

        Args:
            centred: (N, C, H, W), dequantised images minus 0.5, so in about [-0.5, 0.5].
        """
        return self._flow(centred)[1]

    def bits_per_dim(self, centred: Tensor, noise_bits: int) -> Tensor:
        """Negative log-likelihood per pixel value, shape (N,), for noise of width 2^-noise_bits."""
        nats = -self.log_prob(centred) / self.config.latent_size
        bits: Tensor = nats / log(2.0) + noise_bits
        return bits

    def _to_state(self, images: Tensor) -> Tensor:
        """Images in [0, 1] as the flow's float64 input: the middle of each value's bin.

        The original adds uniform noise inside the bin when it encodes; its middle is the
        deterministic choice with the largest margin against rounding into a neighbouring bin.
        """
        bins = 2**self.config.bits
        # Rounded first: k / 255 * 255 may land below k, by much in half precision.
        levels = torch.floor((images.double() * 255.0).round() * (bins / 256.0))
        state: Tensor = (levels + 0.5) / bins - 0.5
        return state

    def _flow(self, z: Tensor) -> tuple[list[Tensor], Tensor]:
        log_prob = z.new_zeros(z.shape[0])
        all_eps = []
        for index, level in enumerate(self.levels):
            z, log_det = level(F.pixel_unshuffle(z, 2))
            if index < len(self.splits):
                z, eps, eps_log_prob = self.splits[index](z)
            else:
                eps, eps_log_prob = self.top(z)
            log_prob = log_prob + log_det + eps_log_prob
            all_eps.append(eps)
        return all_eps, log_prob

    def _flatten(self, eps: list[Tensor]) -> Tensor:
        return torch.cat([e.permute(0, 2, 3, 1).flatten(1) for e in eps], dim=1)

    def _unflatten(self, eps: Tensor) -> list[Tensor]:
        levels, start = [], 0
        for channels, height, width in self.config.latent_shapes():
            size = channels * height * width
            level = eps[:, start : start + size].reshape(-1, height, width, channels)
            levels.append(level.permute(0, 3, 1, 2).contiguous())
            start += size
        return levels

    def _check_images(self, images: Tensor) -> None:
        size, channels = self.config.image_size, self.config.channels
        fits = images.ndim == 4 and tuple(images.shape[1:]) == (channels, size, size)
        if not fits or len(images) == 0:
            raise ValueError(
                f"expected at least one image, of shape (N, {channels}, {size}, {size}), "
                f"got {tuple(images.shape)}"
            )
        if not images.is_floating_point():
            raise ValueError(f"expected floating images in [0, 1], got {images.dtype}")
        low, high = float(images.min()), float(images.max())
        if not (low >= 0.0 and high <= 1.0):  # also false for NaN
            raise ValueError(f"expected images in [0, 1], got values in [{low:.3g}, {high:.3g}]")


def _from_state(state: Tensor) -> Tensor:
    """The inverse of the preprocessing, without rounding: a bin's middle to its image value."""
    return ((state + 0.5) * 256.0 - 0.5) / 255.0
