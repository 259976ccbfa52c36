"""What ``bench alpha-search`` does, as a function: run a method on dev, and choose alpha there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.analysis.found import find_stored, stored_benchmark
from bench.analysis.named_search import NamedSearch, named_search
from bench.api import (
    Settings,
    check_parameters,
    complete,
    executor_of,
    load_entries,
    make_runner,
    open_session,
)
from bench.data.benchmark import card_of
from bench.errors import BenchError
from bench.stderr import stderr_console

if TYPE_CHECKING:
    from bench.analysis.alpha_refinement import Refinement
    from bench.analysis.statistics.alpha_curves import Criterion
    from bench.run.execute import Runner
    from bench.run.executor import Executor
    from bench.run.store import StoredRun

__all__ = ["alpha_search"]


def alpha_search(
    method: str,
    settings: Settings,
    *,
    by: Criterion = "au",
    fixed: float | None = None,
    refine: bool = False,
    tolerance: float = 0.01,
) -> NamedSearch:
    """Runs a method on the dev part where rows are missing, and chooses alpha there.

    The test part is not opened. On a benchmark that has no dataset card, such as imported
    measurements, methods are not installed, and a stored run of the name is taken as it is.

    Args:
        method: name or file of a method; with ``settings.python`` a file or ``MODULE:CLASS``.
        settings: what to run on.
        by: the criterion of the protocols and of the refinement.
        fixed: the alpha of the protocol ``fixed``, one of the grid; None for 1 or what is nearest.
        refine: search for alpha* between the points of the grid, too, which makes more images.
        tolerance: how near to the best alpha that search stops.

    Raises:
        BenchError: the method has no alpha, or anything else the user can mend.
    """
    if (stored := _imported_run(method, settings, refine)) is not None:
        if not stored.has_alpha:
            raise _without_alpha(stored.method)
        found = _searched(stored, None, settings.alphas or None, by, fixed)
        return replace(found, imported=True)
    (entry,) = load_entries([method], settings)
    if entry.card is not None and not entry.card.has_alpha:
        raise _without_alpha(entry.name)
    check_parameters([entry], settings)
    benchmark = settings.load_benchmark()
    with executor_of(settings) as executor:
        runner = make_runner(open_session(benchmark, settings), entry, settings)
        # What a method learns in ``prepare`` may tell that it has none.
        if not runner.method.card.has_alpha:
            raise _without_alpha(entry.name)
        complete(runner, "dev", benchmark.alphas, settings.limit, executor)
        pairs = {pair.key for pair in benchmark.pairs("dev", settings.limit)}
        found = _searched(runner.folder.read("dev"), pairs, benchmark.alphas, by, fixed)
        if not refine:
            return found
        refinement = _refined(found, runner, settings.limit, tolerance, executor)
        return replace(found, refinement=refinement)


def _searched(
    run: StoredRun,
    pairs: set[str] | None,
    alphas: tuple[float, ...] | None,
    by: Criterion,
    fixed: float | None,
) -> NamedSearch:
    with stderr_console().status("choosing alpha, resampling people"):
        return named_search(run, pairs, alphas, by=by, fixed=fixed)


def _refined(
    found: NamedSearch, runner: Runner, limit: int | None, tolerance: float, executor: Executor
) -> Refinement:
    """Searches between the grid's alphas; every image that it asks for is made once and stored."""
    from bench.analysis.alpha_refinement import refine_alpha, value_of
    from bench.analysis.stored_terms import on_grid, terms_of
    from bench.analysis.terms import mean_real_niqe
    from bench.run.progress import progress_bar

    refining, by, made = runner.refining(), found.study.by, 0
    # A pair of one person with itself is never scored.
    pairs = {
        pair.key for pair in runner.session.benchmark.pairs("dev", limit) if pair.kind == "cross"
    }

    def evaluate(alpha: float) -> float:
        nonlocal made
        chunks = refining.missing("dev", [alpha], limit, pairs)
        if chunks:
            title, images = f"{runner.entry.name} on dev at alpha {alpha:g}", sum(map(len, chunks))
            with progress_bar(title, images) as advance:
                executor.run(refining, "dev", chunks, advance)
            made += images
        run = refining.folder.read("dev")
        terms = on_grid(terms_of(run, "dev", pairs), [alpha])
        return value_of(terms, by, mean_real_niqe(run.references, "dev"))

    try:
        refinement = refine_alpha(found.search.curve, by, evaluate, tolerance)
    except ValueError as error:
        raise BenchError(f"alpha cannot be refined: {error}") from error
    images = len(refinement.evaluations) * len(pairs)
    return replace(refinement, images=images, images_made=made)


def _without_alpha(method: str) -> BenchError:
    return BenchError(f"method {method!r} has no alpha: there is nothing to search")


def _imported_run(method: str, settings: Settings, refine: bool) -> StoredRun | None:
    """The dev rows of a method on a benchmark without a card; None for one with a card."""
    try:
        card_of(settings.benchmark)
    except BenchError as unknown:
        try:
            stored_benchmark(settings.out, settings.benchmark)
        except BenchError:
            raise unknown from None
    else:
        return None
    given = {
        "--limit": settings.limit,
        "--embedder": settings.embedder,
        "--au": settings.au_estimator,
        "--source-aus": settings.source_aus,
        "--param": settings.parameters,
        "--python": settings.python,
    }
    if fixed := [option for option, value in given.items() if value]:
        raise BenchError(
            f"{settings.benchmark} was imported: {' and '.join(fixed)} cannot change its stored "
            "numbers",
            hint=f"leave out {' '.join(fixed)}",
        )
    if refine:
        raise BenchError(
            f"{settings.benchmark} was imported: no method is here that could make images between "
            "its alphas",
            hint="leave out --refine",
        )
    return find_stored(settings.out, settings.benchmark, method, "dev")
