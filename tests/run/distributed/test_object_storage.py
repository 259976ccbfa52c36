"""Runs in object storage: a server that speaks S3, and workers that write to it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.errors import BenchError
from bench.run.distributed.claim import claimed
from bench.run.distributed.storage import folder_of_runs

if TYPE_CHECKING:
    from tests.run.conftest import Bench
    from tests.run.distributed.conftest import Cluster

    Clusters = Callable[..., Cluster]

pytest.importorskip("distributed", reason="needs Dask: pip install -e '.[dask]'")

pytestmark = pytest.mark.slow


@pytest.fixture
def bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]
) -> Iterator[str]:
    """The address of an empty bucket; this process and those that it starts can reach it."""
    for package in ("moto.server", "s3fs", "upath", "flask"):
        pytest.importorskip(package, reason=f"needs {package}: pip install 'moto[server]' s3fs")
    import s3fs

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=log,
            stderr=log,
        )

    def answers() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    try:
        wait_until(answers, "the storage answers")
        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir("runs")
        yield "s3://runs"
    finally:
        server.kill()
        server.wait()


def test_several_workers_write_to_a_bucket(
    bench: Bench, clusters: Clusters, bucket: str, tmp_path: Path
) -> None:
    bench.complete(tmp_path / "serial")
    (bench.method.parent / "calls").unlink()
    cluster = clusters(2, MIXTURE_SECONDS="0.3")
    out = folder_of_runs(f"{bucket}/of/mine")
    runner = bench.complete(out, cluster.address)
    assert bench.table(out) == bench.table(tmp_path / "serial")
    assert len(bench.calls()) == 3
    assert runner.folder.timings().images == 180
    # Read back with one more process's view of it, and gone on with by this one alone.
    part = next(iter(sorted((runner.folder.folder / "scores").glob("*.parquet"))))
    part.unlink()
    again = bench.complete(folder_of_runs(f"{bucket}/of/mine"))
    assert bench.table(out) == bench.table(tmp_path / "serial")
    assert len(bench.calls()) == 4
    assert len(again.folder.read("dev").scores) == 180
    assert again.folder.timings().images == 180


def test_two_processes_of_this_machine_write_to_a_bucket(
    bench: Bench, bucket: str, tmp_path: Path
) -> None:
    bench.complete(tmp_path / "serial", limit=100)
    for path in bench.method.parent.glob("threads-*"):
        path.unlink()
    (bench.method.parent / "together").touch()
    out = folder_of_runs(f"{bucket}/mine")
    runner = bench.complete(out, limit=100, workers=2)
    assert bench.table(out) == bench.table(tmp_path / "serial")
    assert len(list(bench.method.parent.glob("threads-*"))) == 2
    # Every chunk's time is there, whoever made it.
    assert runner.folder.timings().images == 300
    assert runner.folder.info["timings"]["images"] == 300


def test_an_object_that_was_cut_is_computed_again(
    bench: Bench, bucket: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.complete(tmp_path / "serial")
    out = folder_of_runs(f"{bucket}/mine")
    runner = bench.complete(out)
    part = next(iter(sorted((runner.folder.folder / "scores").glob("*.parquet"))))
    part.write_bytes(part.read_bytes()[:1000])
    bench.complete(out)
    assert f"{part} is damaged" in capfd.readouterr().err
    assert bench.table(out) == bench.table(tmp_path / "serial")


def test_the_later_of_two_commands_goes_on(
    bench: Bench, clusters: Clusters, bucket: str, wait_until: Callable[..., None]
) -> None:
    cluster = clusters(1)
    out = folder_of_runs(f"{bucket}/mine")
    (bench.method.parent / "hold").touch()
    with ThreadPoolExecutor(1) as executor:
        first = executor.submit(bench.complete, out, cluster.address)
        wait_until(
            lambda: list(bench.method.parent.glob("held-*")) or first.done(), "a chunk is made"
        )
        (run,) = [path.parent for path in out.glob("*/*/run.json")]
        with claimed(run):
            (bench.method.parent / "hold").unlink()
            with pytest.raises(BenchError, match="another command goes on with the run in s3://"):
                first.result()
            assert (run / "workers.json").exists()
    bench.complete(out, cluster.address)
    assert len([name for name in bench.table(out) if "/scores/" in name]) == 3


def test_the_command_line_keeps_the_address(bench: Bench, bucket: str) -> None:
    words = ["run", str(bench.method), "--limit", "2", "--alphas", "0,1"]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--out", f"{bucket}/typed"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"--runs {bucket}/typed" in done.stdout
    read = subprocess.run(
        [sys.executable, "-m", "bench", "metrics", "--runs", f"{bucket}/typed", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stderr
    assert '"mixture"' in read.stdout
    page = subprocess.run(
        [sys.executable, "-m", "bench", "report", "--runs", f"{bucket}/typed", "--markdown"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert page.returncode == 1
    assert f"aws s3 sync {bucket}/typed runs" in page.stderr


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "cannot use s3://runs/mine"),
        ("", "", "cannot write s3://absent/mine"),
    ],
)
def test_storage_that_refuses(
    bench: Bench,
    bucket: str,
    variable: str,
    value: str,
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import s3fs

    if variable:
        monkeypatch.setenv(variable, value)
        s3fs.S3FileSystem.clear_instance_cache()
    out = f"{bucket}/mine" if variable else "s3://absent/mine"
    with pytest.raises(BenchError, match=problem) as caught:
        bench.complete(folder_of_runs(out))
    assert caught.value.hint == (
        "are the bucket, the credentials and the address of the storage right?"
    )
