"""The pictures and readings of one method, pair and alpha at a time, on the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from PIL import Image

from bench.analysis.records import number_or_none
from bench.data.images import FORMATS
from bench.report.charts.plane import Axis
from bench.report.charts.reading_bars import bars
from bench.report.page.base import Page, Rendered
from bench.report.sections.explorer import (
    Explorer,
    ExplorerMethod,
    ExplorerOutput,
    ExplorerPair,
    Floats,
)
from bench.report.wording import number, printable
from metrics.au.facs import ACTION_UNIT_NAMES
from metrics.measures import find_scale

__all__ = ["render"]

_FIRST, _SECOND, _OTHERS = 0, 2, 4
"""Priorities of the pictures of the first pair at the alphas of the board, of the first pair, and
of the others."""

_LONGEST: Final = 60
"""Characters of a name in a list to choose from."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a table: its name, bars and numbers."""

    short: str
    name: str
    bars: Markup
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture with its caption, also for those who have no script."""

    role: str
    caption: str
    uri: str
    reason: str


def render(section: Explorer, page: Page) -> Rendered:
    method, pair = section.methods[0], section.pairs[0]
    place = method.first_shown(0)
    output = method.outputs[0][place]
    axes = _axes(section)
    digits = _digits(section)
    data = _data(section, page, axes, digits)
    body = page.template(
        "explorer",
        groups=_groups(section),
        pairs=[_shortened(_pair_name(one)) for one in section.pairs],
        grid=[_alpha(alpha) for alpha in method.alphas],
        place=place,
        shown=f"{_pair_name(pair)}, by {printable(method.label)}",
        pictures=_pictures(section, page),
        outcome="" if output.outcome == "ok" else printable(output.outcome),
        scores=_scores(output),
        readings=[
            _Row(
                *_unit_names(unit),
                bars([("bar-source", a), ("bar-output", b)], axes[0]),
                (number(a, digits), number(b, digits)),
            )
            for unit, a, b in zip(section.units, pair.source, _units(output, section), strict=True)
        ],
        changes=[
            _Row(
                *_unit_names(unit),
                bars([("bar-source", a), ("bar-output", b)], axes[1]),
                (number(a, digits), number(b, digits)),
            )
            for unit, a, b in zip(
                section.units,
                pair.source - pair.source_neutral,
                _units(output, section) - pair.target_neutral,
                strict=True,
            )
        ],
        distances=[
            _Row(
                "",
                f"to the {whose}",
                bars([("bar-output", value)], axes[2], marks=ends),
                (number(value), number(ends[0]), number(ends[1])),
            )
            for whose, value, ends in (
                ("target", output.to_target, pair.to_target),
                ("source", output.to_source, pair.to_source),
            )
        ],
        scale=printable(section.scale),
        spans=[f"{axis.low:g} to {axis.high:g}" for axis in axes],
    )
    return Rendered(body, data)


def _groups(section: Explorer) -> list[tuple[str, list[tuple[int, str]]]]:
    """Methods and anchors to choose from, with their places."""
    named = list(enumerate(section.methods))
    groups = [
        (
            title,
            [
                (place, _shortened(printable(m.label)))
                for place, m in named
                if m.is_anchor == is_anchor
            ],
        )
        for title, is_anchor in (("Methods", False), ("Anchors", True))
    ]
    return [group for group in groups if group[1]]


def _pictures(section: Explorer, page: Page) -> list[_Picture]:
    """What is shown before anybody chooses: source, target, mean face, output."""
    method, pair = section.methods[0], section.pairs[0]
    place, zero = method.first_shown(0), method.zero
    outputs = method.outputs[0]
    mean = None if zero is None else outputs[zero]
    at = f", alpha {_alpha(method.alphas[place])}" if method.alphas else ""
    wanted = [
        ("source", "source", pair.source_picture, ""),
        ("target", "target, neutral face", pair.target_picture, ""),
        ("mean", "mean face: output at alpha 0", mean.picture if mean else None, _reason(mean)),
        ("output", f"output{at}", outputs[place].picture, _reason(outputs[place])),
    ]
    found = []
    for role, caption, path, reason in wanted:
        name = _add(page, path, _FIRST)
        reason = page.images.refusal or reason or "no picture stored"
        uri = _uri(path) if name and path else ""
        found.append(_Picture(role, caption, uri, "" if uri else reason))
    return found


def _reason(output: ExplorerOutput | None) -> str:
    """Why there is no picture."""
    if output is None:
        return "alpha 0 was not run"
    return "" if output.outcome == "ok" else printable(output.outcome)


def _data(section: Explorer, page: Page, axes: Sequence[Axis], digits: int) -> dict[str, Any]:
    """Everything that can be chosen, for the script."""
    return {
        "digits": digits,
        "axes": [[axis.low, axis.high] for axis in axes],
        "refusal": page.images.refusal,
        "pairs": [
            {
                "name": _pair_name(pair),
                "source": _short(pair.source, digits),
                "neutrals": [_short(u, digits) for u in (pair.source_neutral, pair.target_neutral)],
                "distances": [_short(ends, 3) for ends in (pair.to_target, pair.to_source)],
                "images": [
                    _add(page, path, _FIRST if place == 0 else _OTHERS)
                    for path in (pair.source_picture, pair.target_picture)
                ],
            }
            for place, pair in enumerate(section.pairs)
        ],
        "methods": [
            {
                "name": printable(method.label),
                "alphas": [_alpha(alpha) for alpha in method.alphas],
                "zero": method.zero,
                "chosen": list(method.chosen),
                "outputs": [
                    [
                        _output(output, page, _priority(method, pair, place), digits)
                        for place, output in enumerate(outputs)
                    ]
                    for pair, outputs in enumerate(method.outputs)
                ],
            }
            for method in section.methods
        ],
    }


def _priority(method: ExplorerMethod, pair: int, place: int) -> int:
    if pair:
        return _OTHERS
    return _FIRST if place == method.first_shown(0) else _SECOND


def _output(output: ExplorerOutput, page: Page, priority: int, digits: int) -> list[Any]:
    """Picture, outcome (empty for ok), E, R, AU error, both distances, Action Units."""
    image = _add(page, output.picture, priority)
    if output.outcome != "ok":
        return [image, printable(output.outcome)]
    values = (output.skill, output.retention, output.error, output.to_target, output.to_source)
    units = [] if output.units is None else _short(output.units, digits)
    return [image, "", *_short(values, 3), units]


def _add(page: Page, path: Path | None, priority: int) -> str:
    return page.images.add(path, priority=priority) if path else ""


def _short(values: Iterable[float], digits: int) -> list[float | None]:
    """Rounded, for the page's data; what is undefined is None."""
    found = (number_or_none(value) for value in values)
    return [None if value is None else round(value, digits) for value in found]


