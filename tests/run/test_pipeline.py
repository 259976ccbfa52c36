"""Work beside work: in its order, bounded, and dropped where the command is stopped."""

from __future__ import annotations

import ctypes
import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench import api
from bench.errors import BenchError
from bench.plugins.registry import load_method
from bench.run import execute, pipeline
from bench.run.pipeline import Helper, Stages, staged
from bench.run.store import RunFolder
from bench.stderr import showing_progress, stderr_console

PATIENCE = 60.0
"""Seconds that only a fault would take."""


def through(
    items: list[int],
    most: int,
    *,
    measure: Callable[[int], int] = lambda item: item,
    store: Callable[[int], None] = lambda item: None,
    make: Callable[[int], int] = lambda item: item,
) -> list[str]:
    """Has items go through all stages; what happened to each, in the order of the items."""
    told = []

    def settle(done: Any) -> None:
        for item, future in done:
            try:
                future.result()
                told.append(f"{item} stored")
            except ValueError as error:
                told.append(f"{item} {error}")

    with staged(lambda item: item) as stages:
        for item, read in stages.read_ahead(items):
            assert read == item
            stages.hand_on(make(item), measure, store)
            settle(stages.settled(most))
        settle(stages.settled(0))
    return told


def test_a_helper_has_the_threads_that_pytorch_was_told() -> None:
    """OpenMP counts by thread; PyTorch tells it only when a new thread first asks PyTorch."""
    libraries = list((Path(torch.__file__).parent / "lib").glob("libgomp*"))
    if not libraries:
        pytest.skip("this PyTorch has another OpenMP, or none")
    most = ctypes.CDLL(str(libraries[0])).omp_get_max_threads
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    helper = Helper("threads")
    try:
        assert helper.submit(most).result(PATIENCE) == before + 1
    finally:
        helper.close()
        torch.set_num_threads(before)


@pytest.mark.parametrize("most", [0, 1, 2, 5])
def test_items_are_stored_in_their_order(most: int) -> None:
    stored: list[int] = []
    told = through(list(range(20)), most, store=stored.append)
    assert stored == list(range(20))
    assert told == [f"{item} stored" for item in range(20)]


def test_errors_come_in_the_order_of_the_items_and_cost_nobody_else() -> None:
    stored: list[int] = []

    def measure(item: int) -> int:
        if item in (3, 7):
            raise ValueError("not measured")
        return item

    def store(item: int) -> None:
        if item in (2, 5):
            raise ValueError("not stored")
        stored.append(item)

    told = through(list(range(10)), 2, measure=measure, store=store)
    failed = {2: "not stored", 3: "not measured", 5: "not stored", 7: "not measured"}
    assert told == [f"{item} {failed.get(item, 'stored')}" for item in range(10)]
    assert stored == [0, 1, 4, 6, 8, 9]


@pytest.mark.parametrize("most", [0, 1, 2])
def test_no_more_items_are_in_memory_than_said(most: int) -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    largest = 0

    class Big:
        pass

    def make() -> Big:
        nonlocal largest
        made = Big()
        alive.add(made)
        gc.collect()
        largest = max(largest, len(alive))
        return made

    with staged(lambda item: item) as stages:
        for _ in stages.read_ahead(range(30)):
            stages.hand_on(make(), lambda made: made, lambda made: None)
            for made, stored in stages.settled(most):
                stored.result()
                del made, stored
    # Those under way, the one just made, and the one whose helper is about to let it go.
    assert largest <= most + 2


def test_the_next_item_is_read_and_the_last_are_measured_while_one_is_made() -> None:
    """Each stage waits for another to be at work: one after the other they would wait for ever."""
    reading, measuring = threading.Event(), threading.Event()

    def read(item: int) -> int:
        if item == 2:
            reading.set()
        return item

    def measure(item: int) -> int:
        if item == 0:
            measuring.set()
            assert made.wait(PATIENCE)
        return item

    made = threading.Event()
    with staged(read) as stages:
        for item, _ in stages.read_ahead(range(3)):
            if item == 1:
                assert reading.wait(PATIENCE)
                assert measuring.wait(PATIENCE)
                made.set()
            stages.hand_on(item, measure, lambda item: None)
            for _, stored in stages.settled(2):
                stored.result()
        for _, stored in stages.settled(0):
            stored.result()


def test_only_one_item_is_read_ahead() -> None:
    read: list[int] = []
    stages = Stages(lambda item: read.append(item))
    items = stages.read_ahead(range(10))
    for place in range(5):
        next(items)
        assert len(read) <= place + 2
    stages.close()


