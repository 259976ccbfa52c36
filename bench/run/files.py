"""Files that are whole or absent at any moment, and what to do where the disk refuses.

A folder is a :class:`pathlib.Path`, or for object storage a ``UPath``, which has the same methods
(``bench.run.distributed.storage`` opens one). There a put is atomic: what is being written is not
seen, and there is neither a rename nor a way to append.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, cast

from bench.errors import BenchError
from bench.stopping import stop_if_told

__all__ = [
    "append_line", "append_lines", "disk_errors", "is_object_storage", "opened",
    "remove_partials", "write_atomically",
]  # fmt: skip

PARTIAL: Final = ".partial"
"""The end of the name of a file that is being written."""


def is_object_storage(path: Path) -> bool:
    """Whether a path is in object storage, not in a file system."""
    return bool(getattr(path, "protocol", ""))


def write_atomically(path: Path, content: bytes, *, wait_for_disk: bool = True) -> None:
    """Writes a file that is whole or absent at any moment; makes its folder.

    Raises:
        BenchError: the disk is full or the place is not writable.
    """
    stop_if_told()
    if is_object_storage(path):
        _put(path, content)
        return
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Threads, and processes of several machines, may write the same file at once.
        partial = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
        try:
            with partial.open("wb") as file:
                file.write(content)
                if wait_for_disk:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def append_line(path: Path, line: str) -> None:
    """Adds a line to a file in one step, so that two processes do not mix theirs; makes its folder.

    Raises:
        BenchError: the disk is full or the place is not writable.
    """
    if is_object_storage(path):
        append_lines(path, [line])
        return
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o666)
        try:
            # A full disk may have cut the last line.
            content = f"{line}\n" if _ends_a_line(descriptor) else f"\n{line}\n"
            if os.write(descriptor, content.encode()) < len(content.encode()):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)


def _ends_a_line(descriptor: int) -> bool:
    """Whether an open file is empty or ends in a line feed."""
    if not os.fstat(descriptor).st_size:
        return True
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) == b"\n"


def remove_partials(folder: Path) -> None:
    """Removes what processes that were killed have left half-written, as far as it can be."""
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith(PARTIAL):
                with suppress(OSError):
                    os.unlink(os.path.join(place, name))


def append_lines(path: Path, lines: Sequence[str]) -> None:
    """Adds lines to an object, which is written anew: of two processes at once one may lose its.

    Raises:
        BenchError: the storage refuses.
    """
    with opened(path):
        before = path.read_bytes() if path.exists() else b""
    _put(path, before + "".join(f"{line}\n" for line in lines).encode())


@contextmanager
def opened(path: Path) -> Iterator[None]:
    """What object storage raises within is said in one line; a file system's errors go through.

    Raises:
        BenchError: the storage cannot be reached or refuses.
    """
    try:
        yield
    except BenchError:
        raise
    # Each kind of storage has errors of its own, from several packages.
    except Exception as error:
        if not is_object_storage(path):
            raise
        raise _refused("use", path, error) from error


def _put(path: Path, content: bytes) -> None:
    try:
        # Not open() and write(), which would put what was written until an error.
        cast(Any, path).fs.pipe_file(cast(Any, path).path, content)
    except Exception as error:
        raise _refused("write", path, error) from error


def _refused(verb: str, path: Path, error: Exception) -> BenchError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return BenchError(
        f"cannot {verb} {path}: {reason[:300]}",
        hint="are the bucket, the credentials and the address of the storage right?",
    )


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """What the disk refuses is said in one line.

    Args:
        path: what is written inside.

    Raises:
        BenchError: the disk is full, or the place is not writable.
    """
    try:
        yield
    except OSError as error:
        problem, hint = error.strerror or str(error), "choose another --out"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            problem, hint = "the disk is full", "make room and run the same command: it goes on"
        elif error.errno == errno.EFBIG:
            problem = "files may not be so large here"
            hint = "ulimit -f unlimited, and run the same command: it goes on"
        elif error.errno in {errno.EACCES, errno.EROFS, errno.EPERM}:
            problem = "it is not writable"
            hint = (
                "make it writable, or give a copy of the folder of runs as --out: what is stored "
                "is not made again"
            )
        raise BenchError(f"cannot write {path}: {problem}", hint=hint) from error
