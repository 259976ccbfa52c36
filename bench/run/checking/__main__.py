"""The process in which a plugin is checked: a JSON line for each step, in and out.

It is told its job (:class:`bench.run.checking.job.CheckJob`) with a temporary folder, and then the
name of one step after the other. An empty line ends it, also in the middle of a step.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict
from typing import IO, Any

from bench.errors import BenchError
from bench.plugins.foreign.runner import own_streams
from bench.plugins.process import kill_all
from bench.run.checking.job import STOP_SECONDS, CheckJob


def main() -> None:
    """Answers until it is told to end."""
    asked, answers = own_streams(STOP_SECONDS, kill_all)
    job = json.loads(next(asked))
    folder = job.pop("temporary")
    tempfile.tempdir = folder
    # Matplotlib, which other libraries import, makes its folder wherever it is.
    os.environ["TMPDIR"] = os.environ["MPLCONFIGDIR"] = folder
    sys.dont_write_bytecode = True

    from bench.run.checking.opening import open_checks
    from bench.run.checking.steps import run_step

    def step_of(name: str) -> dict[str, Any]:
        step = next(step for step in checks.steps if step.name == name)
        findings = {check: asdict(found) for check, found in run_step(checks, step).items()}
        return {"findings": findings, "measured": dict(checks.measured)}

    try:
        checks = open_checks(CheckJob(**job))
        _say(answers, {"ready": True})
        for line in asked:
            _say(answers, step_of(json.loads(line)["step"]))
    except BenchError as error:
        _say(answers, {"error": error.message, "hint": error.hint})


def _say(answers: IO[str], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
