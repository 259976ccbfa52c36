"""What the commands do, as functions: run methods, and measure what they reconstruct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.analysis.sealed import noted_reading
from bench.analysis.stored import make_board, search_stored
from bench.command_line import command_line
from bench.data.benchmark import DEFAULT_BENCHMARK, Benchmark, load_benchmark
from bench.data.split import Part
from bench.errors import BenchError
from bench.plugins.registry import MethodEntry, load_method
from bench.run.waiting import Waiting
from bench.stderr import stderr_console
from bench.suggest import did_you_mean

if TYPE_CHECKING:
    from bench.analysis.board import Board
    from bench.analysis.reconstruction import ReconstructionTable
    from bench.run.execute import Runner
    from bench.run.session import Session

__all__ = [
    "ANCHORS",
    "Settings",
    "check_parameters",
    "complete",
    "load_entries",
    "make_runner",
    "open_session",
    "reconstruct",
    "run",
    "run_entries",
]

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
        source_aus: ``estimator`` or ``labels``; None for the benchmark's.
        parameters: parameters of the methods, as text.
        seed: of everything random.
        keep_images: store every output.
        python: interpreter of the environment in which methods given as ``FILE.py`` or
            ``MODULE:CLASS`` work; None for this one.
    """

    benchmark: str = DEFAULT_BENCHMARK
    data: Path | None = None
    out: Path = Path("runs")
    alphas: tuple[float, ...] = ()
    limit: int | None = None
    device: str = "cpu"
    embedder: str | None = None
    au_estimator: str | None = None
    source_aus: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    keep_images: bool = False
    python: Path | None = None

    def load_benchmark(self) -> Benchmark:
        benchmark = load_benchmark(
            self.benchmark,
            embedder=self.embedder,
            au_estimator=self.au_estimator,
            source_aus=self.source_aus,
        )
        return benchmark.with_alphas(tuple(sorted(self.alphas))) if self.alphas else benchmark


def run(methods: Sequence[str], settings: Settings, *, alpha: float | None = None) -> Board:
    """Runs methods and the anchors on the test part and ranks them.

    A method with alpha is ranked at its dev alpha* (searched first, on the dev part, if it was
    not yet), and its whole curve is stored too.

    Args:
        methods: names or files of methods; with ``settings.python`` also ``MODULE:CLASS``.
        settings: what to run on.
        alpha: rank at this alpha instead (protocol "fixed").

    Raises:
        BenchError: anything the user can mend.
    """
    return run_entries(load_entries(methods, settings), settings, alpha=alpha)


def run_entries(
    entries: Sequence[MethodEntry], settings: Settings, *, alpha: float | None = None
) -> Board:
    """As :func:`run`, with methods that :func:`load_entries` found."""
    named = {entry.name for entry in entries}
    entries = [*entries, *(load_method(name) for name in ANCHORS if name not in named)]
    check_parameters(entries, settings)
    benchmark = settings.load_benchmark()
    session = open_session(benchmark, settings)
    grid = benchmark.alphas if alpha is None else tuple(sorted({*benchmark.alphas, alpha}))
    runs, waiting = [], Waiting()
    for entry in entries:
        with waiting.postponed():
            runner = make_runner(session, entry, settings)
            if runner.method.card.has_alpha and alpha is None:
                with waiting.postponed():
                    complete(runner, "dev", benchmark.alphas, settings.limit)
            _choose_thumbnails(runner, settings.limit, alpha)
            complete(runner, "test", grid, settings.limit)
            runs.append(runner.folder.read())
    waiting.settle()
    pairs = {pair.key for pair in benchmark.pairs("test", settings.limit)}
    dev_pairs = {pair.key for pair in benchmark.pairs("dev", settings.limit)}
    board = make_board(runs, benchmark.name, pairs, dev_pairs, alphas=benchmark.alphas, alpha=alpha)
    read = noted_reading(settings.out, benchmark.name, runs)
    return replace(board, notes=(*board.notes, *read))


def _choose_thumbnails(runner: Runner, limit: int | None, alpha: float | None) -> None:
    """Says at which alpha the board will rank the method, so that its pictures are of that."""
    if runner.method.card.has_alpha and alpha is None:
        benchmark = runner.session.benchmark
        pairs = {pair.key for pair in benchmark.pairs("dev", limit)}
        try:
            stored = runner.folder.read("dev")
            alpha = search_stored(stored, pairs, benchmark.alphas).dev_alpha
        except (BenchError, ValueError):  # an instrument has yet to answer: kept by the next call
            return
    runner.pictures.thumbnails_at(alpha if runner.method.card.has_alpha else None)


