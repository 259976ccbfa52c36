"""The lesson of the embedder: the same person under any expression, pose and light."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from metrics.agreement import equal_error_rate, pearson, verification_scores
from metrics.synth_network import FaceNetwork, NetworkConfig
from metrics.synth_weights import InstrumentHeader
from metrics.training.changes import Changes
from metrics.training.faces import Faces

__all__ = ["EmbedderLesson", "EmbedderModule", "relative_slope"]

_MEASURED_AT_ONCE: Final = 250


class EmbedderModule(nn.Module):
    """A network that gives embeddings, and one direction for each person to learn."""

    def __init__(self, config: NetworkConfig, people: int) -> None:
        super().__init__()
        self.network = FaceNetwork(config)
        self.directions = nn.Parameter(torch.randn(people, config.outputs) * 0.1)


@dataclass(frozen=True, slots=True, eq=False)
class EmbedderLesson:
    """Softmax over cosines with an additive margin (Wang et al., "CosFace", CVPR 2018).

    The faces of one person differ in expression, pose and light alone, so what tells people apart
    must be left over by all three. Yet the *distance* between two images of a person still grows
    with the difference of their expressions. A second term keeps it from that: the square of the
    relative slope, by which share of the mean distance two images of one person are farther apart
    for every point of intensity that their Action Units differ by.

    Attributes:
        learned: faces to learn from.
        held_out: faces of other people, to measure on.
        config: the network; its outputs are the dimensions of the embedding.
        changes: what the faces of a batch go through.
        scale: by which cosines are multiplied before the softmax.
        margin: taken from the cosine to the own direction.
        levelling: weight of the second term.
        images_each: images of one person in a batch.
    """

    learned: Faces
    held_out: Faces
    config: NetworkConfig
    changes: Changes = field(default_factory=Changes)
    scale: float = 24.0
    margin: float = 0.2
    levelling: float = 5.0
    images_each: int = 4

    @property
    def header(self) -> InstrumentHeader:
        facts = {
            "faces": len(self.learned.images),
            "people": len(self.learned.names),
            "held_out_people": len(self.held_out.names),
            "levelling": self.levelling,
        }
        return InstrumentHeader("embedder", self.config, (), facts)

    def make_module(self) -> EmbedderModule:
        return EmbedderModule(self.config, len(self.learned.names))

    def loss(self, module: nn.Module, batch: int, generator: torch.Generator) -> Tensor:
        """Loss of a random batch: images of ``batch / images_each`` people."""
        chosen = self._choose(batch, generator)
        people = torch.from_numpy(self.learned.identities[chosen])
        pixels = torch.from_numpy(self.learned.images[chosen]).float() / 255.0
        images = self.changes(pixels, generator).contiguous(memory_format=torch.channels_last)
        embeddings = F.normalize(module.get_submodule("network")(images).float())
        directions = F.normalize(module.get_parameter("directions"))
        cosines = embeddings @ directions.T
        own = F.one_hot(people, len(directions))
        classification = F.cross_entropy(self.scale * (cosines - self.margin * own), people)
        intensities = torch.from_numpy(self.learned.intensities[chosen])
        slope = relative_slope(
            embeddings.view(-1, self.images_each, embeddings.shape[1]),
            intensities.view(-1, self.images_each, intensities.shape[1]),
        )
        return classification + self.levelling * slope.square()

    def _choose(self, batch: int, generator: torch.Generator) -> NDArray[np.int64]:
        """Rows of a batch: some people, several images of each, one after the other."""
        count = max(1, batch // self.images_each)
        people = torch.randint(len(self.learned.names), (count,), generator=generator).numpy()
        rows = []
        for person in people:
            own = np.flatnonzero(self.learned.identities == person)
            order = torch.randperm(len(own), generator=generator).numpy()
            # Somebody with too few images is seen twice.
            rows.append(np.resize(own[order], self.images_each))
        return np.concatenate(rows)

    @torch.inference_mode()
    def measure(self, network: FaceNetwork) -> dict[str, Any]:
        """Verification of held-out people.

        Returns:
            ``equal_error_rate`` over all pairs of images, mean cosines ``same`` and
            ``different``, and ``follows_expression``: the correlation of an image's distance to
            the mean of its person's other images with the strength of its expression.
        """
        faces = self.held_out
        parts = [
            network((part.float() / 255.0).contiguous(memory_format=torch.channels_last))
            for part in torch.split(torch.from_numpy(faces.images), _MEASURED_AT_ONCE)
        ]
        embeddings = F.normalize(torch.cat(parts)).numpy().astype(np.float64)
        same, different = verification_scores(embeddings, faces.identities.astype(np.str_))
        sums = np.zeros((len(faces.names), embeddings.shape[1]))
        np.add.at(sums, faces.identities, embeddings)
        others = sums[faces.identities] - embeddings
        others /= np.linalg.norm(others, axis=1, keepdims=True)
        distances = np.linalg.norm(embeddings - others, axis=1)
        return {
            "equal_error_rate": equal_error_rate(same, different),
            "same": float(same.mean()),
            "different": float(different.mean()),
            "follows_expression": float(pearson(distances, _strength(faces.intensities))),
        }


def _strength(intensities: np.ndarray[Any, np.dtype[np.float32]]) -> Any:
    """Root mean square (N,) of Action Units (N, A)."""
    return np.sqrt(np.square(intensities).mean(axis=1))


def relative_slope(embeddings: Tensor, intensities: Tensor) -> Tensor:
    """How far the distance between two images of a person follows their expressions.

    Args:
        embeddings: (P, K, D) unit embeddings of K images of each of P people.
        intensities: (P, K, A) their Action Units.

    Returns:
        () least-squares slope of the distances over the root mean square differences of Action
        Units, over all pairs of images of one person, as a share of the mean distance.
    """
    first, second = torch.triu_indices(embeddings.shape[1], embeddings.shape[1], offset=1)
    between = embeddings[:, first] - embeddings[:, second]
    # Away from 0, where a square root has no gradient.
    distances = (between.square().sum(dim=2) + 1e-6).sqrt()
    change = (intensities[:, first] - intensities[:, second]).square().mean(dim=2).sqrt()
    centred = change - change.mean()
    slope = (distances * centred).mean() / centred.square().mean().clamp(min=1e-8)
    return slope / distances.mean()
