"""From stored runs to a board and to alpha searches."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from bench.analysis.alpha import AlphaSearch, alpha_curve, alpha_search
from bench.analysis.ranking import AlphaProtocol, Board, BoardEntry, rank_methods
from bench.analysis.terms import mean_real_niqe, sample_terms
from bench.data.benchmark import DEFAULT_BENCHMARK
from bench.errors import BenchError
from bench.run.store import StoredRun

__all__ = ["curve_of", "make_board", "search_command", "search_stored", "terms_of"]


def terms_of(run: StoredRun, part: str, pairs: Collection[str] | None = None) -> pd.DataFrame:
    """Terms of the rows of a part, of the given pairs or of all that are stored."""
    keys = run.scores["source"] + "/" + run.scores["sample"] + ">" + run.scores["target"]
    chosen = run.scores["part"] == part
    if pairs is not None:
        chosen &= keys.isin(list(pairs))
    rows = run.scores[chosen].reset_index(drop=True)
    return sample_terms(rows, run.references[run.references["part"] == part], run.action_units)


def search_stored(
    run: StoredRun, pairs: Collection[str] | None = None, alphas: Sequence[float] | None = None
) -> AlphaSearch:
    """The alpha search of a stored run, on its dev rows alone.

    Raises:
        BenchError: there are no complete dev rows.
    """
    terms = _full_grid(_on_grid(terms_of(run, "dev", pairs), alphas))
    try:
        return alpha_search(terms, mean_real_niqe(run.references, "dev"))
    except ValueError as error:
        raise BenchError(
            f"no alpha search of {run.run_id}: {error}", hint=search_command(run)
        ) from error


def search_command(run: StoredRun) -> str:
    """What to type so that a run has an alpha search."""
    dataset = run.info["identity"]["parts"]["dataset"]
    where = "" if dataset == DEFAULT_BENCHMARK else f" --benchmark {run.info['benchmark']}"
    return f"bench alpha-search {run.method}{where}"


def curve_of(run: StoredRun, part: str, pairs: Collection[str] | None = None) -> pd.DataFrame:
    """Scores of a method over alpha; see ``alpha_curve``."""
    terms = _full_grid(terms_of(run, part, pairs))
    return alpha_curve(terms, mean_real_niqe(run.references, part))


def make_board(
    runs: Sequence[StoredRun],
    benchmark: str,
    pairs: Collection[str] | None = None,
    dev_pairs: Collection[str] | None = None,
    *,
    alphas: Sequence[float] | None = None,
    alpha: float | None = None,
) -> Board:
    """The ranked table of stored runs on the test part.

    Args:
        runs: the runs, all of one benchmark.
        benchmark: its name.
        pairs: test pairs to score; by default all that are stored.
        dev_pairs: dev pairs to choose alpha on; by default all that are stored.
        alphas: grid to choose alpha from; by default all alphas that are stored.
        alpha: rank at this alpha ("fixed") instead of the dev alpha*.
    """
    entries = [_entry(run, pairs, dev_pairs, alphas, alpha) for run in runs]
    references = max((run.references for run in runs), key=len)
    return rank_methods(
        entries, benchmark=benchmark, part="test", niqe_real=mean_real_niqe(references, "test")
    )


def _entry(
    run: StoredRun,
    pairs: Collection[str] | None,
    dev_pairs: Collection[str] | None,
    alphas: Sequence[float] | None,
    alpha: float | None,
) -> BoardEntry:
    terms = terms_of(run, "test", pairs)
    chosen: float | None = None
    protocol: AlphaProtocol | None = None
    at_zero: pd.DataFrame | None = None
    if run.has_alpha:
        chosen = search_stored(run, dev_pairs, alphas).dev_alpha if alpha is None else alpha
        protocol = "dev" if alpha is None else "fixed"
        zero = _on_grid(terms, [0.0])
        at_zero = zero if len(zero) else None
        terms = _on_grid(terms, [chosen])
    return BoardEntry(
        method=run.method,
        run_id=run.run_id,
        parameters=run.parameters,
        is_anchor=run.is_anchor,
        terms=terms,
        terms_at_zero=at_zero,
        alpha=chosen,
        alpha_protocol=protocol,
        # An anchor hands out real images: its speed says nothing.
        images_per_second=None if run.is_anchor else run.timings.images_per_second,
        peak_memory_mib=run.timings.peak_memory_mib or None,
    )


def _on_grid(terms: pd.DataFrame, alphas: Sequence[float] | None) -> pd.DataFrame:
    if alphas is None:
        return terms
    kept = terms[terms["alpha"].round(6).isin([round(alpha, 6) for alpha in alphas])]
    kept.attrs = terms.attrs
    return kept


def _full_grid(terms: pd.DataFrame) -> pd.DataFrame:
    """The rows of those alphas that every pair has, so that a curve compares the same pairs.

    Runs with other grids or limits may have added rows. If no alpha is common to all pairs, the
    pairs with the most alphas are kept instead.
    """
    present = pd.crosstab(terms["pair"], terms["alpha"]).gt(0)
    common = present.columns[present.all(axis=0)]
    if len(common):
        kept = terms[terms["alpha"].isin(common)]
    else:
        alphas = present.sum(axis=1)
        kept = terms[terms["pair"].isin(alphas.index[alphas == alphas.max()])]
    kept.attrs = terms.attrs
    return kept