def reconstruct(
    methods: Sequence[str], settings: Settings, pictures: Path | None = None
) -> ReconstructionTable:
    """Encodes and decodes the real images of the test part, and measures what is lost.

    Args:
        methods: names or files of methods that have a function ``reconstruct``.
        settings: what to run on; ``limit`` is of images.
        pictures: where to write originals and reconstructions, as PNG; None for nowhere.

    Raises:
        BenchError: a method does not reconstruct, the dataset's images may not be shown, or
            anything else the user can mend.
    """
    from bench.analysis.reconstruction import ReconstructionTable, summarise_reconstructions
    from bench.report.sheet import check_sheet, reconstruction_sheet, write_sheet
    from bench.run import reconstruct as reconstruction
    from bench.run.progress import progress_bar

    entries = [load_method(name) for name in dict.fromkeys(methods)]
    for entry in entries:
        reconstruction.require_reconstruction(entry)
    check_parameters(entries, settings)
    benchmark = settings.load_benchmark()
    if pictures:
        check_sheet(pictures, benchmark.card)
    session = open_session(benchmark, settings)
    faces = reconstruction.faces_of_part(session, "test", settings.limit)
    made = []
    for entry in entries:
        with progress_bar(f"{entry.name} on test", len(faces)) as advance:
            made.append(
                reconstruction.reconstruct(
                    session,
                    entry,
                    _own_parameters(entry, settings),
                    faces,
                    device=settings.device,
                    seed=settings.seed,
                    advance=advance,
                )
            )
    if pictures:
        write_sheet(pictures, reconstruction_sheet(made))
    cards = session.instruments
    return ReconstructionTable(
        benchmark=benchmark.name,
        part="test",
        au_estimator=cards.au_estimator.card.name,
        scale=cards.au_estimator.card.scale,
        embedder=cards.embedder.card.name,
        methods=tuple(summarise_reconstructions(one) for one in made),
    )


def load_entries(methods: Sequence[str], settings: Settings) -> list[MethodEntry]:
    """Finds methods, each once; files and classes in ``settings.python`` if there is one.

    Raises:
        BenchError: a method is not there or fails to load, or none works in that environment.
    """
    from bench.plugins.foreign.elsewhere import is_elsewhere

    if settings.python is None:
        return [load_method(name) for name in dict.fromkeys(methods)]
    elsewhere = {name for name in methods if is_elsewhere(name)} or {methods[0]}
    with stderr_console().status(f"importing {', '.join(sorted(elsewhere))}"):
        return [
            load_method(name, settings.python if name in elsewhere else None)
            for name in dict.fromkeys(methods)
        ]


def check_parameters(entries: Sequence[MethodEntry], settings: Settings) -> None:
    """Refuses a parameter that none of the methods has; each method takes those that it has."""
    declared = {name for entry in entries for name in entry.parameters()}
    for name in settings.parameters:
        if name not in declared:
            raise BenchError(
                f"no method here has a parameter {name!r}{did_you_mean(name, declared)}",
                hint=f"there are: {', '.join(sorted(declared)) or 'none'}",
            )


def _own_parameters(entry: MethodEntry, settings: Settings) -> dict[str, str]:
    """Those of the parameters that a method has."""
    declared = entry.parameters()
    return {name: value for name, value in settings.parameters.items() if name in declared}


def open_session(benchmark: Benchmark, settings: Settings) -> Session:
    """Dataset and instruments of a benchmark, with a sign on stderr that they are being loaded."""
    from bench.run.session import Session, check_device

    check_device(settings.device)
    benchmark.check_expressions()
    data = benchmark.card.data_folder(settings.data)
    with stderr_console().status("reading images, loading instruments"):
        return Session(benchmark, data)


def make_runner(session: Session, entry: MethodEntry, settings: Settings) -> Runner:
    """A method, prepared, with its run folder."""
    from bench.run.execute import Runner

    with stderr_console().status(f"preparing {entry.name}"):
        return Runner(
            session,
            entry,
            _own_parameters(entry, settings),
            out=settings.out,
            device=settings.device,
            seed=settings.seed,
            command=command_line(),
            keep_images=settings.keep_images,
        )


def complete(runner: Runner, part: Part, alphas: Sequence[float], limit: int | None) -> None:
    """Makes and stores what is missing of rows and pictures, with a progress bar if any is."""
    from bench.run.progress import progress_bar

    rows = runner.missing(part, alphas, limit)
    if rows:
        with progress_bar(f"{runner.entry.name} on {part}", len(rows)) as advance:
            runner.run(part, rows, advance)
        runner.finish()
    rows = runner.without_picture(part, alphas, limit)
    if rows:
        with progress_bar(f"pictures of {runner.entry.name} on {part}", len(rows)) as advance:
            runner.draw(rows, advance)
