"""Work that goes on beside the method: images are read, outputs measured and files written.

What is heavy (decoding, networks, hashing, the disk) lets other threads of Python work meanwhile.
Each helper is one thread that does one thing after the other, in the order in which it was asked,
so that files and errors come in the order of the chunks, as if nothing went on beside.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from contextvars import copy_context
from itertools import chain
from typing import Any, Final, ParamSpec, TypeVar

__all__ = ["AT_ONCE", "Helper", "Stages", "staged"]

Item = TypeVar("Item")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

GRACE_SECONDS: Final = 5.0
"""For what a helper is doing when the work is given up: a file is whole or absent anyway."""

AT_ONCE: Final = 2
"""Chunks that are measured or stored while the method makes another one."""

WAKING_SECONDS: Final = 0.5
"""Between two looks for Ctrl-C, which on Windows does not end a wait."""

_Task = tuple["Future[Any]", Callable[[], Any]]


class Helper:
    """One thread that does what it is asked for, one after the other.

    It does not keep the process alive: a plugin that hangs in it is left behind when the process
    ends. It starts with the first task.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = f"bench-{name}"
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(
        self,
        function: Callable[Arguments, Result],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Future[Result]:
        """Asks for a call of a function; the future gives its result, or raises its error."""
        if self._thread is None:
            # Not the bound method: the thread would keep the helper alive for ever.
            self._thread = threading.Thread(
                target=_work, args=(self._tasks,), name=self._name, daemon=True
            )
            self._thread.start()
        future: Future[Result] = Future()
        context = copy_context()
        self._tasks.put((future, lambda: context.run(function, *arguments, **keywords)))
        return future

    def close(self, seconds: float = GRACE_SECONDS) -> None:
        """Does what it was asked for, but no longer than some seconds, and ends."""
        if self._thread is not None:
            self._tasks.put(None)
            # Whoever asked may be forgotten by the last thing that the thread does.
            if self._thread is not threading.current_thread():
                self._thread.join(seconds)
            self._thread = None

    def give_up(self) -> None:
        """Drops what was not begun, and waits a little for what was."""
        deadline = time.monotonic() + GRACE_SECONDS
        while True:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                break
            if task is not None:
                task[0].cancel()
        self.close(max(0.0, deadline - time.monotonic()))


class Stages:
    """Items that go through three helpers and this thread: read, made, measured, stored.

    While an item is made here, the next one is read, and those before are measured and stored.

    Args:
        read: gives from an item what making needs; in a helper.
    """

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read
        self._reader, self._measurer, self._storer = (
            Helper(name) for name in ("read", "measure", "store")
        )
        self._under_way: deque[tuple[Any, Future[None]]] = deque()

    def read_ahead(self, items: Iterable[Item]) -> Iterator[tuple[Item, Any]]:
        """Each item with what was read for it; the next is read meanwhile."""
        before: tuple[Item, Future[Any]] | None = None
        for item in chain(items, [None]):
            after = None if item is None else (item, self._reader.submit(self._read, item))
            if before is not None:
                yield before[0], _result_of(before[1])
            before = after

    def hand_on(
        self, made: Item, measure: Callable[[Item], Result], store: Callable[[Result], None]
    ) -> None:
        """Has an item measured, then stored; whatever was handed on before comes first."""
        measured = self._measurer.submit(measure, made)
        stored = self._storer.submit(lambda: store(measured.result()))
        self._under_way.append((made, stored))

    @property
    def are_settled(self) -> bool:
        """Whether nothing that was made is under way."""
        return not self._under_way

    def settled(self, most: int) -> Iterator[tuple[Any, Future[None]]]:
        """Waits until no more than ``most`` items are under way.

        Returns:
            Those that are done, in their order, each as it was handed on and with a future that
            tells whether it was stored.
        """
        while len(self._under_way) > most:
            made, stored = self._under_way.popleft()
            _wait_for(stored)
            yield made, stored

    def close(self) -> None:
        """Ends the helpers, which have nothing left to do."""
        for helper in (self._reader, self._measurer, self._storer):
            helper.close()

    def give_up(self) -> None:
        """Drops what was not begun, and waits a little for what was."""
        for helper in (self._reader, self._measurer, self._storer):
            helper.give_up()


@contextmanager
def staged(read: Callable[[Any], Any]) -> Iterator[Stages]:
    """Stages for the work of a block.

    Where the block fails, what it has handed on is measured and stored all the same, unless the
    block has settled that itself; where it is interrupted, what was not begun is dropped.
    """
    stages = Stages(read)
    try:
        yield stages
    except Exception:
        # What other errors these have is told when the same command is run again.
        for _, stored in stages.settled(0):
            with suppress(Exception):
                stored.result()
        stages.give_up()
        raise
    except BaseException:
        stages.give_up()
        raise
    stages.close()


def _result_of(future: Future[Result]) -> Result:
    """What a future gives, or raises; Ctrl-C ends the wait everywhere."""
    _wait_for(future)
    return future.result()


def _wait_for(future: Future[Any]) -> None:
    while not future.done():
        wait([future], timeout=WAKING_SECONDS)


def _work(tasks: queue.SimpleQueue[_Task | None]) -> None:
    import torch

    # In a new thread convolutions take all cores, whatever set_num_threads was told, until asked.
    torch.get_num_threads()
    while (task := tasks.get()) is not None:
        future, call = task
        if not future.set_running_or_notify_cancel():
            continue
        try:
            result = call()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        # What was made is not kept alive while the thread waits.
        del task, future, call
        result = None
