"""The lesson of the AU estimator: Action Units of faces, and what is no face."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from metrics.agreement import mean_absolute_error, pearson
from metrics.synth_network import FaceNetwork, NetworkConfig
from metrics.synth_weights import InstrumentHeader
from metrics.training.changes import Changes, ghosts
from metrics.training.faces import Faces
from metrics.training.no_faces import KINDS, no_faces

__all__ = ["AULesson", "AUModule"]

_HIGHEST: Final = 5.0
_MEASURED_AT_ONCE: Final = 250


class AUModule(nn.Module):
    """A network with one output for each Action Unit, over 5, and the logit of a face."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.network = FaceNetwork(config)


@dataclass(frozen=True, slots=True, eq=False)
class AULesson:
    """Least squares on Action Units, cross-entropy on whether there is a face.

    Attributes:
        learned: faces to learn from.
        held_out: faces of other people, to measure on.
        config: the network, with an output more than there are Action Units.
        changes: what the faces of a batch go through.
        ghosts: share of the faces that others shine through.
        faint: largest part of the others in a ghost whose Action Units are still those of the
            face; above it a ghost is a face with no known expression.
        no_faces: images without a face, as a share of the batch's faces.
        face_weight: weight of the cross-entropy.
    """

    learned: Faces
    held_out: Faces
    config: NetworkConfig
    changes: Changes = field(default_factory=lambda: Changes(flip=True))
    ghosts: float = 0.2
    faint: float = 0.1
    no_faces: float = 0.25
    face_weight: float = 0.01

    @property
    def header(self) -> InstrumentHeader:
        facts = {
            "faces": len(self.learned.images),
            "people": len(self.learned.names),
            "held_out_people": len(self.held_out.names),
        }
        return InstrumentHeader("au_estimator", self.config, self.learned.action_units, facts)

    def make_module(self) -> AUModule:
        return AUModule(self.config)

    def loss(self, module: nn.Module, batch: int, generator: torch.Generator) -> Tensor:
        """Loss of a random batch: mean squared error of intensities over 5, plus cross-entropy."""
        chosen = torch.randint(len(self.learned.images), (batch,), generator=generator)
        pixels = torch.from_numpy(self.learned.images[chosen.numpy()]).float() / 255.0
        truth = torch.from_numpy(self.learned.intensities[chosen.numpy()]) / _HIGHEST
        ghosted = round(self.ghosts * batch)
        known = torch.ones(batch)
        if ghosted:
            pixels[:ghosted], part = ghosts(pixels[:ghosted], generator)
            known[:ghosted] = (part <= self.faint).float()
        faces = self.changes(pixels, generator)
        others = no_faces(pixels[batch - round(self.no_faces * batch) :], generator)
        images = torch.cat([faces, others]).contiguous(memory_format=torch.channels_last)
        outputs = module.get_submodule("network")(images).float()
        error = (outputs[:batch, :-1] - truth).square().mean(dim=1)
        is_face = torch.zeros(len(images))
        is_face[:batch] = 1.0
        cross_entropy = F.binary_cross_entropy_with_logits(outputs[:, -1], is_face)
        squares: Tensor = (error * known).sum() / known.sum().clamp(min=1.0)
        return squares + self.face_weight * cross_entropy

    @torch.inference_mode()
    def measure(self, network: FaceNetwork) -> dict[str, Any]:
        """Agreement with the truth on held-out people.

        Returns:
            ``least_r`` over the Action Units, ``mean_r``, ``mean_absolute_error`` (0 to 5),
            ``faces_found`` and for each kind ``no_faces_refused`` (shares), and ``r`` by Action
            Unit (None where the truth is constant).
        """
        outputs = _outputs(network, torch.from_numpy(self.held_out.images))
        read = (outputs[:, :-1] * _HIGHEST).clamp(0.0, _HIGHEST).numpy()
        truth = self.held_out.intensities
        with np.errstate(invalid="ignore"):
            r = pearson(read, truth)
        generator = torch.Generator().manual_seed(0)
        some = torch.from_numpy(self.held_out.images[: 20 * len(KINDS)]).float() / 255.0
        ghosted, _ = ghosts(some, generator)
        refused = {
            name: float((_outputs(network, make(some, generator))[:, -1] < 0.0).float().mean())
            for name, make in KINDS.items()
        }
        return {
            "least_r": float(np.nanmin(r)),
            "mean_r": float(np.nanmean(r)),
            "mean_absolute_error": float(mean_absolute_error(read, truth).mean()),
            "faces_found": float((outputs[:, -1] >= 0.0).float().mean()),
            "ghosts_found": float((_outputs(network, ghosted)[:, -1] >= 0.0).float().mean()),
            "no_faces_refused": refused,
            "r": {
                unit: None if np.isnan(value) else round(float(value), 4)
                for unit, value in zip(self.held_out.action_units, r, strict=True)
            },
        }


def _outputs(network: FaceNetwork, images: Tensor) -> Tensor:
    """Outputs (N, outputs) of images (N, 3, S, S), 8-bit or floating in [0, 1]."""
    parts = []
    for part in torch.split(images, _MEASURED_AT_ONCE):
        pixels = part.float() / 255.0 if part.dtype == torch.uint8 else part
        parts.append(network(pixels.contiguous(memory_format=torch.channels_last)))
    return torch.cat(parts)
