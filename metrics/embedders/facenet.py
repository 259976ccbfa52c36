"""Identity embeddings by facenet-pytorch: InceptionResnetV1, trained on VGGFace2 or CASIA-WebFace.

The network: Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections
on Learning", AAAI 2017, trained after Schroff, Kalenichenko and Philbin, "FaceNet", CVPR 2015, by
David Sandberg (github.com/davidsandberg/facenet); ported to PyTorch by Tim Esler.

It was trained on the boxes that MTCNN finds, stretched to 160x160. Here the box is fixed: frames
are aligned on the eyes already, and with a fixed box no detector's whim moves an embedding. It is
:data:`FACE_BOX`, the mean box of facenet-pytorch's own MTCNN (margin 0) on the 204 photographs of
the Face Research Lab London Set, aligned to 256 pixels: left 0.220, top 0.185, right 0.772, bottom
0.930 of the frame, standard deviation between people 0.014, 0.021, 0.013 and 0.019. At 128 and 64
pixels its means are (0.225, 0.191, 0.773, 0.931) and (0.233, 0.205, 0.774, 0.933).

facenet-pytorch would download weights without a checksum; here it never does.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.cards import InstrumentCard
from metrics.contracts import Images, check_images
from metrics.plugin import InstrumentPlugin
from metrics.tensor_file import read_tensors
from metrics.torchvision_check import require_torchvision, torchvision_problem
from metrics.weights import FACENET_CASIA as CASIA_WEIGHTS
from metrics.weights import FACENET_VGGFACE2 as VGGFACE2_WEIGHTS
from metrics.weights import PublishedWeights, require_published

__all__ = [
    "DIMENSIONS",
    "FACENET_CASIA",
    "FACENET_VGGFACE2",
    "FACE_BOX",
    "INPUT_SIZE",
    "FacenetEmbedder",
    "facenet_crop",
]

INPUT_SIZE: Final = 160
DIMENSIONS: Final = 512
FACE_BOX: Final = (0.220, 0.185, 0.772, 0.930)
"""Left, top, right and bottom of the face, as fractions of the frame."""

_VERSION: Final = "1"
_BATCH: Final = 16
_INSTALL: Final = "pip install -e '.[facenet]'"


class FacenetEmbedder:
    """Embedder (:class:`metrics.contracts.Embedder`) of facenet-pytorch.

    Args:
        path: the weights, as facenet-pytorch has released them.
        published: which weights they are.
        name: name on the card.

    Raises:
        ImportError: facenet-pytorch or torchvision is missing or does not work here.
        FileNotFoundError: there is no such file.
        ValueError: the file is a web page, truncated, of another network, or not the published one.
    """

    def __init__(self, path: Path | str, published: PublishedWeights, name: str) -> None:
        path = Path(path)
        sha256 = require_published(path, published)
        self._network = _load_network(path)
        self._card = InstrumentCard(
            name=name,
            kind="embedder",
            version=_VERSION,
            description="InceptionResnetV1 of facenet-pytorch",
            input_size=INPUT_SIZE,
            crop=f"the box {FACE_BOX} of the frame, stretched to 160x160 (bilinear)",
            scale="L2 0..2",
            weights_name=path.name,
            weights_sha256=sha256,
            licence=published.licence,
            source=published.source,
            normalisation="RGB, (x - 127.5) / 128",
            alignment="eyes at the template of the frame; no detector is asked",
            no_face="the box is embedded, whatever it shows",
            several_faces="the face whose eyes are at the template is embedded",
        )

    @property
    def card(self) -> InstrumentCard:
        return self._card

    def embed(self, images: Images) -> NDArray[np.float32]:
        """Unit-norm embeddings (N, 512), each independent of the other images and their order.

        Raises:
            ValueError: the images are malformed, or the weights give no usable embedding.
        """
        check_images(images)
        raw = np.empty((len(images), DIMENSIONS), dtype=np.float64)
        for start in range(0, len(images), _BATCH):
            crops = np.stack([facenet_crop(frame) for frame in images[start : start + _BATCH]])
            raw[start : start + len(crops)] = self._run(crops)
        norms = np.linalg.norm(raw, axis=1, keepdims=True)
        if not np.all(np.isfinite(norms) & (norms > 0.0)):
            raise ValueError(f"{self._card.weights_name} gives no usable embedding")
        return np.asarray(raw / norms, dtype=np.float32)

    def _run(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        import torch

        count = len(crops)
        # Kernels may round differently at another batch size, so every batch is full.
        filled = np.concatenate([crops, np.repeat(crops[-1:], _BATCH - count, axis=0)])
        pixels = torch.from_numpy(filled).permute(0, 3, 1, 2).float()
        with torch.inference_mode():
            output: Any = self._network((pixels - 127.5) / 128.0)
        return np.asarray(output[:count].numpy())


def facenet_crop(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Crop (160, 160, 3) of a frame (side, side, 3): :data:`FACE_BOX`, its aspect not kept."""
    side = len(frame)
    left, top, right, bottom = (side * edge for edge in FACE_BOX)
    crop = Image.fromarray(frame).resize(
        (INPUT_SIZE, INPUT_SIZE), Image.Resampling.BILINEAR, box=(left, top, right, bottom)
    )
    return np.asarray(crop)


def _load_network(path: Path) -> Any:
    """The network in evaluation mode, without the layer that names the people of the training."""
    require_torchvision()
    try:
        from facenet_pytorch import InceptionResnetV1
    except ImportError as error:
        raise ImportError(f"facenet needs facenet-pytorch ({error}): {_INSTALL}") from error
    tensors = {k: v for k, v in read_tensors(path).items() if not k.startswith("logits.")}
    network = InceptionResnetV1(pretrained=None)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path} holds another network than facenet-pytorch's InceptionResnetV1 "
            f"({reason[:160]}): give the file that its authors released"
        ) from error
    return network.eval().requires_grad_(False)


def _make(name: str, published: PublishedWeights, path: Path | None) -> FacenetEmbedder:
    # A plugin with weights is never made without them.
    assert path is not None
    return FacenetEmbedder(path, published, name)


def _plugin(
    name: str, published: PublishedWeights, faces: str
) -> InstrumentPlugin[FacenetEmbedder]:
    return InstrumentPlugin(
        name=name,
        kind="embedder",
        description=f"facenet-pytorch's InceptionResnetV1, trained on {faces}",
        make=partial(_make, name, published),
        packages=("facenet_pytorch", "torchvision"),
        install=_INSTALL,
        weights=published.file_name,
        # Of some nobody has published the SHA-256, and they are not fetched unasked.
        fetch=f"bench weights fetch {name}" + ("" if published.sha256 else " --unverified"),
        takes="FILE.pt",
        problem=torchvision_problem,
        scale="L2 0..2",
        licence=published.licence,
    )


FACENET_VGGFACE2: Final = _plugin("facenet-vggface2", VGGFACE2_WEIGHTS, "VGGFace2")
FACENET_CASIA: Final = _plugin("facenet-casia", CASIA_WEIGHTS, "CASIA-WebFace")
