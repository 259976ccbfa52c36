"""Which figures a report has on paper: their names, captions and drawings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.report.charts import svg
from bench.report.charts.action_unit_errors import UnitMark, UnitRow, unit_errors
from bench.report.charts.labels import shorten
from bench.report.charts.over_alpha import alpha_axis, error_chart, identity_chart, oracle_chart
from bench.report.charts.picture_grid import GridCell, GridRow, picture_grid
from bench.report.charts.trade_off import series_indices, trade_off
from bench.report.contents import ReportInput
from bench.report.export.drawing import DOUBLE, SINGLE, legend, parsed, stacked
from bench.report.page.paper_figures import (
    distances_chart,
    presence_chart,
    reading_series,
    readings_chart,
)
from bench.report.sections import action_units, over_alpha, paper_figures
from bench.report.sections.paper_content import (
    Distances,
    PaperFigure,
    PictureGrid,
    Presence,
    ReadingSet,
)
from bench.report.wording import crossover_text, number, percent, printable

__all__ = ["FigureOnPaper", "figures_of"]

_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True, eq=False)
class FigureOnPaper:
    """One figure.

    Attributes:
        name: of its files, without suffix: sortable, of letters, digits and hyphens.
        title: what it is.
        caption: what it shows, in whole sentences.
        drawing: None where there is nothing to draw, and the caption says why.
    """

    name: str
    title: str
    caption: str
    drawing: svg.Element | None


def figures_of(report: ReportInput) -> Iterator[FigureOnPaper]:
    """All figures of a report, in the order of their names."""
    ranked = sorted(report.methods, key=lambda method: method.row.is_anchor)
    names = {
        method.row.run_id: f"{place:02d}-{_file_name(method.row.label)}"
        for place, method in enumerate(ranked, start=1)
    }
    yield _trade_off(report)
    yield from _over_alpha(report, names)
    yield from _of_paper(report, names)
    yield from _action_units(report)


def _trade_off(report: ReportInput) -> FigureOnPaper:
    chart = parsed(trade_off(report.methods, (DOUBLE.units, 470)))
    entries = [
        (index, printable(method.row.label))
        for method, index in zip(report.methods, series_indices(report.methods), strict=True)
    ]
    title = "Identity against expression"
    caption = (
        f"Expression skill E over identity retention R on {_where(report)}. Up and right is "
        "better. A line follows a method over alpha from its open mark; the filled mark, with 95% "
        "intervals, is the alpha on the board. Diamonds without a line are anchors."
    )
    drawing = stacked([chart, legend(entries, DOUBLE.units)], title)
    return FigureOnPaper("01-trade-off", title, caption, drawing)


def _over_alpha(report: ReportInput, names: Mapping[str, str]) -> Iterator[FigureOnPaper]:
    section = over_alpha.collect(report)
    size = (SINGLE.units, 280.0)
    for method in section.methods if section is not None else ():
        name, search, run_id = printable(method.label), method.search, method.run_id
        frames = method.frames
        x = alpha_axis([frame for _, frame in frames])
        chart = parsed(error_chart(name, frames, x, search, method.alpha, size))
        entries = [(place, part) for place, (part, _) in enumerate(frames)]
        title = f"AU error of {name} over alpha"
        caption = (
            f"Mean squared error of the Action Units of {name} on {printable(report.benchmark)}, "
        )
        caption += "over alpha. Failed pairs count as the worst anchor."
        drawing = stacked([chart, legend(entries, SINGLE.units)], title)
        yield FigureOnPaper(f"02-over-alpha-{names[run_id]}-1-au-error", title, caption, drawing)
        title = f"Identity distances of {name} over alpha"
        caption = f"Mean distance of the outputs of {name} to target and source, on the "
        caption += f"{frames[0][0]} part of {printable(report.benchmark)}, over alpha."
        if search is not None:
            caption += f" Crossover: {crossover_text(search.crossover)}."
        drawing = parsed(identity_chart(name, frames[0][1], x, search, size))
        yield FigureOnPaper(f"02-over-alpha-{names[run_id]}-2-identity", title, caption, drawing)
        oracle = oracle_chart(name, search, size) if search is not None else None
        if search is None or oracle is None:
            continue
        title = f"Oracle alpha* of {name}"
        caption = f"How often each alpha is best with hindsight, of {len(search.oracle)} pairs of "
        caption += f"the dev part of {printable(report.benchmark)}; "
        caption += (
            f"{percent(search.oracle_edge_share)} of them are on the edge of the grid, in the "
        )
        caption += f"other colour. The dashed line is the dev alpha* {number(search.dev_alpha)}."
        yield FigureOnPaper(
            f"02-over-alpha-{names[run_id]}-3-oracle", title, caption, parsed(oracle)
        )


def _of_paper(report: ReportInput, names: Mapping[str, str]) -> Iterator[FigureOnPaper]:
    section = paper_figures.collect(report)
    if section is None:
        return
    by_number: dict[int, list[tuple[str, str, PaperFigure]]] = {}
    for method in section.methods:
        for figure in method.figures:
            by_number.setdefault(figure.number, []).append(
                (f"-{names[method.run_id]}", method.name, figure)
            )
    by_number[section.presence.number] = [("", "", section.presence)]
    for figure_number, figures in sorted(by_number.items()):
        for suffix, name, figure in figures:
            title = figure.title + (f", {name}" if name else "")
            stem = f"03-paper-figure-{figure_number}-{_SLUGS[figure_number]}{suffix}"
            caption = " ".join(filter(None, [figure.caption, figure.missing]))
            yield FigureOnPaper(stem, title, caption, _drawing(figure, name))


_SLUGS = {
    1: "reconstruction",
    2: "mean-faces",
    3: "over-alpha",
    4: "one-target",
    5: "one-expression",
    6: "identity-distances",
    7: "presence-in-sources",
    8: "action-units",
}


def _drawing(figure: PaperFigure, name: str) -> svg.Element | None:
    content, title = figure.content, figure.title
    if isinstance(content, PictureGrid):
        return _pictures(content, title)
    if isinstance(content, Distances):
        chart = parsed(distances_chart(content, name, (SINGLE.units, 280)))
        entries: list[tuple[int | None, str]] = [(0, "to the target"), (1, "to the source")]
        return stacked([chart, legend(entries, SINGLE.units)], title)
    if isinstance(content, Presence):
        return parsed(presence_chart(content, SINGLE.units))
    if isinstance(content, ReadingSet):
        return _readings(content, title, name)
    return None


def _pictures(content: PictureGrid, title: str) -> svg.Element | None:
    if not any(shot.path for shot in content.shots):
        return None
    rows = [
        GridRow(
            row.label,
            [
                None if shot is None else GridCell(shot.path, shot.says, shot.note)
                for shot in row.shots
            ],
        )
        for row in content.rows
    ]
    width = (SINGLE if len(content.columns) <= 5 else DOUBLE).units
    return picture_grid(content.columns, rows, title, width)


def _readings(content: ReadingSet, title: str, name: str) -> svg.Element:
    """Two charts side by side, each above its legend and below its name."""
    width, height = (DOUBLE.units - 16) / 2, 250.0
    panels = []
    for one in content.charts:
        chart = parsed(readings_chart(one, name, (width, height)))
        series: list[tuple[int | None, str]] = [(i, said) for said, i in reading_series(one)]
        head = svg.drawing(width, 18, "")
        svg.add(head, "text", "axis", shorten(one.title, 50), x=4, y=13)
        panels.append(stacked([head, chart, legend(series, width)], one.title, gap=2))
    if len(panels) == 1:
        return panels[0]
    lines = [panels[place : place + 2] for place in range(0, len(panels), 2)]
    heights = [max(float(one.get("height", "0")) for one in line) for line in lines]
    root = svg.drawing(DOUBLE.units, sum(heights) + 14 * (len(lines) - 1), title)
    top = 0.0
    for line, tall in zip(lines, heights, strict=True):
        for column, panel in enumerate(line):
            place = svg.add(root, "g")
            x = svg.coordinate(column * (width + 16))
            place.set("transform", f"translate({x} {svg.coordinate(top)})")
            place.extend(list(panel))
        top += tall + 14
    return root


def _action_units(report: ReportInput) -> Iterator[FigureOnPaper]:
    section = action_units.collect(report)
    if section is None:
        return
    series = dict(
        zip((m.row.run_id for m in report.methods), series_indices(report.methods), strict=True)
    )
    rows = []
    for place, unit in enumerate(section.comparison.units):
        code = action_units.unit_code(unit.action_unit)
        shown = f"{code} {action_units.unit_name(unit.action_unit)}".strip()
        marks = [
            UnitMark(
                printable(method.label),
                method.units[place].mae.value,
                series.get(method.run_id) or 0,
            )
            for method in section.contestants
        ]
        rows.append(UnitRow(shown, unit.mae_of_nothing.value, marks))
    unit_note = f"on the scale {printable(section.scale)}" if section.scale else ""
    chart = unit_errors(rows, DOUBLE.units, 190, unit=unit_note, digits=section.digits)
    entries: list[tuple[int | None, str]] = [
        (series.get(method.run_id), printable(method.label)) for method in section.contestants
    ]
    entries.append((None, "doing nothing"))
    title = "Errors of the Action Units"
    caption = "Mean absolute error of each Action Unit to the source, under each method and of "
    caption += f"doing nothing, on {_where(report)}; the hardest unit first."
    drawing = stacked([parsed(chart), legend(entries, DOUBLE.units)], title)
    yield FigureOnPaper("04-action-unit-errors", title, caption, drawing)


def _where(report: ReportInput) -> str:
    return f"the {report.board.part} part of {printable(report.benchmark)}"


def _file_name(text: str) -> str:
    """Letters, digits and single hyphens: what every file system and every typesetter takes."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return (
        re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_LONGEST_NAME].strip("-") or "method"
    )
