"""What is to be checked, as it is told to the process that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from bench.plugins.checks.contract import STEPS, Kind, Step

__all__ = ["STOP_SECONDS", "CheckJob"]

STOP_SECONDS: Final = 5.0
"""For a plugin that is told to end to stop what it has started; then it is killed."""


@dataclass(frozen=True, slots=True)
class CheckJob:
    """What is to be checked.

    Attributes:
        kind: of the plugin.
        name: of the plugin, or its file.
        benchmark: whose images are used.
        data: folder of the images; empty for those that come with the package.
        parameters: of a method, as text.
        device: torch device of a method.
        python: interpreter of the environment of a method; empty for this one.
    """

    kind: Kind
    name: str
    benchmark: str
    data: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    python: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        return STEPS[self.kind]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
