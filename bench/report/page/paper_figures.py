"""The figures of the reference paper on the page; one method is shown at a time."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from bench.report.charts.action_unit_lines import SOURCE_SERIES, UnitLine, unit_lines
from bench.report.charts.figures import swatch
from bench.report.charts.labels import shorten
from bench.report.charts.over_alpha import distance_chart
from bench.report.charts.presence import presence_matrix
from bench.report.page.base import Page, Rendered
from bench.report.sections.paper_content import (
    Distances,
    PaperFigure,
    PictureGrid,
    Presence,
    Readings,
    ReadingSet,
)
from bench.report.sections.paper_figures import PaperFigures

__all__ = [
    "distances_chart",
    "presence_chart",
    "reading_series",
    "readings_chart",
    "render",
]

_FIRST, _OTHERS = 1, 3
"""Priorities of the pictures of the method that is shown at first, and of the others."""

_LONGEST_LABEL = 60
"""Of a row or a column of pictures; each picture's own text has the whole name."""

_SERIES = {"source": SOURCE_SERIES, "smallest": 0, "best": 1, "largest": 3, "output": 1}


@dataclass(frozen=True, slots=True)
class _Cell:
    tag: Markup
    note: str


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    cells: list[_Cell | None]


@dataclass(frozen=True, slots=True)
class _Chart:
    svg: Markup
    legend: list[tuple[Markup, str]]
    title: str


@dataclass(frozen=True, slots=True)
class _Panel:
    """One figure of one method; ``place`` is that of the method, None for all of them."""

    place: int | None
    name: str
    figure: PaperFigure
    columns: tuple[str, ...]
    rows: list[_Row]
    charts: list[_Chart]


def render(section: PaperFigures, page: Page) -> Rendered:
    numbers = sorted({figure.number for figure in section.methods[0].figures} | {7})
    figures = []
    for number in numbers:
        if number == section.presence.number:
            panels = [_panel(None, "", section.presence, page)]
        else:
            panels = [
                _panel(place, method.name, method.figure(number), page)
                for place, method in enumerate(section.methods)
            ]
        figures.append((number, panels[0].figure.title, panels))
    body = page.template(
        "paper_figures", names=[method.name for method in section.methods], figures=figures
    )
    return Rendered(body)


def _panel(place: int | None, name: str, figure: PaperFigure, page: Page) -> _Panel:
    content = figure.content
    rows: list[_Row] = []
    charts: list[_Chart] = []
    if isinstance(content, PictureGrid):
        rows = _rows(content, page, _OTHERS if place else _FIRST)
    elif isinstance(content, Distances):
        legend = [(swatch(0), "to the target"), (swatch(1), "to the source")]
        charts = [_Chart(distances_chart(content, name), legend, "")]
    elif isinstance(content, Presence):
        charts = [_Chart(presence_chart(content), [], "")]
    elif isinstance(content, ReadingSet):
        charts = [
            _Chart(
                readings_chart(one, name),
                [(swatch(index), said) for said, index in reading_series(one)],
                one.title,
            )
            for one in content.charts
        ]
    columns: tuple[str, ...] = ()
    if isinstance(content, PictureGrid):
        columns = tuple(shorten(name, _LONGEST_LABEL) for name in content.columns)
    return _Panel(place, name, figure, columns, rows, charts)


def _rows(grid: PictureGrid, page: Page, priority: int) -> list[_Row]:
    return [
        _Row(
            shorten(row.label, _LONGEST_LABEL),
            [
                None
                if shot is None
                else _Cell(
                    page.images.tag(
                        page.images.add(shot.path, priority=priority) if shot.path else "",
                        shot.says,
                        shot.reason,
                    ),
                    shot.note if shot.path else "",
                )
                for shot in row.shots
            ],
        )
        for row in grid.rows
    ]


def distances_chart(
    content: Distances, name: str, size: tuple[float, float] = (400, 290)
) -> Markup:
    """Figure 6."""
    bands = [
        ("to the target", *content.to_target.T),
        ("to the source", *content.to_source.T),
    ]
    said = "none in range" if content.crossover is None else f"at {content.crossover:.2f}"
    described = f"Identity distances of {name} over alpha, with intervals; crossover {said}"
    return distance_chart(content.alphas, bands, content.crossover, described, size)


def presence_chart(content: Presence, width: float = 400) -> Markup:
    """Figure 7."""
    told = content.threshold is not None
    return presence_matrix(
        content.units,
        content.sources,
        content.values,
        content.shares,
        content.highest,
        content.threshold,
        f"{'Present' if told else 'Active'} in so many of {content.of_sources} sources",
        f"Action Units of {len(content.sources)} source images"
        + (", present or not" if told else ""),
        width,
    )


def readings_chart(content: Readings, name: str, size: tuple[float, float] = (400, 290)) -> Markup:
    """One chart of Figure 8; the source is drawn last, above the others."""
    lines = [
        UnitLine(said, one.values, index)
        for one, (said, index) in zip(content.readings, reading_series(content), strict=True)
    ]
    return unit_lines(
        content.units,
        [*lines[1:], lines[0]],
        "Reading",
        content.scale,
        f"Action Units of the source and of {name}, {content.title}",
        size,
    )


def reading_series(content: Readings) -> list[tuple[str, int]]:
    """Name and series number of each line of a chart of Figure 8."""
    return [(one.name, _SERIES[one.role.split()[0]]) for one in content.readings]
