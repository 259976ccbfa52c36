"""Which instruments there are, and how each is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from bench.errors import BenchError
from bench.suggest import did_you_mean
from metrics.contracts import AUEstimator, Embedder
from metrics.weights import find_weights

__all__ = ["AU_ESTIMATORS", "EMBEDDERS", "load_au_estimator", "load_embedder"]

Instrument = TypeVar("Instrument")


def _onnx(path: Path) -> Embedder:
    from metrics.embedders.onnx import OnnxEmbedder

    return OnnxEmbedder(path)


def _synth_embedder(path: Path | None = None) -> Embedder:
    from metrics.embedders.synth import SynthEmbedder

    return SynthEmbedder(path)


def _mediapipe(path: Path) -> AUEstimator:
    from metrics.au.mediapipe import MediaPipeAUEstimator

    return MediaPipeAUEstimator(path)


def _synth_au_estimator(path: Path | None = None) -> AUEstimator:
    from metrics.au.synth import SynthAUEstimator

    return SynthAUEstimator(path)


@dataclass(frozen=True, slots=True)
class _Catalogue(Generic[Instrument]):
    """The instruments of one kind.

    Attributes:
        kind: what they are, in words.
        named: what makes each; those whose weights come with the package need no file.
        weights: name of the weights file of each of the others.
        from_file: what reads a weights file given by its path, by suffix.
    """

    kind: str
    named: Mapping[str, Callable[[], Instrument]]
    weights: Mapping[str, str]
    from_file: Mapping[str, Callable[[Path], Instrument]]

    def load(self, name: str, beside: Sequence[Path]) -> Instrument:
        try:
            if name in self.named:
                return self.named[name]()
            path = self._find(name, beside)
            return self.from_file[path.suffix](path)
        except (ValueError, FileNotFoundError, ImportError) as error:
            raise BenchError(str(error)) from error

    def _find(self, name: str, beside: Sequence[Path]) -> Path:
        if name in self.weights:
            for folder in beside:
                for path in sorted(folder.rglob(self.weights[name])):
                    return path
            return find_weights(self.weights[name])
        if Path(name).suffix in self.from_file:
            if not Path(name).is_file():
                raise BenchError(f"no {self.kind} weights at {name}")
            return Path(name)
        known = [*self.weights, *self.named]
        raise BenchError(
            f"no {self.kind} called {name!r}{did_you_mean(name, known)}",
            hint=f"known: {', '.join(known)}, or the path of a {' or '.join(self.from_file)} file",
        )


EMBEDDERS: Final = _Catalogue(
    "embedder",
    named={"synth": _synth_embedder},
    weights={"mobilefacenet": "MobileFaceNet.onnx"},
    from_file={".onnx": _onnx, ".safetensors": _synth_embedder},
)
AU_ESTIMATORS: Final = _Catalogue(
    "AU estimator",
    named={"synth": _synth_au_estimator},
    weights={"mediapipe": "face_landmarker.task"},
    from_file={".task": _mediapipe, ".safetensors": _synth_au_estimator},
)


def load_embedder(name: str, beside: Sequence[Path]) -> Embedder:
    """The embedder of that name, or of a weights file given by its path.

    Args:
        name: ``synth``, ``mobilefacenet``, the path of an ArcFace-style ``.onnx`` file, or of a
            ``.safetensors`` file made by ``python -m metrics``.
        beside: folders to look for weights in, before the usual ones.

    Raises:
        BenchError: unknown name, missing weights or missing package, with what to do.
    """
    return EMBEDDERS.load(name, beside)


def load_au_estimator(name: str, beside: Sequence[Path]) -> AUEstimator:
    """The AU estimator of that name, or of a weights file given by its path.

    Args:
        name: ``synth``, ``mediapipe``, the path of a Face Landmarker's ``.task`` file, or of a
            ``.safetensors`` file made by ``python -m metrics``.
        beside: folders to look for weights in, before the usual ones.

    Raises:
        BenchError: unknown name, missing weights or missing package, with what to do.
    """
    return AU_ESTIMATORS.load(name, beside)
