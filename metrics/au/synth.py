"""Action Units of drawn faces, by a small network that comes with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from metrics.cards import InstrumentCard
from metrics.contracts import AUReading, Images, Outcome
from metrics.plugin import InstrumentPlugin

__all__ = ["HIGHEST_INTENSITY", "SYNTH", "SynthAUEstimator"]

HIGHEST_INTENSITY: Final = 5.0
"""FACS intensity E; A to E are 1 to 5."""


class SynthAUEstimator:
    """Action Unit estimator (:class:`metrics.contracts.AUEstimator`) for drawn faces.

    Beside the Action Units the network tells whether it sees a face: below one half the outcome
    is ``no_face``. It has seen drawn faces alone, whole, blurred and ghosted; what it says of
    photographs means nothing.

    Args:
        path: weights made by ``python -m metrics train-au``; by default those of the package.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file holds no such estimator.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        from metrics.synth_weights import load_instrument, shipped_weights, synth_card

        path = shipped_weights("synth-au") if path is None else Path(path)
        self._network, header = load_instrument(path, "au_estimator")
        self._action_units = header.action_units
        if header.config.outputs != len(header.action_units) + 1:
            raise ValueError(
                f"{path} has {header.config.outputs} outputs, expected one for each of its "
                f"{len(header.action_units)} Action Units and one for the face"
            )
        self._card = synth_card(path, header, "intensity 0..5")

    @property
    def card(self) -> InstrumentCard:
        return self._card

    @property
    def action_units(self) -> tuple[str, ...]:
        """Names of the columns of a reading, sorted."""
        return self._action_units

    def estimate(self, images: Images) -> AUReading:
        """Action Units (N, A) in 0..5 of each image, independent of the other images.

        Raises:
            ValueError: the images are malformed.
        """
        from metrics.synth_network import run_network

        outputs = run_network(self._network, images)
        values = np.clip(outputs[:, :-1] * HIGHEST_INTENSITY, 0.0, HIGHEST_INTENSITY)
        # The last output is the logit of a face: 0 is one half.
        is_face = outputs[:, -1] >= 0.0
        outcomes: list[Outcome] = ["ok" if face else "no_face" for face in is_face]
        values[~is_face] = np.nan
        return AUReading(outcomes, values.astype(np.float32))


SYNTH: Final = InstrumentPlugin[SynthAUEstimator](
    name="synth",
    kind="au_estimator",
    description="for drawn faces; comes with the package",
    make=SynthAUEstimator,
    takes="FILE.safetensors",
    suffixes=(".safetensors",),
    scale="intensity 0..5",
    licence="Apache-2.0",
)
