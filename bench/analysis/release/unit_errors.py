"""Which Action Units the transfers miss most, and how sure that order is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.bootstrap import Draws
from bench.analysis.release.oracle import ERRORS
from bench.analysis.release.resampling import means_of, sums_of
from bench.run.store import StoredRun

__all__ = ["NAMED_HARDEST", "Hardest", "UnitError", "unit_errors"]

Floats = NDArray[np.float64]

NAMED_HARDEST = ("AU45", "AU09", "AU26")
"""What the reference paper says is the hardest to transfer."""


@dataclass(frozen=True, slots=True)
class UnitError:
    """One Action Unit over all transfers under one error.

    Attributes:
        value: mean over pairs and alphas above 0 of (a(y) - a(s))^2, or of |a(y) - a(s)|;
            ``low`` and ``high`` are its 95 % interval.
        nothing: the same for the targets' mean faces.
        rank: 1 for the largest error; ``rank_low`` and ``rank_high`` hold 95 % of the resamples.
        among_hardest: share of the resamples in which it is one of the three largest.
    """

    unit: str
    error: str
    value: float
    low: float
    high: float
    nothing: float
    rank: int
    rank_low: int
    rank_high: int
    among_hardest: float


@dataclass(frozen=True, slots=True)
class Hardest:
    """The three largest errors beside those that the paper names.

    Attributes:
        found: the three of largest error, largest first.
        named: what the paper says, with the rank of each here; None where it was not measured.
        agreeing: how many of the three are the same.
        same_share: share of the resamples in which all three are the same.
    """

    error: str
    found: tuple[str, ...]
    named: dict[str, int | None]
    agreeing: int
    same_share: float


def unit_errors(run: StoredRun, draws: Draws) -> tuple[list[UnitError], list[Hardest]]:
    """Errors of every Action Unit over the cross transfers, largest first, under both errors.

    Args:
        run: the transfers; rows that failed are left out.
        draws: of ``draws_of``.
    """
    units = list(run.action_units)
    scores = run.scores
    cross = scores[(scores["kind"] == "cross") & (scores["outcome"] == "ok")]
    samples = run.references.drop_duplicates(["identity", "sample"])
    wanted = samples.set_index(["identity", "sample"])
    keys = pd.MultiIndex.from_frame(cross[["source", "sample"]])
    gaps = cross[units].to_numpy(dtype=np.float64) - wanted.loc[keys, units].to_numpy()
    table = cross[["source", "sample", "target"]].assign(
        expression=wanted.loc[keys, "expression"].to_numpy()
    )
    above = (cross["alpha"] > 0).to_numpy(dtype=bool)
    errors: list[UnitError] = []
    hardest: list[Hardest] = []
    for error, size in zip(ERRORS, (np.square(gaps), np.abs(gaps)), strict=True):
        pairs = pd.concat([table, pd.DataFrame(size, columns=units, index=table.index)], axis=1)
        means = _by_pair(pairs[above], units)
        nothing = _by_pair(pairs[~above], units)[units].mean()
        ranked, named = _ranked(means, units, nothing, draws, error)
        errors += ranked
        hardest.append(named)
    return errors, hardest


def _by_pair(rows: pd.DataFrame, units: list[str]) -> pd.DataFrame:
    return rows.groupby(["expression", "target"])[units].mean().reset_index()


def _ranked(
    means: pd.DataFrame, units: list[str], nothing: pd.Series, draws: Draws, error: str
) -> tuple[list[UnitError], Hardest]:
    sums = sums_of(means, draws, means[units].to_numpy(dtype=np.float64))
    ranks = _ranks(means_of(sums.both))
    now = _ranks(means_of(sums.total)[None])[0]
    low, high = np.nanquantile(ranks, [0.025, 0.975], axis=0, method="closest_observation")
    found = []
    for place in np.argsort(now, kind="stable"):
        mean = sums.quantity(partial(_mean_of, place=int(place)))
        found.append(
            UnitError(
                units[place],
                error,
                mean.value,
                *mean.interval(),
                float(nothing[units[place]]),
                int(now[place]),
                int(low[place]),
                int(high[place]),
                float((ranks[:, place] <= len(NAMED_HARDEST)).mean()),
            )
        )
    return found, _hardest([item.unit for item in found], now, ranks, units, error)


def _mean_of(totals: Floats, place: int) -> Floats:
    return np.asarray(means_of(totals)[..., place])


def _hardest(
    ordered: list[str],
    ranks: NDArray[np.intp],
    resampled: NDArray[np.intp],
    units: list[str],
    error: str,
) -> Hardest:
    """The three largest beside the paper's, from ranks (A,) and (B, A) of the units."""
    count = len(NAMED_HARDEST)
    found = tuple(ordered[:count])
    named = {
        unit: int(ranks[units.index(unit)]) if unit in units else None for unit in NAMED_HARDEST
    }
    places = [units.index(unit) for unit in NAMED_HARDEST if unit in units]
    all_three = (resampled[:, places] <= count).all(axis=1) & (len(places) == count)
    return Hardest(
        error, found, named, len(set(found) & set(NAMED_HARDEST)), float(all_three.mean())
    )


def _ranks(errors: Floats) -> NDArray[np.intp]:
    """(B, A) 1 for the largest error of each row; of equal ones the first unit's is smaller."""
    order = np.argsort(-errors, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, errors.shape[1] + 1)[None], axis=1)
    return ranks
