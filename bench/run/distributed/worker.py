"""What a Dask worker runs: it opens a run once, then makes, measures and stores chunks of it.

Nothing heavy is imported before a task comes: the scheduler imports this module, too.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from bench.data.split import Part
from bench.errors import BenchError
from bench.plugins.failures import MethodGone
from bench.run.distributed.claim import is_claimed, sees_claim
from bench.run.distributed.versions import code_versions
from bench.run.distributed.work import Answer, Job, Problem, Task
from bench.run.opened import Done, Opened, OtherRun, WorkerFolder
from bench.run.timings import Timings
from bench.run.waiting import ImagesWait
from bench.stderr import showing_progress

if TYPE_CHECKING:
    from bench.run.execute import Runner

__all__ = ["work"]


class _Refused(Exception):
    """A worker does not do a task."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Process:
    """What this process has opened: a task finds here what an earlier one left."""

    def __init__(self) -> None:
        self._command = self._token = ""
        self._opened = Opened()

    def runner(self, job: Job) -> Runner:
        """The run of a job, opened and found to be the same as the command's.

        Raises:
            _Refused: this worker would not compute the same, or does not see the run's folder.
            BenchError: the run cannot be opened.
        """
        if self._command != job.command:
            self._opened, self._command = Opened(), ""
            _check_versions(job)
            self._command = job.command
        try:
            runner = self._opened.runner(job.assignment)
        except OtherRun as error:
            raise _Refused(Problem("different", found=error.identity)) from error
        if self._token != job.token:
            _check_folder(job, runner.folder.folder)
            self._token = job.token
        return runner


_PROCESS = _Process()

_ONE = Lock()
"""Methods and instruments are not made for several threads."""


def work(job: Job, task: Task) -> Answer:
    """Does a task and stores what it makes; never raises for what a user can mend."""
    done: list[Done] = []
    waits, problem = "", None
    found: Mapping[str, Any] = {}
    with _ONE, showing_progress(False):
        try:
            runner = _PROCESS.runner(job)
            found = _hardware(job.assignment.opener.device)
            _do(runner, job, task, done)
        except _Refused as refused:
            problem = refused.problem
        except ImagesWait as error:
            waits = str(error)
        except MethodGone as error:
            problem = Problem("gone", error.message, error.hint)
        except BenchError as error:
            problem = Problem("failed", error.message, error.hint)
        except Exception as error:  # of a plugin: the command says where it was
            problem = Problem("failed", _described(error))
    return Answer(_address(), tuple(done), waits, problem, found)


def _do(runner: Runner, job: Job, task: Task, done: list[Done]) -> None:
    if task.kind == "references":
        _measure_references(runner, task.part)
        return
    folder = runner.folder
    assert isinstance(folder, WorkerFolder)

    def advance(images: int) -> None:
        done.extend(folder.take_done())
        if not is_claimed(folder.folder, job.token):
            raise _Refused(Problem("stopped"))

    advance(0)
    if task.kind == "rows":
        runner.run(task.part, task.chunks, advance)
    for chunk in task.chunks if task.kind == "pictures" else ():
        runner.draw([chunk.rows], advance)
        done.append(Done(chunk.digest, Timings()))


def _measure_references(runner: Runner, part: Part) -> None:
    folder = runner.folder
    assert isinstance(folder, WorkerFolder)
    folder.measures_references = True
    try:
        runner.run(part, [])
    finally:
        folder.measures_references = False


def _check_versions(job: Job) -> None:
    mine = code_versions()
    shared = {name: value for name, value in mine.items() if name in job.versions}
    if any(job.versions[name] != value for name, value in shared.items()):
        raise _Refused(Problem("different", found=shared))


def _check_folder(job: Job, folder: Path) -> None:
    """Refuses where the run lies elsewhere."""
    if not sees_claim(folder, job.token, job.patience):
        raise _Refused(Problem("unseen", f"it does not see what the command wrote to {folder}"))


def _described(error: Exception) -> str:
    """An error with the place where it was raised, in one line."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text} ({place.filename}:{place.lineno})"


def _address() -> str:
    from distributed import get_worker

    return str(get_worker().address)


@cache
def _hardware(device: str) -> Mapping[str, Any]:
    from bench.run.provenance import hardware

    return hardware(device)
