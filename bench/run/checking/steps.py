"""Runs one step of the checks, whatever the plugin does in it."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from bench.errors import BenchError
from bench.plugins.checks.contract import Step
from bench.plugins.checks.outcome import Finding, failed, skipped
from bench.plugins.entries import one_line

__all__ = ["Findings", "PluginChecks", "file_of", "run_step", "text_of"]

Findings = Mapping[str, Finding]
"""By check; one that is left out was skipped."""


class PluginChecks(Protocol):
    """Checks of one plugin: beside these, a function without arguments for each step.

    Attributes:
        obstacle: why a further step cannot tell what it should; empty if it can.
        source: the file of the plugin; empty as long as it is not known.
    """

    obstacle: str
    source: str

    @property
    def steps(self) -> Sequence[Step]:
        """In their order; the last of them can always be done."""
        ...

    @property
    def measured(self) -> Mapping[str, float]:
        """Numbers by name."""
        ...


def run_step(checks: PluginChecks, step: Step) -> dict[str, Finding]:
    """The findings of a step, one for each of its checks.

    Raises:
        BenchError: in the first step: the plugin is not there, or the user has to mend something.
    """
    first, last = checks.steps[0], checks.steps[-1]
    findings: Findings = {}
    why = checks.obstacle
    if not checks.obstacle or step is last:
        try:
            findings = getattr(checks, step.name)()
            why = checks.obstacle
        except Exception as error:  # a foreign plugin may raise anything
            if step is first and isinstance(error, BenchError):
                raise
            checks.obstacle = checks.obstacle or step.obstacle
            why = f"{step.doing} raised an exception"
            found = failed(text_of(error, checks.source), "no exception")
            findings = {next(iter(step.checks)): found}
    return {name: findings.get(name, skipped(why)) for name in step.checks}


def text_of(error: BaseException, source: str = "") -> str:
    """An error as one line, with the line of the plugin where it came from.

    Args:
        error: of one that is made for users, what it says.
        source: the plugin's file.
    """
    text = " ".join(str(error).split()) if isinstance(error, BenchError) else one_line(error)
    place = _place_in(source, error)
    return f"{text} ({place})" if place else text


def file_of(defined: Any) -> str:
    """The file in which a class or a function is defined; empty if there is none."""
    try:
        return inspect.getfile(defined)
    except (OSError, TypeError):  # an object with __call__, or what is written in C
        return ""


def _place_in(source: str, error: BaseException | None) -> str:
    """The innermost line of a file in an error or in its cause, such as ``mine.py:12``."""
    while source and error is not None:
        frames = traceback.walk_tb(error.__traceback__)
        lines = [line for frame, line in frames if frame.f_code.co_filename == source]
        if lines:
            return f"{Path(source).name}:{lines[-1]}"
        error = error.__cause__
    return ""
