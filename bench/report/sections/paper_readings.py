"""Figures 6 to 8 of the reference paper: distances over alpha, and Action Units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final

import numpy as np
import pandas as pd

from bench.analysis.alpha import crossover
from bench.analysis.bootstrap import draws_for, resample_sums
from bench.analysis.stored_terms import full_grid, terms_of
from bench.data.split import Pair
from bench.report.contents import ReportInput, ReportMethod
from bench.report.sections.paper_content import (
    Distances,
    Floats,
    PaperFigure,
    Presence,
    Reading,
    Readings,
    ReadingSet,
    alpha_name,
)
from bench.report.wording import number, printable
from bench.run.store import StoredRun
from metrics.measures import find_scale

__all__ = [
    "TITLES",
    "Sources",
    "board_rows",
    "distances_figure",
    "outcomes_of",
    "presence_figure",
    "readings_figure",
]

TITLES: Final = {
    6: "Identity distances over alpha",
    7: "Action Units that the sources show",
    8: "Action Units beside the source's",
}

MOST_SOURCES, MOST_PAIRS = 8, 3

TIE: Final = 1e-9
"""Errors this close are one error, as in ``bench.analysis.alpha``."""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """What the real images of the board's part show.

    Attributes:
        units: names of the A Action Units.
        scale: of the estimator, as its card says.
        shown: (R, A) by identity and sample; as labelled where labels count, else as read, and
            NaN where nothing could be read.
        expressions: by identity and sample.
        sources: identity and sample of all source images of the board's cross pairs.
    """

    units: tuple[str, ...]
    scale: str
    shown: pd.DataFrame
    expressions: Mapping[tuple[str, str], str]
    sources: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, report: ReportInput) -> Sources | None:
        """Those of the run with the most real images, which all runs share; None without runs."""
        runs = [method.run for method in report.methods if method.run is not None]
        if not runs:
            return None
        run = max(runs, key=lambda one: len(one.references))
        units = run.action_units
        table = run.references[run.references["part"] == report.board.part]
        images = pd.MultiIndex.from_frame(table[["identity", "sample"]])
        labels = [f"label_{unit}" for unit in units]
        labelled = any(label in table for label in labels)
        values = table.reindex(columns=labels if labelled else units).to_numpy(dtype=np.float64)
        unread = (table["outcome"] != "ok").to_numpy(dtype=bool)
        if not labelled:
            values = np.where(unread[:, None], np.nan, values)
        shown = pd.DataFrame(values, index=images, columns=list(units))
        rows = board_rows(run, report)
        keys = rows[["source", "sample"]].drop_duplicates().itertuples(index=False, name=None)
        return cls(
            units=units,
            scale=str(run.info["instruments"]["au_estimator"].get("scale", "")),
            shown=shown[~shown.index.duplicated()],
            expressions=dict(zip(images, table["expression"].astype(str), strict=True)),
            sources=tuple(sorted(keys)),
        )

    def of_images(self, images: Sequence[tuple[str, str]]) -> Floats:
        """(N, A) of these images; NaN for those that are not there."""
        wanted = pd.MultiIndex.from_tuples(images, names=["identity", "sample"])
        return np.asarray(self.shown.reindex(wanted).to_numpy(dtype=np.float64))


def board_rows(run: StoredRun, report: ReportInput) -> pd.DataFrame:
    """The rows of a run on the cross pairs of the board, with their keys as ``pair``."""
    scores = run.scores
    rows = scores[(scores["part"] == report.board.part) & (scores["kind"] == "cross")]
    keys = rows["source"] + "/" + rows["sample"] + ">" + rows["target"]
    rows = rows.assign(pair=keys)
    return rows[keys.isin(list(report.pairs))] if report.pairs else rows


def distances_figure(method: ReportMethod, report: ReportInput) -> PaperFigure:
    """Figure 6: mean distances to target and source over alpha."""
    name = printable(method.row.label)
    if method.run is None or not method.run.has_alpha:
        said = f"{name} has no alpha: its distances stand in the ranked table."
        return PaperFigure(6, TITLES[6], "", said, None)
    terms = full_grid(terms_of(method.run, report.board.part, report.pairs or None))
    cross = terms[(terms["kind"] == "cross") & terms["alpha"].notna()]
    columns = ["id_dist_target", "id_dist_source"]
    alphas = np.sort(cross["alpha"].unique()).astype(np.float64)
    grid = cross.pivot(index="pair", columns="alpha", values=columns)
    grid = grid.reindex(columns=pd.MultiIndex.from_product([columns, alphas]))
    if not np.isfinite(grid.to_numpy(dtype=np.float64)).any():
        said = f"No identity distance of {name} was measured."
        return PaperFigure(6, TITLES[6], "", said, None)
    people = cross.drop_duplicates("pair").set_index("pair").loc[grid.index]
    to_target, to_source = np.split(_means(grid.to_numpy(dtype=np.float64), people), 2)
    found = crossover(alphas, to_target[:, 0], to_source[:, 0])
    where = "nowhere in range" if found.alpha is None else f"at alpha {number(found.alpha)}"
    bands = "; bands are 95% intervals over people" if np.isfinite(to_target[:, 1:]).any() else ""
    caption = (
        f"How far the outputs of {name} are from the identity references of target and source: "
        f"means over {len(grid)} pairs of the {report.board.part} part, at alpha "
        f"{alpha_name(alphas[0])} to {alpha_name(alphas[-1])}{bands}. Both are equal {where}."
    )
    return PaperFigure(
        6, TITLES[6], caption, "", Distances(alphas, to_target, to_source, found.alpha)
    )


def _means(values: Floats, people: pd.DataFrame) -> Floats:
    """(N, 3) means of (P, N) over pairs with the ends of their intervals; failures are left out."""
    known = np.isfinite(values)
    parts = np.concatenate([np.where(known, values, 0.0), known], axis=1)
    sums = resample_sums(people, draws_for([people]), parts)
    count = values.shape[1]
    result = np.full((count, 3), np.nan)
    for place in range(count):
        quantity = sums.quantity(partial(_ratio, place=place, count=count))
        result[place] = quantity.value, *quantity.interval()
    return result


def _ratio(sums: Floats, place: int, count: int) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., place] / sums[..., place + count])


def presence_figure(sources: Sources, shown: Sequence[Pair], part: str) -> PaperFigure:
    """Figure 7: which Action Units the source images show.

    Args:
        sources: what they show.
        shown: pairs whose sources are shown one by one, the first ones best.
        part: of the board.
    """
    scale = find_scale(sources.scale)
    images = list(dict.fromkeys((pair.source, pair.sample) for pair in shown))
    images = (images or list(sources.sources))[:MOST_SOURCES]
    every = sources.of_images(sources.sources) if sources.sources else np.zeros((0, 0))
    read = every[np.isfinite(every).all(axis=1)] if every.size else every
    if not images or not read.size:
        return PaperFigure(7, TITLES[7], "", "No source image could be read.", None)
    threshold = None if scale is None else scale.presence
    level = threshold if scale is None or threshold is not None else scale.active
    shares = np.full(len(sources.units), np.nan) if level is None else (read >= level).mean(axis=0)
    content = Presence(
        units=tuple(map(printable, sources.units)),
        scale=printable(sources.scale),
        highest=scale.highest if scale else float(max(np.nanmax(read), 1e-9)),
        threshold=threshold,
        sources=tuple(f"{printable(sample)} of {printable(who)}" for who, sample in images),
        values=sources.of_images(images),
        shares=np.asarray(shares),
        of_sources=len(read),
    )
    caption = (
        f"Action Units of {len(images)} source image{'s' if len(images) != 1 else ''} of the "
        f"{part} part, on the scale {printable(sources.scale) or 'of the estimator'}: the larger "
        "a dot, the larger the reading."
    )
    missing = ""
    if threshold is not None:
        caption += f" A unit is present, and its dot filled, from {threshold:g} on. The bars are "
        caption += f"the share of all {len(read)} source images in which it is present."
    elif scale is not None:
        missing = f"Presence is not told on this scale ({scale.name}), which nobody calibrated "
        missing += "against a FACS coder, so intensities are shown. The bars are the share of all "
        missing += f"{len(read)} source images in which a unit is active, from {scale.active:g} on."
    else:
        missing = "Presence is not told: no threshold is known for this scale."
    return PaperFigure(7, TITLES[7], caption, missing, content)


def readings_figure(
    method: ReportMethod, rows: pd.DataFrame, sources: Sources, shown: Sequence[Pair]
) -> PaperFigure:
    """Figure 8: Action Units at the smallest, the largest and the best alpha beside the source's.

    Args:
        method: with its run.
        rows: ``board_rows`` of it.
        sources: what the source images show.
        shown: pairs that are shown one by one, the first ones best.
    """
    name = printable(method.row.label)
    if method.run is None or method.run.action_units != sources.units:
        said = f"{name} was measured with other Action Units."
        return PaperFigure(8, TITLES[8], "", said, None)
    outputs = _Outputs(rows, sources, method.run.has_alpha)
    charts = [chart for chart in [outputs.mean(method)] if chart is not None]
    own = (chart for pair in shown if (chart := outputs.of_pair(pair)) is not None)
    charts += islice(own, MOST_PAIRS)
    if not charts:
        return PaperFigure(8, TITLES[8], "", f"No output of {name} could be read.", None)
    caption = f"What {name} makes of the source's Action Units, on the scale "
    caption += f"{printable(sources.scale) or 'of the estimator'}. "
    if method.run.has_alpha:
        chosen = "has their least mean error" if method.row.alpha is None else "is the board's"
        caption += (
            f"Smallest and largest are of the whole grid. The best alpha of all pairs {chosen}; "
            "that of a single pair has its least AU error and sees the answer (oracle), as in the "
            "paper. Alpha 0 is the target's mean face."
        )
    failed = "" if len(charts) > 1 else "No single pair with pictures could be read at every alpha."
    return PaperFigure(8, TITLES[8], caption.strip(), failed, ReadingSet(tuple(charts)))


class _Outputs:
    """The Action Units of a method's outputs, beside those of their sources."""

    def __init__(self, rows: pd.DataFrame, sources: Sources, has_alpha: bool) -> None:
        self._sources, self._has_alpha = sources, has_alpha
        units = list(sources.units)
        read = rows[rows["outcome"] == "ok"]
        self._rows = read[np.isfinite(read[units].to_numpy(dtype=np.float64)).all(axis=1)]
        self._alphas = np.sort(rows["alpha"].dropna().unique()).astype(np.float64)

    def mean(self, method: ReportMethod) -> Readings | None:
        """Means over the pairs that could be read at all three alphas."""
        units = list(self._sources.units)
        ends: list[float | None] = [None]
        best = None
        if self._has_alpha:
            if not self._alphas.size:
                return None
            best = self._best_of_board(method)
            ends = [*dict.fromkeys([float(self._alphas[0]), best, float(self._alphas[-1])])]
        tables = [self._at(alpha).set_index("pair") for alpha in ends]
        common = tables[0].index
        for table in tables[1:]:
            common = common.intersection(table.index)
        people = tables[0].loc[common, ["source", "sample"]]
        images = list(people.itertuples(index=False, name=None))
        wanted = self._sources.of_images(images) if images else np.zeros((0, len(units)))
        known = np.isfinite(wanted).all(axis=1)
        if not known.any():
            return None
        made = [
            (alpha, table.loc[common[known], units].to_numpy(dtype=np.float64).mean(axis=0))
            for alpha, table in zip(ends, tables, strict=True)
        ]
        pairs = int(known.sum())
        title = f"mean of {pairs} pairs" if pairs > 1 else "one pair"
        return self._readings(title, wanted[known].mean(axis=0), made, best)

    def of_pair(self, pair: Pair) -> Readings | None:
        """One pair at the ends of the grid and at its own best alpha; None if one failed."""
        own = self._rows[self._rows["pair"] == pair.key].sort_values("alpha")
        (source,) = self._sources.of_images([(pair.source, pair.sample)])
        if own.empty or not np.isfinite(source).all():
            return None
        values = own[list(self._sources.units)].to_numpy(dtype=np.float64)
        title = f"{printable(pair.source)}, {printable(pair.sample)}, to {printable(pair.target)}"
        if not self._has_alpha:
            return self._readings(title, source, [(None, values[0])], None)
        alphas = own["alpha"].to_numpy(dtype=np.float64)
        if not np.isin(self._alphas[[0, -1]], alphas).all():
            return None
        errors = np.square(values - source).mean(axis=1)
        best = int(np.flatnonzero(errors <= errors.min() + TIE)[0])
        places = dict.fromkeys([0, best, len(alphas) - 1])
        made = [(float(alphas[place]), values[place]) for place in places]
        return self._readings(title, source, made, float(alphas[best]))

    def _best_of_board(self, method: ReportMethod) -> float:
        """The alpha of the board, else of least error on the board's part."""
        alpha = method.row.alpha
        if alpha is None or not np.isclose(self._alphas, alpha, atol=5e-7).any():
            curve = method.curve
            errors = {} if curve is None else dict(zip(curve.alpha, curve.au_mse, strict=True))
            alpha = min(self._alphas, key=lambda one: (errors.get(one, np.inf), one))
        return float(self._alphas[np.abs(self._alphas - alpha).argmin()])

    def _at(self, alpha: float | None) -> pd.DataFrame:
        if alpha is None:
            return self._rows
        return self._rows[np.abs(self._rows["alpha"].to_numpy(dtype=np.float64) - alpha) < 5e-7]

    def _readings(
        self,
        title: str,
        source: Floats,
        made: Sequence[tuple[float | None, Floats]],
        best: float | None,
    ) -> Readings:
        readings = [Reading("source", "source", None, source)]
        for alpha, values in made:
            if alpha is None:
                readings.append(Reading("output", "output", None, values))
                continue
            roles = [
                role
                for role, one in (
                    ("smallest", self._alphas[0]),
                    ("best", best),
                    ("largest", self._alphas[-1]),
                )
                if one is not None and abs(alpha - one) < 5e-7
            ]
            said = f"alpha {alpha_name(alpha)} ({', '.join(roles)})"
            readings.append(Reading(said, " ".join(roles), alpha, values))
        units = tuple(map(printable, self._sources.units))
        return Readings(title, units, printable(self._sources.scale), tuple(readings))


def outcomes_of(rows: pd.DataFrame, pairs: Sequence[Pair]) -> dict[tuple[Pair, float | None], str]:
    """What became of the samples of these pairs that were not ``ok``, by pair and alpha."""
    by_key = {pair.key: pair for pair in pairs}
    failed = rows[(rows["outcome"] != "ok") & rows["pair"].isin(list(by_key))]
    values: Any = failed[["pair", "alpha", "outcome"]].itertuples(index=False, name=None)
    return {
        (by_key[key], None if np.isnan(alpha) else round(float(alpha), 6)): printable(outcome)
        for key, alpha, outcome in values
    }
