"""Has a plugin checked in a process of its own, which may end or hang."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from bench.errors import BenchError
from bench.plugins.checks.contract import Step
from bench.plugins.checks.outcome import Check, Finding, Report, failed, skipped
from bench.plugins.instruments import WORDS
from bench.plugins.process import LineProcess, ProcessEnded
from bench.run.checking.order import CheckOrder

__all__ = ["check_plugin"]

COMMAND: Final = (sys.executable, "-P", "-m", "bench.run.checking")
START_SECONDS: Final = 600.0
"""For images and instruments of the harness to be loaded."""


def check_plugin(
    order: CheckOrder, time_limit: float, doing: Callable[[str], None] = lambda text: None
) -> Report:
    """Goes through all steps; after one in which the process ended or hung, the rest is skipped.

    Args:
        order: what to check.
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
        closing(LineProcess(COMMAND, Path.cwd())) as process,
    ):
        doing("reading images, loading instruments")
        _started(process, {**order.to_dict(), "temporary": folder})
        for step in order.steps:
            doing(step.doing)
            findings: Mapping[str, Finding] = {}
            if not obstacle:
                try:
                    answer = _exchange(process, {"step": step.name}, time_limit)
                    findings = {k: Finding(**v) for k, v in answer["findings"].items()}
                    measured = answer["measured"]
                except (TimeoutError, ProcessEnded) as error:
                    findings, obstacle = _given_up(step, error, time_limit)
            checks += [
                Check(name, line, findings.get(name, skipped(obstacle)))
                for name, line in step.checks.items()
            ]
    kind = "method" if order.kind == "method" else WORDS[order.kind]
    return Report(kind, order.name, order.benchmark, tuple(checks), measured)


def _started(process: LineProcess, order: Mapping[str, Any]) -> None:
    try:
        _exchange(process, order, START_SECONDS)
    except (TimeoutError, ProcessEnded) as error:
        raise BenchError(f"the process that checks did not start: {error}") from error


def _given_up(step: Step, error: Exception, time_limit: float) -> tuple[dict[str, Finding], str]:
    """The finding of a step without an end, and what stands in the way of the rest."""
    if isinstance(error, TimeoutError):
        found, expected = f"no end of {step.doing}", f"an end within {time_limit:g} s"
        obstacle = "it was stopped"
    else:
        found, expected = f"{step.doing}: {error}", "an exception at the most"
        obstacle = "its process had ended"
    return {next(iter(step.checks)): failed(found, expected)}, obstacle


def _exchange(process: LineProcess, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(process.exchange(json.dumps(message), seconds))
    if "error" in answer:
        raise BenchError(answer["error"], hint=answer["hint"])
    return answer
