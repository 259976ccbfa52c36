"""What the commands do, as functions: run methods, and measure what they reconstruct."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.analysis.sealed import noted_reading
from bench.analysis.stored import make_board, search_stored
from bench.command_line import command_line
from bench.data.benchmark import Benchmark
from bench.data.split import Part
from bench.errors import BenchError
from bench.plugins.failures import MethodGone
from bench.plugins.registry import MethodEntry, load_method
from bench.run.executor import Executor, Serial
from bench.run.waiting import Waiting
from bench.settings import Settings
from bench.stderr import stderr_console
from bench.suggest import did_you_mean

if TYPE_CHECKING:
    from bench.analysis.board import Board
    from bench.analysis.reconstruction import ReconstructionTable
    from bench.run.execute import Runner
    from bench.run.session import Session
    from bench.run.store import RunFolder, StoredRun

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
    grid = benchmark.alphas if alpha is None else tuple(sorted({*benchmark.alphas, alpha}))
    runs, waiting = [], Waiting()
    with executor_of(settings) as executor:
        session = open_session(benchmark, settings)
        for entry in entries:
            # A method that makes no image any more stops no other one.
            with waiting.postponed(MethodGone):
                runner = make_runner(session, entry, settings)
                if runner.method.card.has_alpha and alpha is None:
                    with waiting.postponed():
                        complete(runner, "dev", benchmark.alphas, settings.limit, executor)
                _choose_thumbnails(runner, settings.limit, alpha)
                complete(runner, "test", grid, settings.limit, executor)
                runs.append(_read_sound(runner.folder))
    waiting.settle()
    pairs = {pair.key for pair in benchmark.pairs("test", settings.limit)}
    dev_pairs = {pair.key for pair in benchmark.pairs("dev", settings.limit)}
    board = make_board(runs, benchmark.name, pairs, dev_pairs, alphas=benchmark.alphas, alpha=alpha)
    read = noted_reading(settings.out, benchmark.name, runs)
    return replace(board, notes=(*board.notes, *read))


def _read_sound(folder: RunFolder) -> StoredRun:
    """A run whose plan is complete; what is damaged beside it is named and removed."""
    from bench.analysis.light_runs import read_light
    from bench.run.parts import Damaged

    try:
        return read_light(folder)
    except Damaged:
        folder.remove_damaged()
        return read_light(folder)


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
    from bench.run.session import check_device

    entries = [load_method(name) for name in dict.fromkeys(methods)]
    for entry in entries:
        reconstruction.require_reconstruction(entry)
    check_parameters(entries, settings)
    check_device(settings.device)
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

    limits, here = settings.limits, settings.limits if settings.isolate else None
    if limits is None:
        return [load_method(name) for name in dict.fromkeys(methods)]
    elsewhere = set()
    if settings.python is not None:
        elsewhere = {name for name in methods if is_elsewhere(name)} or {methods[0]}
    started = methods if settings.isolate else elsewhere
    with stderr_console().status(f"importing {', '.join(sorted(set(started)))}"):
        return [
            load_method(name, settings.python, limits)
            if name in elsewhere
            else load_method(name, isolated=here)
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
    from bench.run.cache import open_cache
    from bench.run.session import Session, check_device

    check_device(settings.own_device)
    benchmark.check_expressions()
    data = benchmark.card.data_folder(settings.data)
    with stderr_console().status("reading images, loading instruments"):
        cache = open_cache(settings.cache_size) if settings.cache else None
        return Session(benchmark, data, cache=cache)


def make_runner(
    session: Session,
    entry: MethodEntry,
    settings: Settings,
    store: Callable[[Path], RunFolder] | None = None,
) -> Runner:
    """A method, prepared, with its run folder, which ``store`` opens."""
    from bench.run.execute import Runner
    from bench.run.store import RunFolder

    with stderr_console().status(f"preparing {entry.name}"):
        return Runner(
            session,
            entry,
            _own_parameters(entry, settings),
            out=settings.out,
            device=settings.own_device,
            seed=settings.seed,
            command=command_line(),
            keep_images=settings.keep_images,
            store=store or RunFolder,
            max_memory=settings.memory_of_worker,
        )


@dataclass(frozen=True, slots=True)
class OnWorker:
    """How a worker of a cluster opens a method on the same benchmark as the command.

    Attributes:
        settings: of the command, as the worker needs them.
        method: name or file.
        python: as in the settings; None for a method that works in the worker's own environment.
        is_apart: whether it works in a process of its own.
    """

    settings: Settings
    method: str
    python: Path | None = None
    is_apart: bool = False

    @property
    def device(self) -> str:
        return self.settings.device

    def open_session(self) -> Session:
        return open_session(self.settings.load_benchmark(), self.settings)

    def open_runner(self, session: Session, store: Callable[[Path], RunFolder]) -> Runner:
        limits = self.settings.limits if self.is_apart else None
        entry = load_method(self.method, self.python, limits)
        return make_runner(session, entry, self.settings, store)


def on_worker(entry: MethodEntry, settings: Settings) -> OnWorker:
    """How a worker, which may work in another folder, opens a method that was found here."""
    from bench.plugins.foreign.elsewhere import is_elsewhere
    from bench.plugins.foreign.method import ForeignMethod

    is_apart = isinstance(entry.factory, type) and issubclass(entry.factory, ForeignMethod)
    data = None if settings.data is None else settings.data.absolute()
    there = replace(
        settings, dask=None, dask_tls=None, limit=None, data=data, out=settings.out.absolute()
    )
    # A method in a file or in another environment is found by its origin.
    method, _, interpreter = entry.origin.rpartition(" in ")
    python = None
    if entry.origin.endswith(".py"):
        method = entry.origin
    elif settings.python is not None and is_elsewhere(method):
        python = Path(interpreter)
    else:
        return OnWorker(there, entry.name, is_apart=is_apart)
    if method.endswith(".py"):
        method = str(Path(method).absolute())
    return OnWorker(there, method, python, is_apart)


@contextmanager
def executor_of(settings: Settings) -> Iterator[Executor]:
    """Who makes the images while the block runs: this process, with others, or a cluster.

    Raises:
        BenchError: the cluster cannot be reached.
    """
    if len(settings.devices) > 1:
        from bench.run.workers import local_workers

        def on_device(entry: MethodEntry, device: str) -> OnWorker:
            return on_worker(entry, settings.of_worker(device))

        with local_workers(settings.devices, on_device) as workers:
            yield workers
        return
    if settings.dask is None:
        yield Serial()
        return
    from bench.run.distributed.client import on_dask

    opener_of = partial(on_worker, settings=settings)
    with on_dask(settings.dask, settings.dask_tls, opener_of) as executor:
        yield executor


def complete(
    runner: Runner,
    part: Part,
    alphas: Sequence[float],
    limit: int | None,
    executor: Executor,
) -> None:
    """Makes and stores what is missing of rows and pictures, with a progress bar if any is.

    Raises:
        BenchError: another process writes to the run, or the disk refuses.
    """
    from bench.run.lock import locked
    from bench.run.progress import progress_bar

    chunks = runner.missing(part, alphas, limit)
    has_pairs = bool(runner.session.benchmark.split.part(part))
    if chunks or (has_pairs and not runner.folder.has_references(part)):
        with locked(runner.folder.folder):
            # Another process may have made them meanwhile.
            chunks = runner.missing(part, alphas, limit)
            with progress_bar(f"{runner.entry.name} on {part}", sum(map(len, chunks))) as advance:
                executor.run(runner, part, chunks, advance)
            runner.finish()
    elif not runner.is_finished:
        # It was killed between its last row and this, which a read-only folder may go without.
        with suppress(BenchError), locked(runner.folder.folder):
            runner.finish()
    drawn = runner.without_picture(part, alphas, limit)
    if drawn:
        images = sum(map(len, drawn))
        title = f"pictures of {runner.entry.name} on {part}"
        with locked(runner.folder.folder), progress_bar(title, images) as advance:
            executor.draw(runner, drawn, advance)
