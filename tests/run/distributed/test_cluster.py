"""Runs on real workers end with the files of a serial run, whatever happens on the way."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench import api
from bench.errors import BenchError
from bench.plugins.registry import load_method
from bench.run.distributed.client import DaskExecutor
from bench.run.distributed.connection import Connection
from bench.run.executor import Executor

if TYPE_CHECKING:
    from tests.run.conftest import Bench
    from tests.run.distributed.conftest import Cluster

    Clusters = Callable[..., Cluster]

pytest.importorskip("distributed", reason="needs Dask: pip install -e '.[dask]'")

pytestmark = pytest.mark.slow


@pytest.fixture
def serial(bench: Bench, tmp_path: Path) -> dict[str, str]:
    """The files of an undisturbed run in one process."""
    bench.complete(tmp_path / "serial")
    (bench.method.parent / "calls").unlink()
    return bench.table(tmp_path / "serial")


@contextlib.contextmanager
def in_background(work: Callable[[], Any]) -> Iterator[Future[Any]]:
    with ThreadPoolExecutor(1) as executor:
        yield executor.submit(work)


def test_the_files_are_those_of_a_serial_run(
    bench: Bench, clusters: Clusters, serial: dict[str, str], tmp_path: Path
) -> None:
    cluster = clusters(3, MIXTURE_SECONDS="0.3")
    runner = bench.complete(tmp_path / "dask", cluster.address)
    assert bench.table(tmp_path / "dask") == serial
    processes = {process for process, _ in bench.calls()}
    assert os.getpid() not in processes
    # Each chunk was made once, and each is noted once.
    assert len(bench.calls()) == len([name for name in serial if "/scores/" in name])
    assert runner.folder.timings().images == 180
    assert runner.folder.info["workers"][0]["device"] == "cpu"
    assert not list((tmp_path / "dask").rglob("workers.json"))
    # A second command makes nothing.
    bench.complete(tmp_path / "dask", cluster.address)
    assert len(bench.calls()) == 3


def test_a_worker_killed_in_the_middle_of_a_chunk(
    bench: Bench,
    clusters: Clusters,
    serial: dict[str, str],
    tmp_path: Path,
    wait_until: Callable[..., None],
) -> None:
    cluster = clusters(2)
    (bench.method.parent / "hold").touch()
    with in_background(lambda: bench.complete(tmp_path / "dask", cluster.address)) as done:
        wait_until(lambda: bench.held() or done.done(), "a chunk is being made")
        killed = bench.held()[0]
        os.kill(killed, signal.SIGKILL)
        (bench.method.parent / "hold").unlink()
        done.result()
    assert bench.table(tmp_path / "dask") == serial
    begun = [pair for _, pair in bench.calls()]
    of_the_killed = [pair for process, pair in bench.calls() if process == killed]
    # What it had begun was made again by another, and nothing else was.
    assert len(of_the_killed) == 1
    assert sorted(begun) == sorted([*set(begun), *of_the_killed])
    assert len(set(begun)) == 3


def test_a_chunk_that_ends_every_worker_is_named_and_the_others_are_stored(
    bench: Bench, clusters: Clusters, serial: dict[str, str], tmp_path: Path
) -> None:
    cluster = clusters(2)
    bench.complete(tmp_path / "look")
    deadly = bench.calls()[1][1]
    (bench.method.parent / "deadly").write_text(deadly)
    with pytest.raises(BenchError, match="1 of the chunks end every worker") as caught:
        bench.complete(tmp_path / "dask", cluster.address)
    assert f"dev, {deadly} to " in caught.value.message
    assert "(66 images)" in caught.value.message
    assert caught.value.hint is not None
    assert "type the same command again" in caught.value.hint
    lacking = serial.keys() - bench.table(tmp_path / "dask").keys()
    assert len(lacking) == 1
    assert bench.table(tmp_path / "dask").items() <= serial.items()
    (bench.method.parent / "deadly").unlink()
    bench.complete(tmp_path / "dask", cluster.address)
    assert bench.table(tmp_path / "dask") == serial


def test_a_worker_that_runs_out_of_memory(
    bench: Bench, clusters: Clusters, serial: dict[str, str], tmp_path: Path
) -> None:
    (bench.method.parent / "greedy").touch()
    cluster = clusters(1, "--memory-limit", "1600MiB")
    bench.complete(tmp_path / "dask", cluster.address)
    assert not (bench.method.parent / "greedy").exists()
    assert "exceeded 95% memory budget" in cluster.said()
    assert bench.table(tmp_path / "dask") == serial
    assert len({process for process, _ in bench.calls()}) == 2


def test_a_slow_worker_doubles_nothing(
    bench: Bench, clusters: Clusters, serial: dict[str, str], tmp_path: Path
) -> None:
    cluster = clusters(1, MIXTURE_SECONDS="6")
    cluster.start_worker(MIXTURE_SECONDS="0.1")
    runner = bench.complete(tmp_path / "dask", cluster.address)
    assert bench.table(tmp_path / "dask") == serial
    assert len(bench.calls()) == 3
    noted = (runner.folder.folder / "timings.jsonl").read_text().splitlines()
    assert len(noted) == 3


def test_workers_that_come_late(
    bench: Bench,
    clusters: Clusters,
    serial: dict[str, str],
    tmp_path: Path,
    wait_until: Callable[..., None],
) -> None:
    cluster = clusters(0)
    with in_background(lambda: bench.complete(tmp_path / "dask", cluster.address)) as done:
        wait_until(lambda: list(tmp_path.glob("dask/*/*/workers.json")), "the run has begun")
        cluster.start_worker()
        done.result()
    assert bench.table(tmp_path / "dask") == serial


def test_workers_that_are_all_paused(
    bench: Bench, clusters: Clusters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.run.distributed.client.STUCK", 1.0)
    cluster = clusters(1, "--memory-limit", "4GiB", DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE="0.001")
    with pytest.raises(BenchError, match="all 1 workers are paused"):
        bench.complete(tmp_path / "dask", cluster.address)


def test_the_scheduler_started_again(
    bench: Bench,
    clusters: Clusters,
    serial: dict[str, str],
    tmp_path: Path,
    wait_until: Callable[..., None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    cluster = clusters(2)
    (bench.method.parent / "hold").touch()
    with in_background(lambda: bench.complete(tmp_path / "dask", cluster.address)) as done:
        wait_until(lambda: bench.held() or done.done(), "a chunk is being made")
        assert cluster.scheduler is not None
        cluster.scheduler.kill()
        cluster.scheduler.wait()
        (bench.method.parent / "hold").unlink()
        cluster.start_scheduler()
        cluster.start_worker()
        done.result()
    assert bench.table(tmp_path / "dask") == serial
    assert f"the scheduler at {cluster.address} is gone" in capfd.readouterr().err


def test_a_scheduler_that_does_not_come_back(
    bench: Bench,
    clusters: Clusters,
    serial: dict[str, str],
    tmp_path: Path,
    wait_until: Callable[..., None],
) -> None:
    cluster = clusters(1)
    executor = executor_with_patience(bench, tmp_path / "dask", cluster.address, 1.0)
    with in_background(lambda: bench.complete(tmp_path / "dask", executor=executor)) as done:
        wait_until(lambda: list(tmp_path.glob("dask/*/*/scores/*")) or done.done(), "one is stored")
        (bench.method.parent / "hold").touch()
        cluster.stop()
        with pytest.raises(BenchError, match=r"is gone; [0-9]+ of 180 images are made") as caught:
            done.result()
    assert caught.value.hint is not None
    assert "type the same command: it goes on" in caught.value.hint
    (bench.method.parent / "hold").unlink()
    before = bench.table(tmp_path / "dask")
    assert before
    bench.complete(tmp_path / "dask")
    assert bench.table(tmp_path / "dask") == serial


def executor_with_patience(bench: Bench, out: Path, address: str, patience: float) -> Executor:
    settings = bench.settings(out, address)
    connection = Connection(address, None, patience=patience)
    return DaskExecutor(connection, lambda entry: api.on_worker(entry, settings))


def test_a_worker_that_would_compute_something_else(
    bench: Bench, clusters: Clusters, tmp_path: Path
) -> None:
    cluster = clusters(1, MIXTURE_WEIGHTS="other ones")
    with pytest.raises(BenchError) as caught:
        bench.complete(tmp_path / "dask", cluster.address)
    assert "worker tcp://127.0.0.1:" in caught.value.message
    assert "fingerprint.weights is the usual ones here and other ones there" in caught.value.message
    assert not list(tmp_path.glob("dask/*/*/scores/*"))
    # It has left no folder of its own.
    assert len(list(tmp_path.glob("dask/*/*"))) == 1


def test_a_worker_that_writes_elsewhere(
    bench: Bench, clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process keeps in memory, others do not see."""
    pytest.importorskip("upath")
    from bench.run.distributed.storage import folder_of_runs

    monkeypatch.setattr("bench.run.distributed.client.SEEN_SECONDS", 1.0)
    cluster = clusters(1)
    out = folder_of_runs("memory://elsewhere/runs")
    with pytest.raises(BenchError, match=r"worker tcp://.* writes elsewhere") as caught:
        bench.complete(out, cluster.address)
    assert caught.value.hint is not None
    assert "object storage" in caught.value.hint


def test_a_worker_without_the_method(bench: Bench, clusters: Clusters, tmp_path: Path) -> None:
    cluster = clusters(1)
    settings = bench.settings(tmp_path / "dask", cluster.address)
    runner = api.make_runner(bench.session, load_method(str(bench.method)), settings)
    bench.method.rename(bench.method.with_suffix(".moved"))
    with (
        api.executor_of(settings) as executor,
        pytest.raises(BenchError, match=r"worker tcp://.*no method file at"),
    ):
        api.complete(runner, "dev", settings.alphas, settings.limit, executor)
