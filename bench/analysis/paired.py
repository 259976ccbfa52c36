"""Two methods on the same pairs, score by score: paired differences and how sure they are."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.bootstrap import FEWEST_IDENTITIES, Draws, Interval, draws_for, resample_sums
from bench.analysis.paired_values import (
    ComparedMethod,
    Disagreement,
    PairedMethods,
    PairedScore,
    PeopleOfSide,
)
from bench.analysis.ranking import BoardEntry
from bench.analysis.scores import summands
from bench.analysis.statistics.comparisons import compare_differences, explain
from bench.analysis.statistics.hypervolumes import hypervolume_over_alpha
from bench.analysis.statistics.identity_scores import Side, identity_scores
from bench.analysis.statistics.paired_tests import difference_tests
from bench.analysis.statistics.quantities import COUNT, QUANTITIES, quantity_of_sums
from bench.analysis.statistics.resampled import Resampled

__all__ = ["compare_entries"]

Floats = NDArray[np.float64]

HEADLINE = "transfer_score"
# The headline first, then what it is made of.
SCORES = (HEADLINE, *(name for name in QUANTITIES if name not in (HEADLINE, "au_mse")))
MEANS = ("au_mae", "id_dist_target", "id_dist_source")
LOWER_IS_BETTER = ("au_mse", "au_mae", "id_dist_target")
MOST_DISAGREEMENTS = 5

# Columns of ``summands`` that one pair adds to E and R.
ERROR, CHANGE, KEPT, GAP = 0, 1, 4, 5


def compare_entries(
    first: BoardEntry,
    second: BoardEntry,
    *,
    benchmark: str,
    part: str,
    niqe_real: float,
    resamples: int = 2000,
    seed: int = 0,
) -> PairedMethods:
    """Compares two methods on the cross pairs that both have, each at its own alpha.

    Args:
        first, second: the methods with their terms on ``part``.
        benchmark: name of the benchmark.
        part: ``dev`` or ``test``.
        niqe_real: mean NIQE of the part's real images.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap and the sign flips.

    Raises:
        ValueError: the two have no cross pair in common, or holes in a curve.
    """
    tables = _same_pairs(first.terms, second.terms)
    names = _names(first, second)
    draws = draws_for(tables, resamples=resamples, seed=seed)
    curves = [_curve(entry, tables[0]) for entry in (first, second)]
    resampled = [
        {
            **_resampled(table, other, draws, niqe_real),
            "hypervolume": hypervolume_over_alpha(curve, draws),
        }
        for table, other, curve in zip(tables, tables[::-1], curves, strict=True)
    ]
    scores = list(resampled[0])
    comparisons = compare_differences(
        [names] * len(scores), [resampled[0][name] - resampled[1][name] for name in scores]
    )
    rows = tuple(
        PairedScore(
            name=name,
            better="down" if name in LOWER_IS_BETTER else "up",
            first=resampled[0][name].value,
            second=resampled[1][name].value,
            comparison=comparison,
        )
        for name, comparison in zip(scores, comparisons, strict=True)
    )
    # The headline is asked first and alone, as on a board of the two; Holm is for the other rows.
    (headline,) = compare_differences([names], [resampled[0][HEADLINE] - resampled[1][HEADLINE]])
    sides: tuple[Side, ...] = ("target", "source")
    return PairedMethods(
        benchmark=benchmark,
        part=part,
        first=_compared(first, names[0], tables[0]),
        second=_compared(second, names[1], tables[1]),
        pairs=len(tables[0]),
        rows=rows,
        explanation=explain(*names, [headline]),
        people={side: _people(*tables, side, niqe_real, seed) for side in sides},
        disagreements=_disagreements(*tables),
        notes=tuple(_notes(headline.sources, headline.targets, curves)),
    )


def _same_pairs(first: pd.DataFrame, second: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cross rows of the pairs that both tables have, in one order."""
    one, other = (
        terms[terms["kind"] == "cross"].set_index("pair", drop=False) for terms in (first, second)
    )
    common = one.index.intersection(other.index).sort_values()
    if common.empty:
        raise ValueError("the two have no cross pair in common")
    return one.loc[common].reset_index(drop=True), other.loc[common].reset_index(drop=True)


