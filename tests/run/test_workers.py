"""Several processes of one machine: the files of one process, whatever happens to a worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench import api
from bench.errors import BenchError
from bench.plugins.registry import load_method
from bench.run.threads import THREAD_VARIABLES, limited_threads, threads_for
from bench.run.workers import _Job

if TYPE_CHECKING:
    from tests.run.conftest import Bench

LIMIT = 100
"""Of dev: 300 images, which are five chunks, enough for two workers."""


@pytest.fixture
def serial(bench: Bench, tmp_path: Path) -> dict[str, str]:
    """The files of an undisturbed run in one process."""
    bench.complete(tmp_path / "serial", limit=LIMIT)
    for path in bench.method.parent.glob("[!m]*"):
        path.unlink()
    return bench.table(tmp_path / "serial")


@pytest.mark.slow
def test_the_files_are_those_of_one_process(
    bench: Bench, serial: dict[str, str], tmp_path: Path
) -> None:
    (bench.method.parent / "together").touch()
    runner = bench.complete(tmp_path / "two", limit=LIMIT, device="cpu,cpu")
    assert bench.table(tmp_path / "two") == serial
    assert len({process for process, _ in bench.calls()}) == 2
    # Each chunk was made once, and each is noted once.
    assert len(bench.calls()) == len([name for name in serial if "/scores/" in name]) == 5
    assert runner.folder.timings().images == 300
    assert len((runner.folder.folder / "timings.jsonl").read_text().splitlines()) == 5
    # What little is missing is not worth another process.
    for path in runner.folder.folder.glob("scores/part-*"):
        path.unlink()
        break
    bench.complete(tmp_path / "two", limit=LIMIT, workers=2)
    assert bench.table(tmp_path / "two") == serial
    assert bench.calls()[-1][0] == os.getpid()


@pytest.mark.slow
def test_workers_share_the_cores(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("bench.run.threads.cores", lambda: 6)
    before = torch.get_num_threads()
    (bench.method.parent / "together").touch()
    bench.complete(tmp_path / "two", limit=LIMIT, workers=2)
    said = [path.read_text() for path in bench.method.parent.glob("threads-*")]
    assert said == ["[3, '3']", "[3, '3']"]
    assert torch.get_num_threads() == before
    assert not set(THREAD_VARIABLES) & set(os.environ)


@pytest.mark.slow
def test_what_a_killed_worker_had_begun_is_made_by_the_others(
    bench: Bench,
    serial: dict[str, str],
    tmp_path: Path,
    wait_until: Callable[..., None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    (bench.method.parent / "hold").touch()
    with ThreadPoolExecutor(1) as executor:
        done = executor.submit(bench.complete, tmp_path / "two", limit=LIMIT, workers=2)
        wait_until(lambda: len(bench.held()) == 2 or done.done(), "both make a chunk")
        (killed,) = {*bench.held()} - {os.getpid()}
        os.kill(killed, signal.SIGKILL)
        (bench.method.parent / "hold").unlink()
        runner = done.result()
    assert bench.table(tmp_path / "two") == serial
    begun = [pair for _, pair in bench.calls()]
    (lost,) = [pair for process, pair in bench.calls() if process == killed]
    assert sorted(begun) == sorted([*set(begun), lost])
    assert len(set(begun)) == 5
    assert runner.folder.timings().images == 300
    said = capfd.readouterr().err
    assert "the worker on cpu ended with status -9: the others make what it had begun" in said


@pytest.fixture
def refusal(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process makes nothing until a worker has refused to."""
    together, fail = bench.method.parent / "together", _Job.fail
    together.touch()

    def noted(job: _Job, problem: BenchError) -> None:
        fail(job, problem)
        together.unlink(missing_ok=True)

    monkeypatch.setattr(_Job, "fail", noted)


@pytest.mark.slow
@pytest.mark.usefixtures("refusal")
def test_a_device_that_is_not_there(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="device 'cuda:77' cannot be used") as caught:
        bench.complete(tmp_path / "two", limit=LIMIT, device="cpu,cuda:77")
    assert caught.value.hint == "--device cpu"


@pytest.mark.slow
@pytest.mark.usefixtures("refusal")
@pytest.mark.parametrize(
    ("fault", "problem"),
    [("weights", "a worker has prepared another run"), ("moved", "no method file at")],
)
def test_a_worker_that_would_compute_something_else(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, problem: str
) -> None:
    settings = bench.settings(tmp_path / "two", limit=LIMIT, workers=2)
    runner = api.make_runner(bench.session, load_method(str(bench.method)), settings)
    if fault == "weights":
        monkeypatch.setenv("MIXTURE_WEIGHTS", "other ones")
    else:
        bench.method.rename(bench.method.with_suffix(".moved"))
    with (
        api.executor_of(settings) as executor,
        pytest.raises(BenchError, match=problem),
    ):
        api.complete(runner, "dev", settings.alphas, settings.limit, executor)
    # It has left no folder of its own.
    assert len(list(tmp_path.glob("two/*/*"))) == 1


@pytest.mark.parametrize(
    ("given", "devices"),
    [
        ({"device": "cuda"}, ("cuda",)),
        ({"device": "cuda:0, cuda:1"}, ("cuda:0", "cuda:1")),
        ({"device": "cpu", "workers": 3}, ("cpu", "cpu", "cpu")),
        ({"device": "cuda:0,cuda:1", "workers": 3}, ("cuda:0", "cuda:1", "cuda:0")),
        ({"device": "cuda", "dask": "local:2"}, ("cuda",)),
    ],
)
def test_each_worker_has_a_device(given: dict[str, object], devices: tuple[str, ...]) -> None:
    settings = api.Settings(**given)  # type: ignore[arg-type]
    assert settings.devices == devices


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"device": "cuda:0,,cuda:1"}, "names no device"),
        ({"dask": "local:2", "workers": 2}, "a Dask cluster has workers of its own"),
        ({"dask": "local:2", "device": "cuda:0,cuda:1"}, "a Dask cluster has workers of its own"),
    ],
)
def test_devices_that_are_none(given: dict[str, object], problem: str) -> None:
    with pytest.raises(BenchError, match=problem) as caught:
        _ = api.Settings(**given).devices  # type: ignore[arg-type]
    assert caught.value.hint


@pytest.mark.parametrize(
    ("told", "cores", "workers", "threads"),
    [("", 16, 3, 5), ("", 2, 8, 1), ("2", 16, 2, 2), ("64", 16, 2, 8), ("0", 4, 2, 2)],
)
def test_threads_are_shared(
    told: str, cores: int, workers: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.run.threads.cores", lambda: cores)
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads_for(workers) == threads


def test_variables_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with limited_threads(3):
        assert {os.environ[name] for name in THREAD_VARIABLES} == {"3"}
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ
