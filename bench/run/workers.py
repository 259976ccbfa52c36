"""Several processes of this machine make the chunks of a run: one for each GPU, or some on the CPU.

The command itself is the first worker; the others are processes that open the same method and take
chunks from the command, a few at a time, which share encoded images. All store their files
themselves, and the plan says what is in each: so the files are those of one process. A process that
dies costs nothing but its time, since what it has not stored is made by the others.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

from bench.data.split import Part
from bench.errors import BenchError
from bench.plugins.failures import MethodGone
from bench.plugins.guard import results_apart
from bench.plugins.registry import MethodEntry
from bench.run.opened import Assignment, Done, Opened, Opener, WorkerFolder
from bench.run.plan import Chunk, Row
from bench.run.threads import limited_threads, own_threads, threads_for
from bench.run.waiting import ImagesWait, Waiting
from bench.stderr import showing_progress, warn

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from bench.run.execute import Runner

__all__ = ["LocalWorkers", "local_workers"]

MOST_AT_ONCE: Final = 16
"""Chunks that a worker takes: their images lie side by side in the plan."""

SHARES: Final = 4
"""Each worker comes so often for more, at least, so that all end at about the same time."""

WORTH: Final = 2
"""Chunks for each worker below which this process makes them alone: to open a method takes time."""

WAKING_SECONDS: Final = 0.5
"""Between two looks for Ctrl-C, which on Windows does not end a wait."""

END_SECONDS: Final = 5.0
"""For a worker to end what it is doing, and then to end itself."""

ERRORS: Final[Mapping[str, type[BenchError]]] = {"failed": BenchError, "gone": MethodGone}
"""By the word with which a worker sends them."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What a worker does at once: no chunks, to open the run alone."""

    assignment: Assignment
    part: Part
    chunks: tuple[Chunk, ...] = ()


@dataclass(slots=True)
class _Job:
    """What is to be done of one part of a run.

    Attributes:
        runner: of this process.
        part: of the chunks.
        left: chunks that nobody has taken.
        workers: how many share them.
        advance: hears of images that a worker has gone past, and of the chunks it has stored.
        taken: chunks under way.
        problem: why nobody takes any more.
    """

    runner: Runner
    part: Part
    left: deque[Chunk]
    workers: int
    advance: Callable[[int, Sequence[Done]], None]
    taken: int = 0
    problem: BenchError | None = None
    waiting: Waiting = field(default_factory=Waiting)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self) -> tuple[Chunk, ...]:
        """The next chunks of a worker."""
        with self.changed:
            if self.problem is not None:
                return ()
            fair = len(self.left) // (SHARES * self.workers)
            count = min(len(self.left), MOST_AT_ONCE, max(1, fair))
            self.taken += count
            return tuple(self.left.popleft() for _ in range(count))

    def answered(self, chunks: int) -> None:
        """So many chunks that a worker took are done."""
        with self.changed:
            self.taken -= chunks
            self.changed.notify_all()

    def give_back(self, chunks: Sequence[Chunk]) -> None:
        """Chunks that a worker took and has not done."""
        with self.changed:
            self.left.extendleft(reversed(chunks))
            self.taken -= len(chunks)
            self.changed.notify_all()

    def fail(self, problem: BenchError) -> None:
        """Nobody shall take any more."""
        with self.changed:
            self.problem = self.problem or problem
            self.changed.notify_all()

    def wait_for_others(self) -> None:
        """Until nothing is under way elsewhere, or something is to be done here."""
        with self.changed:
            while self.taken and not self.left and self.problem is None:
                self.changed.wait(WAKING_SECONDS)

    def here(self) -> Iterator[Chunk]:
        """The chunks that this process makes, one after the other."""
        while chunks := self.take():
            for place, chunk in enumerate(chunks):
                if self.problem is not None:
                    self.give_back(chunks[place:])
                    return
                self.answered(1)
                yield chunk


class LocalWorkers:
    """This process and others (:class:`bench.run.executor.Executor`).

    Args:
        devices: of the workers; this process is the first.
        opener_of: how a worker opens a method on a device.
        threads: that each worker may compute with.
    """

    def __init__(
        self,
        devices: Sequence[str],
        opener_of: Callable[[MethodEntry, str], Opener],
        threads: int,
    ) -> None:
        self._opener_of, self._devices = opener_of, tuple(devices)
        self._workers = [_Worker(device, threads) for device in devices[1:]]

    def run(
        self, runner: Runner, part: Part, chunks: Sequence[Chunk], advance: Callable[[int], None]
    ) -> None:
        """As :meth:`bench.run.execute.Runner.run`."""
        lock = threading.Lock()

        def together(images: int, done: Sequence[Done] = ()) -> None:
            for chunk in done:
                runner.folder.note_timings(chunk.rows, chunk.timings)
            with lock:
                advance(images)

        job = _Job(runner, part, deque(chunks), len(self._devices), together)
        if len(chunks) >= WORTH * len(self._devices):
            _take_turns(runner, self._devices[0])
            for worker in self._workers:
                worker.begin(job, self._opener_of(runner.entry, worker.device))
        try:
            while job.left and job.problem is None:
                with job.waiting.postponed():
                    runner.run(part, job.here(), together)
                # What a worker had taken that dies comes back.
                job.wait_for_others()
        except BaseException:
            job.fail(BenchError("the command has stopped"))
            raise
        if job.problem is not None:
            raise job.problem
        job.waiting.settle()

    def draw(
        self, runner: Runner, chunks: Sequence[Sequence[Row]], advance: Callable[[int], None]
    ) -> None:
        """As :meth:`bench.run.execute.Runner.draw`; this process does it alone."""
        runner.draw(chunks, advance)

    def close(self) -> None:
        """Ends the other processes."""
        for worker in self._workers:
            worker.close()
        for worker in self._workers:
            worker.end()


