"""The reference method: latent arithmetic in Glow, equation (2) of the reference paper."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import glow
from bench.data.images import Pixels, resize
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest

__all__ = ["GlowArithmetic"]

BATCH = {"cpu": 32}
"""Images decoded together: enough for every thread to have some; 64 on an accelerator."""

PHOTOGRAPHS = "london-64"
"""The model for photographs of people it has not seen."""


class GlowArithmetic:
    """``y = f^-1(mean z_target + alpha (z_source - mean z_source))`` on whitened latents.

    Every image is encoded once, every mean made once, and the mean faces (alpha = 0), which do
    not depend on the source, are decoded once per target.

    Args:
        model: name of a model that comes with the package, or the path of a ``.safetensors``
            file; by default the model trained on the dataset, else the one trained on photographs.
        precision: of the coupling networks, ``fp32`` or ``bf16``.
    """

    card = MethodCard(
        "glow-arith",
        "latent arithmetic in Glow: y = f^-1(mean z_tgt + alpha (z_src - mean z_src))",
        citation=(
            "Valenzuela, Diego, Segura and Gomez, "
            "Expression Transfer Using Flow-based Generative Models, CVPRW 2021"
        ),
    )

    def __init__(self, model: str = "", precision: glow.Precision = "fp32") -> None:
        self.model_name = model
        self.precision = precision
        self._latents: dict[tuple[str, str], Tensor] = {}
        self._means: dict[tuple[tuple[str, str], ...], Tensor] = {}
        self._mean_faces: dict[tuple[tuple[str, str], ...], Pixels] = {}

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        path = glow.find_model(self.model_name or _default_model(context.dataset))
        self.device = torch.device(context.device)
        self.model = glow.Glow.from_pretrained(path, precision=self.precision, device=self.device)
        if classes := self.model.config.classes:
            raise ValueError(f"{path} wants a label of {classes} classes, and a transfer has none")
        self.resolution = context.resolution
        self.batch = BATCH.get(self.device.type, 64)
        return {
            "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "glow_sha256": _package_sha256(),
            "precision": self.precision,
        }

    def transfer(self, requests: Sequence[TransferRequest]) -> Pixels:
        self._encode([f for r in requests for f in (r.source, *r.source_reference)])
        self._encode([f for r in requests for f in r.target_reference])
        outputs: list[Pixels | None] = [self._known_mean_face(r) for r in requests]
        missing = [i for i, output in enumerate(outputs) if output is None]
        for start in range(0, len(missing), self.batch):
            group = missing[start : start + self.batch]
            images = self._decode(torch.stack([self._sum(requests[i]) for i in group]))
            for i, image in zip(group, images, strict=True):
                outputs[i] = image
                if requests[i].alpha == 0.0:
                    self._mean_faces[_keys(requests[i].target_reference)] = image
        return np.stack([output for output in outputs if output is not None])

    def reconstruct(self, faces: Sequence[Face]) -> Pixels:
        """``f^-1(f(x))``: what the flow's own numbers and its change of size lose."""
        self._encode(faces)
        images: list[Pixels] = []
        for start in range(0, len(faces), self.batch):
            group = faces[start : start + self.batch]
            images += self._decode(torch.stack([self._latents[face.key] for face in group]))
        return np.stack(images)

    def _known_mean_face(self, request: TransferRequest) -> Pixels | None:
        if request.alpha != 0.0:
            return None
        return self._mean_faces.get(_keys(request.target_reference))

    def _sum(self, request: TransferRequest) -> Tensor:
        """The latent of equation (2), (latent_size,)."""
        target = self._mean(request.target_reference)
        change = self._latents[request.source.key] - self._mean(request.source_reference)
        return target + request.alpha * change

    def _mean(self, faces: tuple[Face, ...]) -> Tensor:
        keys = _keys(faces)
        if keys not in self._means:
            self._means[keys] = torch.stack([self._latents[key] for key in keys]).mean(dim=0)
        return self._means[keys]

    def _encode(self, faces: Sequence[Face]) -> None:
        new = {face.key: face for face in faces if face.key not in self._latents}
        ordered = list(new.values())
        for start in range(0, len(ordered), self.batch):
            group = ordered[start : start + self.batch]
            size = self.model.config.image_size
            pixels = np.stack([resize(face.pixels, size) for face in group])
            images = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2) / 255.0
            for face, latent in zip(group, self.model.latents(images), strict=True):
                self._latents[face.key] = latent

    def _decode(self, latents: Tensor) -> list[Pixels]:
        images = self.model.decode(latents).clamp(0.0, 1.0) * 255.0
        # A sum of latents may leave what the flow can invert; such an image is not a number.
        broken = ~torch.isfinite(images).flatten(1).all(dim=1)
        if broken.any():
            raise ValueError(f"{int(broken.sum())} decoded image(s) are not finite")
        pixels: NDArray[np.uint8] = images.round().byte().permute(0, 2, 3, 1).cpu().numpy()
        return [resize(image, self.resolution) for image in pixels]


def _default_model(dataset: str) -> str:
    own = f"{dataset}-64"
    return own if own in glow.list_models() else PHOTOGRAPHS


def _keys(faces: Sequence[Face]) -> tuple[tuple[str, str], ...]:
    return tuple(face.key for face in faces)


def _package_sha256() -> str:
    """Hash of the code that turns latents into images."""
    digest = hashlib.sha256()
    package = Path(glow.__file__).parent
    for pattern in ("config.py", "inference/*.py", "layers/*.py", "model.py", "module.py"):
        for path in sorted(package.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
