"""A program in any language that makes images: JSON lines on its standard input and output.

docs/add-a-method.md shows the messages.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.plugins.failures import InvalidOutput, MethodGone, Raised
from bench.plugins.process import LineProcess, ProcessEnded

__all__ = ["PROTOCOL_VERSION", "Program", "ProgramCard", "ProgramFailed"]

PROTOCOL_VERSION: Final = 1

ATTEMPTS: Final = 2
"""A request at which the program ends is made once more, of a program that was started anew."""

SAME_PAIR: Final = 2
"""Requests for one pair without an answer after which its other alphas are not asked for."""

PATIENCE: Final = 5
"""Pairs in a row without an answer after which the program is given up."""

FIRST_PACE: Final = 0.1
"""Of the time for an image, for each further one of a call, while the program's pace is unknown."""

SLOWER: Final = 20.0
"""Times the slowest image so far, for each further image of a call."""

Asked = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Answers what a program asks before it answers itself."""

RAISED: Final = {"timeout": TimeoutError, "invalid_output": InvalidOutput, "gone": MethodGone}
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
        timeout: seconds for an image. A call for several gets less than so much for each: it
            hangs long before; if it was only slow, its images are asked for again one by one.
        start_timeout: seconds until it is ready.
        who: what it is called where it is given up.
        asked: answers a line with ``ask``, which the program may write before its own answer.
        variables: of its environment, beside those of this process.

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
        who: str = "",
        asked: Asked | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._command, self._folder = list(command), folder
        self._who = who or f"the program {self._command[0]}"
        self._asked, self._variables = asked, dict(variables or {})
        self._slowest = 0.0
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
            images: how many it asks for.

        Raises:
            TimeoutError: there was none in time, or it says so itself.
            InvalidOutput: it says so itself.
            ProgramFailed: it says that it failed, ended twice, or wrote what is no answer; or it
                did not answer twice for this pair, and is not asked again.
            Raised: it says what a method raised.
            MethodGone: it did not answer for several pairs in a row, or says that it cannot.
        """
        silent = self._unanswered.get(pair, 0)
        if silent >= SAME_PAIR:
            raise ProgramFailed(f"not asked: no answer to {SAME_PAIR} requests for this pair")
        if not silent and len(self._unanswered) >= PATIENCE:
            raise MethodGone(
                f"{self._who} did not answer for {PATIENCE} pairs in a row",
                hint="mend it; failures that are stored stay, so run again with another --out",
            )
        if pair:
            self._unanswered[pair] = silent + 1
        answer = self._answer_to(request, images, ATTEMPTS if pair else 1)
        if answer.get("id") != request["id"] or answer.get("status") not in ("ok", "error"):
            raise self._given_up(f"no answer to the request {request['id']}", json.dumps(answer))
        self._unanswered.clear()
        if answer["status"] == "error":
            outcome = str(answer.get("outcome"))
            if "raised" in answer:
                raise Raised(str(answer["raised"]), outcome)
            failure = RAISED.get(outcome, ProgramFailed)
            raise failure(str(answer.get("message", "it gives no reason")))
        return answer

    def close(self) -> None:
        """Kills the program, if it runs."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _answer_to(self, request: Mapping[str, Any], images: int, attempts: int) -> dict[str, Any]:
        pace = min(self._timeout, SLOWER * self._slowest or FIRST_PACE * self._timeout)
        seconds = self._timeout + (images - 1) * pace
        for attempt in range(1, attempts + 1):
            try:
                if self._process is None:
                    self._start()
                started = time.monotonic()
                answer = self._exchange(request, seconds)
                self._slowest = max(self._slowest, (time.monotonic() - started) / images)
                return answer
            except ProcessEnded as error:
                if attempt == attempts:
                    raise ProgramFailed(str(error)) from error
        raise AssertionError

    def _start(self) -> ProgramCard:
        try:
            self._process = LineProcess(self._command, self._folder, self._variables)
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
        """The answer to a message, after those to all that the program asks before."""
        left = seconds
        while True:
            started = time.monotonic()
            answer = self._exchange_once(message, left, seconds)
            if self._asked is None or "ask" not in answer:
                return answer
            left = max(0.0, left - (time.monotonic() - started))
            try:
                message = self._asked(answer)
            except BaseException:  # it waits for an answer that there will never be
                self.close()
                raise

    def _exchange_once(
        self, message: Mapping[str, Any], left: float, seconds: float
    ) -> dict[str, Any]:
        assert self._process is not None
        try:
            line = self._process.exchange(json.dumps(message), left)
        except TimeoutError as error:
            self.close()
            raise TimeoutError(f"no answer within {seconds:g} s") from error
        except BaseException as error:
            # Whoever stops bench while it waits must not be given this answer to the next request.
            self.close()
            if isinstance(error, ValueError):
                raise ProgramFailed(f"no JSON line: {str(error)[:QUOTED]!r}") from error
            raise
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise self._given_up("no JSON object", line)
        return answer

    def _given_up(self, what: str, line: str) -> ProgramFailed:
        """The failure of a program whose next lines cannot be trusted either."""
        self.close()
        return ProgramFailed(f"{what}: {line[:QUOTED]!r}")