class _Worker:
    """Another process, and the thread that speaks with it."""

    def __init__(self, device: str, threads: int) -> None:
        self.device = device
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_serve, args=(theirs, threads, list(sys.path)), name=f"bench worker on {device}"
        )
        with limited_threads(threads):
            self._process.start()
        theirs.close()
        self._jobs: deque[tuple[_Job, Opener]] = deque()
        self._changed, self._is_closed = threading.Condition(), False
        self._thread = threading.Thread(target=self._work, daemon=True, name="bench-worker")
        self._thread.start()

    def begin(self, job: _Job, opener: Opener) -> None:
        """Has it take chunks of a job, once it has nothing else to do."""
        with self._changed:
            self._jobs.append((job, opener))
            self._changed.notify_all()

    def close(self) -> None:
        """Tells it that there is nothing more to do."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def end(self) -> None:
        """Waits a little for what it is doing, and ends it."""
        self._thread.join(END_SECONDS)
        with suppress(OSError):
            self._connection.close()
        if not self._thread.is_alive():
            self._process.join(END_SECONDS)
        for stop in (self._process.terminate, self._process.kill):
            if self._process.is_alive():
                stop()
                self._process.join(END_SECONDS)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or bool(self._jobs))
                if self._is_closed:
                    return
                job, opener = self._jobs.popleft()
            assignment = Assignment.to(job.runner, opener)
            try:
                # Opened before it takes anything: others do not wait for what it may never do.
                if job.left and self._ask(_Task(assignment, job.part), job):
                    while chunks := job.take():
                        self._do(_Task(assignment, job.part, chunks), job)
            except (EOFError, OSError):
                if not self._is_closed:
                    self._say_gone()
                return
            except BenchError as error:
                # What it still says is not heard.
                job.fail(error)
                return

    def _do(self, task: _Task, job: _Job) -> None:
        left = deque(task.chunks)

        def done() -> None:
            left.popleft()
            job.answered(1)

        try:
            self._ask(task, job, done)
        finally:
            # After a refusal nobody takes them; after its death somebody else does.
            if left:
                job.give_back(list(left))

    def _ask(self, task: _Task, job: _Job, done: Callable[[], None] = lambda: None) -> bool:
        """Has it do a task; whether it could.

        Raises:
            EOFError, OSError: it is gone.
            BenchError: what it has done cannot be noted.
        """
        self._connection.send(task)
        while True:
            kind, *values = self._connection.recv()
            if kind == "stored":
                job.advance(*values)
                done()
            elif kind == "waits":
                with job.waiting.postponed():
                    raise ImagesWait(values[0])
            elif kind in ERRORS:
                message, hint = values
                job.fail(ERRORS[kind](message, hint=hint))
                return False
            else:
                return True

    def _say_gone(self) -> None:
        self._process.join(END_SECONDS)
        code = self._process.exitcode
        how = "has ended" if code is None else f"ended with status {code}"
        warn(f"the worker on {self.device} {how}: the others make what it had begun")


@contextmanager
def local_workers(
    devices: Sequence[str], opener_of: Callable[[MethodEntry, str], Opener]
) -> Iterator[LocalWorkers]:
    """Workers while a block runs; this process computes with its share of the threads alone."""
    threads = threads_for(len(devices))
    with limited_threads(threads):
        workers = LocalWorkers(devices, opener_of, threads)
        try:
            with own_threads(threads):
                yield workers
        finally:
            workers.close()


def _take_turns(runner: Runner, device: str) -> None:
    """Method and instruments of a worker on the processor use its share of the cores in turn."""
    if device == "cpu":
        runner.at_once = 0


def _serve(connection: Connection, threads: int, path: list[str]) -> None:
    """What the other process does: tasks, until the command has no more or is gone."""
    from bench import stopping

    stopping.heed()
    sys.path[:] = path
    try:
        import torch

        torch.set_num_threads(threads)
        opened = Opened()
        with showing_progress(False), results_apart():
            while True:
                _answer(connection, opened, connection.recv())
    except (EOFError, OSError):
        return  # the command has ended
    except stopping.Stopped:
        # The command has been told too, and says so. What plugins left running goes with this.
        stopping.unheed()
        sys.exit(0)


def _answer(connection: Connection, opened: Opened, task: _Task) -> None:
    send = _Sender(connection)
    try:
        runner = opened.runner(task.assignment)
        _take_turns(runner, task.assignment.opener.device)
        folder = runner.folder
        assert isinstance(folder, WorkerFolder)
        if task.chunks:
            runner.run(
                task.part,
                task.chunks,
                lambda images: send("stored", images, folder.take_done()),
            )
        send("ready")
    except ImagesWait as error:
        send("waits", str(error))
        send("ready")
    except MethodGone as error:
        send("gone", error.message, error.hint)
    except BenchError as error:
        send("failed", error.message, error.hint)
    except Exception as error:  # of a plugin: the command says what it was
        said = f"a worker failed: {type(error).__name__}: {' '.join(str(error).split())}"
        send("failed", said, None)


class _Sender:
    """Sends from any thread, one message after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._lock = connection, threading.Lock()

    def __call__(self, *message: object) -> None:
        with self._lock:
            self._connection.send(message)
