"""How a stored run enters a board, with a test part and without one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from bench.analysis.alpha import alpha_curve, choose_alpha
from bench.analysis.leave_one_out import alphas_left_out, oracle_by_pair, rows_at
from bench.analysis.ranking import AlphaProtocol, BoardEntry
from bench.analysis.scores import aggregate
from bench.analysis.stored_terms import full_grid, on_grid, terms_of
from bench.errors import BenchError
from bench.run.store import StoredRun

__all__ = ["NO_TEST_PART", "as_entry", "at_zero", "curve_terms", "open_entry", "protocols_note"]

NO_TEST_PART = (
    "This benchmark has no test part: all its pairs are open (dev), and alpha is chosen for each "
    "target on the other targets (leave-one-target-out)."
)


def open_entry(
    run: StoredRun,
    pairs: Collection[str] | None,
    alphas: Sequence[float] | None,
    alpha: float | None,
) -> BoardEntry:
    """A run as it enters the board of a benchmark without a test part.

    Args:
        run: the run.
        pairs: the open pairs to score; None for all.
        alphas: grid to choose alpha from, for each target on the other targets; None for all.
        alpha: rank at this alpha instead.

    Raises:
        BenchError: there is only one target.
    """
    terms = terms_of(run, "dev", pairs)
    if not run.has_alpha:
        return as_entry(run, terms)
    zero, curve = at_zero(terms), curve_terms(terms, alphas)
    if alpha is not None:
        return as_entry(
            run,
            on_grid(terms, [alpha]),
            terms_at_zero=zero,
            curve=curve,
            alpha=alpha,
            alpha_protocol="fixed",
        )
    by_target = _left_out(run, full_grid(on_grid(terms, alphas)))
    values = set(by_target.values())
    return as_entry(
        run,
        rows_at(terms, by_target),
        terms_at_zero=zero,
        curve=curve,
        alpha=values.pop() if len(values) == 1 else None,
        alpha_protocol="leave-one-target-out",
        alpha_by_target=by_target,
    )


def as_entry(
    run: StoredRun,
    terms: pd.DataFrame,
    *,
    terms_at_zero: pd.DataFrame | None = None,
    curve: pd.DataFrame | None = None,
    alpha: float | None = None,
    alpha_protocol: AlphaProtocol | None = None,
    alpha_by_target: Mapping[str, float] | None = None,
) -> BoardEntry:
    """A run with its terms at the alpha that was chosen, and those of its whole curve."""
    return BoardEntry(
        method=run.method,
        run_id=run.run_id,
        parameters=run.parameters,
        is_anchor=run.is_anchor,
        terms=terms,
        terms_at_zero=terms_at_zero,
        curve_terms=curve,
        alpha=alpha,
        alpha_protocol=alpha_protocol,
        alpha_by_target=alpha_by_target or {},
        # An anchor hands out real images: its speed says nothing.
        images_per_second=None if run.is_anchor else run.timings.images_per_second,
        peak_memory_mib=run.timings.peak_memory_mib or None,
    )


def at_zero(terms: pd.DataFrame) -> pd.DataFrame | None:
    """The rows of the method's own mean faces, None if it made none."""
    zero = on_grid(terms, [0.0])
    return zero if len(zero) else None


def curve_terms(terms: pd.DataFrame, alphas: Sequence[float] | None) -> pd.DataFrame | None:
    """The rows at the alphas that all pairs have, None if there is no such alpha.

    Args:
        terms: rows of one part at all alphas.
        alphas: the grid; None for all that are stored.
    """
    rows = full_grid(on_grid(terms, alphas))
    is_full = len(rows) == rows["pair"].nunique() * rows["alpha"].nunique()
    return rows if is_full else None


def protocols_note(run: StoredRun, pairs: Collection[str] | None, niqe_real: float) -> str:
    """The alphas of a method on an open board, and its scores if they had seen the answer."""
    terms = full_grid(terms_of(run, "dev", pairs))
    by_target = _left_out(run, terms)
    best = choose_alpha(alpha_curve(terms, niqe_real))
    oracle, fixed = (
        aggregate(rows, niqe_real=niqe_real)
        for rows in (rows_at(terms, oracle_by_pair(terms), "pair"), on_grid(terms, [best]))
    )
    chosen = ", ".join(f"{target} {alpha:.2f}" for target, alpha in by_target.items())
    return (
        f"{run.method}: alpha of each target chosen on the other targets: {chosen}. With alphas "
        f"that saw the answer, which are not ranked: the best per pair (oracle) would give E "
        f"{oracle.expression_skill:.2f}, R {oracle.identity_retention:.2f}, score "
        f"{oracle.transfer_score:.3f}; the best single alpha, {best:.2f}, E "
        f"{fixed.expression_skill:.2f}, R {fixed.identity_retention:.2f}, score "
        f"{fixed.transfer_score:.3f}."
    )


def _left_out(run: StoredRun, terms: pd.DataFrame) -> dict[str, float]:
    try:
        return alphas_left_out(terms)
    except ValueError as error:
        raise BenchError(f"no alpha can be chosen for {run.run_id}: {error}") from error
