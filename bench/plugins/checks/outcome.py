"""What the checks of a plugin found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from bench.plugins.checks.contract import CONTRACT

__all__ = ["Check", "Finding", "Report", "Status", "failed", "passed", "shortened", "skipped"]

Status = Literal["passed", "failed", "skipped"]

LONGEST: Final = 300
"""Characters of what a finding says: a plugin may raise with a whole array in its words."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        found: what is wrong, or why the check was skipped; a remark where it passed.
        expected: what would have been right; empty unless it failed.
        hint: what to type next; empty where there is nothing to be typed.
    """

    status: Status
    found: str = ""
    expected: str = ""
    hint: str = ""


def passed(remark: str = "") -> Finding:
    return Finding("passed", shortened(remark))


def failed(found: str, expected: str, hint: str = "") -> Finding:
    return Finding("failed", shortened(found), shortened(expected), hint)


def skipped(why: str) -> Finding:
    return Finding("skipped", shortened(why))


def shortened(text: str) -> str:
    """A text as one line, without its middle where that is long: its end says when and where."""
    line = " ".join(text.split())
    half = LONGEST // 2
    return line if len(line) <= LONGEST else f"{line[:half]} ... {line[5 - half :]}"


@dataclass(frozen=True, slots=True)
class Check:
    """A finding with its place in the contract.

    Attributes:
        name: of the check.
        line: of the contract, such as ``C7``.
    """

    name: str
    line: str
    finding: Finding

    def to_dict(self) -> dict[str, Any]:
        return {
            "check": self.name,
            "status": self.finding.status,
            "line": self.line,
            "asks": CONTRACT[self.line],
            "found": self.finding.found or None,
            "expected": self.finding.expected or None,
            "hint": self.finding.hint or None,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of one plugin.

    Attributes:
        kind: ``method``, ``embedder``, ``AU estimator`` or ``dataset``.
        name: what was checked, as it was typed.
        where: the benchmark whose images were used; empty if none were.
        checks: in the order of the steps.
        measured: by name; ``images_per_second``, and ``peak_mib`` above the start where that can be
            told.
    """

    kind: str
    name: str
    where: str
    checks: tuple[Check, ...]
    measured: Mapping[str, float] = field(default_factory=dict)

    @property
    def has_passed(self) -> bool:
        """Whether no check failed."""
        return not self.of_status("failed")

    def of_status(self, status: Status) -> list[Check]:
        return [check for check in self.checks if check.finding.status == status]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "schema_version": 1,
            "kind": self.kind,
            "name": self.name,
            "benchmark": self.where or None,
            "passed": self.has_passed,
            "measured": dict(self.measured),
            "checks": [check.to_dict() for check in self.checks],
        }
