"""The one error that a user can mend."""

from __future__ import annotations

__all__ = ["BenchError"]


class BenchError(Exception):
    """Something the user can mend: printed as one line, without a traceback.

    Args:
        message: what happened and where.
        hint: what to do or type next.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message
