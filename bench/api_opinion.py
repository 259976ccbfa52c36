"""What ``bench second-opinion`` does, as functions."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.api import Settings, make_runner, open_session
from bench.data.benchmark import Benchmark, card_of, load_benchmark
from bench.errors import BenchError
from bench.plugins.registry import MethodEntry, load_method
from bench.run.labels import method_label
from bench.run.waiting import Waiting
from bench.stderr import stderr_console

if TYPE_CHECKING:
    from bench.analysis.opinion_values import Opinion
    from bench.analysis.ranking import BoardEntry
    from bench.data.split import Pair
    from bench.run.execute import Runner
    from bench.run.session import Session
    from bench.run.store import StoredRun

__all__ = ["SECOND", "second_opinion"]

SECOND = "second-opinion"
"""Folder below the folder of runs: outputs that were measured again never meet the first ones."""


def second_opinion(methods: Sequence[str], settings: Settings) -> Opinion:
    """Measures the outputs of stored runs with other instruments, and ranks them under both.

    Each method makes its outputs again, on the test part and at the alpha that was chosen under
    the benchmark's own instruments alone. Rows that were measured before are not made again.

    Args:
        methods: names, labels such as ``glow-arith precision=bf16``, or files of methods; empty
            for all that are stored. Anchors come with them.
        settings: benchmark, data, folder of runs, device, and the second instruments: an
            ``embedder`` or ``au_estimator`` of None is the benchmark's own. A benchmark without a
            dataset card is taken as imported, with both measurements stored.

    Raises:
        BenchError: a first run or an instrument is missing, a method makes other outputs than in
            its first run, or anything else the user can mend.
    """
    from bench.analysis.stored_opinion import instrument_names

    named = [_named(text) for text in methods]
    labels = [label for label, _ in named]
    try:
        card_of(settings.benchmark)
    except BenchError:
        return _imported(labels, settings)
    own, second = load_benchmark(settings.benchmark), settings.load_benchmark()
    names = instrument_names(own.embedder, own.au_estimator)
    if instrument_names(second.embedder, second.au_estimator) == names:
        raise BenchError(
            f"{own.name} is measured by {names[0]} and {names[1]} already",
            hint="--embedder or --au names another; there: bench list embedders, bench list au",
        )
    files = {method.name: method for _, method in named if method is not None}
    return _measured_again(second, names, labels, files, settings)


def _imported(labels: Sequence[str], settings: Settings) -> Opinion:
    from bench.analysis.found import stored_benchmark
    from bench.analysis.stored_opinion import imported_opinion, instrument_names

    name = stored_benchmark(settings.out, settings.benchmark)
    if settings.embedder is None or settings.au_estimator is None:
        raise BenchError(
            f"{name} was imported: its second instruments must both be named",
            hint="--embedder NAME --au NAME",
        )
    names = instrument_names(settings.embedder, settings.au_estimator)
    return imported_opinion(settings.out, name, labels, names)


def _measured_again(
    benchmark: Benchmark,
    first_instruments: tuple[str, str],
    labels: Sequence[str],
    files: Mapping[str, MethodEntry],
    settings: Settings,
) -> Opinion:
    from bench.analysis.sealed import noted_reading
    from bench.analysis.stored_opinion import (
        entries_of,
        first_runs,
        opinion_of_runs,
        read_runs,
    )

    stderr = stderr_console()
    with stderr.status("reading stored runs, choosing alphas"):
        stored = read_runs(settings.out, benchmark.name)
        first = first_runs(stored, benchmark.name, labels, first_instruments)
        entries = entries_of(first)
    session = open_session(benchmark, settings)
    # Everybody is checked before anything is measured, which takes much longer.
    with stderr.status("making kept pictures again"):
        remade = [
            _remade(session, run, entry, files.get(run.method), settings)
            for run, entry in zip(first, entries, strict=True)
        ]
    again, waiting = [], Waiting()
    for one in remade:
        with waiting.postponed():
            again.append(_measure(one))
    waiting.settle()
    notes = [_same_outputs(remade), *noted_reading(settings.out, benchmark.name, first)]
    with stderr.status("ranking under both"):
        return opinion_of_runs(first, entries, again, benchmark=benchmark.name, notes=notes)


@dataclass(frozen=True, slots=True)
class _Remade:
    """A method that makes the outputs of its first run again.

    Attributes:
        runner: of the method, with the second instruments.
        pairs: those that were scored.
        alpha: at which.
        compared: how many of its pictures were found equal to those of the first run.
    """

    runner: Runner
    pairs: frozenset[Pair]
    alpha: float | None
    compared: int


def _remade(
    session: Session,
    run: StoredRun,
    entry: BoardEntry,
    method: MethodEntry | None,
    settings: Settings,
) -> _Remade:
    """Prepares a method, and proves that it makes the outputs of its first run."""
    from bench.leaderboard.regeneration import other_versions
    from bench.run.again import check_same_outputs

    parts = dict(run.info["identity"]["parts"])
    origin = str(run.info["method"]["origin"])
    named = origin if origin.endswith(".py") else run.method
    like_first = replace(
        settings,
        out=settings.out / SECOND,
        parameters=run.parameters,
        seed=int(parts["seed"]),
        keep_images=False,
    )
    runner = make_runner(session, method or load_method(named), like_first)
    here = dict(runner.folder.info["identity"]["parts"])
    del parts["instruments"], here["instruments"]
    if changed := other_versions(parts, here):
        raise BenchError(
            f"the outputs of {run.run_id} cannot be made again: here is another version of "
            f"{' and of '.join(changed)}",
            hint=f"bench run {shlex.quote(named)} --benchmark {session.benchmark.name}, then this "
            "again",
        )
    scored = set(entry.terms.loc[entry.terms["kind"] == "cross", "pair"])
    pairs = [pair for pair in session.benchmark.pairs("test") if pair.key in scored]
    compared = check_same_outputs(runner, run.folder, pairs, entry.alpha)
    return _Remade(runner, frozenset(pairs), entry.alpha, compared)


def _measure(remade: _Remade) -> StoredRun:
    """Makes and measures the outputs that were not measured before."""
    from bench.run.lock import locked
    from bench.run.progress import progress_bar

    runner, alpha = remade.runner, remade.alpha
    keys = {pair.key for pair in remade.pairs}
    chunks = runner.missing("test", [] if alpha is None else [alpha], None, keys)
    if chunks:
        title, images = f"{runner.entry.name} on test", sum(map(len, chunks))
        with locked(runner.folder.folder), progress_bar(title, images) as advance:
            runner.run("test", chunks, advance)
            runner.finish()
    return runner.folder.read("test")


def _same_outputs(remade: Sequence[_Remade]) -> str:
    compared = [one.compared for one in remade]
    if not any(compared):
        return (
            "No first run kept a picture, so that these are the same outputs rests on the methods "
            "being deterministic."
        )
    least, most = min(compared), max(compared)
    count = f"{least}" if least == most else f"{least} to {most}"
    return (
        f"Same outputs: {count} pictures that the first run of each method kept were made again, "
        "and every pixel is equal."
    )


def _named(text: str) -> tuple[str, MethodEntry | None]:
    """The label, as boards have it, of what was typed; and the method, if it is a file."""
    words = text.split(" ")
    while len(words) > 1 and "=" in words[-1]:
        words.pop()
    name = " ".join(words)
    parameters = text.removeprefix(name).split()
    method = load_method(name) if name.endswith(".py") else None
    label = method_label(method.name if method else name, dict(p.split("=", 1) for p in parameters))
    return label, method
