"""Has a run's chunks made by the workers of a Dask cluster, and loses none of them.

The scheduler holds the keys of rows for the bundles that are under way, and nothing of images. A
worker that dies gives its bundle back to Dask, which has another do it; what it had stored is
stored again under the same name. Whatever else happens, what is in the run's folder counts, and
the same command goes on from there.
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, cast

from bench.data.split import Part
from bench.errors import BenchError
from bench.plugins.failures import MethodGone
from bench.plugins.registry import MethodEntry
from bench.run.distributed.bundles import Bundles
from bench.run.distributed.claim import claimed
from bench.run.distributed.connection import Connection, parse_tls
from bench.run.distributed.versions import code_versions, differences
from bench.run.distributed.work import Answer, Job, Problem, Task
from bench.run.distributed.worker import work
from bench.run.opened import Assignment, Opener
from bench.run.plan import Chunk, Row, chunks_of
from bench.run.store import RunFolder
from bench.run.waiting import ImagesWait
from bench.stderr import warn

if TYPE_CHECKING:
    from distributed import Future

    from bench.run.execute import Runner

__all__ = ["DaskExecutor", "on_dask"]

OUTSTANDING: Final = 2
"""Tasks for each worker that the scheduler knows: one is done, one waits beside it."""

TICK: Final = 0.5
"""Seconds between two looks at what does not report itself."""

STUCK: Final = 60.0
"""Seconds without an answer after which all workers being paused is an error."""

SEEN_SECONDS: Final = 60.0
"""Until a network file system shows on all machines what was written on one."""

RESUME: Final = "type the same command again: it goes on with what is missing"


@contextmanager
def on_dask(
    address: str, tls: str | None, opener_of: Callable[[MethodEntry], Opener]
) -> Iterator[DaskExecutor]:
    """The workers of a cluster, as long as the block runs.

    Args:
        address: of a scheduler, or ``local:N``.
        tls: ``CA,CERT,KEY``; None for what Dask's own configuration says.
        opener_of: how a worker opens a method.

    Raises:
        BenchError: no scheduler answers, or the packages are not installed.
    """
    connection = Connection(address, parse_tls(tls))
    try:
        yield DaskExecutor(connection, opener_of)
    finally:
        connection.close()


class DaskExecutor:
    """As :class:`bench.run.executor.Serial`, with the workers of a cluster.

    Args:
        connection: to its scheduler.
        opener_of: how a worker opens a method.
    """

    def __init__(self, connection: Connection, opener_of: Callable[[MethodEntry], Opener]) -> None:
        self.connection, self._opener_of = connection, opener_of
        self.command = uuid.uuid4().hex

    def run(
        self, runner: Runner, part: Part, chunks: Sequence[Chunk], advance: Callable[[int], None]
    ) -> None:
        """Has chunks made, measured and stored; ``advance`` hears of the images of each.

        Raises:
            ImagesWait: after all rows, if some wait for an instrument on another machine.
            BenchError: a worker would compute something else, or failed; a chunk ends its workers;
                the scheduler has gone.
        """
        first = [] if runner.folder.has_references(part) else [Task("references", part)]
        work = self._work(runner, part, advance)
        work.do(first, chunks)
        _wait_until_seen(runner.folder, work.stored)
        _note_hardware(runner.folder, work.hardware)
        if work.waits:
            raise ImagesWait(work.waits)

    def draw(
        self, runner: Runner, chunks: Sequence[Sequence[Row]], advance: Callable[[int], None]
    ) -> None:
        """Has rows that are stored already made once more, for their pictures alone."""
        rows = [row for chunk in chunks for row in chunk]
        part = cast(Part, rows[0][0].part)
        self._work(runner, part, advance, pictures=True).do([], chunks_of(rows))

    def _work(
        self, runner: Runner, part: Part, advance: Callable[[int], None], *, pictures: bool = False
    ) -> _Work:
        opener = self._opener_of(runner.entry)
        return _Work(self.connection, runner, part, opener, self.command, advance, pictures)


class _Work:
    """One round: from the first task to the last answer."""

    def __init__(
        self,
        connection: Connection,
        runner: Runner,
        part: Part,
        opener: Opener,
        command: str,
        advance: Callable[[int], None],
        pictures: bool,
    ) -> None:
        self._connection, self._folder = connection, runner.folder
        self._part, self._pictures, self._advance = part, pictures, advance
        self._job = Job(
            command=command,
            assignment=Assignment.to(runner, opener),
            versions=code_versions(),
            token="",
            patience=SEEN_SECONDS,
        )
        self._identity: Mapping[str, Any] = runner.identity
        self._ready: SimpleQueue[Future] = SimpleQueue()
        self._running: dict[str, tuple[Future | None, Task]] = {}
        self._bundles = Bundles([])
        self._sizes: dict[str, int] = {}
        self._suspects: list[Task] = []
        self._alone: list[Task] = []
        self._deadly: list[Task] = []
        self._number = itertools.count()
        self._seconds = self._chunks = 0.0
        self._heard = time.monotonic()
        self._said = ""
        self.stored: set[str] = set()
        self.hardware: list[Mapping[str, Any]] = []
        self.waits = ""

    def do(self, tasks: Sequence[Task], chunks: Sequence[Chunk]) -> None:
        """Does tasks, and makes chunks in bundles."""
        self._bundles = Bundles(chunks)
        self._sizes = {chunk.digest: len(chunk) for chunk in chunks}
        with claimed(self._folder.folder) as token:
            self._job = replace(self._job, token=token)
            try:
                for task in tasks:
                    self._submit(task)
                while self._bundles or self._running or self._suspects:
                    self._submit_more()
                    self._listen()
            finally:
                self._cancel()
        if self._deadly:
            raise _deadly_chunks(self._deadly)

    def _submit_more(self) -> None:
        if self._connection.is_lost:
            return
        workers = max(1, self._connection.workers())
        while self._bundles and len(self._running) < OUTSTANDING * workers:
            pace = self._seconds / self._chunks if self._chunks else None
            kind: Any = "pictures" if self._pictures else "rows"
            self._submit(Task(kind, self._part, self._bundles.take(workers, pace)))
        if self._suspects and not self._running:
            # Alone, so that no other can be taken for the one that ends its workers.
            self._alone = [self._suspects.pop(0)]
            self._submit(self._alone[0])

    def _submit(self, task: Task) -> None:
        name = task.chunks[0].digest if task.chunks else task.kind
        key = f"bench-{name}-{self._job.token[:8]}-{next(self._number)}"
        self._running[key] = None, task
        try:
            future = self._connection.client.submit(work, self._job, task, key=key, pure=False)
        except Exception:  # a plain one, where the scheduler has gone a moment ago
            if not self._connection.is_lost:
                raise
        else:
            self._running[key] = future, task
            future.add_done_callback(self._ready.put)

    def _cancel(self) -> None:
        """Lets go what is under way, after an error or Ctrl-C: the rest is for another time."""
        if self._running and not self._connection.is_lost:
            with suppress(Exception):  # the cause is what is said
                futures = [future for future, _ in self._running.values() if future is not None]
                self._connection.client.cancel(futures)
        self._running.clear()

    def _listen(self) -> None:
        """Waits a moment for an answer and takes it in."""
        try:
            future = self._ready.get(timeout=TICK)
        except Empty:
            self._look()
            return
        if future.key not in self._running:
            return  # of before the scheduler was lost
        status = future.status
        if status == "finished":
            try:
                answer = cast(Answer, future.result())
            except (OSError, TimeoutError, CancelledError):
                # The scheduler went between telling of the answer and giving it.
                self._lost(future)
                return
            self._running.pop(future.key)
            self._heard, self._said = time.monotonic(), ""
            self._take_in(answer)
        elif status == "error":
            _, task = self._running.pop(future.key)
            self._failed(future.exception(), task)
        else:
            self._lost(future)

    def _look(self) -> None:
        """What no answer tells: that the scheduler, or every worker, is gone or paused."""
        if self._connection.is_lost:
            self._reconnect()
        elif not self._connection.workers():
            if self._connection.is_local and time.monotonic() - self._heard > STUCK:
                raise BenchError("the workers that were started here have ended", hint=RESUME)
            self._say(f"no worker at {self._connection.address} yet: waiting for one")
        elif time.monotonic() - self._heard > STUCK:
            self._heard = time.monotonic()
            states = self._connection.states()
            if states and set(states.values()) == {"paused"}:
                raise BenchError(
                    f"all {len(states)} workers are paused: each uses over 80% of the memory that "
                    "it was given",
                    hint=f"give them more (dask worker --memory-limit), or fewer; then {RESUME}",
                )

    def _take_in(self, answer: Answer) -> None:
        for done in answer.done:
            if not self._pictures:
                self._folder.note_timings(done.rows, done.timings)
                self._seconds += done.timings.method_seconds + done.timings.instrument_seconds
                self._chunks += 1
            self._count(done.rows)
        if answer.hardware and answer.hardware not in self.hardware:
            self.hardware.append(answer.hardware)
        self.waits = answer.waits or self.waits
        if answer.problem is not None:
            raise self._refusal(answer.worker, answer.problem)

    def _count(self, rows: str) -> None:
        """Notes that a chunk is done, by its digest; once, however often it was."""
        if rows not in self.stored:
            self.stored.add(rows)
            self._advance(self._sizes.get(rows, 0))

    def _refusal(self, worker: str, problem: Problem) -> BenchError:
        if problem.kind == "different":
            here = {**self._job.versions, **self._identity}
            pairs = differences({name: here.get(name) for name in problem.found}, problem.found)
            return BenchError(
                f"worker {worker} would not compute the same: {'; '.join(pairs[:6])}",
                hint="install the same versions there, with the same files, and start it again",
            )
        if problem.kind == "unseen":
            return BenchError(
                f"worker {worker} writes elsewhere: {problem.message}",
                hint="--out must be a folder that all machines have at the same path, or object "
                "storage such as s3://BUCKET/runs",
            )
        if problem.kind == "stopped":
            return BenchError(
                f"another command goes on with the run in {self._folder.folder}",
                hint="wait until it has ended, or choose another --out",
            )
        error = MethodGone if problem.kind == "gone" else BenchError
        return error(f"worker {worker}: {problem.message}", hint=problem.hint or RESUME)

    def _failed(self, error: BaseException | None, task: Task) -> None:
        from distributed import KilledWorker

        if not isinstance(error, KilledWorker):
            reason = " ".join(str(error).split())[:300]
            raise BenchError(
                f"a worker could not do what it was asked: {type(error).__name__}: {reason}",
                hint="is bench installed on the scheduler and on all workers?",
            ) from error
        if task in self._alone:
            self._deadly.append(task)
            return
        # Which of its chunks it was, or one of the task that waited beside it, nobody knows yet.
        self._suspects += [replace(task, chunks=(chunk,)) for chunk in task.chunks] or [task]

    def _lost(self, future: Future) -> None:
        """What to do where the scheduler no longer knows a task."""
        if self._connection.is_lost:
            self._reconnect()
        else:
            _, task = self._running.pop(future.key)
            self._submit(task)

    def _reconnect(self) -> None:
        """Waits for the scheduler, and gives what was under way and is not stored to its workers.

        Raises:
            BenchError: it did not come back.
        """
        under_way = [task for _, task in self._running.values()]
        self._running.clear()
        self._alone.clear()
        self._ready = SimpleQueue()
        total, images = sum(self._sizes.values()), sum(map(self._sizes.__getitem__, self.stored))
        self._connection.again(f"{images} of {total} images are made")
        self._heard = time.monotonic()
        chunks = [chunk for task in under_way for chunk in task.chunks]
        left = chunks if self._pictures else self._folder.missing(chunks)
        wanted = {chunk.digest for chunk in left}
        for chunk in chunks:
            if chunk.digest not in wanted:
                self._count(chunk.digest)
        self._bundles.put_back(left)
        for task in under_way:
            if task.kind == "references" and not self._folder.has_references(self._part):
                self._submit(task)

    def _say(self, message: str) -> None:
        """Says something once, until something else is said."""
        if message != self._said:
            self._said = message
            warn(message)


def _deadly_chunks(tasks: Sequence[Task]) -> BenchError:
    """An error that names what ends the workers that do it."""
    names = [_name_of(task) for task in tasks]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return BenchError(
        f"{len(tasks)} of the chunks end every worker that makes them, by a crash or because "
        f"memory runs out: {'; '.join(names[:3])}{more}; all others are stored",
        hint="the workers' logs tell why, perhaps more memory helps (dask worker --memory-limit); "
        f"then {RESUME}",
    )


def _name_of(task: Task) -> str:
    if not task.chunks:
        return f"the real images of {task.part}"
    rows = [row for chunk in task.chunks for row in chunk.rows]
    (first, alpha), (last, _) = rows[0], rows[-1]
    at = "" if alpha is None else " at all alphas"
    to = "" if first == last else f" to {last.key}"
    return f"{task.part}, {first.key}{to}{at} ({len(rows)} images)"


def _wait_until_seen(folder: RunFolder, stored: Collection[str]) -> None:
    """Waits until all files are seen here: network file systems show them late on other machines.

    Raises:
        BenchError: they are not seen in time.
    """
    deadline = time.monotonic() + SEEN_SECONDS
    while lacking := set(stored) - {part.rows for part in folder.parts()}:
        if time.monotonic() > deadline:
            raise BenchError(
                f"{len(lacking)} of {len(stored)} files that workers wrote are not in "
                f"{folder.folder}",
                hint=RESUME,
            )
        time.sleep(TICK)


def _note_hardware(folder: RunFolder, found: Sequence[Mapping[str, Any]]) -> None:
    """Adds to run.json on what machines the workers were."""
    known = folder.info.get("workers", [])
    new = [hardware for hardware in found if hardware not in known]
    if new:
        info = {k: v for k, v in folder.info.items() if k != "schema_version"}
        folder.write_info({**info, "workers": [*known, *map(dict, new)]})
