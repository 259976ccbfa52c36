"""The whole report as JSON: the board, and what every section says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from bench.report.contents import ReportInput
from bench.report.sections import collect_sections
from bench.report.sections.base import Section

__all__ = ["json_text", "report_dict"]

_UNSEEN: Final = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
)
"""What moves the cursor, hides text or reorders it where JSON is shown: characters of the Unicode
categories Cc and Cf, separators of lines, and halves of surrogate pairs, which nothing can write.
"""


def report_dict(
    report: ReportInput, sections: Mapping[str, Section] | None = None
) -> dict[str, Any]:
    """The JSON of ``bench report --json`` (docs/results-format.md).

    Args:
        report: its content.
        sections: of it, where they were collected already.
    """
    found = collect_sections(report) if sections is None else sections
    return {
        **report.board.to_dict(),
        "sections": {name: section.to_dict() for name, section in found.items()},
    }


def json_text(value: Any) -> str:
    """Strict JSON of several lines that is safe to print: the same values, nothing unseen."""
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: json.dumps(found.group())[1:-1], text)
