"""Identity embeddings by any ArcFace-style ONNX file, run with onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from metrics.cards import InstrumentCard
from metrics.contracts import Images, check_images
from metrics.crop import ARCFACE_SIZE, arcface_crop
from metrics.weights import published_as, sha256_of

__all__ = ["ARCFACE", "MOBILEFACENET", "OnnxEmbedder", "Preprocessing"]

Triple = tuple[float, float, float]

_VERSION: Final = "1"
_BATCH: Final = 16


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a crop becomes the network's input: (x / 255 - mean) / deviation per channel.

    Attributes:
        order: order of the channels in the input; ``mean`` and ``deviation`` follow it.
    """

    mean: Triple
    deviation: Triple
    order: Literal["RGB", "BGR"] = "RGB"

    def __str__(self) -> str:
        return f"{self.order}, (x/255 - {self.mean}) / {self.deviation}"

    def apply(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Normalised (N, H, W, 3) float32 of RGB crops (N, H, W, 3) uint8."""
        ordered = crops if self.order == "RGB" else crops[..., ::-1]
        mean, deviation = (np.asarray(v, dtype=np.float32) for v in (self.mean, self.deviation))
        return np.asarray((ordered.astype(np.float32) / np.float32(255.0) - mean) / deviation)


MOBILEFACENET: Final = Preprocessing(mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))
"""ImageNet mean and deviation, as foamliu/MobileFaceNet was trained."""

ARCFACE: Final = Preprocessing(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))
"""-1..1, as the models of InsightFace were trained."""


class OnnxEmbedder:
    """Embedder (:class:`metrics.contracts.Embedder`) from an ONNX file.

    The file has one image input of 112x112 in either layout, (N, 3, H, W) or (N, H, W, 3), and
    its first output is the embedding (N, D), of any norm.

    Args:
        path: the weights.
        preprocessing: how they were trained; MobileFaceNet's by default.
        name: name on the card; the file's name without its suffix by default.

    Raises:
        ImportError: onnxruntime is not installed.
        FileNotFoundError: there is no such file.
        ValueError: the file is no ONNX model or takes no 112x112 RGB image.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        preprocessing: Preprocessing = MOBILEFACENET,
        name: str | None = None,
    ) -> None:
        self._path = Path(path)
        self._preprocessing = preprocessing
        self._session = _open_session(self._path)
        self._input, self._channels_first, self._batch = _input_of(self._session, self._path)
        self._output: str = self._session.get_outputs()[0].name
        sha256 = sha256_of(self._path)
        known = published_as(sha256)
        self._card = InstrumentCard(
            name=name or self._path.stem.lower(),
            kind="embedder",
            version=_VERSION,
            description=f"ONNX face embedder, {preprocessing}",
            input_size=ARCFACE_SIZE,
            crop="similarity transform of the eyes to the ArcFace five-point template",
            scale="L2 0..2",
            weights_name=self._path.name,
            weights_sha256=sha256,
            licence=known.licence if known else "unknown",
            source=known.source if known else "unknown",
        )

    @property
    def card(self) -> InstrumentCard:
        return self._card

    def embed(self, images: Images) -> NDArray[np.float32]:
        """Unit-norm embeddings (N, D), each independent of the other images and their order.

        Raises:
            ValueError: the images are malformed, or the model gives no usable embedding.
        """
        check_images(images)
        batches = list(self._run(images))
        if not batches:
            return np.empty((0, self._dimension()), dtype=np.float32)
        raw = np.concatenate(batches)
        norms = np.linalg.norm(raw, axis=1, keepdims=True)
        if not np.all(np.isfinite(norms) & (norms > 0.0)):
            index = int(np.flatnonzero(~(np.isfinite(norms) & (norms > 0.0)))[0])
            raise ValueError(f"{self._path} gives no usable embedding for image {index}")
        return np.asarray(raw / norms, dtype=np.float32)

    def _run(self, images: Images) -> Iterator[NDArray[np.float64]]:
        for start in range(0, len(images), self._batch):
            crops = [arcface_crop(frame) for frame in images[start : start + self._batch]]
            count = len(crops)
            # Kernels may round differently at another batch size, so every batch is full.
            crops += crops[-1:] * (self._batch - count)
            tensor = self._preprocessing.apply(np.stack(crops))
            if self._channels_first:
                tensor = np.ascontiguousarray(tensor.transpose(0, 3, 1, 2))
            output = np.asarray(self._session.run([self._output], {self._input: tensor})[0])
            if output.ndim != 2 or len(output) != self._batch:
                raise ValueError(
                    f"{self._path} gives an output of shape {output.shape} for a batch of "
                    f"{self._batch}, not one embedding per image: use a face embedder"
                )
            yield output[:count].astype(np.float64)

    def _dimension(self) -> int:
        blank = np.zeros((1, ARCFACE_SIZE, ARCFACE_SIZE, 3), dtype=np.uint8)
        return int(next(self._run(blank)).shape[1])


def _open_session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            "the ONNX embedder needs onnxruntime: pip install -e '.[onnx]'"
        ) from error
    if not path.is_file():
        raise FileNotFoundError(f"no embedder weights at {path}: give the path of an ONNX file")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Threads that spin between images would starve the method that makes the images.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    # onnxruntime's errors have no common base class but Exception.
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{path} is not an ONNX model that onnxruntime can run ({reason}): "
            f"check that the download is whole"
        ) from error


def _input_of(session: Any, path: Path) -> tuple[str, bool, int]:
    """Name of the input, whether its channels come first, and the images per run."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise ValueError(f"{path} has {len(inputs)} inputs, an ArcFace-style embedder has one")
    name, shape, kind = inputs[0].name, list(inputs[0].shape), inputs[0].type
    channels_first = len(shape) == 4 and shape[1] == 3
    channels_last = len(shape) == 4 and shape[3] == 3 and not channels_first
    sides = shape[2:4] if channels_first else shape[1:3]
    fits = all(not isinstance(side, int) or side == ARCFACE_SIZE for side in sides)
    if kind != "tensor(float)" or not (channels_first or channels_last) or not fits:
        raise ValueError(
            f"{path} takes {kind} of shape {shape}, an ArcFace-style embedder takes tensor(float) "
            f"of shape [N, 3, {ARCFACE_SIZE}, {ARCFACE_SIZE}] or "
            f"[N, {ARCFACE_SIZE}, {ARCFACE_SIZE}, 3]"
        )
    batch = shape[0] if isinstance(shape[0], int) else _BATCH
    return name, channels_first, batch
