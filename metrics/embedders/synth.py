"""Identity embeddings of drawn faces, by a small network that comes with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.cards import InstrumentCard
from metrics.contracts import Images
from metrics.plugin import InstrumentPlugin

__all__ = ["SYNTH", "SynthEmbedder"]


class SynthEmbedder:
    """Embedder (:class:`metrics.contracts.Embedder`) for drawn faces.

    It has seen drawn faces alone; what it says of photographs means nothing.

    Args:
        path: weights made by ``python -m metrics train-embedder``; by default those of the
            package.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file holds no such embedder.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        from metrics.synth_weights import load_instrument, shipped_weights, synth_card

        path = shipped_weights("synth-embedder") if path is None else Path(path)
        self._network, header = load_instrument(path, "embedder")
        self._card = synth_card(path, header, "L2 0..2")

    @property
    def card(self) -> InstrumentCard:
        return self._card

    def embed(self, images: Images) -> NDArray[np.float32]:
        """Unit-norm embeddings (N, D), each independent of the other images.

        Raises:
            ValueError: the images are malformed.
        """
        from metrics.synth_network import run_network

        raw = run_network(self._network, images).astype(np.float64)
        return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), dtype=np.float32)


SYNTH: Final = InstrumentPlugin[SynthEmbedder](
    name="synth",
    kind="embedder",
    description="for drawn faces; comes with the package",
    make=SynthEmbedder,
    takes="FILE.safetensors",
    suffixes=(".safetensors",),
    scale="L2 0..2",
    licence="Apache-2.0",
)
