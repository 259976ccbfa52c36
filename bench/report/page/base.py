"""What the sections of the page are rendered with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
from markupsafe import Markup

from bench.report.contents import ReportInput
from bench.report.page.images import Images

__all__ = ["Page", "Rendered"]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The page that is being written.

    Attributes:
        report: its content.
        environment: templates, with autoescape and the words of ``bench.report.wording``.
        images: all pictures of the page, each once.
        series: run id -> number of its colour and mark; None for anchors.
        sections: names of those that the page has: only they can be linked to.
    """

    report: ReportInput
    environment: jinja2.Environment
    images: Images
    series: Mapping[str, int | None]
    sections: frozenset[str] = frozenset()

    def template(self, name: str, **values: Any) -> Markup:
        """The template ``sections/<name>.html.j2`` with these values, and ``report``."""
        template = self.environment.get_template(f"sections/{name}.html.j2")
        text = template.render(report=self.report, **values)
        return Markup(text)  # nosec B704 # the environment escapes


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A section as it stands on the page.

    Attributes:
        body: below its heading.
        data: JSON values for its script, which finds them by ``dataOf(name)``; None for none.
    """

    body: Markup
    data: Mapping[str, Any] | None = None
