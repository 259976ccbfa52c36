"""What the commands do, as functions: run methods, search alpha, make a report."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.analysis.stored import make_board, search_stored
from bench.data.benchmark import DEFAULT_BENCHMARK, Benchmark, load_benchmark
from bench.data.split import Part
from bench.errors import BenchError
from bench.plugins.registry import MethodEntry, load_method
from bench.suggest import did_you_mean

if TYPE_CHECKING:
    from bench.analysis.alpha import AlphaSearch
    from bench.analysis.ranking import Board
    from bench.run.execute import Runner
    from bench.run.session import Session

__all__ = ["ANCHORS", "Settings", "alpha_search", "run"]

ANCHORS = ("target-neutral", "copy-source", "shuffled-source", "real-target")
"""On every board: they cost next to nothing and fix the ends of the scales."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The options that all commands share.

    Attributes:
        benchmark: name of the benchmark.
        data: the user's copy of the dataset; None for one whose images come with the package.
        out: the folder of runs.
        alphas: alpha grid; empty for the benchmark's.
        limit: use only the first pairs of each part, in the benchmark's fixed order.
        device: torch device.
        embedder: name or file; None for the benchmark's.
        au_estimator: name or file; None for the benchmark's.
        parameters: parameters of the methods, as text.
        seed: of everything random.
        keep_images: store every output.
    """

    benchmark: str = DEFAULT_BENCHMARK
    data: Path | None = None
    out: Path = Path("runs")
    alphas: tuple[float, ...] = ()
    limit: int | None = None
    device: str = "cpu"
    embedder: str | None = None
    au_estimator: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    keep_images: bool = False

    def load_benchmark(self) -> Benchmark:
        benchmark = load_benchmark(
            self.benchmark, embedder=self.embedder, au_estimator=self.au_estimator
        )
        return benchmark.with_alphas(tuple(sorted(self.alphas))) if self.alphas else benchmark


def run(methods: Sequence[str], settings: Settings, *, alpha: float | None = None) -> Board:
    """Runs methods and the anchors on the test part and ranks them.

    A method with alpha is ranked at its dev alpha* (searched first, on the dev part, if it was
    not yet), and its whole curve is stored too.

    Args:
        methods: names or files of methods.
        settings: what to run on.
        alpha: rank at this alpha instead (protocol "fixed").

    Raises:
        BenchError: anything the user can mend.
    """
    entries = [load_method(name) for name in dict.fromkeys([*methods, *ANCHORS])]
    _check_parameters(entries, settings)
    benchmark = settings.load_benchmark()
    session = _session(benchmark, settings)
    grid = benchmark.alphas if alpha is None else tuple(sorted({*benchmark.alphas, alpha}))
    runs = []
    for entry in entries:
        runner = _runner(session, entry, settings)
        if runner.method.card.has_alpha and alpha is None:
            _complete(runner, "dev", benchmark.alphas, settings.limit)
        _complete(runner, "test", grid, settings.limit)
        runs.append(runner.folder.read())
    pairs = {pair.key for pair in benchmark.pairs("test", settings.limit)}
    dev_pairs = {pair.key for pair in benchmark.pairs("dev", settings.limit)}
    return make_board(runs, benchmark.name, pairs, dev_pairs, alphas=benchmark.alphas, alpha=alpha)


def alpha_search(method: str, settings: Settings) -> AlphaSearch:
    """Runs a method on the dev part where rows are missing, and chooses alpha there.

    Raises:
        BenchError: the method has no alpha, or anything else the user can mend.
    """
    entry = load_method(method)
    if entry.card is not None and not entry.card.has_alpha:
        raise BenchError(f"method {entry.name!r} has no alpha: there is nothing to search")
    _check_parameters([entry], settings)
    benchmark = settings.load_benchmark()
    runner = _runner(_session(benchmark, settings), entry, settings)
    _complete(runner, "dev", benchmark.alphas, settings.limit)
    pairs = {pair.key for pair in benchmark.pairs("dev", settings.limit)}
    return search_stored(runner.folder.read(), pairs, benchmark.alphas)


def _check_parameters(entries: Sequence[MethodEntry], settings: Settings) -> None:
    """Refuses a parameter that none of the methods has; each method takes those that it has."""
    declared = {name for entry in entries for name in entry.parameters()}
    for name in settings.parameters:
        if name not in declared:
            raise BenchError(
                f"no method here has a parameter {name!r}{did_you_mean(name, declared)}",
                hint=f"there are: {', '.join(sorted(declared)) or 'none'}",
            )


def _session(benchmark: Benchmark, settings: Settings) -> Session:
    from rich.console import Console

    from bench.run.session import Session, check_device

    check_device(settings.device)
    data = benchmark.card.data_folder(settings.data)
    with Console(stderr=True).status("reading images, loading instruments"):
        return Session(benchmark, data)


def _runner(session: Session, entry: MethodEntry, settings: Settings) -> Runner:
    from bench.run.execute import Runner

    declared = entry.parameters()
    return Runner(
        session,
        entry,
        {name: value for name, value in settings.parameters.items() if name in declared},
        out=settings.out,
        device=settings.device,
        seed=settings.seed,
        command=shlex.join(["bench", *sys.argv[1:]]),
        keep_images=settings.keep_images,
    )


def _complete(runner: Runner, part: Part, alphas: Sequence[float], limit: int | None) -> None:
    """Makes and stores the rows that are missing, with a progress bar if there are any."""
    from bench.run.progress import progress_bar

    rows = runner.missing(part, alphas, limit)
    if not rows:
        return
    with progress_bar(f"{runner.entry.name} on {part}", len(rows)) as advance:
        runner.run(part, rows, advance)
    runner.finish()
