"""Has a plugin checked in a process of its own, which may end or hang."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from bench.errors import BenchError
from bench.plugins.checks.contract import Step
from bench.plugins.checks.outcome import Check, Finding, Report, failed, skipped
from bench.plugins.instruments import WORDS
from bench.plugins.process import LineProcess, ProcessEnded
from bench.run.checking.job import STOP_SECONDS, CheckJob

__all__ = ["check_plugin"]

COMMAND: Final = (sys.executable, "-P", "-m", "bench.run.checking")
START_SECONDS: Final = 600.0
"""For images and instruments of the harness to be loaded."""


def check_plugin(
    job: CheckJob, time_limit: float, doing: Callable[[str], None] = lambda text: None
) -> Report:
    """Goes through all steps; after one in which the process ended or hung, the rest is skipped.

    Args:
        job: what to check.
        time_limit: seconds for each step.
        doing: hears what is done.

    Raises:
        BenchError: there is no such plugin, or its data, weights or packages are not here.
    """
    checks: list[Check] = []
    measured: dict[str, float] = {}
    obstacle = ""
    with (
        tempfile.TemporaryDirectory(prefix="bench-check-", ignore_cleanup_errors=True) as folder,
        _process() as process,
    ):
        doing("reading images, loading instruments")
        _start(process, {**job.to_dict(), "temporary": folder})
        for step in job.steps:
            doing(step.doing)
            findings: Mapping[str, Finding] = {}
            if not obstacle:
                try:
                    answer = _exchange(process, {"step": step.name}, time_limit)
                    findings = {k: Finding(**v) for k, v in answer["findings"].items()}
                    measured = answer["measured"]
                except (TimeoutError, ProcessEnded, ValueError) as error:
                    findings, obstacle = _given_up(step, error, time_limit)
            checks += [
                Check(name, line, findings.get(name, skipped(obstacle)))
                for name, line in step.checks.items()
            ]
    kind = "method" if job.kind == "method" else WORDS[job.kind]
    return Report(kind, job.name, job.benchmark, tuple(checks), measured)


@contextmanager
def _process() -> Iterator[LineProcess]:
    """The process, which in the end has time to stop what the plugin has started.

    A program of a plugin's own, in a group of its own, would outlive it if it were killed at once.
    """
    with closing(LineProcess(COMMAND, Path.cwd())) as process:
        try:
            yield process
        finally:
            with suppress(OSError, ProcessEnded, ValueError):
                for _ in range(2):  # the answer to a step that took too long may still come
                    process.exchange("", 2.0 + STOP_SECONDS)


def _start(process: LineProcess, job: Mapping[str, Any]) -> None:
    try:
        _exchange(process, job, START_SECONDS)
    except (TimeoutError, ProcessEnded, ValueError) as error:
        raise BenchError(f"the process that checks did not start: {error}") from error


def _given_up(step: Step, error: Exception, time_limit: float) -> tuple[dict[str, Finding], str]:
    """The finding of a step without an answer, and what stands in the way of the rest."""
    if isinstance(error, TimeoutError):
        hint = f"--time-limit {10 * time_limit:g} waits longer"
        found = failed(f"no end of {step.doing}", f"an end within {time_limit:g} s", hint)
        obstacle = "it was stopped"
    else:
        found = failed(f"{step.doing}: {error}", "an exception at the most")
        has_ended = isinstance(error, ProcessEnded)
        obstacle = "its process had ended" if has_ended else "its process gave no answer"
    return {next(iter(step.checks)): found}, obstacle


def _exchange(process: LineProcess, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(process.exchange(json.dumps(message), seconds))
    if "error" in answer:
        raise BenchError(answer["error"], hint=answer["hint"])
    return answer
