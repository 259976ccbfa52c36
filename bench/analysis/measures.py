"""Every metric of stored runs, each with its interval over people."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import Draws, draws_for, resample_scores, resample_sums
from bench.analysis.failed_pairs import parts_with_failures
from bench.analysis.matching import match_real_images
from bench.analysis.metric_values import MetricTable, MetricValue, RunMetrics
from bench.analysis.pair_readings import IMAGE_COLUMNS, StoredPairs, read_pairs
from bench.analysis.per_unit import unit_errors
from bench.analysis.ranking import BoardEntry
from bench.analysis.real_images import real_images
from bench.analysis.score_cards import COVERAGE, SCORES
from bench.analysis.statistics.resampled import Resampled
from bench.analysis.stored import entry_of, ranked_part
from bench.analysis.terms import mean_real_niqe
from bench.data.split import Part
from bench.errors import BenchError
from bench.run.store import StoredRun
from metrics.measures import MEASURES, Measure
from metrics.measures.measure import ratio, with_count

__all__ = ["metric_table"]


def metric_table(
    runs: Sequence[StoredRun],
    benchmark: str,
    pairs: Collection[str] | None = None,
    *,
    alpha: float | None = None,
    notes: Sequence[str] = (),
) -> MetricTable:
    """All metrics of runs of one benchmark, on the part that is ranked.

    Args:
        runs: the runs, all of one benchmark and the same instruments.
        benchmark: its name.
        pairs: the pairs to measure on; by default all that are stored.
        alpha: measure at this alpha ("fixed") instead of the one chosen on dev.
        notes: what a reader must know of the choice of runs.

    Raises:
        BenchError: a run has no rows at its alpha.
    """
    part = ranked_part(runs)
    entries = [_entry(run, part, pairs, alpha) for run in runs]
    draws = draws_for([entry.terms for entry in entries])
    references = max((run.references for run in runs), key=len)
    real = real_images(references[references["part"] == part], list(runs[0].action_units))
    matching = match_real_images(real)
    niqe_real = mean_real_niqe(references, part)
    measured = []
    for run, entry in zip(runs, entries, strict=True):
        own = real_images(run.references[run.references["part"] == part], list(run.action_units))
        stored = read_pairs(run, entry.terms, own, matching.threshold)
        measured.append(_measure_run(run, entry, stored, draws, niqe_real))
    cards = runs[0].info["instruments"]
    return MetricTable(
        benchmark=benchmark,
        part=part,
        au_estimator=str(cards["au_estimator"]["name"]),
        scale=str(cards["au_estimator"].get("scale", "")),
        embedder=str(cards["embedder"]["name"]),
        matching=matching,
        runs=tuple(measured),
        notes=tuple(notes),
    )


def _entry(
    run: StoredRun, part: Part, pairs: Collection[str] | None, alpha: float | None
) -> BoardEntry:
    """A run with its terms at the alpha that it is measured at."""
    entry = entry_of(run, part, pairs, alpha=alpha)
    if not (entry.terms["kind"] == "cross").any():
        at = "" if entry.alpha is None else f" at alpha {entry.alpha:g}"
        raise BenchError(
            f"{run.run_id} has no cross pairs{at} on {part}",
            hint=f"bench run {run.method}" + (f" --alpha {alpha:g}" if alpha is not None else ""),
        )
    return entry


def _measure_run(
    run: StoredRun, entry: BoardEntry, stored: StoredPairs, draws: Draws, niqe_real: float
) -> RunMetrics:
    cross = stored.terms
    scores = resample_scores(cross, draws, niqe_real=niqe_real)
    values = [
        _score_value(card.name, getattr(scores, name), len(cross)) for name, card in SCORES.items()
    ]
    covered = with_count(stored.readings.ok.astype(np.float64))
    values.append(
        MetricValue(
            COVERAGE.name,
            Estimate.of(resample_sums(cross, draws, covered).quantity(ratio)),
            len(cross),
        )
    )
    values += [_value(measure, run, stored, draws) for measure in MEASURES]
    outcomes = cross["outcome"].value_counts()
    return RunMetrics(
        method=run.method,
        run_id=run.run_id,
        is_anchor=run.is_anchor,
        parameters=run.parameters,
        alpha=entry.alpha,
        alpha_protocol=entry.alpha_protocol,
        pairs=len(cross),
        failures={str(name): int(n) for name, n in outcomes.items() if name != "ok"},
        identities=min(cross["source"].nunique(), cross["target"].nunique()),
        values=tuple(values),
        units=unit_errors(stored, draws),
        alpha_by_target=entry.alpha_by_target,
    )


def _score_value(name: str, score: Resampled, pairs: int) -> MetricValue:
    absent = "" if np.isfinite(score.value) else "a real image that it rests on was not measured"
    return MetricValue(name, Estimate.of(score), 0 if absent else pairs, absent=absent)


def _value(measure: Measure, run: StoredRun, stored: StoredPairs, draws: Draws) -> MetricValue:
    name = measure.card.name
    absent = measure.lacking(stored.readings)
    if absent and name in IMAGE_COLUMNS:
        absent = _no_comparison(name, run, stored)
    if absent:
        return MetricValue(name, Estimate(np.nan, np.nan, np.nan), 0, absent=absent)
    parts = parts_with_failures(measure, stored)
    counted = np.asarray(np.isfinite(parts).all(axis=1))
    sums = resample_sums(stored.terms, draws, np.where(counted[:, None], parts, 0.0))
    estimate = Estimate.of(sums.quantity(measure.of_sums))
    if np.isnan(estimate.value):
        why = "it is not defined for these readings" if counted.any() else "no pair was measured"
        return MetricValue(name, estimate, 0, absent=why)
    return MetricValue(name, estimate, int(counted.sum()), measure.remark(stored.readings))


def _no_comparison(name: str, run: StoredRun, stored: StoredPairs) -> str:
    """Why the outputs of a run were not compared with real images of the target."""
    if not stored.with_truth:
        return "no target has a real image with the source's expression"
    known = run.info.get("image_metrics", {}).get("absent", {}).get(name)
    if known:
        return f"{known}; then run again with another --out"
    return "the run was stored before, without it: run again with another --out"
