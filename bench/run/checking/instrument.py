"""The steps in which an embedder or an AU estimator is checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.data.images import Pixels
from bench.plugins.checks.cards import check_instrument_card
from bench.plugins.checks.comparing import first_changed_value
from bench.plugins.checks.contract import STEPS
from bench.plugins.checks.outcome import Finding, failed, passed, skipped
from bench.plugins.checks.readings import (
    embedding_problem,
    numbers_of,
    reading_problem,
    seen_faces,
)
from bench.plugins.instruments import Kind, find_plugin, load_au_estimator, load_embedder
from bench.plugins.made import ContractBroken
from bench.run.checking.observed import Observed
from bench.run.checking.steps import Findings, file_of, text_of
from metrics.contracts import UnmeasuredImages

__all__ = ["InstrumentChecks"]

GREY: Final = 128
"""Of the image without a face."""


class InstrumentChecks:
    """Checks one instrument, as :class:`bench.run.checking.steps.PluginChecks` has it.

    Args:
        kind: which.
        spec: name or file, as a user types it.
        beside: folders to look for weights in, before the usual ones.
        images: real faces, at least two.
        names: of these images.
        observed: notes its traces.
    """

    def __init__(
        self,
        kind: Kind,
        spec: str,
        beside: Sequence[Path],
        images: NDArray[np.uint8],
        names: Sequence[str],
        observed: Observed,
    ) -> None:
        self.steps = STEPS[kind]
        self.obstacle = self.source = ""
        self.measured: dict[str, float] = {}
        self._kind, self._spec, self._beside = kind, spec, beside
        self._images, self._names, self._observed = images, list(names), observed
        self._instrument: Any
        self._numbers: NDArray[np.float64]

    def load(self) -> Findings:
        """Finds the plugin and makes an instrument.

        Raises:
            BenchError: there is no such instrument, or its weights or packages are not here.
        """
        try:
            with self._observed.working("loading"):
                plugin, path = find_plugin(self._kind, self._spec)
            self.source = file_of(plugin.make)
            self._instrument = self._make()
        except ContractBroken as error:
            self.obstacle = "it cannot be loaded"
            expected = "an InstrumentPlugin that makes an instrument of its kind"
            return {"loads": failed(error.message, expected)}
        card = self._instrument.card
        return {
            "loads": passed(),
            "card": check_instrument_card(card, plugin if path is None else None),
            "action units": self._units(),
        }

    def read(self) -> Findings:
        try:
            reading = self._answer(self._instrument, self._images)
        except UnmeasuredImages as error:
            self.obstacle = f"its readings are not here yet: {text_of(error)}"
            return {}
        if problem := self._problem(reading, len(self._images)):
            self.obstacle = "a reading is malformed"
            return {"readings": failed(problem, self._expected())}
        self._numbers = numbers_of(reading)
        if not seen_faces(reading):
            return {"readings": skipped("it sees no face in these; --benchmark names others")}
        return {"readings": passed()}

    def repeat(self) -> Findings:
        found = self._same(self._instrument, "the second time")
        if found.status == "failed":
            self.obstacle = "the same call does not give the same numbers"
        return {"same twice": found}

    def second(self) -> Findings:
        found = self._same(self._make(), "of a second instance")
        if found.status == "failed":
            self.obstacle = "two instances do not give the same numbers"
        return {"second instance": found}

    def alone(self) -> Findings:
        rows = [
            numbers_of(self._answer(self._instrument, self._images[place : place + 1]))
            for place in range(len(self._images))
        ]
        found = self._compared(np.concatenate(rows), "when it is read alone")
        return {"batch of one": found}

    def order(self) -> Findings:
        back = numbers_of(self._answer(self._make(), self._images[::-1]))
        return {"order": self._compared(back[::-1], "in the reverse order")}

    def blank(self) -> Findings:
        blank: Pixels = np.full_like(self._images[:1], GREY)
        reading = self._answer(self._instrument, blank)
        problem = self._problem(reading, 1)
        if not problem and seen_faces(reading) and self._kind == "au_estimator":
            problem = "it reads Action Units"
        expected = "an embedding" if self._kind == "embedder" else "the outcome no_face, and NaN"
        return {
            "blank image": failed(f"of a grey image {problem}", expected) if problem else passed()
        }

    def malformed(self) -> Findings:
        whole = self._images[:1]
        wrong = {
            "one image without a batch": whole[0],
            "an image that is not square": whole[:, :, :-1],
            "a grey image": whole[..., 0],
            "an image of numbers from 0 to 1": whole / 255.0,
        }
        for name, images in wrong.items():
            if problem := self._accepted(images):
                return {"malformed image": failed(f"{name} {problem}", "a ValueError")}
        return {"malformed image": passed()}

    def traces(self) -> Findings:
        return self._observed.findings()

    def _make(self) -> Any:
        load: Callable[[str, Sequence[Path]], Any]
        load = load_embedder if self._kind == "embedder" else load_au_estimator
        with self._observed.working("making an instance"):
            return load(self._spec, self._beside)

    def _answer(self, instrument: Any, images: NDArray[Any]) -> Any:
        given = images.copy()
        method = instrument.embed if self._kind == "embedder" else instrument.estimate
        with self._observed.working("reading images"):
            answer = method(given)
        if not np.array_equal(given, images):
            self._observed.note("inputs", "the images are others after they were read")
        return answer

    def _same(self, instrument: Any, when: str) -> Finding:
        return self._compared(numbers_of(self._answer(instrument, self._images)), when)

    def _compared(self, numbers: NDArray[np.float64], when: str) -> Finding:
        problem = first_changed_value(self._names, self._numbers, numbers)
        return failed(f"{problem} {when}", "the same numbers") if problem else passed()

    def _problem(self, reading: Any, count: int) -> str:
        if self._kind == "embedder":
            return embedding_problem(reading, count)
        return reading_problem(reading, count, len(self._instrument.action_units))

    def _expected(self) -> str:
        if self._kind == "embedder":
            return f"({len(self._images)}, D), float32, rows of norm 1"
        units = len(self._instrument.action_units)
        return f"an AUReading of {len(self._images)} outcomes and values of {units} columns"

    def _units(self) -> Finding:
        if self._kind == "embedder":
            return passed()
        on_card, units = self._instrument.card.action_units, self._instrument.action_units
        if tuple(on_card) != units:
            return failed(f"the card has {on_card} and the estimator {units}", "the same on both")
        return passed()

    def _accepted(self, images: NDArray[Any]) -> str:
        """How a malformed image was met, if not with a ValueError."""
        try:
            self._answer(self._instrument, images)
        except ValueError:
            return ""
        except Exception as error:  # somebody else's instrument may raise anything
            return f"raises {text_of(error, self.source)}"
        return "is read"
