"""The connection to a Dask scheduler: found, started, lost and found again."""

from __future__ import annotations

import logging
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.errors import BenchError
from bench.stderr import warn

if TYPE_CHECKING:
    from distributed import Client, LocalCluster, Security

__all__ = ["Connection", "parse_tls"]

LOCAL: Final = re.compile(r"local:(?P<workers>[0-9]{1,4})")
SCHEDULER: Final = re.compile(r"((?P<protocol>[a-z]+)://)?[^/\s]+:[0-9]{1,5}")

KINDS: Final = "--dask tcp://HOST:8786, tls://HOST:8786 with --dask-tls CA,CERT,KEY, or local:4"

CONNECT_SECONDS: Final = 15.0
"""Until a scheduler must have answered."""

PATIENCE: Final = 120.0
"""Seconds in which a scheduler that is gone may be started again."""

REFRESH: Final = 2.0
"""Seconds between two looks at the workers."""


def parse_tls(text: str | None) -> tuple[Path, Path, Path] | None:
    """The files of ``CA,CERT,KEY``.

    Raises:
        BenchError: these are not three files.
    """
    if text is None:
        return None
    files = [Path(part) for part in text.split(",")]
    if len(files) != 3:
        raise BenchError(f"--dask-tls {text!r} is not CA,CERT,KEY", hint="three .pem files")
    for file in files:
        if not file.is_file():
            raise BenchError(f"--dask-tls: no file at {file}")
    authority, certificate, key = files
    return authority, certificate, key


class Connection:
    """A connection to the scheduler at an address, or to one that is started here.

    Args:
        address: of a scheduler, such as ``tcp://host:8786`` or ``tls://host:8786``; or ``local:N``
            to start one here with N worker processes.
        tls: certificate authority, certificate and key of this side; None for what Dask's own
            configuration says.
        patience: seconds in which a scheduler that is gone may be started again.

    Raises:
        BenchError: the packages are not installed, or no scheduler answers.
    """

    def __init__(
        self, address: str, tls: tuple[Path, Path, Path] | None, patience: float = PATIENCE
    ) -> None:
        try:
            import distributed
        except ImportError as error:
            raise BenchError(
                f"--dask needs Dask's distributed: {error}",
                hint="pip install 'expression-transfer-bench[dask]'",
            ) from error
        self.address, self._patience = address, patience
        self._cluster: LocalCluster | None = None
        self._workers, self._asked = 0, float("-inf")
        self._security = _security(distributed, tls)
        if match := LOCAL.fullmatch(address):
            self._cluster = _start(int(match["workers"]), self._security)
            self._security = self._cluster.security
        else:
            _check_address(address, self._security)
        self.client = self._connect()

    @property
    def is_local(self) -> bool:
        """Whether the scheduler was started here."""
        return self._cluster is not None

    @property
    def is_lost(self) -> bool:
        """Whether the scheduler no longer answers."""
        return bool(self.client.status != "running")

    def workers(self) -> int:
        """How many workers there are; asked for now and then."""
        if time.monotonic() - self._asked > REFRESH and not self.is_lost:
            with suppress(OSError, TimeoutError):
                self._workers = len(self.client.nthreads())
            self._asked = time.monotonic()
        return self._workers

    def states(self) -> dict[str, str]:
        """What each worker is doing: ``running``, or ``paused`` where memory is short."""
        with suppress(OSError, TimeoutError):
            return dict(self.client.run_on_scheduler(worker_states))
        return {}

    def again(self, progress: str) -> None:
        """Waits until a scheduler answers at the address once more.

        Args:
            progress: what is done, for the message.

        Raises:
            BenchError: none did in time, or the one that was started here has ended.
        """
        self._disconnect()
        if self._cluster is not None:
            raise BenchError(f"the scheduler that was started here has ended; {progress}")
        warn(f"the scheduler at {self.address} is gone: waiting for it for {self._patience:.0f} s")
        deadline = time.monotonic() + self._patience
        while True:
            try:
                self.client = self._connect(max(1.0, min(5.0, deadline - time.monotonic())))
            except BenchError:
                if time.monotonic() > deadline:
                    raise BenchError(
                        f"the scheduler at {self.address} is gone; {progress}",
                        hint="start it and its workers again, then type the same command: "
                        "it goes on",
                    ) from None
                time.sleep(0.5)
            else:
                self._asked = float("-inf")
                return

    def close(self) -> None:
        """Ends the connection, and a cluster that was started here."""
        self._disconnect()
        if self._cluster is not None:
            with suppress(Exception):  # whatever remains ends with this process
                self._cluster.close(timeout=10)

    def _disconnect(self) -> None:
        with suppress(Exception):  # of a scheduler that is gone
            self.client.close(timeout=2)

    def _connect(self, seconds: float | None = None) -> Client:
        from distributed import Client

        seconds = CONNECT_SECONDS if seconds is None else seconds
        target: Any = self._cluster or self.address
        try:
            return Client(target, security=self._security, timeout=seconds, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise BenchError(
                f"no Dask scheduler answers at {self.address}: {reason}",
                hint=KINDS,
            ) from error


def worker_states(dask_scheduler: Any) -> dict[str, str]:
    """What each worker is doing; the scheduler runs this."""
    return {address: state.status.name for address, state in dask_scheduler.workers.items()}


def _check_address(address: str, security: Security) -> None:
    """Refuses what no scheduler can be reached at: Dask's client would hang when it is let go."""
    match = SCHEDULER.fullmatch(address)
    if match is None or address.startswith("local:"):
        raise BenchError(f"{address!r} is no address of a Dask scheduler", hint=KINDS)
    if match["protocol"] == "tls" and not security.tls_ca_file:
        raise BenchError(f"{address} is reached with certificates alone", hint=KINDS)


def _security(distributed: Any, tls: tuple[Path, Path, Path] | None) -> Security:
    """What is asked for, else what Dask's own configuration says."""
    if tls is None:
        return distributed.Security()
    authority, certificate, key = map(str, tls)
    sides = ("client", "scheduler", "worker")
    return distributed.Security(
        require_encryption=True,
        tls_ca_file=authority,
        **{f"tls_{side}_cert": certificate for side in sides},
        **{f"tls_{side}_key": key for side in sides},
    )


def _start(workers: int, security: Security) -> LocalCluster:
    """Starts a scheduler and workers on this machine, which nobody else can use.

    Everybody who reaches a scheduler can run programs as its user, and other users of this machine
    reach its ports: so the processes know each other by certificates, made for the occasion.
    """
    from distributed import LocalCluster, Security

    if workers < 1:
        raise BenchError("--dask local:0 has no worker", hint="local:4")
    if not security.require_encryption:
        try:
            security = Security.temporary()
        except ImportError as error:
            raise BenchError(
                f"--dask local:{workers} needs cryptography: {error}",
                hint="pip install 'expression-transfer-bench[dask]'",
            ) from error
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        protocol="tls://",
        security=security,
        dashboard_address=None,
        # When these processes end, each complains of the others; the command says what matters.
        silence_logs=logging.CRITICAL,
        preload=["bench.run.distributed.local_worker"],
    )
