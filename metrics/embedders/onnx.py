"""Identity embeddings by any ArcFace-style ONNX file, run with onnxruntime.

Such files want the same crop and differ in what they want the pixels to be. InsightFace's are of
two sorts: the graphs exported from MXNet subtract and divide themselves and take 0..255, the others
take -1..1; InsightFace tells them apart by the names of their first nodes, and so does this module
(:func:`preprocessing_of`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from metrics.cards import InstrumentCard
from metrics.contracts import Images, check_images
from metrics.crop import ARCFACE_SIZE, arcface_crop
from metrics.embedders.onnx_graph import first_node_names, has_external_data
from metrics.plugin import InstrumentPlugin
from metrics.weights import MOBILEFACENET as MOBILEFACENET_WEIGHTS
from metrics.weights import published_as, require_published, sha256_of

__all__ = [
    "ARCFACE",
    "ARCFACE_ONNX",
    "IMAGENET",
    "MOBILEFACENET",
    "OWN",
    "OnnxEmbedder",
    "Preprocessing",
    "preprocessing_of",
]

Triple = tuple[float, float, float]

_VERSION: Final = "1"
_BATCH: Final = 16
_LARGEST_BATCH: Final = 1024
_MOST_BYTES: Final = 2 << 30
"""What a protocol buffer can have."""

_INSTALL: Final = "pip install -e '.[onnx]'"
_LOOKED_AT: Final = 8
"""Nodes of a graph whose names InsightFace looks at."""


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


IMAGENET: Final = Preprocessing(mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))
"""ImageNet mean and deviation, as foamliu/MobileFaceNet was trained."""

ARCFACE: Final = Preprocessing(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))
"""-1..1, as the models of InsightFace were trained."""

OWN: Final = Preprocessing(mean=(0.0, 0.0, 0.0), deviation=(1 / 255, 1 / 255, 1 / 255))
"""0..255: the graph itself subtracts and divides."""


def preprocessing_of(path: Path) -> Preprocessing:
    """What a file wants the pixels to be: the published MobileFaceNet by its SHA-256, any other
    as InsightFace would run it (``python-package/insightface/model_zoo/arcface_onnx.py``).

    Raises:
        OSError: the file cannot be read.
    """
    if sha256_of(path) == MOBILEFACENET_WEIGHTS.sha256:
        return IMAGENET
    names = first_node_names(path, _LOOKED_AT)
    subtracts = any(name.startswith(("Sub", "_minus")) for name in names)
    multiplies = any(name.startswith(("Mul", "_mul")) for name in names)
    return OWN if subtracts and multiplies else ARCFACE


class OnnxEmbedder:
    """Embedder (:class:`metrics.contracts.Embedder`) from an ONNX file.

    The file has one image input of 112x112 in either layout, (N, 3, H, W) or (N, H, W, 3), and
    its first output is the embedding (N, D), of any norm.

    Args:
        path: the weights.
        preprocessing: how they were trained; by default what :func:`preprocessing_of` says.

    Raises:
        ImportError: onnxruntime is not installed.
        FileNotFoundError: there is no such file.
        ValueError: the file is no ONNX model or takes no 112x112 RGB image.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        preprocessing: Preprocessing | None = None,
    ) -> None:
        self._path = Path(path)
        self._session = _open_session(self._path)
        try:
            self._input, self._channels_first, self._batch = _input_of(self._session, self._path)
            self._output: str = _output_of(self._session, self._path)
        except UnicodeDecodeError as error:
            raise ValueError(f"{self._path} has names that are no text in UTF-8") from error
        self._preprocessing = preprocessing or preprocessing_of(self._path)
        sha256 = sha256_of(self._path)
        known = published_as(sha256)
        self._card = InstrumentCard(
            name="mobilefacenet" if known == MOBILEFACENET_WEIGHTS else "arcface-onnx",
            kind="embedder",
            version=_VERSION,
            description="face embedder from an ONNX file",
            input_size=ARCFACE_SIZE,
            crop="similarity transform of the eyes to the ArcFace five-point template",
            scale="L2 0..2",
            weights_name=self._path.name,
            weights_sha256=sha256,
            licence=known.licence if known else "unknown",
            source=known.source if known else "a file of the user",
            normalisation=str(self._preprocessing),
            alignment="eyes at the template of the frame; no detector is asked",
            no_face="the crop at that place is embedded, whatever it shows",
            several_faces="the face whose eyes are at the template is embedded",
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
            output = self._output_for(tensor)
            if output.ndim != 2 or len(output) != self._batch:
                raise ValueError(
                    f"{self._path} gives an output of shape {output.shape} for a batch of "
                    f"{self._batch}, not one embedding per image: use a face embedder"
                )
            yield output[:count]

    def _output_for(self, tensor: NDArray[np.float32]) -> NDArray[np.float64]:
        """What the model makes of one batch, of any shape."""
        try:
            made = self._session.run([self._output], {self._input: tensor})[0]
            return np.asarray(made).astype(np.float64)
        # onnxruntime's errors have no common base class but Exception.
        except Exception as error:
            raise ValueError(
                f"{self._path} cannot be run on a batch of {self._batch} faces "
                f"({_reason(error)}): use a face embedder"
            ) from error

    def _dimension(self) -> int:
        blank = np.zeros((1, ARCFACE_SIZE, ARCFACE_SIZE, 3), dtype=np.uint8)
        return int(next(self._run(blank)).shape[1])


def _open_session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(f"the ONNX embedder needs onnxruntime: {_INSTALL}") from error
    if not path.is_file():
        raise FileNotFoundError(f"no embedder weights at {path}: give the path of an ONNX file")
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path} has more than {_MOST_BYTES >> 30} GiB, the most of an ONNX file")
    if has_external_data(path):
        raise ValueError(
            f"{path} keeps weights in other files, which its SHA-256 would not tell: save it as "
            f"one file (onnx.save_model without save_as_external_data)"
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # As other libraries do by themselves; 0 is as many as there are cores.
    told = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = int(told) if told.isdigit() else 0
    # Threads that spin between images would starve the method that makes the images.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            str(path),
            sess_options=options,
            providers=["CPUExecutionProvider"],
            # It would tell of damaged files on stdout, where results go, and try them again.
            enable_fallback=0,
            # How it runs is not for the file to say.
            read_config_from_model=0,
        )
    # onnxruntime's errors have no common base class but Exception.
    except Exception as error:
        raise ValueError(
            f"{path} is not an ONNX model that onnxruntime can run ({_reason(error)}): "
            f"check that the download is whole"
        ) from error


