"""Provenance on the page."""

from __future__ import annotations

from bench.report.page.base import Page, Rendered
from bench.report.sections.provenance import Provenance

__all__ = ["render"]


def render(section: Provenance, page: Page) -> Rendered:
    return Rendered(page.template("provenance", section=section))
