"""What every section of the report can do."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Section"]


class Section(Protocol):
    """One part of the report as plain values: the page, JSON and Markdown all say the same."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; what is undefined is None."""
        ...

    def to_markdown(self) -> str:
        """As Markdown without a heading; deeper headings begin at ``###``."""
        ...
