"""A program in any language that makes images: JSON lines on its standard input and output.

docs/add-a-method.md shows the messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.plugins.failures import InvalidOutput, MethodGone
from bench.plugins.process import LineProcess, ProcessEnded

__all__ = ["PROTOCOL_VERSION", "Program", "ProgramCard", "ProgramFailed"]

PROTOCOL_VERSION: Final = 1

ATTEMPTS: Final = 2
"""A request at which the program ends is made once more, of a program that was started anew."""

SAME_PAIR: Final = 2
"""Requests for one pair without an answer after which its other alphas are not asked for."""

PATIENCE: Final = 5
"""Pairs in a row without an answer after which the program is given up."""

RAISED: Final = {"timeout": TimeoutError, "invalid_output": InvalidOutput}
"""Outcome that an answer may name -> what says it to the harness."""

QUOTED: Final = 120
"""Characters of a line that a message quotes."""


class ProgramFailed(RuntimeError):
    """The program ended, said that it failed, or wrote what is no answer."""


@dataclass(frozen=True, slots=True)
class ProgramCard:
    """What a program says of itself when it is ready."""

    name: str
    version: str
    has_alpha: bool


class Program:
    """A program that was started and said that it is ready.

    It is started anew for the next request after it ended, let the time pass, or wrote what is no
    answer.

    Args:
        command: program and arguments; no shell sees them.
        folder: its working directory.
        greeting: what it is told first; ``{"bench": PROTOCOL_VERSION}`` is added.
        timeout: seconds for an image.
        start_timeout: seconds until it is ready.

    Attributes:
        card: what it said of itself.
        ready: its whole answer to the greeting.

    Raises:
        OSError: it cannot be started, or it was not ready in time (TimeoutError).
        ProgramFailed: it ended, or its answer to the greeting is none.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        greeting: Mapping[str, Any],
        *,
        timeout: float,
        start_timeout: float,
    ) -> None:
        self._command, self._folder = list(command), folder
        self._greeting = {"bench": PROTOCOL_VERSION, **greeting}
        self._timeout, self._start_timeout = timeout, start_timeout
        self._process: LineProcess | None = None
        self._unanswered: dict[str, int] = {}
        self.ready: Mapping[str, Any] = {}
        self.card = self._start()

    def ask(self, request: Mapping[str, Any], pair: str, images: int = 1) -> dict[str, Any]:
        """The answer to a request.

        Args:
            request: with an ``id`` that the answer repeats.
            pair: which pair it is about; empty for several, which are asked for again one by one.
            images: how many it asks for; each adds to the time that it may take.

        Raises:
            TimeoutError: there was none in time, or it says so itself.
            InvalidOutput: it says so itself.
            ProgramFailed: it says that it failed, ended twice, or wrote what is no answer; or it
                did not answer twice for this pair, and is not asked again.
            MethodGone: it did not answer for several pairs in a row.
        """
        silent = self._unanswered.get(pair, 0)
        if silent >= SAME_PAIR:
            raise ProgramFailed(f"not asked: no answer to {SAME_PAIR} requests for this pair")
        if not silent and len(self._unanswered) >= PATIENCE:
            raise MethodGone(
                f"the program {self._command[0]} did not answer for {PATIENCE} pairs in a row",
                hint="mend it; failures that are stored stay, so run again with another --out",
            )
        if pair:
            self._unanswered[pair] = silent + 1
        answer = self._answer_to(request, images * self._timeout)
        if answer.get("id") != request["id"] or answer.get("status") not in ("ok", "error"):
            raise self._given_up(f"no answer to the request {request['id']}", json.dumps(answer))
        self._unanswered.clear()
        if answer["status"] == "error":
            failure = RAISED.get(str(answer.get("outcome")), ProgramFailed)
            raise failure(str(answer.get("message", "it gives no reason")))
        return answer

    def close(self) -> None:
        """Kills the program, if it runs."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _answer_to(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if self._process is None:
                    self._start()
                return self._exchange(request, seconds)
            except ProcessEnded as error:
                if attempt == ATTEMPTS:
                    raise ProgramFailed(str(error)) from error
        raise AssertionError

    def _start(self) -> ProgramCard:
        try:
            self._process = LineProcess(self._command, self._folder)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"there is no program {self._command[0]!r}") from error
        try:
            answer = self._exchange(self._greeting, self._start_timeout)
        except ProcessEnded as error:
            raise ProgramFailed(f"before it was ready, {error}") from error
        if answer.get("ready") is not True:
            raise self._given_up("not ready", str(answer.get("message", json.dumps(answer))))
        name, version = answer.get("name"), answer.get("version")
        has_alpha = answer.get("has_alpha")
        if not (isinstance(name, str) and name and isinstance(has_alpha, bool)):
            raise self._given_up("no name or no has_alpha (true or false)", json.dumps(answer))
        self.ready = answer
        return ProgramCard(name, str(version or ""), has_alpha)

    def _exchange(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        assert self._process is not None
        try:
            line = self._process.exchange(json.dumps(message), seconds)
        except (TimeoutError, ProcessEnded):
            self.close()
            raise
        except ValueError as error:
            raise self._given_up("no JSON line", str(error)) from error
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise self._given_up("no JSON object", line)
        return answer

    def _given_up(self, what: str, line: str) -> ProgramFailed:
        """The failure of a program whose next lines cannot be trusted either."""
        self.close()
        return ProgramFailed(f"{what}: {line[:QUOTED]!r}")
