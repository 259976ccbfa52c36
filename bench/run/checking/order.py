"""What is to be checked, as it is told to the process that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from bench.plugins.checks.contract import AU_STEPS, EMBEDDER_STEPS, METHOD_STEPS, Step

__all__ = ["CheckOrder"]

Kind = Literal["method", "embedder", "au_estimator"]

STEPS: Final[Mapping[Kind, tuple[Step, ...]]] = {
    "method": METHOD_STEPS,
    "embedder": EMBEDDER_STEPS,
    "au_estimator": AU_STEPS,
}


@dataclass(frozen=True, slots=True)
class CheckOrder:
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