def _output_of(session: Any, path: Path) -> str:
    outputs = session.get_outputs()
    if not outputs:
        raise ValueError(f"{path} has no output: use a face embedder")
    return str(outputs[0].name)


def _reason(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


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
    if not 1 <= batch <= _LARGEST_BATCH:
        raise ValueError(f"{path} takes {batch} images at once, and may take 1 to {_LARGEST_BATCH}")
    return name, channels_first, batch


def _make(path: Path | None) -> OnnxEmbedder:
    if path is None:
        raise ValueError("arcface-onnx needs a file: give arcface-onnx:FILE.onnx")
    return OnnxEmbedder(path)


def _make_mobilefacenet(path: Path | None) -> OnnxEmbedder:
    # A plugin with weights is never made without them.
    assert path is not None
    require_published(path, MOBILEFACENET_WEIGHTS)
    return OnnxEmbedder(path)


ARCFACE_ONNX: Final = InstrumentPlugin[OnnxEmbedder](
    name="arcface-onnx",
    kind="embedder",
    description="any ArcFace-style ONNX file, InsightFace's among them",
    make=_make,
    packages=("onnxruntime",),
    install=_INSTALL,
    takes="FILE.onnx",
    suffixes=(".onnx",),
    scale="L2 0..2",
    licence="the file's; InsightFace's are for non-commercial research",
)
MOBILEFACENET: Final = InstrumentPlugin[OnnxEmbedder](
    name="mobilefacenet",
    kind="embedder",
    description="MobileFaceNet (Chen et al. 2018), trained on refined MS-Celeb-1M",
    make=_make_mobilefacenet,
    packages=("onnxruntime",),
    install=_INSTALL,
    weights=MOBILEFACENET_WEIGHTS.file_name,
    fetch="bench weights fetch mobilefacenet",
    takes="FILE.onnx",
    scale="L2 0..2",
    licence=MOBILEFACENET_WEIGHTS.licence,
)
