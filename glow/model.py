"""Glow: images to whitened latents and back."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from glow.config import GlowConfig
from glow.inference.flow import FoldedFlow
from glow.inference.parallel import map_parts
from glow.inference.precision import DTYPES, Precision, check_precision
from glow.module import GlowModule

__all__ = ["Glow"]


class Glow:
    """A trained multi-scale flow (Kingma and Dhariwal, "Glow", NeurIPS 2018), ready to use.

    Latents are the *whitened* eps of all levels, each standard normal under the model, flattened
    position by position (height, width, channel) and joined from the finest level to the top: the
    vector that the original's ``encode`` returns and that latent arithmetic acts on, as in
    equation (2) of Valenzuela et al. (CVPRW 2021).

    Images are float tensors (N, C, H, W) in [0, 1]. The state between the steps is float64 in
    every precision, so that :meth:`decode` inverts :meth:`encode`. Actnorms and log-scales are
    folded into the weights, matrices are inverted once.

    Args:
        module: a trained flow; it stays as it is.
        precision: of the coupling networks: ``fp32``; ``bf16``, faster and less exact; ``fp64``.
        device: where to run.

    Raises:
        ValueError: the device has no such precision, or is slow in it.

    Example:
        >>> from glow import Glow, GlowConfig
        >>> from glow.module import GlowModule
        >>> model = Glow(GlowModule(GlowConfig(image_size=8, levels=2, steps=1, width=4)))
        >>> images = torch.rand(2, 3, 8, 8)
        >>> eps, log_prob = model.encode(images)
        >>> eps.shape, log_prob.shape
        (torch.Size([2, 192]), torch.Size([2]))
        >>> bool((model.decode(eps) - model.quantize(images)).abs().max() < 1e-6)
        True
    """

    def __init__(
        self,
        module: GlowModule,
        *,
        precision: Precision = "fp32",
        device: torch.device | str = "cpu",
    ) -> None:
        self._fold(module.config, module.get_submodule, precision, torch.device(device))

    @classmethod
    def from_pretrained(
        cls,
        path: Path | str,
        *,
        precision: Precision = "fp32",
        device: torch.device | str = "cpu",
    ) -> Glow:
        """A model from a ``.safetensors`` file; :func:`glow.find_model` knows those by name.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file holds no Glow, or as for the class.
        """
        from glow.checkpoint import WeightsFile

        file = WeightsFile(path)
        empty = file.empty_module()

        def part(name: str) -> nn.Module:
            # One at a time, so that no weight is in memory twice.
            filled = copy.deepcopy(empty.get_submodule(name))
            filled.load_state_dict(file.tensors(f"{name}."), assign=True)
            return filled.float().eval()

        model = cls.__new__(cls)
        model._fold(file.config, part, precision, torch.device(device))
        return model

    @torch.inference_mode()
    def _fold(
        self,
        config: GlowConfig,
        part: Callable[[str], nn.Module],
        precision: Precision,
        device: torch.device,
    ) -> None:
        check_precision(precision, device)
        self.config, self.precision, self.device = config, precision, device
        self._flow = FoldedFlow(config, part, DTYPES[precision], device)

    @torch.inference_mode()
    def encode(
        self, images: Tensor, labels: Tensor | None = None, *, noise_seed: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Latents and log-density of images; without a seed no noise, and therefore deterministic.

        Args:
            images: (N, C, H, W), floating, in [0, 1].
            labels: (N,) integers, if the model has classes.
            noise_seed: of uniform noise inside each value's bin, as the original adds it; without
                a seed the middle of the bin is taken.

        Returns:
            eps (N, C * H * W) and the log-density (N,) in nats, both float64. The density is that
            of x / 2^bits - 1/2; minus D log 2^bits it is the log-likelihood of the bins, with
            D = C * H * W.

        Raises:
            ValueError: images or labels have another shape, dtype or range than expected.
        """
        return self._encode(images, labels, noise_seed, with_density=True)

    @torch.inference_mode()
    def latents(
        self, images: Tensor, labels: Tensor | None = None, *, noise_seed: int | None = None
    ) -> Tensor:
        """The latents alone, without computing the density; see :meth:`encode`."""
        return self._encode(images, labels, noise_seed, with_density=False)[0]

    def _encode(
        self, images: Tensor, labels: Tensor | None, noise_seed: int | None, *, with_density: bool
    ) -> tuple[Tensor, Tensor]:
        state = self._to_state(images, noise_seed)
        labels = self._check_labels(labels, len(images))

        def encode(part: slice) -> tuple[Tensor, Tensor]:
            chosen = None if labels is None else labels[part]
            latents, density = self._flow.encode(state[part], chosen, with_density=with_density)
            return torch.cat([eps.flatten(1) for eps in latents], dim=1), density

        eps, density = zip(*map_parts(encode, len(state), self.device), strict=True)
        return torch.cat(eps), torch.cat(density)

    @torch.inference_mode()
    def decode(self, eps: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images of latents: the exact inverse of :meth:`encode`.

        Args:
            eps: (N, C * H * W), floating.
            labels: (N,) integers, if the model has classes.

        Returns:
            images, (N, C, H, W), float64. Latents that are no image's can fall outside [0, 1];
            the caller clips.

        Raises:
            ValueError: latents or labels have another shape or dtype than expected.
        """
        if eps.ndim != 2 or eps.shape[1] != self.config.latent_size or len(eps) == 0:
            raise ValueError(
                f"expected at least one latent, of shape (N, {self.config.latent_size}), "
                f"got {tuple(eps.shape)}"
            )
        if not eps.is_floating_point():
            raise ValueError(f"expected floating latents, got {eps.dtype}")
        if not bool(torch.isfinite(eps).all()):
            raise ValueError("expected finite latents, got NaN or infinity")
        labels = self._check_labels(labels, len(eps))
        eps = eps.to(self.device).double()

        def decode(part: slice) -> Tensor:
            chosen = None if labels is None else labels[part]
            return self._flow.decode(self._unflatten(eps[part]), chosen)

        state = torch.cat(map_parts(decode, len(eps), self.device))
        return _from_state(state.permute(0, 3, 1, 2))

    def quantize(self, images: Tensor) -> Tensor:
        """The images that decoding the latents returns: 8-bit images unchanged if bits = 8.

        Args:
            images: (N, C, H, W), floating, in [0, 1].
        """
        middle = _from_state(self._to_state(images, None).permute(0, 3, 1, 2))
        return middle.to(images.device, images.dtype)

    def _to_state(self, images: Tensor, noise_seed: int | None) -> Tensor:
        """Images in [0, 1] as the flow's float64 input (N, H, W, C).

        The original adds uniform noise inside a value's bin when it encodes; the bin's middle is
        the deterministic choice with the largest margin against rounding into a neighbour.
        """
        self._check_images(images)
        bins = 2**self.config.bits
        # Rounded first: k / 255 * 255 may land below k, by much in half precision.
        levels = torch.floor((images.to(self.device).double() * 255.0).round() * (bins / 256.0))
        inside: Tensor | float = 0.5
        if noise_seed is not None:
            # Drawn on the processor: the same noise on every device.
            generator = torch.Generator().manual_seed(noise_seed)
            noise = torch.rand(levels.shape, generator=generator, dtype=torch.float64)
            inside = noise.to(self.device)
        state: Tensor = (levels + inside) / bins - 0.5
        return state.permute(0, 2, 3, 1).contiguous()

    def _unflatten(self, eps: Tensor) -> list[Tensor]:
        levels, start = [], 0
        for channels, height, width in self.config.latent_shapes():
            size = channels * height * width
            levels.append(eps[:, start : start + size].reshape(-1, height, width, channels))
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

    def _check_labels(self, labels: Tensor | None, count: int) -> Tensor | None:
        classes = self.config.classes
        if labels is None or classes == 0:
            if (labels is None) != (classes == 0):
                wanted = f"labels (N,) of {classes} classes" if classes else "no labels"
                raise ValueError(f"expected {wanted}, got {'none' if labels is None else 'some'}")
            return None
        if labels.shape != (count,) or labels.is_floating_point() or labels.is_complex():
            raise ValueError(
                f"expected {count} integer labels, got {labels.dtype} of shape "
                f"{tuple(labels.shape)}"
            )
        if int(labels.min()) < 0 or int(labels.max()) >= classes:
            raise ValueError(
                f"expected labels 0..{classes - 1}, got {int(labels.min())}..{int(labels.max())}"
            )
        return labels.to(self.device)


def _from_state(state: Tensor) -> Tensor:
    """The inverse of the preprocessing, without rounding: a bin's middle to its image value."""
    return ((state + 0.5) * 256.0 - 0.5) / 255.0