def _names(first: BoardEntry, second: BoardEntry) -> tuple[str, str]:
    """The labels; the run ids where these are the same; and of one run made twice, its places."""
    labels, ids = (first.label, second.label), (first.run_id, second.run_id)
    if labels[0] != labels[1]:
        return labels
    return ids if ids[0] != ids[1] else (f"{ids[0]} (A)", f"{ids[1]} (B)")


def _curve(entry: BoardEntry, table: pd.DataFrame) -> pd.DataFrame:
    terms = entry.terms if entry.curve_terms is None else entry.curve_terms
    return terms[terms["pair"].isin(table["pair"])]


def _resampled(
    table: pd.DataFrame, other: pd.DataFrame, draws: Draws, niqe_real: float
) -> dict[str, Resampled]:
    """Every score and mean of one method; the distances where both methods have one."""
    columns = [summands(table), _au_mae(table)[:, None]]
    for name in MEANS[1:]:
        values = table[name].to_numpy(dtype=np.float64)
        measured = np.isfinite(values) & np.isfinite(other[name].to_numpy(dtype=np.float64))
        columns.append(np.column_stack([np.where(measured, values, 0.0), measured]))
    sums = resample_sums(table, draws, np.concatenate(columns, axis=1))
    count = columns[0].shape[1]
    places = {"au_mae": (count, COUNT)}
    places |= {name: (count + 1 + 2 * k, count + 2 + 2 * k) for k, name in enumerate(MEANS[1:])}
    of_scores = {
        name: sums.quantity(partial(_score, name=name, niqe_real=niqe_real))
        for name in (*SCORES, "au_mse")
    }
    return of_scores | {name: sums.quantity(partial(_ratio, places=places[name])) for name in MEANS}


def _score(sums: Floats, *, name: str, niqe_real: float) -> Floats:
    return quantity_of_sums(sums[..., : COUNT + 1], name=name, niqe_real=niqe_real)


def _au_mae(table: pd.DataFrame) -> Floats:
    ok = table["outcome"] == "ok"
    return np.asarray(table["au_mae"].where(ok, table["au_mae_worst"]), dtype=np.float64)


def _ratio(sums: Floats, *, places: tuple[int, int]) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[..., places[0]] / sums[..., places[1]])


def _compared(entry: BoardEntry, name: str, table: pd.DataFrame) -> ComparedMethod:
    return ComparedMethod(
        label=name,
        run_id=entry.run_id,
        alpha=entry.alpha,
        alpha_protocol=entry.alpha_protocol,
        alpha_by_target=dict(entry.alpha_by_target),
        coverage=float((table["outcome"] == "ok").mean()),
    )


def _people(
    first: pd.DataFrame, second: pd.DataFrame, side: Side, niqe_real: float, seed: int
) -> PeopleOfSide:
    one, other = (
        identity_scores(table, niqe_real=niqe_real, by=side)[[*SCORES]] for table in (first, second)
    )
    return PeopleOfSide(side, one, other, tuple(difference_tests(one - other, seed=seed)))


def _disagreements(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Disagreement, ...]:
    """The pairs that are furthest apart in the plane of E and R."""
    one, other = summands(first), summands(second)
    with np.errstate(divide="ignore", invalid="ignore"):
        expression = (other[:, ERROR] - one[:, ERROR]) / one[:, CHANGE].mean()
        identity = (one[:, KEPT] - other[:, KEPT]) / one[:, GAP].mean()
    apart = np.hypot(np.nan_to_num(expression), np.nan_to_num(identity))
    return tuple(
        Disagreement(
            **{name: str(first[name].iloc[place]) for name in ("source", "sample", "target")},
            expression_skill=float(expression[place]),
            identity_retention=float(identity[place]),
            first_outcome=str(first["outcome"].iloc[place]),
            second_outcome=str(second["outcome"].iloc[place]),
        )
        for place in np.argsort(-apart, kind="stable")[:MOST_DISAGREEMENTS]
    )


def _notes(sources: int, targets: int, curves: list[pd.DataFrame]) -> list[str]:
    notes = []
    if (fewest := min(sources, targets)) < FEWEST_IDENTITIES:
        notes.append(f"{Interval(np.nan, np.nan, fewest).warning}.".capitalize())
    grids = [frozenset(curve["alpha"].unique()) for curve in curves]
    if not any(curve["alpha"].isna().any() for curve in curves) and grids[0] != grids[1]:
        notes.append("The hypervolumes are not comparable: the grids of alpha are unequal.")
    return notes
