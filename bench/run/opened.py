"""What a process that works for a command opens: the same benchmark, the same method, the same run.

Workers of a cluster and of this machine are alike in it: they load everything once, make the chunks
that they are given, and leave to the command what is the command's to write.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from bench.data.split import Part
from bench.errors import BenchError
from bench.run.description import SCHEMA_VERSION
from bench.run.store import RunFolder
from bench.run.timings import Timings

if TYPE_CHECKING:
    from bench.run.execute import Runner
    from bench.run.session import Session

__all__ = ["Assignment", "Done", "Opened", "Opener", "OtherRun", "WorkerFolder"]


class Opener(Protocol):
    """How a worker opens the same method on the same benchmark; it can be pickled and compared."""

    @property
    def device(self) -> str:
        """The torch device of the worker."""

    def open_session(self) -> Session:
        """Dataset and instruments, which all methods of a command share.

        Raises:
            BenchError: they cannot be opened on this machine.
        """

    def open_runner(self, session: Session, store: Callable[[Path], RunFolder]) -> Runner:
        """The method, prepared, with the run's folder.

        Raises:
            BenchError: it cannot be prepared on this machine.
        """


@dataclass(frozen=True, slots=True)
class Assignment:
    """The run that a worker makes chunks of.

    Attributes:
        opener: opens it.
        run: name of its folder, which ends in the hash of what decides the numbers.
        rows: where in its folder the rows are.
        thumbnail: of which outputs a small copy is kept.
    """

    opener: Opener
    run: str
    rows: str
    thumbnail: str

    @classmethod
    def to(cls, runner: Runner, opener: Opener) -> Assignment:
        """The run of a command."""
        folder = runner.folder
        return cls(opener, folder.folder.name, folder.rows, runner.pictures.thumbnail)


@dataclass(frozen=True, slots=True)
class Done:
    """A chunk that is stored: the digest of its rows, and where its time went."""

    rows: str
    timings: Timings


class OtherRun(BenchError):
    """A worker would compute something else than its command.

    Attributes:
        identity: what decides the worker's numbers.
    """

    def __init__(self, runner: Runner, run: str) -> None:
        super().__init__(
            f"a worker has prepared another run, {runner.folder.folder.name}, than the command, "
            f"{run}",
            hint="does the method return the same of prepare every time?",
        )
        self.identity: Mapping[str, Any] = runner.identity


class WorkerFolder(RunFolder):
    """The run's folder as a worker writes to it: rows and pictures, nothing that others write.

    Attributes:
        measures_references: whether real images are measured here; else somebody else does.
    """

    def __init__(self, folder: Path, rows: str = "scores") -> None:
        super().__init__(folder, rows)
        # Never empty: run.json is the command's to write.
        self.info = self.info or {"schema_version": SCHEMA_VERSION}
        self.measures_references = False
        self._done: list[Done] = []
        self._lock = Lock()

    def has_references(self, part: Part) -> bool:
        return not self.measures_references or super().has_references(part)

    def note_timings(self, rows: str, timings: Timings) -> None:
        """Remembers them for the command: object storage has one writer for what is added to."""
        with self._lock:
            self._done.append(Done(rows, timings))

    def take_done(self) -> tuple[Done, ...]:
        """The chunks that were stored since the last call."""
        with self._lock:
            done, self._done = self._done, []
        return tuple(done)


class Opened:
    """One session, and one method with its run, for as many tasks as come."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._opener: Opener | None = None
        self._runner: Runner | None = None

    def runner(self, assignment: Assignment) -> Runner:
        """The run of an assignment, which writes to a :class:`WorkerFolder`.

        Raises:
            OtherRun: this process would not compute the same as the command.
            BenchError: the run cannot be opened.
        """
        if self._runner is None or self._opener != assignment.opener:
            # The last method is let go first: there may not be memory for two.
            self._runner = self._opener = None
            gc.collect()
            if self._session is None:
                self._session = assignment.opener.open_session()
            runner = assignment.opener.open_runner(self._session, WorkerFolder)
            if runner.folder.folder.name != assignment.run:
                raise OtherRun(runner, assignment.run)
            self._runner, self._opener = runner, assignment.opener
        runner = self._runner
        runner.pictures.thumbnail = assignment.thumbnail
        # Other workers have kept pictures meanwhile.
        runner.pictures.count_again()
        return runner if assignment.rows == runner.folder.rows else runner.refining()
