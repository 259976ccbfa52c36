"""The report as one HTML file that needs nothing else: no network, no fonts, no libraries.

Every text is escaped by Jinja2, the script and the style run only by the hash in the page's
Content Security Policy, and the same input gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from bench.errors import BenchError
from bench.report import wording
from bench.report.alpha_section import alpha_section
from bench.report.figures import interval_bar, swatch
from bench.report.plane import Axis
from bench.report.provenance import citations, doi_link, shared_and_own
from bench.report.significance import mean_ranks_text
from bench.report.strips import Picture, pictures
from bench.report.trade_off import series_indices, trade_off

if TYPE_CHECKING:
    from bench.analysis.board import BoardRow
    from bench.report.contents import ReportInput

__all__ = ["asset", "render_html", "write_html"]

_SCORES = (
    ("transfer_score", "Transfer score"),
    ("expression_skill", "Expression skill E"),
    ("identity_retention", "Identity retention R"),
    ("naturalness", "Naturalness Q"),
)
_OUTCOMES = ("no_face", "several_faces", "method_error", "invalid_output", "timeout")
_WIDE, _NARROW = (860, 520), (380, 400)


@dataclass(frozen=True, slots=True)
class _Score:
    """A score in the table: number, interval and bar."""

    value: float
    text: str
    interval: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class _Row:
    row: BoardRow
    name: str
    rank: str
    alpha: str
    scores: list[_Score]
    command: str
    swatch: Markup


@dataclass(frozen=True, slots=True)
class _StripGroup:
    """The strips of one method, as (title, pictures)."""

    name: str
    strips: list[tuple[str, list[Picture]]]


def render_html(report: ReportInput) -> str:
    """The whole page.

    Faces are shown only if the dataset card says ``may_show_images = true``.
    """
    style, script = asset("charts.css") + asset("report.css"), asset("report.js")
    infos = [method.info for method in report.methods]
    shared, own = shared_and_own(infos)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            policy=_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            conclusion=_conclusion(report),
            mean_ranks=mean_ranks_text(report.board),
            floor=report.floor,
            failed=any(count for row in report.board.rows for count in row.failures.values()),
            score_names=[name for _, name in _SCORES],
            rows=_rows(report),
            contestants=[row for row in report.board.rows if not row.is_anchor],
            at_zero=[row for row in report.board.rows if wording.own_mean_face(row)],
            charts=[
                ("wide", trade_off(report.methods, _WIDE)),
                ("narrow", trade_off(report.methods, _NARROW)),
            ],
            swatches=[swatch(0), swatch(1)],
            alpha_sections=[
                alpha_section(method, report.benchmark, report.board.part)
                for method in report.methods
                if method.search is not None or method.curve is not None
            ],
            strip_groups=_strip_groups(report),
            outcomes=_outcomes(report.board.rows),
            shared=shared,
            own=[(m.row, entries) for m, entries in zip(report.methods, own, strict=True)],
            citations=citations(infos),
            citation=_citation(report.card, report.benchmark),
        )
    )


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
    return files("bench.report").joinpath("templates", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")

    return (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{digest(style)}'; script-src 'sha256-{digest(script)}'"
    )


def _rows(report: ReportInput) -> list[_Row]:
    """The rows of the board, with the commands of the runs and the colours of the charts."""
    board_rows = report.board.rows
    found = {
        method.row.run_id: (method.info, index)
        for method, index in zip(report.methods, series_indices(report.methods), strict=True)
    }
    axes = [_score_axis(board_rows, field) for field, _ in _SCORES]
    rows = []
    for row in board_rows:
        info, index = found.get(row.run_id, ({}, None))
        scores = []
        for (field, _), axis in zip(_SCORES, axes, strict=True):
            estimate = getattr(row, field)
            digits = 3 if field == "transfer_score" else 2
            scores.append(
                _Score(
                    estimate.value,
                    wording.number(estimate.value, digits),
                    wording.interval(estimate, digits),
                    interval_bar(estimate, axis),
                )
            )
        rows.append(
            _Row(
                row=row,
                name=wording.printable(row.label),
                rank=wording.rank_text(row),
                alpha=wording.alpha_text(row),
                scores=scores,
                command=wording.row_command(info, row.method, report.benchmark),
                swatch=swatch(index),
            )
        )
    return rows


def _score_axis(rows: Sequence[BoardRow], field: str) -> Axis:
    estimates = [getattr(row, field) for row in rows]
    values = [value for e in estimates for value in (e.value, e.low, e.high)]
    return Axis.spanning([0.0, 1.0, *values], field, limits=(-0.5, 1.0))


def _strip_groups(report: ReportInput) -> list[_StripGroup]:
    refusal = ""
    if report.card.get("may_show_images") is not True:
        licence = wording.printable(report.card.get("licence") or "its licence")
        refusal = f"not shown: {licence} does not allow showing faces"
    strips = [strip for method in report.methods for strip in method.strips]
    coded = iter(pictures(strips, refusal))
    return [
        _StripGroup(
            wording.printable(method.row.label),
            [(wording.printable(strip.title), next(coded)) for strip in method.strips],
        )
        for method in report.methods
        if method.strips
    ]


def _outcomes(rows: Sequence[BoardRow]) -> list[str]:
    """The failures that the harness knows, then any other that a row names."""
    others = {name for row in rows for name in row.failures} - {*_OUTCOMES, "ok"}
    return [*_OUTCOMES, *sorted(others)]


def _citation(card: Mapping[str, Any], benchmark: str) -> str:
    """The card's own citation, else authors, title and year."""
    if card.get("citation"):
        return wording.printable(card["citation"])
    authors = card.get("authors") or []
    names = authors if isinstance(authors, str) else ", ".join(map(str, authors))
    parts = [names, card.get("title") or benchmark, card.get("year")]
    return wording.printable(". ".join(str(part) for part in parts if part)) + "."
