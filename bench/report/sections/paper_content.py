"""What a figure of the reference paper consists of: pictures in rows, or readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.analysis.records import number_or_none
from bench.report.markdown.text import markdown_table, markdown_text
from bench.report.wording import number, percent

__all__ = [
    "Distances",
    "PaperFigure",
    "PictureGrid",
    "PictureRow",
    "Presence",
    "Reading",
    "ReadingSet",
    "Readings",
    "Shot",
    "alpha_name",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a figure.

    Attributes:
        path: of the image file; None where there is no picture.
        says: what it shows, for those who do not see it.
        note: stands below it, such as ``no_face``; empty for nothing.
        reason: why there is no picture.
    """

    path: Path | None
    says: str
    note: str = ""
    reason: str = "not stored"


@dataclass(frozen=True, slots=True)
class PictureRow:
    """Pictures side by side; None leaves a place empty."""

    label: str
    shots: tuple[Shot | None, ...]


@dataclass(frozen=True, slots=True)
class PictureGrid:
    """Rows of pictures below the names of their columns."""

    columns: tuple[str, ...]
    rows: tuple[PictureRow, ...]

    @property
    def shots(self) -> list[Shot]:
        return [shot for row in self.rows for shot in row.shots if shot is not None]

    def to_dict(self, folder: Path | None) -> dict[str, Any]:
        """JSON values: what is shown where, with the files as they lie in the folder of runs."""
        return {
            "columns": list(self.columns),
            "rows": [
                {"label": row.label, "pictures": [_picture(shot, folder) for shot in row.shots]}
                for row in self.rows
            ],
        }

    def to_markdown(self) -> str:
        """Nothing: pictures do not go into a pull request, and the caption says what they show."""
        return ""


def _picture(shot: Shot | None, folder: Path | None) -> dict[str, Any] | None:
    if shot is None:
        return None
    values: dict[str, Any] = {"shows": shot.says}
    if shot.note:
        values["note"] = shot.note
    if shot.path is None:
        values["missing"] = shot.reason
    elif folder is not None and shot.path.is_relative_to(folder):
        values["file"] = shot.path.relative_to(folder).as_posix()
    return values


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """Identity distances over alpha.

    Attributes:
        alphas: (N,) ascending.
        to_target, to_source: (N, 3) value, lower and upper end of the 95 % interval.
        crossover: the first alpha at which both are equal; None for none in range.
    """

    alphas: Floats
    to_target: Floats
    to_source: Floats
    crossover: float | None

    def to_dict(self, folder: Path | None) -> dict[str, Any]:
        return {
            "crossover": number_or_none(self.crossover),
            "curve": [
                {
                    "alpha": float(alpha),
                    "id_dist_target": number_or_none(target[0]),
                    "id_dist_target_interval": _interval(target[1:]),
                    "id_dist_source": number_or_none(source[0]),
                    "id_dist_source_interval": _interval(source[1:]),
                }
                for alpha, target, source in zip(
                    self.alphas, self.to_target, self.to_source, strict=True
                )
            ],
        }

    def to_markdown(self) -> str:
        rows = [
            [alpha_name(alpha), *map(_with_ends, (target, source))]
            for alpha, target, source in zip(
                self.alphas, self.to_target, self.to_source, strict=True
            )
        ]
        return markdown_table(["alpha", "to the target", "to the source"], rows, texts=0)


def _interval(ends: Floats) -> dict[str, float | None] | None:
    low, high = (number_or_none(end) for end in ends)
    return None if low is None or high is None else {"low": low, "high": high}


