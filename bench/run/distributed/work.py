"""What goes from the command to its workers, and what comes back: keys and small values alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.data.split import Part
from bench.run.opened import Assignment, Done
from bench.run.plan import Chunk

__all__ = ["Answer", "Job", "Kind", "Problem", "Task"]

Kind = Literal["references", "rows", "pictures"]
"""Real images to measure, rows to make, or stored rows to make again for their pictures."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the tasks of one run have in common.

    Attributes:
        command: stands for the command; a worker keeps for the next task what it opened for this.
        assignment: the run.
        versions: of the code of the command; see ``bench.run.distributed.versions``.
        token: what the claim on the run's folder says; see ``bench.run.distributed.claim``.
        patience: seconds until a worker must see what the command wrote.
    """

    command: str
    assignment: Assignment
    versions: Mapping[str, str]
    token: str
    patience: float


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker does at once.

    Attributes:
        kind: what.
        part: of the split.
        chunks: the keys of the rows; none for references.
    """

    kind: Kind
    part: Part
    chunks: tuple[Chunk, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a worker ended a task early.

    Attributes:
        kind: ``different``: it would not compute the same; ``unseen``: it does not see the
            run's folder; ``stopped``: the folder is no longer claimed for it; ``gone``: the method
            makes no image any more; ``failed``: anything else.
        message: what happened.
        hint: what to do.
        found: of ``different``, what it has of what decides the numbers.
    """

    kind: Literal["different", "unseen", "stopped", "gone", "failed"]
    message: str = ""
    hint: str | None = None
    found: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker did.

    Attributes:
        worker: its address.
        done: the chunks that are stored.
        waits: that images wait for an instrument on another machine; empty if none does.
        problem: why the rest of the task was not done.
        hardware: of the worker, as in run.json.
    """

    worker: str
    done: tuple[Done, ...] = ()
    waits: str = ""
    problem: Problem | None = None
    hardware: Mapping[str, Any] = field(default_factory=dict)
