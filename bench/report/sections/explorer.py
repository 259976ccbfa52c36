"""A method, a pair, an alpha: what the output shows beside the source and the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.real_images import real_images
from bench.analysis.records import number_or_none
from bench.analysis.stored_terms import terms_of
from bench.data.split import Pair
from bench.report.contents import ReportInput, ReportMethod
from bench.report.markdown.text import markdown_table, markdown_text
from bench.report.pictures import Pictures
from bench.report.wording import number
from bench.run.gallery import choose_gallery
from bench.run.store import StoredRun

__all__ = [
    "Explorer",
    "ExplorerMethod",
    "ExplorerOutput",
    "ExplorerPair",
    "collect",
]

Floats = NDArray[np.float64]

MOST_PAIRS: Final = 16
FEWEST_PAIRS: Final = 6
MOST_OUTPUTS: Final = 3000
"""With all methods and alphas: their pictures must fit on the page."""

SAME: Final = 5e-7
"""Alphas this close are one alpha."""

NOT_MEASURED: Final = "not measured"


@dataclass(frozen=True, slots=True, eq=False)
class ExplorerPair:
    """A pair and what its real images show; A Action Units, NaN where nothing could be read.

    Attributes:
        expression: of the source image, as the dataset calls it.
        source: (A,) what the source shows: as labelled where labels count, else as read.
        source_neutral, target_neutral: (A,) of both neutral faces.
        to_target: distances (0 to 2) of the target's and of the source's neutral face to the
            target's identity reference.
        to_source: of the same two to the source's.
        source_picture, target_picture: source image and the target's neutral face.
    """

    pair: Pair
    expression: str
    source: Floats
    source_neutral: Floats
    target_neutral: Floats
    to_target: tuple[float, float]
    to_source: tuple[float, float]
    source_picture: Path | None = None
    target_picture: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ExplorerOutput:
    """What was read of one output.

    Attributes:
        outcome: ``ok``, a failure, or ``not measured``.
        units: (A,) Action Units; None unless the outcome is ok.
        skill, retention: E and R of this pair alone; NaN where undefined.
        error: mean absolute AU error to the source.
        to_target, to_source: identity distances, 0 to 2.
        picture: as it was stored; None where it was not.
    """

    outcome: str
    units: Floats | None = None
    skill: float = np.nan
    retention: float = np.nan
    error: float = np.nan
    to_target: float = np.nan
    to_source: float = np.nan
    picture: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ExplorerMethod:
    """All outputs of a method that can be looked at.

    Attributes:
        run_id: of its run.
        label: as it is called by its author; printed through ``printable``.
        is_anchor: whether it is none of the contestants.
        alphas: its own grid, ascending; empty for a method without alpha.
        chosen: for each pair, the place in ``alphas`` of the alpha on the board; None where that
            is not on the grid, and without alpha.
        outputs: for each pair those at each alpha, or the only one.
    """

    run_id: str
    label: str
    is_anchor: bool
    alphas: tuple[float, ...]
    chosen: tuple[int | None, ...]
    outputs: tuple[tuple[ExplorerOutput, ...], ...]

    @property
    def zero(self) -> int | None:
        """Place of alpha 0, where the output is the method's own mean face of the target."""
        return next((place for place, alpha in enumerate(self.alphas) if abs(alpha) < SAME), None)

    def first_shown(self, pair: int) -> int:
        """Place of the output that is shown before anybody chooses another."""
        return self.chosen[pair] or 0


