"""The process in which a plugin is checked: a JSON line for each step, in and out.

It is told an order (:class:`bench.run.checking.order.CheckOrder`) with a temporary folder, and then
the name of one step after the other.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict
from typing import IO, Any

from bench.errors import BenchError


def main() -> None:
    """Answers until standard input ends."""
    answers = _own_output()
    order = json.loads(sys.stdin.readline())
    folder = order.pop("temporary")
    tempfile.tempdir = folder
    # Matplotlib, which other libraries import, makes its folder wherever it is.
    os.environ["TMPDIR"] = os.environ["MPLCONFIGDIR"] = folder
    sys.dont_write_bytecode = True

    from bench.run.checking.opening import open_checks
    from bench.run.checking.order import CheckOrder
    from bench.run.checking.steps import run_step

    def step_of(name: str) -> dict[str, Any]:
        step = next(step for step in checks.steps if step.name == name)
        findings = {check: asdict(found) for check, found in run_step(checks, step).items()}
        return {"findings": findings, "measured": dict(checks.measured)}

    try:
        checks = open_checks(CheckOrder(**order))
        _say(answers, {"ready": True})
        for line in sys.stdin:
            _say(answers, step_of(json.loads(line)["step"]))
    except BenchError as error:
        _say(answers, {"error": error.message, "hint": error.hint})


def _own_output() -> IO[str]:
    """The standard output, from now on for answers alone: what a plugin prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _say(answers: IO[str], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
