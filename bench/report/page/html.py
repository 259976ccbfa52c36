"""The report as one HTML file that needs nothing else: no network, no fonts, no libraries.

Every text is escaped by Jinja2, the script and the style run only by the hash in the page's
Content Security Policy, and the same input gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

from bench.errors import BenchError
from bench.report import wording
from bench.report.charts.trade_off import series_indices
from bench.report.contents import ReportInput
from bench.report.page import (
    action_units,
    comparison,
    explorer,
    failures,
    groups,
    instruments,
    over_alpha,
    paper_figures,
    provenance,
    ranking,
    trade_off,
)
from bench.report.page.base import Page, Rendered
from bench.report.page.images import Coded, Images
from bench.report.provenance import doi_link
from bench.report.sections import TITLES, collect_sections

__all__ = ["asset", "render_html", "write_html"]

_RENDER: Final[Mapping[str, Callable[[Any, Page], Rendered]]] = {
    "ranking": ranking.render,
    "comparison": comparison.render,
    "trade-off": trade_off.render,
    "explorer": explorer.render,
    "over-alpha": over_alpha.render,
    "paper-figures": paper_figures.render,
    "action-units": action_units.render,
    "groups": groups.render,
    "failures": failures.render,
    "instruments": instruments.render,
    "provenance": provenance.render,
}


MOST_BYTES: Final = 19_900_000
"""Of the file: 20 MB, with a little to spare."""


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    title: str
    body: Markup


def render_html(report: ReportInput) -> str:
    """The whole page.

    Faces are shown only if the dataset card says ``may_show_images = true``. A section that has
    nothing to say is not on the page, nor its style and script.
    """
    sections = collect_sections(report)
    series = dict(
        zip((m.row.run_id for m in report.methods), series_indices(report.methods), strict=True)
    )
    page = Page(
        report,
        _environment(),
        Images(wording.picture_refusal(report.card)),
        series,
        frozenset(sections),
    )
    rendered = {name: _RENDER[name](section, page) for name, section in sections.items()}
    files = [name.replace("-", "_") for name in rendered]
    style = _assets("charts.css", "report.css", *(f"sections/{name}.css" for name in files))
    dark = asset("dark.css")
    script = _assets("report.js", *(f"sections/{name}.js" for name in files))
    data = {name: one.data for name, one in rendered.items() if one.data is not None}

    def with_pictures(pictures: Coded) -> str:
        """The page with these pictures in it."""
        values = {**data, "images": pictures.uris, "unreadable": list(pictures.unreadable)}
        return page.environment.get_template("report.html.j2").render(
            report=report,
            policy=_policy([style, dark], script),
            style=Markup(style),  # nosec B704 # the package's own file
            dark=Markup(dark),  # nosec B704 # the package's own file
            script=Markup(script),  # nosec B704 # the package's own file
            summary=_summary(report),
            conclusion=_conclusion(report),
            parts=[_Part(name, TITLES[name], one.body) for name, one in rendered.items()],
            data=[(name, json_for_html(value)) for name, value in values.items()],
        )

    size = len(with_pictures(Coded()).encode())
    return with_pictures(page.images.coded(MOST_BYTES - size))


def write_html(report: ReportInput, path: Path) -> None:
    """Writes the page.

    Raises:
        BenchError: the place is not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_html(report), encoding="utf-8")
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror}", hint="choose --out") from error


def json_for_html(values: Any) -> Markup:
    """JSON that can stand in a ``script`` element: nothing in it ends the element.

    Halves of characters, which file names may hold and UTF-8 may not, are replaced.
    """
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # nosec B704 # what could end the element is escaped above


def _assets(*names: str) -> str:
    return "".join(asset(name) for name in names if _file(name).is_file())


def _summary(report: ReportInput) -> str:
    """What was measured: ``12 methods and 4 anchors on 328 pairs``."""
    rows = report.board.rows
    counted = []
    for noun, is_anchor in (("method", False), ("anchor", True)):
        count = sum(row.is_anchor == is_anchor for row in rows)
        counted.append(f"{count} {noun}{'' if count == 1 else 's'}")
    pairs = max((row.pairs for row in rows), default=0)
    return f"{' and '.join(counted)} on {pairs} pair{'' if pairs == 1 else 's'}"


def _conclusion(report: ReportInput) -> Markup:
    """The sentence on top, with a lead that the instruments cannot tell in grey."""
    below = report.floor is not None and report.floor.lead_is_below
    sentence = escape(wording.conclusion(report.board, lead_is_below=below))
    lead = escape(wording.lead_text(report.board))
    if not below or not lead:
        return sentence
    return sentence.replace(lead, Markup('<span class="below">{}</span>').format(lead))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bench.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = ("coverage_text", "interval", "number", "percent", "printable", "rank_interval", "rate")
    for name in names:
        environment.filters[name] = getattr(wording, name)
    environment.filters["doi_link"] = doi_link
    return environment


def asset(name: str) -> str:
    """The text of a file beside the templates."""
    text: str = _file(name).read_text(encoding="utf-8")
    return text


def _file(name: str) -> Any:
    return files("bench.report").joinpath("templates", name)


def _policy(styles: Sequence[str], script: str) -> str:
    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {' '.join(map(digest, styles))}; script-src {digest(script)}"
    )