@dataclass(frozen=True, slots=True, eq=False)
class Explorer:
    """Methods, pairs and alphas to choose from; at least one of each.

    Attributes:
        units: names of the A Action Units.
        scale: of the estimator, as its card says.
        pairs: those of the gallery, also where no pictures of it are stored.
        methods: in the order of the board, anchors last.
    """

    units: tuple[str, ...]
    scale: str
    pairs: tuple[ExplorerPair, ...]
    methods: tuple[ExplorerMethod, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "action_units": list(self.units),
            "scale": self.scale,
            "pairs": [
                {
                    "source": one.pair.source,
                    "sample": one.pair.sample,
                    "target": one.pair.target,
                    "expression": one.expression,
                    "source_units": _rounded(one.source),
                    "source_neutral_units": _rounded(one.source_neutral),
                    "target_neutral_units": _rounded(one.target_neutral),
                }
                for one in self.pairs
            ],
            "methods": [
                {
                    "run_id": method.run_id,
                    "method": method.label,
                    "is_anchor": method.is_anchor,
                    "alphas": list(method.alphas),
                    "outputs": [_columns(outputs) for outputs in method.outputs],
                }
                for method in self.methods
            ],
        }

    def to_markdown(self) -> str:
        """The first pair at the alpha of the board, of every method."""
        first = self.pairs[0].pair
        rows = []
        for method in self.methods:
            place = method.first_shown(0)
            output = method.outputs[0][place]
            alpha = f"{method.alphas[place]:.3g}" if method.alphas else "–"
            values = (output.skill, output.retention, output.to_target, output.to_source)
            read = [markdown_text(output.outcome), *map(number, values)]
            rows.append((markdown_text(method.label), alpha, *read))
        headings = ("Method", "Alpha", "Outcome", "E", "R", "To the target", "To the source")
        named = ", ".join(map(markdown_text, (first.source, first.sample)))
        return (
            f"One pair: {named}, to {markdown_text(first.target)}. E and R are of this pair alone; "
            "distances are to the identity references, 0 to 2.\n\n"
            f"{markdown_table(headings, rows)}"
        )


def collect(report: ReportInput) -> Explorer | None:
    """Outputs of all stored runs on a few pairs; None where no run is stored."""
    stored = [(method, method.run) for method in report.methods if method.run is not None]
    if not stored:
        return None
    stored.sort(key=lambda one: one[0].row.is_anchor)
    pictures = Pictures.of(report)
    wide = max((run for _, run in stored), key=lambda run: len(run.references))
    units = wide.action_units
    stored = [(method, run) for method, run in stored if run.action_units == units]
    grids = [_grid(run, report.board.part) for _, run in stored]
    room = MOST_OUTPUTS // max(1, sum(max(1, len(grid)) for grid in grids))
    known = pictures.pairs or _gallery_pairs(wide, report)
    pairs = known[: min(MOST_PAIRS, max(FEWEST_PAIRS, room))]
    if not pairs:
        return None
    return Explorer(
        units=units,
        scale=str(wide.info["instruments"]["au_estimator"].get("scale", "")),
        pairs=_described(pairs, wide, report.board.part, pictures),
        methods=tuple(
            _of_method(method, run, grid, pairs, report, pictures)
            for (method, run), grid in zip(stored, grids, strict=True)
        ),
    )


def _grid(run: StoredRun, part: str) -> tuple[float, ...]:
    if not run.has_alpha:
        return ()
    alphas = run.scores.loc[run.scores["part"] == part, "alpha"].dropna()
    return tuple(np.unique(alphas.to_numpy(dtype=np.float64)).tolist())


def _gallery_pairs(run: StoredRun, report: ReportInput) -> tuple[Pair, ...]:
    """Those of which runs keep pictures, where none are stored."""
    rows = run.scores[(run.scores["part"] == report.board.part) & (run.scores["kind"] == "cross")]
    keys = rows[["part", "source", "sample", "target"]].drop_duplicates()
    pairs = (Pair(*key) for key in keys.itertuples(index=False, name=None))
    counted = (pair for pair in pairs if not report.pairs or pair.key in report.pairs)
    return choose_gallery(counted).pairs


def _described(
    pairs: Sequence[Pair], run: StoredRun, part: str, pictures: Pictures
) -> tuple[ExplorerPair, ...]:
    real = real_images(run.references[run.references["part"] == part], list(run.action_units))
    images = pd.MultiIndex.from_frame(real.table[["identity", "sample"]])
    expressions = real.table["expression"].to_numpy()
    found = []
    for pair in pairs:
        source, target = real.identities.get_indexer([pair.source, pair.target])
        (image,) = images.get_indexer([(pair.source, pair.sample)])
        neutrals = real.neutrals[[target, source]]
        ends = [
            tuple(float(d) for d in real.distances.of_real(neutrals, np.array([who, who])))
            for who in (target, source)
        ]
        found.append(
            ExplorerPair(
                pair=pair,
                expression=str(expressions[image]),
                source=real.wanted[image],
                source_neutral=real.wanted[neutrals[1]],
                target_neutral=real.action_units[neutrals[0]],
                to_target=(ends[0][0], ends[0][1]),
                to_source=(ends[1][0], ends[1][1]),
                source_picture=pictures.real(pair, "source"),
                target_picture=pictures.real(pair, "target-neutral"),
            )
        )
    return tuple(found)