def test_where_the_block_fails_what_was_made_is_stored() -> None:
    stored: list[int] = []

    def work() -> None:
        with staged(lambda item: item) as stages:
            for item, _ in stages.read_ahead(range(10)):
                if item == 3:
                    raise RuntimeError("the third")
                stages.hand_on(item, lambda item: item, stored.append)

    with pytest.raises(RuntimeError, match="the third"):
        work()
    assert stored == [0, 1, 2]


def test_where_it_is_interrupted_what_was_not_begun_is_dropped() -> None:
    begun, go_on = threading.Event(), threading.Event()
    stored: list[int] = []

    def measure(item: int) -> int:
        begun.set()
        assert go_on.wait(PATIENCE)
        return item

    def work() -> None:
        with staged(lambda item: item) as stages:
            for item, _ in stages.read_ahead(range(10)):
                stages.hand_on(item, measure, stored.append)
                if item == 4:
                    assert begun.wait(PATIENCE)
                    # The helper is at work on the first while the block is left.
                    threading.Timer(0.05, go_on.set).start()
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    # The one that was begun is whole or absent; the others are nowhere.
    assert stored in ([], [0])


def test_a_helper_that_hangs_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "GRACE_SECONDS", 0.1)
    hanging = threading.Event()
    helper = Helper("test")
    helper.submit(hanging.wait)
    dropped = helper.submit(lambda: None)
    helper.give_up()
    assert dropped.cancelled()
    hanging.set()


def test_a_helper_may_be_closed_by_its_own_work() -> None:
    helper = Helper("test")
    helper.submit(helper.close).result(PATIENCE)
    assert helper.submit(lambda: "another thread").result(PATIENCE) == "another thread"
    helper.close()


def test_a_helper_without_work_is_no_thread() -> None:
    before = threading.active_count()
    Helper("test").close()
    with staged(lambda item: item):
        pass
    assert threading.active_count() == before


def test_helpers_know_where_progress_is_shown() -> None:
    helper = Helper("test")
    with showing_progress(False):
        is_quiet = helper.submit(lambda: stderr_console().quiet).result()
    assert is_quiet
    assert not helper.submit(lambda: stderr_console().quiet).result()
    helper.close()


class Broken(RunFolder):
    """Its disk refuses the rows of one chunk."""

    chunk = 1
    written = 0

    def write_rows(self, *arguments: Any) -> None:
        self.written += 1
        if self.written == self.chunk + 1:
            raise BenchError("the disk is full")
        super().write_rows(*arguments)


def test_the_first_error_of_a_run_is_the_one_that_is_told(
    embedded: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk is refused by the disk while the method fails at the next but one."""
    settings = api.Settings(out=tmp_path, cache=False, alphas=(0.0, 0.5, 1.0))
    session = api.open_session(settings.load_benchmark(), settings)
    runner = api.make_runner(session, load_method("pixel-arith"), settings, Broken)
    assert isinstance(runner.folder, Broken)
    chunks = runner.missing("test", tuple(place / 100 for place in range(64)), None)
    assert len(chunks) > 4
    storing, made = threading.Event(), SimpleNamespace(chunks=0)
    store, make = runner._store, runner._make

    def late(*arguments: Any) -> None:
        assert storing.wait(PATIENCE)
        store(*arguments)

    def fails(*arguments: Any, **options: Any) -> Any:
        made.chunks += 1
        if made.chunks == 3:
            storing.set()
            raise BenchError("the method is gone")
        return make(*arguments, **options)

    monkeypatch.setattr(runner, "_store", late)
    monkeypatch.setattr(runner, "_make", fails)
    with pytest.raises(BenchError, match="the disk is full"):
        runner.run("test", chunks)
    # The chunk before it is there.
    assert len(runner.folder.parts()) == 1


def test_one_chunk_of_eight_is_made_with_nothing_beside(
    embedded: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = api.Settings(out=tmp_path, alphas=(0.0, 0.5, 1.0), cache=False)
    runner = api.make_runner(
        api.open_session(settings.load_benchmark(), settings), load_method("pixel-arith"), settings
    )
    stored: list[int] = []
    making: list[int] = []
    call, store = execute.call_method, runner.folder.write_rows

    def made(*asked: Any) -> Any:
        making.append(len(stored))
        return call(*asked)

    def kept(*asked: Any) -> None:
        store(*asked)
        stored.append(1)

    monkeypatch.setattr(execute, "call_method", made)
    monkeypatch.setattr(runner.folder, "write_rows", kept)
    chunks = runner.missing("test", tuple(place / 200 for place in range(260)), None)[:13]
    assert len(chunks) == 13
    runner.run("test", chunks)
    # Everything before it was stored: the fifth and the thirteenth.
    assert [making[place] for place in (4, 12)] == [4, 12]
    timings = runner.folder.timings()
    assert timings.alone_images >= len(chunks[4]) + len(chunks[12])