def _axes(section: Explorer) -> list[Axis]:
    """Of the readings, of the changes and of the distances, the same for all that is shown."""
    scale = find_scale(section.scale)
    most = scale.highest if scale else np.inf
    readings: list[Floats] = [pair.source for pair in section.pairs]
    changes: list[Floats] = [pair.source - pair.source_neutral for pair in section.pairs]
    gaps = [0.0]
    for method in section.methods:
        for pair, outputs in zip(section.pairs, method.outputs, strict=True):
            for output in outputs:
                gaps += [output.to_target, output.to_source]
                if output.units is not None:
                    readings.append(output.units)
                    changes.append(output.units - pair.target_neutral)
    return [
        Axis.spanning([0.0, *np.concatenate(readings)], "", limits=(-most, most)),
        Axis.spanning([0.0, *np.concatenate(changes)], "", limits=(-most, most)),
        Axis.spanning(gaps, "", limits=(0.0, 2.0)),
    ]


def _digits(section: Explorer) -> int:
    """Decimals of the Action Units: two where they go to 5, three where they go to 1."""
    scale = find_scale(section.scale)
    return 3 if scale is not None and scale.highest <= 1 else 2


def _units(output: ExplorerOutput, section: Explorer) -> Floats:
    return np.full(len(section.units), np.nan) if output.units is None else output.units


def _scores(output: ExplorerOutput) -> list[str]:
    return [number(value) for value in (output.skill, output.retention, output.error)]


def _unit_names(unit: str) -> tuple[str, str]:
    return printable(unit), ACTION_UNIT_NAMES.get(unit, "")


def _pair_name(one: ExplorerPair) -> str:
    pair = one.pair
    return f"{printable(pair.source)}, {printable(pair.sample)}, to {printable(pair.target)}"


def _alpha(alpha: float) -> str:
    return f"{alpha:.6g}"


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _uri(path: Path) -> str:
    """A picture in the page itself, for those who have no script; empty if it is damaged."""
    buffer = io.BytesIO()
    try:
        with Image.open(path, formats=FORMATS) as file:
            picture = file.convert("RGB")
        picture.thumbnail((128, 128), Image.Resampling.LANCZOS)
        picture.save(buffer, "WEBP", quality=85)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
