"""Runs one step of the checks, whatever the plugin does in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bench.errors import BenchError
from bench.plugins.checks.contract import Step
from bench.plugins.checks.outcome import Finding, failed, skipped
from bench.plugins.entries import one_line

__all__ = ["Findings", "PluginChecks", "run_step", "text_of"]

Findings = Mapping[str, Finding]
"""By check; one that is left out was skipped."""


class PluginChecks(Protocol):
    """Checks of one plugin: beside these, a function without arguments for each step."""

    @property
    def steps(self) -> Sequence[Step]:
        """In their order; the last of them can always be done."""
        ...

    @property
    def obstacle(self) -> str:
        """Why a further step cannot tell what it should; empty if it can."""
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
    if not checks.obstacle or step is last:
        try:
            findings = getattr(checks, step.name)()
        except Exception as error:  # a foreign plugin may raise anything
            if step is first and isinstance(error, BenchError):
                raise
            findings = {next(iter(step.checks)): failed(text_of(error), "no exception")}
    return {name: findings.get(name, skipped(checks.obstacle)) for name in step.checks}


def text_of(error: BaseException) -> str:
    """An error as one line; of one that is made for users, what it says."""
    return " ".join(str(error).split()) if isinstance(error, BenchError) else one_line(error)
