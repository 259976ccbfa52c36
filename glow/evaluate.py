"""What a model does on images it has not seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from glow.data import dequantise
from glow.model import Glow
from glow.module import GlowModule

__all__ = ["Evaluation", "evaluate"]


BATCH = 16


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Likelihood and invertibility of a model on some images.

    Attributes:
        images: number of images.
        noise_bits: the noise was 2^-noise_bits wide.
        bits_per_dim: mean negative log-likelihood, bits per pixel value.
        round_trip_error: largest difference between an image and its decoded latents, as a share
            of the range of pixel values.
        latent_rms: root mean square of the latents of the images; 1 under the model.
    """

    images: int
    noise_bits: int
    bits_per_dim: float
    round_trip_error: float
    latent_rms: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


@torch.inference_mode()
def evaluate(
    module: GlowModule, images: Tensor, *, noise_bits: int, repeats: int = 4, seed: int = 0
) -> Evaluation:
    """Measures a model.

    Args:
        module: in evaluation mode.
        images: uint8, (N, 3, image_size, image_size).
        noise_bits: width of the dequantisation noise. A density that was trained with noise of
            one width is compared with others at that width.
        repeats: draws of the noise, averaged.
        seed: of the noise.
    """
    model = Glow(module)
    generator = torch.Generator().manual_seed(seed)
    bits, errors, squares = [], [], []
    for start in range(0, len(images), BATCH):
        x = images[start : start + BATCH].float() / 255.0
        bits += [
            module.bits_per_dim(dequantise(x, noise_bits, generator), noise_bits)
            for _ in range(repeats)
        ]
        eps = model.latents(x)
        errors.append((model.decode(eps) - model.quantize(x)).abs().max())
        squares.append(eps.square().mean(dim=1))
    return Evaluation(
        images=len(images),
        noise_bits=noise_bits,
        bits_per_dim=float(torch.cat(bits).mean()),
        round_trip_error=float(torch.stack(errors).max()),
        latent_rms=float(torch.cat(squares).mean().sqrt()),
    )
