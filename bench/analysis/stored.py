"""From stored runs to a board and to alpha searches."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pandas as pd

from bench.analysis.alpha import AlphaSearch, alpha_curve, alpha_search
from bench.analysis.entries import (
    NO_TEST_PART,
    as_entry,
    at_zero,
    curve_terms,
    open_entry,
    protocols_note,
)
from bench.analysis.light_runs import kept
from bench.analysis.ranking import Board, BoardEntry, rank_methods
from bench.analysis.stored_terms import full_grid, on_grid, terms_of
from bench.analysis.terms import mean_real_niqe
from bench.data.benchmark import DEFAULT_BENCHMARK
from bench.data.split import Part
from bench.errors import BenchError
from bench.run.store import StoredRun

__all__ = [
    "curve_of",
    "dev_terms",
    "entry_of",
    "make_board",
    "ranked_part",
    "search_command",
    "search_stored",
    "searching",
    "terms_of",
]


def search_stored(
    run: StoredRun, pairs: Collection[str] | None = None, alphas: Sequence[float] | None = None
) -> AlphaSearch:
    """The alpha search of a stored run, on its dev rows alone.

    Raises:
        BenchError: there are no complete dev rows.
    """

    def search() -> AlphaSearch:
        with searching(run):
            if not (run.scores["part"] == "dev").any():
                raise ValueError("it has no rows of the dev part")
            terms = dev_terms(run, pairs, alphas)
            return alpha_search(terms, mean_real_niqe(run.references, "dev"))

    chosen = None if pairs is None else frozenset(pairs)
    grid = None if alphas is None else tuple(map(float, alphas))
    return kept(run, ("search", chosen, grid), search)


def dev_terms(
    run: StoredRun, pairs: Collection[str] | None = None, alphas: Sequence[float] | None = None
) -> pd.DataFrame:
    """The terms that alpha is chosen on: of these dev pairs at these alphas, or of all."""
    return full_grid(on_grid(terms_of(run, "dev", pairs), alphas))


@contextmanager
def searching(run: StoredRun) -> Iterator[None]:
    """What keeps a run from having an alpha search is said with the command that mends it."""
    try:
        yield
    except ValueError as error:
        raise BenchError(
            f"no alpha search of {run.run_id}: {error}", hint=search_command(run)
        ) from error


def search_command(run: StoredRun) -> str:
    """What to type so that a run has an alpha search."""
    dataset = run.info["identity"]["parts"]["dataset"]
    where = "" if dataset == DEFAULT_BENCHMARK else f" --benchmark {run.info['benchmark']}"
    if labels := run.info["identity"]["parts"].get("source_aus"):
        where += f" --source-aus {labels}"
    return f"bench alpha-search {shlex.quote(run.method)}{where}"


def ranked_part(runs: Sequence[StoredRun]) -> Part:
    """``test``, or ``dev`` for runs which say that their benchmark has no test part."""
    return "dev" if runs and all(not _has_test_part(run) for run in runs) else "test"


def _has_test_part(run: StoredRun) -> bool:
    return bool(run.info.get("has_test_part", True))


def curve_of(run: StoredRun, part: str, pairs: Collection[str] | None = None) -> pd.DataFrame:
    """Scores of a method over alpha; see ``alpha_curve``."""
    terms = full_grid(terms_of(run, part, pairs))
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
    """The ranked table of stored runs, on the test part.

    Where the benchmark has none, all pairs are open; the board is made of those and says so, and
    the alpha of each target is chosen on the other targets (protocol "leave-one-target-out").

    Args:
        runs: the runs, all of one benchmark.
        benchmark: its name.
        pairs: pairs to score; by default all that are stored.
        dev_pairs: dev pairs to choose alpha on; by default all that are stored.
        alphas: grid to choose alpha from; by default all alphas that both parts have.
        alpha: rank at this alpha ("fixed") instead of the dev alpha*.
    """
    part = ranked_part(runs)
    entries = [entry_of(run, part, pairs, dev_pairs, alphas=alphas, alpha=alpha) for run in runs]
    references = max((run.references for run in runs), key=len)
    niqe_real = mean_real_niqe(references, part)
    board = rank_methods(entries, benchmark=benchmark, part=part, niqe_real=niqe_real)
    notes = [note for run in runs for note in run.info.get("notes", [])]
    if part == "dev":
        searched = [run for run in runs if run.has_alpha]
        notes = [NO_TEST_PART, *(protocols_note(run, pairs, niqe_real) for run in searched), *notes]
    return replace(board, notes=(*board.notes, *dict.fromkeys(notes)))


def entry_of(
    run: StoredRun,
    part: Part,
    pairs: Collection[str] | None = None,
    dev_pairs: Collection[str] | None = None,
    *,
    alphas: Sequence[float] | None = None,
    alpha: float | None = None,
) -> BoardEntry:
    """A run as it enters the board of a part; arguments as ``make_board``.

    Raises:
        BenchError: no alpha can be chosen.
    """
    if part == "dev":
        return open_entry(run, pairs, alphas, alpha)
    terms = terms_of(run, "test", pairs)
    if not run.has_alpha:
        return as_entry(run, terms)
    curve = curve_terms(terms, alphas)
    # A later search may have gone to alphas that were not run on test.
    grid = alphas if curve is None else sorted(curve["alpha"].unique())
    chosen = search_stored(run, dev_pairs, grid).dev_alpha if alpha is None else alpha
    return as_entry(
        run,
        on_grid(terms, [chosen]),
        terms_at_zero=at_zero(terms),
        curve=curve,
        alpha=chosen,
        alpha_protocol="dev" if alpha is None else "fixed",
    )
