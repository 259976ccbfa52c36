"""What the Glow methods share: faces as whitened latents, their means, and sums decoded."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import glow
from bench.data.images import Pixels, resize
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest
from bench.remembered import Remembered

__all__ = ["GlowLatents", "GlowMethod"]

BATCH = {"cpu": 32}
"""Images decoded together: enough for every thread to have some; 64 on an accelerator."""

PHOTOGRAPHS = "london-64"
"""The model for photographs of people it has not seen."""


class GlowLatents:
    """The whitened latents of one model: every face is encoded once.

    Latents and their means are remembered within the bounds of the context's memory; latents are
    kept on disk too, where the command keeps any.

    Args:
        context: names the dataset, the resolution of the images and the device.
        model: name of a model that comes with the package, or the path of a ``.safetensors``
            file; by default the model trained on the dataset, else the one trained on photographs.
        precision: of the coupling networks, ``fp32`` or ``bf16``.

    Attributes:
        levels: where in a latent each level lies, finest first.
        fingerprint: what decides the latents and their images: weights, code and precision.

    Raises:
        FileNotFoundError: there is no such model.
        ValueError: the file holds no Glow, its model wants labels, or there is no such precision.
    """

    def __init__(self, context: MethodContext, model: str, precision: glow.Precision) -> None:
        path = glow.find_model(model or _default_model(context.dataset))
        self.device = torch.device(context.device)
        self.model = glow.Glow.from_pretrained(path, precision=precision, device=self.device)
        if classes := self.model.config.classes:
            raise ValueError(f"{path} wants a label of {classes} classes, and a transfer has none")
        self.resolution = context.resolution
        self.batch = BATCH.get(self.device.type, 64)
        self.levels = _levels(self.model.config)
        self.fingerprint: Mapping[str, str] = {
            "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "glow_sha256": _code_sha256(),
            "precision": precision,
        }
        self._encoded = context.remember(self.fingerprint, self._encode, shared=True)
        self._means: Remembered[tuple[tuple[str, str], ...], Tensor] = Remembered(
            lambda mean: mean.nbytes, context.memory
        )

    def encode(self, faces: Sequence[Face]) -> None:
        """Encodes those of the faces that were not encoded before, in batches."""
        self._encoded(faces)

    def of(self, face: Face) -> Tensor:
        """The latent of a face, (latent_size,), float64."""
        return torch.from_numpy(self._encoded([face])[0]).to(self.device)

    def mean(self, faces: Sequence[Face]) -> Tensor:
        """The mean latent of faces, (latent_size,), float64."""
        keys = tuple(face.key for face in faces)
        mean = self._means.get(keys)
        if mean is None:
            latents = [torch.from_numpy(latent) for latent in self._encoded(faces)]
            mean = torch.stack(latents).to(self.device).mean(dim=0)
            self._means.put(keys, mean)
        return mean

    def _encode(self, faces: Sequence[Face]) -> list[NDArray[np.float64]]:
        latents: list[NDArray[np.float64]] = []
        for start in range(0, len(faces), self.batch):
            group = faces[start : start + self.batch]
            size = self.model.config.image_size
            pixels = np.stack([resize(face.pixels, size) for face in group])
            images = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2) / 255.0
            latents += list(self.model.latents(images).cpu().numpy())
        return latents

    def decode(self, latents: Iterable[Tensor]) -> list[Pixels]:
        """Images of latents, at the benchmark's resolution.

        Raises:
            ValueError: an image is not finite: its latent lies outside what the flow can invert.
        """
        images: list[Pixels] = []
        waiting = iter(latents)
        while group := list(islice(waiting, self.batch)):
            images += self._decode_batch(torch.stack(group))
        return images

    def _decode_batch(self, latents: Tensor) -> list[Pixels]:
        images = self.model.decode(latents).clamp(0.0, 1.0) * 255.0
        broken = ~torch.isfinite(images).flatten(1).all(dim=1)
        if broken.any():
            raise ValueError(f"{int(broken.sum())} decoded image(s) are not finite")
        pixels: NDArray[np.uint8] = images.round().byte().permute(0, 2, 3, 1).cpu().numpy()
        return [resize(image, self.resolution) for image in pixels]


class GlowMethod(ABC):
    """A method that makes a latent of each request and decodes it.

    The mean faces (alpha = 0), which do not depend on the source, are decoded once per target.

    Args:
        model, precision: see :class:`GlowLatents`.
    """

    card: MethodCard

    def __init__(self, model: str = "", precision: glow.Precision = "fp32") -> None:
        self.model_name = model
        self.precision = precision

    @abstractmethod
    def combine(self, request: TransferRequest) -> Tensor:
        """The latent of a request whose faces are encoded, (latent_size,).

        Of the source only what alpha scales: at alpha = 0 it depends on the target alone.
        """

    def sum_of_latents(self, request: TransferRequest) -> Tensor:
        """The latent of equation (2) of the reference paper, (latent_size,), to write into."""
        target = self.latents.mean(request.target_reference)
        change = self.latents.of(request.source) - self.latents.mean(request.source_reference)
        return target + request.alpha * change

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self.latents = GlowLatents(context, self.model_name, self.precision)
        self._mean_faces: Remembered[tuple[tuple[str, str], ...], Pixels] = Remembered(
            lambda image: image.nbytes, context.memory
        )
        return self.latents.fingerprint

    def transfer(self, requests: Sequence[TransferRequest]) -> Pixels:
        self.latents.encode([f for r in requests for f in (r.source, *r.source_reference)])
        self.latents.encode([f for r in requests for f in r.target_reference])
        outputs: list[Pixels | None] = [self._known_mean_face(r) for r in requests]
        missing = [i for i, output in enumerate(outputs) if output is None]
        images = self.latents.decode(self.combine(requests[i]) for i in missing)
        for i, image in zip(missing, images, strict=True):
            outputs[i] = image
            if requests[i].alpha == 0.0:
                self._mean_faces.put(_keys(requests[i].target_reference), image)
        return np.stack([output for output in outputs if output is not None])

    def reconstruct(self, faces: Sequence[Face]) -> Pixels:
        """``f^-1(f(x))``: what the flow's own numbers and its change of size lose."""
        self.latents.encode(faces)
        return np.stack(self.latents.decode(self.latents.of(face) for face in faces))

    def _known_mean_face(self, request: TransferRequest) -> Pixels | None:
        if request.alpha != 0.0:
            return None
        return self._mean_faces.get(_keys(request.target_reference))


def _keys(faces: Sequence[Face]) -> tuple[tuple[str, str], ...]:
    return tuple(face.key for face in faces)


def _default_model(dataset: str) -> str:
    own = f"{dataset}-64"
    return own if own in glow.list_models() else PHOTOGRAPHS


def _levels(config: glow.GlowConfig) -> list[slice]:
    levels, start = [], 0
    for channels, height, width in config.latent_shapes():
        levels.append(slice(start, start + channels * height * width))
        start = levels[-1].stop
    return levels


def _code_sha256() -> str:
    """Hash of the code that turns latents into images."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    package = Path(glow.__file__).parent
    for pattern in ("config.py", "inference/*.py", "layers/*.py", "model.py", "module.py"):
        for path in sorted(package.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
