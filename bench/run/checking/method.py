"""The steps in which a method is checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.data.images import Pixels
from bench.errors import BenchError
from bench.plugins.checks.cards import check_fingerprint, check_method_card, check_parameters
from bench.plugins.checks.comparing import ROUNDING_LEVELS, first_difference
from bench.plugins.checks.contract import STEPS
from bench.plugins.checks.outcome import Finding, failed, passed, skipped
from bench.plugins.contracts import Method, Reconstructs, TransferRequest
from bench.plugins.registry import MethodEntry, find_method, make_method
from bench.run.checking.calls import Calls
from bench.run.checking.observed import Observed
from bench.run.checking.rows import (
    Row,
    failure,
    pairs_to_check,
    row_name,
    rows_at_zero,
    rows_to_check,
)
from bench.run.checking.session import CheckedSession
from bench.run.checking.steps import Findings, file_of, text_of
from bench.run.outputs import Output
from bench.run.preparation import prepare_method
from glow.comparison.memory import peak_mib, resident_mib

__all__ = ["MethodChecks"]

SAME: Final = f"the same image, up to {ROUNDING_LEVELS} of 255"
OTHER_ALPHA: Final = 0.5
RECONSTRUCTED: Final = 3
"""Faces that are enough to see that ``reconstruct`` works."""

ELSEWHERE: Final = "it works in a process of its own"


class MethodChecks:
    """Checks one method, as :class:`bench.run.checking.steps.PluginChecks` has it.

    Args:
        session: what the method is given.
        observed: notes its traces.
        name: of an installed method, or the path of a file.
        parameters: as text.
        device: torch device.
        python: interpreter of the environment of the method; None for this one.

    Attributes:
        measured: ``images_per_second`` of the first call, with all that it has to encode, and
            ``peak_mib`` above what the process held before; only of a method that works in it.

    Raises:
        BenchError: there are too few pairs.
    """

    steps = STEPS["method"]

    def __init__(
        self,
        session: CheckedSession,
        observed: Observed,
        name: str,
        parameters: Mapping[str, str],
        device: str = "cpu",
        python: Path | None = None,
    ) -> None:
        self._session, self._observed = session, observed
        self._name, self._parameters, self._device = name, dict(parameters), device
        self._python = python
        self._side = session.benchmark.resolution
        self._pairs = pairs_to_check(session.benchmark)
        self.obstacle = self.source = ""
        self.measured: dict[str, float] = {}
        self._entry: MethodEntry
        self._is_elsewhere = python is not None
        self._method: Method
        self._fingerprint: Mapping[str, str]
        self._rows: list[Row]
        self._images: list[Pixels]

    def load(self) -> Findings:
        """Finds the class and makes an instance.

        Raises:
            BenchError: there is no such method, or a parameter is wrong.
        """
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # the peak of memory starts from here
        self._start_mib = resident_mib()
        with self._observed.working("loading"):
            self._entry = entry = find_method(self._name, self._python)
        if entry.problem or entry.card is None:
            self.obstacle = "it cannot be loaded"
            expected = "a class with card, prepare and transfer"
            return {"loads": failed(entry.problem or "it has no card", expected)}
        # A class may say so of itself, such as one that asks a program.
        self._is_elsewhere |= bool(getattr(entry.factory, "works_elsewhere", False))
        self.source = "" if self._is_elsewhere else file_of(entry.factory)
        loads = passed()
        try:
            with self._observed.working("making an instance"):
                make_method(entry, self._parameters)
        except BenchError:
            raise
        except Exception as error:  # somebody else's class may raise anything
            self.obstacle = "no instance can be made"
            loads = failed(text_of(error, self.source), "an instance by its defaults")
        return {
            "loads": loads,
            "card": check_method_card(entry.card),
            "parameters": check_parameters(entry.parameters().values()),
        }

    def prepare(self) -> Findings:
        self._method, self._fingerprint = self._make()
        grid, has_alpha = self._session.benchmark.alphas, self._method.card.has_alpha
        self._rows = rows_to_check(self._pairs, grid, has_alpha)
        return {"prepare": check_fingerprint(self._fingerprint)}

    def transfer(self) -> Findings:
        calls = Calls(self._method.transfer, self.source)
        started = time.perf_counter()
        outputs = self._asked(calls, self._requests(self._rows))
        self.measured["images_per_second"] = len(outputs) / (time.perf_counter() - started)
        if not self._is_elsewhere:
            self.measured["peak_mib"] = max(0.0, peak_mib() - self._start_mib)
        problem = failure(self._rows, outputs)
        if not problem and (whole := calls.failed_whole):
            problem = f"a call with {len(outputs)} requests {whole}, one with each alone works"
        if problem:
            self.obstacle = "an image is missing or malformed"
            expected = f"({len(outputs)}, {self._side}, {self._side}, 3), uint8 or floating in 0..1"
            return {"images": failed(problem, expected)}
        self._images = [output.pixels for output in outputs if output.pixels is not None]
        return {"images": passed()}

    def repeat(self) -> Findings:
        found = self._same(self._rows, "the second time")
        if found.status == "failed":
            self.obstacle = "the same call does not give the same images"
        return {"same twice": found}

    def second(self) -> Findings:
        method, fingerprint = self._make()
        if fingerprint != self._fingerprint:
            returned = f"prepare returns {fingerprint}, and of the first {self._fingerprint}"
            found = failed(returned, "the same of every instance")
        else:
            # Another device may add in another order.
            tolerance = 0 if self._device == "cpu" else ROUNDING_LEVELS
            outputs = self._outputs(method.transfer, self._rows)
            found = self._same_images(outputs, "of a second instance", tolerance)
        if found.status == "failed":
            self.obstacle = "two instances do not do the same"
        return {"second instance": found}

    def alone(self) -> Findings:
        outputs = [self._outputs(self._method.transfer, [row])[0] for row in self._rows]
        return {"batch of one": self._same_images(outputs, "when it is asked for alone")}

    def order(self) -> Findings:
        method, _ = self._make()
        outputs = self._outputs(method.transfer, self._rows[::-1])[::-1]
        return {"order": self._same_images(outputs, "in the reverse order")}

    def alpha(self) -> Findings:
        if not self._method.card.has_alpha:
            rows: list[Row] = [(pair, OTHER_ALPHA) for pair, _ in self._rows]
            return {
                "alpha 0": skipped("it has no alpha"),
                "without alpha": self._same(rows, f"at alpha {OTHER_ALPHA:g}"),
            }
        one, other = rows_at_zero(self._rows)
        problem = first_difference(
            [row_name(self._rows[other])], [self._images[one]], [self._images[other]]
        )
        found = f"{problem} from {row_name(self._rows[one])}"
        return {
            "alpha 0": failed(found, f"{SAME}, whatever the source") if problem else passed(),
            "without alpha": skipped("it has alpha"),
        }

    def poison(self) -> Findings:
        return {"learns from dev": self._poisoned(), "asks no answer": self._answers()}

    def reconstruct(self) -> Findings:
        method = self._method
        if not isinstance(method, Reconstructs):
            return {"reconstruct": skipped("it does not reconstruct")}
        faces = self._session.development()[:RECONSTRUCTED]
        with self._observed.working("reconstruct"):
            outputs = Calls(method.reconstruct, self.source).outputs(faces, self._side)
        self._note_inputs("reconstruct")
        bad = next((output.detail for output in outputs if output.pixels is None), "")
        expected = "an image of each face, as transfer returns it"
        return {"reconstruct": failed(bad, expected) if bad else passed()}

    def fail(self) -> Findings:
        """Whether a call with a request that cannot be made leaves the method as it was."""
        requests = self._requests(self._rows)
        calls = Calls(self._method.transfer, self.source)
        if self._asked(calls, [_halved(requests[0]), *requests])[0].pixels is not None:
            return {"failing sample": skipped("it makes an image of a smaller source, too")}
        return {"failing sample": self._same(self._rows, "after a request that failed")}

    def traces(self) -> Findings:
        if self._is_elsewhere:
            return dict.fromkeys(self.steps[-1].checks, skipped(ELSEWHERE))
        return self._observed.findings()

    def _make(self) -> tuple[Method, Mapping[str, str]]:
        """An instance, and what its ``prepare`` returned."""
        with self._observed.working("prepare"):
            made = prepare_method(
                self._session, self._entry, self._parameters, self._device, is_watched=True
            )
        self._note_inputs("prepare")
        return made

    def _outputs(
        self, transfer: Callable[[Sequence[Any]], Any], rows: Sequence[Row]
    ) -> list[Output]:
        return self._asked(Calls(transfer, self.source), self._requests(rows))

    def _requests(self, rows: Sequence[Row]) -> list[TransferRequest]:
        return [self._session.request(pair, alpha) for pair, alpha in rows]

    def _asked(self, calls: Calls, requests: Sequence[TransferRequest]) -> list[Output]:
        with self._observed.working("transfer"):
            outputs = calls.outputs(requests, self._side)
        self._note_inputs("transfer")
        return outputs

    def _same(self, rows: Sequence[Row], when: str) -> Finding:
        return self._same_images(self._outputs(self._method.transfer, rows), when)

    def _same_images(
        self, outputs: Sequence[Output], when: str, tolerance: int = ROUNDING_LEVELS
    ) -> Finding:
        """Whether the images of all rows are those of the first call."""
        if problem := failure(self._rows, outputs):
            return failed(f"{when}, {problem}", SAME)
        images = [output.pixels for output in outputs if output.pixels is not None]
        names = [row_name(row) for row in self._rows]
        problem = first_difference(names, self._images, images, tolerance)
        expected = SAME if tolerance else "the same image"
        return failed(f"{problem} {when}", expected) if problem else passed()

    def _poisoned(self) -> Finding:
        if read := self._observed.watch.read:
            return failed(f"it opened the test image {next(iter(read))}", "what context gives")
        with self._session.poisoned():
            method, fingerprint = self._make()
        expected = "the same with noise for the test images"
        if fingerprint != self._fingerprint:
            return failed("prepare returns something else where test images are noise", expected)
        outputs = self._outputs(method.transfer, self._rows)
        found = self._same_images(outputs, "where prepare saw noise for the test images")
        return failed(found.found, expected) if found.status == "failed" else found

    def _answers(self) -> Finding:
        if self._method.card.is_anchor:
            return skipped("an anchor may show the answer")
        asked = ", ".join(sorted(self._session.answers_asked))
        expected = "only anchors show the answer"
        return failed(f"it asked for {asked}", expected) if asked else passed()

    def _note_inputs(self, doing: str) -> None:
        if changed := self._session.changed_faces():
            face = "/".join(changed[0].key)
            self._observed.note("inputs", f"the pixels of {face} are others after {doing}")


def _halved(request: TransferRequest) -> TransferRequest:
    """A request that most methods cannot fulfil: its source has half the size of all others."""
    pixels = np.ascontiguousarray(request.source.pixels[::2, ::2])
    # Under a name of its own, since a method may remember a face by its name.
    source = replace(request.source, sample="halved", pixels=pixels)
    return replace(request, pair=replace(request.pair, sample="halved"), source=source)
