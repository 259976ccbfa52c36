"""A process that answers one line for every line that it is given (POSIX)."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
import uuid
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

__all__ = ["LineProcess", "ProcessEnded", "kill_all"]

LONGEST_LINE: Final = 1 << 20
STDERR_TAIL: Final = 1 << 13
"""Bytes of stderr that are remembered: enough for the last line of a traceback."""

LONGEST_WAIT: Final = 1.0
"""Seconds of one wait, of which there may be many: a process that ends is not seen by its output
where a child of it holds that open."""

MARK: Final = "BENCH_PROCESS"
"""A variable of the environment by which a process's children are known, in whatever group."""

ROUNDS: Final = 5
"""In which children of children are looked for that were started meanwhile."""

READ_SIZE: Final = 1 << 16
GRACE_SECONDS: Final = 2.0
"""For a process to end by itself once its standard input has."""


_STARTED: Final[weakref.WeakSet[_Started]] = weakref.WeakSet()


def kill_all() -> None:
    """Kills what was started here and still runs, for a process that ends without cleaning up."""
    for started in list(_STARTED):
        if started.process.returncode is None:
            started.kill()
    # An interrupt may have come before a process that was being started was noted.
    if own := os.environ.get(MARK, "").split():
        _kill_marked(own[-1], but=os.getpid())


class ProcessEnded(RuntimeError):
    """The process ended, with its status and the last line that it wrote to stderr."""


class _Started:
    """A process, and the mark of all that it starts."""

    def __init__(self, process: subprocess.Popen[bytes], mark: str) -> None:
        self.process, self._mark = process, mark

    def kill(self) -> None:
        """Kills its group, and its children that have left it (where there is ``/proc``)."""
        if sys.platform == "win32":
            self.process.kill()
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        _kill_marked(self._mark, but=self.process.pid)

    def stop(self) -> None:
        """Closes its standard input, waits a little, and kills what is left."""
        with suppress(OSError):
            _stream(self.process.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE_SECONDS)
        self.kill()
        self.process.wait()
        with suppress(OSError):
            _stream(self.process.stdout).close()


class LineProcess:
    """A running process with its standard streams, in a process group of its own.

    The group is killed by ``close``, when the object is garbage, and when Python ends, and so are
    its children in other groups. What is written to stderr is read all the time, so that it never
    blocks.

    Args:
        command: program and arguments; no shell sees them.
        folder: its working directory.
        variables: of its environment, beside those of this process.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None
    ) -> None:
        _require_posix()
        pipe, mark = subprocess.PIPE, uuid.uuid4().hex
        # What this process was marked with stays: its children's children are those of its own.
        marks = f"{os.environ.get(MARK, '')} {mark}".strip()
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0,
            start_new_session=True, env={**os.environ, **(variables or {}), MARK: marks},
        )  # fmt: skip
        self._started = _Started(self._process, mark)
        self._stop = weakref.finalize(self, self._started.stop)
        _STARTED.add(self._started)
        self._stdin, self._stdout = _stream(self._process.stdin), _stream(self._process.stdout)
        if sys.platform != "win32":
            for stream in (self._stdin, self._stdout):
                os.set_blocking(stream.fileno(), False)
        self._unread = bytearray()
        self._errors = _Tail(_stream(self._process.stderr))

    def exchange(self, line: str, seconds: float) -> str:
        """Writes a line and reads the next one.

        Args:
            line: without a line feed.
            seconds: how long both may take.

        Raises:
            TimeoutError: they took longer.
            ProcessEnded: the process ended, or closed its standard output.
            ValueError: the line that it wrote is longer than 1 MiB, or no UTF-8.
        """
        deadline = time.monotonic() + seconds
        unsent = line.encode() + b"\n"
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            selector.register(self._stdin, selectors.EVENT_WRITE)
            while (answer := self._next_line()) is None:
                left = deadline - time.monotonic()
                events = selector.select(min(max(0.0, left), LONGEST_WAIT))
                if not events and self._process.poll() is not None:
                    raise self._ended()
                if not events and left <= LONGEST_WAIT:
                    raise TimeoutError(f"no answer within {seconds:g} s")
                for key, _ in events:
                    if key.fileobj is self._stdout:
                        self._read()
                    elif not (unsent := self._write(unsent)):
                        selector.unregister(self._stdin)
        return answer

    def close(self) -> None:
        """Kills the process and its children, at once."""
        self._started.kill()
        self._stop()

    def _next_line(self) -> str | None:
        line, line_feed, rest = self._unread.partition(b"\n")
        if not line_feed:
            if len(line) > LONGEST_LINE:
                raise ValueError(f"a line longer than {LONGEST_LINE} bytes")
            return None
        self._unread = rest
        return line.decode()

    def _read(self) -> None:
        if chunk := os.read(self._stdout.fileno(), READ_SIZE):
            self._unread += chunk
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)
        raise self._ended()

    def _ended(self) -> ProcessEnded:
        status = self._process.poll()
        how = "closed its standard output" if status is None else _status(status)
        last_line = self._errors.last_line()
        return ProcessEnded(f"it {how}" + (f": {last_line}" if last_line else ""))

    def _write(self, unsent: bytes) -> bytes:
        try:
            return unsent[os.write(self._stdin.fileno(), unsent) :]
        except BrokenPipeError:
            # The end of its standard output tells why it reads no more.
            return b""


class _Tail:
    """Reads a stream to its end in the background and remembers its last bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._last = b""
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        with suppress(OSError, ValueError):
            while chunk := os.read(self._stream.fileno(), READ_SIZE):
                self._last = (self._last + chunk)[-STDERR_TAIL:]

    def last_line(self) -> str:
        """The last line that is not empty; to be asked once the process has ended."""
        # A child of the process may hold the stream open.
        self._thread.join(GRACE_SECONDS)
        lines = self._last.decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _require_posix() -> None:
    """Windows has no process groups, and does not wait for pipes as it waits for sockets."""
    if sys.platform == "win32":
        raise OSError("a method in a process of its own needs Linux or macOS")


def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _status(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _kill_marked(mark: str, but: int) -> None:
    """Kills the processes with a mark, but one, and what these have started meanwhile."""
    if sys.platform == "win32":
        return  # which does not tell the environment of others
    for _ in range(ROUNDS):
        strays = [pid for pid in _marked(mark) if pid != but]
        if not strays:
            return
        for pid in strays:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _marked(mark: str) -> Iterator[int]:
    """The processes with a mark in their environment; none where the system does not tell."""
    for entry in _listed("/proc"):
        if entry.isdigit():
            # That of another user is not ours to read, and a process may end meanwhile.
            with suppress(OSError):
                environment = Path("/proc", entry, "environ").read_bytes()
                if mark.encode() in environment:
                    yield int(entry)


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
