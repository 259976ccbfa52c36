"""``bench run --dask`` as it is typed: a cluster on this machine, Ctrl-C, certificates."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.errors import BenchError
from bench.run.distributed.connection import Connection, parse_tls

if TYPE_CHECKING:
    from tests.run.conftest import Bench
    from tests.run.distributed.conftest import Cluster

    Clusters = Callable[..., Cluster]

pytest.importorskip("distributed", reason="needs Dask: pip install -e '.[dask]'")

pytestmark = pytest.mark.slow


LIMIT = "100"
"""Pairs of dev: 300 images, which are five chunks."""


def command(method: Path, out: str, *options: str) -> list[str]:
    """On dev alone, as in the other tests."""
    words = ["alpha-search", str(method), "--out", out, "--limit", LIMIT, "--alphas", "0,0.5,1"]
    return [sys.executable, "-m", "bench", *words, *options]


def children(process: int) -> set[int]:
    """Processes that a process has started, and those that they have."""
    found: set[int] = set()
    for path in Path("/proc").glob(f"{process}/task/*/children"):
        for child in map(int, path.read_text().split()):
            found |= {child} | children(child)
    return found


def alive(processes: set[int]) -> set[int]:
    """Those that have not ended; what nobody has asked for yet has."""
    states = {p: Path(f"/proc/{p}/stat") for p in processes}
    return {p for p, path in states.items() if path.exists() and path.read_text().split()[2] != "Z"}


def test_a_cluster_on_this_machine(bench: Bench, tmp_path: Path) -> None:
    bench.complete(tmp_path / "serial", limit=int(LIMIT))
    done = subprocess.run(
        command(bench.method, str(tmp_path / "dask"), "--dask", "local:2", "--refine", "--json"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["refined"]["images_made"] > 0
    assert bench.table(tmp_path / "dask") == bench.table(tmp_path / "serial")
    # Rows between the grid's alphas are made by the workers too.
    mine = {process for process, _ in bench.calls()} - {os.getpid()}
    assert mine
    assert list(tmp_path.glob("dask/*/*/refined/scores/part-*.parquet"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
@pytest.mark.parametrize("option", ["--dask local:2", "--workers 2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_stopped_leaves_no_process_and_goes_on(
    bench: Bench,
    tmp_path: Path,
    option: str,
    number: signal.Signals,
    wait_until: Callable[..., None],
) -> None:
    bench.complete(tmp_path / "serial", limit=int(LIMIT))
    typed = command(bench.method, str(tmp_path / "stopped"), *option.split())
    (bench.method.parent / "hold").touch()
    # Where the tests run in the background of a script, Ctrl-C is ignored, by what they start too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        wait_until(
            lambda: len(bench.held()) == 2 or process.poll() is not None,
            "two chunks are being made",
        )
        workers = children(process.pid)
        assert workers
        # As a terminal does, which sends Ctrl-C to all of them.
        target = os.killpg if number == signal.SIGINT else os.kill
        target(process.pid, number)
        if number == signal.SIGKILL:
            # Nobody ends the workers: they see it once they have made their chunk.
            (bench.method.parent / "hold").unlink()
        try:
            _, said = process.communicate(timeout=120)
        finally:
            process.kill()
    (bench.method.parent / "hold").unlink(missing_ok=True)
    wait_until(lambda: not alive(workers), "the workers have ended")
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number, said
        assert "stopped; to go on, type it again: bench alpha-search" in said
        assert "Traceback" not in said
    bench.complete(tmp_path / "stopped", limit=int(LIMIT))
    assert bench.table(tmp_path / "stopped") == bench.table(tmp_path / "serial")


def certificates(folder: Path) -> tuple[str, str, str]:
    """An authority, a certificate and its key, made for the occasion."""
    pytest.importorskip("cryptography")
    from distributed.security import Security

    made = Security.temporary()
    files = {
        "ca": made.tls_ca_file, "cert": made.tls_client_cert, "key": made.tls_client_key
    }  # fmt: skip
    for name, content in files.items():
        (folder / f"{name}.pem").write_text(str(content))
    ca, cert, key = (str(folder / f"{name}.pem") for name in files)
    return ca, cert, key


def test_a_connection_with_certificates(
    bench: Bench, clusters: Clusters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca, cert, key = certificates(tmp_path)
    cluster = clusters(0)
    cluster.stop()
    cluster.protocol = "tls"
    cluster.certificates = ["--tls-ca-file", ca, "--tls-cert", cert, "--tls-key", key]
    cluster.start_scheduler()
    cluster.start_worker()
    monkeypatch.setattr("bench.run.distributed.connection.CONNECT_SECONDS", 5.0)
    with pytest.raises(BenchError, match="is reached with certificates alone"):
        Connection(cluster.address, None)
    # Speaking plainly to it, or with other certificates, helps nobody.
    with pytest.raises(BenchError, match="no Dask scheduler answers at tcp://"):
        Connection(cluster.address.replace("tls", "tcp"), None)
    (tmp_path / "others").mkdir()
    others = parse_tls(",".join(certificates(tmp_path / "others")))
    with pytest.raises(BenchError, match="no Dask scheduler answers at tls://"):
        Connection(cluster.address, others)
    from bench import api
    from bench.run.distributed.client import on_dask

    settings = bench.settings(tmp_path / "dask", cluster.address)
    opener_of = lambda entry: api.on_worker(entry, settings)  # noqa: E731
    with on_dask(cluster.address, f"{ca},{cert},{key}", opener_of) as executor:
        bench.complete(tmp_path / "dask", executor=executor)
    bench.complete(tmp_path / "serial")
    assert bench.table(tmp_path / "dask") == bench.table(tmp_path / "serial")


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs /proc")
def test_nobody_else_can_use_the_cluster_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection("local:1", None)
    try:
        address = connection.client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        monkeypatch.setattr("bench.run.distributed.connection.CONNECT_SECONDS", 5.0)
        plain = address.replace("tls", "tcp")
        with pytest.raises(BenchError, match="no Dask scheduler answers"):
            Connection(plain, None)
        # Nothing listens where other machines reach it.
        for process in children(os.getpid()) | {os.getpid()}:
            assert all(host == "0100007F" for host in listening(process)), process
    finally:
        connection.close()
    assert connection.is_lost


def listening(process: int) -> list[str]:
    """The addresses, in hexadecimal digits, on which a process waits for connections."""
    mine = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        link = os.readlink(descriptor) if descriptor.is_symlink() else ""
        if link.startswith("socket:["):
            mine.add(link[8:-1])
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in mine:
                found.append(fields[1].partition(":")[0])
    return found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ca.pem,cert.pem", "is not CA,CERT,KEY"),
        ("ca.pem,cert.pem,key.pem", "no file at ca.pem"),
    ],
)
def test_certificates_that_are_not_there(text: str, problem: str) -> None:
    with pytest.raises(BenchError, match=problem):
        parse_tls(text)


@pytest.mark.parametrize("address", ["local:0", "local:", "local:many", "nowhere", "tcp://"])
def test_an_address_that_is_none(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.run.distributed.connection.CONNECT_SECONDS", 2.0)
    with pytest.raises(BenchError) as caught:
        Connection(address, None)
    assert caught.value.hint


def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.run.distributed.connection.CONNECT_SECONDS", 2.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(BenchError, match="no Dask scheduler answers") as caught:
        Connection(f"tcp://127.0.0.1:{port}", None)
    assert "--dask tcp://HOST:8786" in (caught.value.hint or "")


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BenchError, match="--dask needs Dask's distributed") as caught:
        Connection("local:2", None)
    assert caught.value.hint == "pip install 'expression-transfer-bench[dask]'"
