"""What a method in a process of its own may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["Limits"]

START_AT_LEAST: Final = 60.0
START_TIMES: Final = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a method in a process of its own may take.

    Attributes:
        timeout: seconds for an image.
        memory_mib: of memory that it may write to, MiB; None for no limit.
    """

    timeout: float = 60.0
    memory_mib: int | None = None

    @property
    def start_timeout(self) -> float:
        """Seconds until it is imported and prepared: weights may be large, and a disk slow."""
        return max(START_AT_LEAST, START_TIMES * self.timeout)