def _with_ends(values: Floats) -> str:
    value, low, high = values
    ends = f" [{number(low)}, {number(high)}]" if np.isfinite([low, high]).all() else ""
    return f"{number(value)}{ends}"


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One reading of A Action Units.

    Attributes:
        name: such as ``source`` or ``alpha 0.30 (smallest)``.
        role: ``source``, ``smallest``, ``best``, ``largest``, or ``output`` without alpha; two of
            them where one alpha is both.
        alpha: None for the source, and without alpha.
        values: (A,).
    """

    name: str
    role: str
    alpha: float | None
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """The source beside what a method made of it, at up to three alphas.

    Attributes:
        title: a pair, or how many pairs this is the mean of.
        units: names of the A Action Units.
        scale: of the estimator, such as ``intensity 0..5``.
        readings: the source first.
    """

    title: str
    units: tuple[str, ...]
    scale: str
    readings: tuple[Reading, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "of": self.title,
            "scale": self.scale,
            "readings": [
                {
                    "name": one.name,
                    "role": one.role,
                    "alpha": number_or_none(one.alpha),
                    "action_units": _by_unit(self.units, one.values),
                }
                for one in self.readings
            ],
        }

    def to_markdown(self) -> str:
        rows = [
            [markdown_text(unit), *(number(float(one.values[place])) for one in self.readings)]
            for place, unit in enumerate(self.units)
        ]
        return markdown_table(["AU", *(one.name for one in self.readings)], rows)


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """Which Action Units source images show.

    Attributes:
        units: names of the A Action Units.
        scale: of the estimator, such as ``intensity 0..5``.
        highest: the largest value of the scale, else the largest that was read.
        threshold: from it on a unit is present; None where the scale cannot tell it.
        sources: names of the N images that are shown one by one.
        values: (N, A) their readings.
        shares: (A,) of all sources those in which the unit is present, or active on a scale that
            cannot tell presence; NaN on a scale without thresholds.
        of_sources: how many sources the shares are of.
    """

    units: tuple[str, ...]
    scale: str
    highest: float
    threshold: float | None
    sources: tuple[str, ...]
    values: Floats
    shares: Floats
    of_sources: int

    @property
    def shares_are(self) -> str:
        """``present`` or ``active``."""
        return "active" if self.threshold is None else "present"

    def to_dict(self, folder: Path | None) -> dict[str, Any]:
        told = self.threshold
        return {
            "scale": self.scale,
            "threshold": told,
            "of_sources": self.of_sources,
            f"share_{self.shares_are}": _by_unit(self.units, self.shares),
            "sources": [
                {
                    "source": name,
                    "action_units": _by_unit(self.units, row),
                    "present": None
                    if told is None
                    else [u for u, value in zip(self.units, row, strict=True) if value >= told],
                }
                for name, row in zip(self.sources, self.values, strict=True)
            ],
        }

    def to_markdown(self) -> str:
        def cell(value: float) -> str:
            marked = self.threshold is not None and value >= self.threshold
            return f"**{number(value)}**" if marked else number(value)

        rows = [
            [
                markdown_text(unit),
                *(cell(float(row[place])) for row in self.values),
                percent(float(self.shares[place])),
            ]
            for place, unit in enumerate(self.units)
        ]
        last = f"{self.shares_are}, {self.of_sources} sources"
        return markdown_table(["AU", *map(markdown_text, self.sources), last], rows)


def _by_unit(units: Sequence[str], values: Floats) -> dict[str, float | None]:
    return {unit: number_or_none(value) for unit, value in zip(units, values, strict=True)}


@dataclass(frozen=True, slots=True, eq=False)
class ReadingSet:
    """Readings of several pairs, a chart for each."""

    charts: tuple[Readings, ...]

    def to_dict(self, folder: Path | None) -> dict[str, Any]:
        return {"readings": [chart.to_dict() for chart in self.charts]}

    def to_markdown(self) -> str:
        # The first is the mean over all pairs; single pairs are for the page.
        return self.charts[0].to_markdown() if self.charts else ""


@dataclass(frozen=True, slots=True, eq=False)
class PaperFigure:
    """A figure of the reference paper, of a run.

    Attributes:
        number: in the paper, 1 to 8.
        title: what it is.
        caption: what is shown, of whom, at which alpha; whole sentences.
        missing: what could not be shown, and why; empty if nothing is missing.
        content: None where there is nothing to show.
    """

    number: int
    title: str
    caption: str
    missing: str
    content: PictureGrid | Distances | ReadingSet | Presence | None

    def to_dict(self, folder: Path | None) -> dict[str, Any]:
        """JSON values; ``folder`` is that of the runs, to name picture files by."""
        return {
            "figure": self.number,
            "title": self.title,
            "caption": self.caption,
            "missing": self.missing,
            "content": None if self.content is None else self.content.to_dict(folder),
        }

    def to_markdown(self) -> str:
        said = " ".join(filter(None, [self.caption, self.missing]))
        parts = [f"**Figure {self.number}: {self.title}.** {markdown_text(said)}"]
        table = "" if self.content is None else self.content.to_markdown()
        return "\n\n".join(filter(None, [*parts, table]))


def alpha_name(alpha: float) -> str:
    """``0.40``; with three figures where two decimals are not exact."""
    return f"{alpha:.2f}" if abs(alpha - round(alpha, 2)) < 1e-6 else f"{alpha:.3g}"