def _of_method(
    method: ReportMethod,
    run: StoredRun,
    grid: tuple[float, ...],
    pairs: Sequence[Pair],
    report: ReportInput,
    pictures: Pictures,
) -> ExplorerMethod:
    rows = _rows(run, report, pairs)

    def output(pair: Pair, alpha: float | None) -> ExplorerOutput:
        stored = pictures.output(run.run_id, pair, alpha)
        row = rows.get((pair.key, None if alpha is None else round(alpha, 6)))
        return _output(row, run.action_units, stored)

    def chosen(pair: Pair) -> int | None:
        wanted = method.row.alpha_by_target.get(pair.target, method.row.alpha)
        near = (place for place, a in enumerate(grid) if wanted is not None and _same(a, wanted))
        return next(near, None)

    return ExplorerMethod(
        run_id=run.run_id,
        label=method.row.label,
        is_anchor=method.row.is_anchor,
        alphas=grid,
        chosen=tuple(chosen(pair) for pair in pairs),
        outputs=tuple(tuple(output(pair, alpha) for alpha in grid or (None,)) for pair in pairs),
    )


def _same(first: float, second: float) -> bool:
    return abs(first - second) < SAME


def _rows(
    run: StoredRun, report: ReportInput, pairs: Sequence[Pair]
) -> dict[tuple[str, float | None], Mapping[str, Any]]:
    """Scores and terms of the rows of these pairs, by key of the pair and alpha."""
    part, keys = report.board.part, {pair.key for pair in pairs}
    terms = terms_of(run, part, report.pairs or None)
    terms = terms[terms["pair"].isin(keys)]
    scores = run.scores[run.scores["part"] == part]
    names = scores["source"] + "/" + scores["sample"] + ">" + scores["target"]
    scores = scores.assign(pair=names)[names.isin(keys)]
    found: dict[tuple[str, float | None], Mapping[str, Any]] = {}
    for table in (scores[["pair", "alpha", "outcome", *run.action_units]], terms):
        for row in table.to_dict("records"):
            alpha = None if pd.isna(row["alpha"]) else round(float(row["alpha"]), 6)
            key = str(row["pair"]), alpha
            found[key] = {**found.get(key, {}), **{str(name): row[name] for name in row}}
    return found


def _output(
    row: Mapping[str, Any] | None, units: Sequence[str], picture: Path | None
) -> ExplorerOutput:
    if row is None:
        return ExplorerOutput(NOT_MEASURED, picture=picture)
    outcome = str(row["outcome"])
    if outcome != "ok":
        return ExplorerOutput(outcome, picture=picture)
    value = {name: float(row.get(name, np.nan)) for name in _TERMS}
    gained = value["id_dist_source_neutral"] - value["id_dist_target"]
    return ExplorerOutput(
        outcome=outcome,
        units=np.array([row[unit] for unit in units], dtype=np.float64),
        skill=1.0 - _ratio(value["expression_error"], value["expression_change"]),
        retention=_ratio(gained, value["id_dist_source_neutral"] - value["id_dist_target_neutral"]),
        error=value["au_mae"],
        to_target=value["id_dist_target"],
        to_source=value["id_dist_source"],
        picture=picture,
    )


_TERMS: Final = (
    "expression_error",
    "expression_change",
    "au_mae",
    "id_dist_target",
    "id_dist_source",
    "id_dist_source_neutral",
    "id_dist_target_neutral",
)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


def _columns(outputs: Sequence[ExplorerOutput]) -> dict[str, Any]:
    """Values of the outputs of one pair over alpha, by name."""
    return {
        "outcome": [one.outcome for one in outputs],
        "expression_skill": [_digits(one.skill) for one in outputs],
        "identity_retention": [_digits(one.retention) for one in outputs],
        "au_mae": [_digits(one.error) for one in outputs],
        "id_dist_target": [_digits(one.to_target) for one in outputs],
        "id_dist_source": [_digits(one.to_source) for one in outputs],
        "units": [None if one.units is None else _rounded(one.units) for one in outputs],
    }


def _rounded(values: Floats) -> list[float | None]:
    return [_digits(value) for value in values]


def _digits(value: float) -> float | None:
    found = number_or_none(value)
    return None if found is None else round(found, 4)
