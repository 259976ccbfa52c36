"""Latents and features on disk, so that no image is encoded or measured a second time.

An entry is a file named by the SHA-256 of everything that makes its arrays: the image, the code and
weights that read it, and the versions and the processor, which decide the last bits. It holds the
arrays in the safetensors format, which cannot hold code, behind their own SHA-256: a file that was
cut or changed is as good as absent. Any number of processes may share a folder.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
import secrets
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Condition
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.run.pipeline import Helper
from bench.run.provenance import hardware, packages
from bench.stderr import warn

__all__ = [
    "DEFAULT_BYTES",
    "ArrayCache",
    "CacheUse",
    "KindCache",
    "cache_folder",
    "cache_limit",
    "computer",
    "open_cache",
    "recipe_of",
    "source_of",
]

Arrays = Mapping[str, NDArray[Any]]

FOLDER_VARIABLE: Final = "BENCH_CACHE"
SIZE_VARIABLE: Final = "BENCH_CACHE_SIZE"

DEFAULT_BYTES: Final = 4 << 30
"""40,000 latents of 64 pixels a side, or 2,600 of 256."""

KEPT_SHARE: Final = 0.9
"""Of the limit, after entries were removed: not each new one shall look for an old one."""

FRESH_SECONDS: Final = 3600.0
"""An entry used within the last hour is not marked as used again."""

LEFT_SECONDS: Final = 3600.0
"""An unfinished file as old as this was left by a process that was killed."""

WAITING_BYTES: Final = 64 << 20
"""Of arrays that wait to be written; whoever puts more waits, too."""

FLUSH_SECONDS: Final = 10.0
"""For what waits to be written when a process ends."""

_MAGIC: Final = b"bench-cache-1\n"
_NAME: Final = re.compile(r"[0-9a-f]{62}")
_PARTIAL: Final = re.compile(r"[0-9a-f]{62}\.[0-9]+-[0-9a-f]+\.partial")
_SIZE: Final = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>[KMGT]?)(i?B)?", re.IGNORECASE)
_POWERS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True, slots=True)
class CacheUse:
    """What a cache holds of one kind.

    Attributes:
        entries: how many.
        bytes: that they take.
    """

    entries: int = 0
    bytes: int = 0


class ArrayCache:
    """Arrays by kind and key, in files; the least recently used are removed first.

    What is put is written in the background. A cache that cannot be written is said once on stderr
    and used no further: the work goes on without it.

    Args:
        folder: made when something is put.
        limit: bytes of all entries.
    """

    def __init__(self, folder: Path, limit: int = DEFAULT_BYTES) -> None:
        self.folder, self.limit = folder, limit
        self._helper = Helper("cache")
        self._is_broken = False
        self._bytes: int | None = None
        self._waiting, self._changed = 0, Condition()
        self._finish = weakref.finalize(self, self._helper.close, FLUSH_SECONDS)

    def get(self, kind: str, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays of a key, to be read; None if they are not there or damaged.

        Args:
            kind: lower case letters.
            key: a SHA-256, hexadecimal.
        """
        path = self._path(kind, key)
        try:
            with path.open("rb") as file:
                content = file.read()
                used = os.fstat(file.fileno()).st_mtime
        except OSError:
            return None
        arrays = _decoded(content)
        if arrays is None:
            with suppress(OSError):
                path.unlink()
        elif abs(time.time() - used) > FRESH_SECONDS:
            with suppress(OSError):
                os.utime(path)
        return arrays

    def put(self, kind: str, key: str, arrays: Arrays) -> None:
        """Keeps arrays of numbers, soon; see ``flush``."""
        size = sum(array.nbytes for array in arrays.values())
        with self._changed:
            if self._is_broken:
                return
            self._changed.wait_for(lambda: not self._waiting or self._waiting < WAITING_BYTES)
            self._waiting += size
        self._helper.submit(self._write, self._path(kind, key), dict(arrays), size)

    def flush(self) -> None:
        """Waits until all that was put is written."""
        self._helper.submit(lambda: None).result()

    def use(self) -> dict[str, CacheUse]:
        """What is there, by kind."""
        kinds: dict[str, CacheUse] = {}
        for entry, kind in self._entries():
            with suppress(OSError):
                before = kinds.get(kind, CacheUse())
                kinds[kind] = CacheUse(before.entries + 1, before.bytes + _taken(entry.stat()))
        return dict(sorted(kinds.items()))

    def clear(self) -> CacheUse:
        """Removes all entries, and nothing else that lies in the folder; what they were.

        Raises:
            BenchError: one cannot be removed.
        """
        removed = CacheUse()
        for entry, _ in self._entries(with_partial=True):
            try:
                size = _taken(entry.stat())
                Path(entry.path).unlink(missing_ok=True)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise BenchError(f"cannot remove {entry.path}: {error.strerror}") from error
            removed = CacheUse(removed.entries + 1, removed.bytes + size)
        for folder in self._folders():
            with suppress(OSError):
                Path(folder).rmdir()
        self._bytes = None
        return removed

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / key[:2] / key[2:]

    def _write(self, path: Path, arrays: Arrays, size: int) -> None:
        try:
            if not self._is_broken:
                self._write_now(path, arrays)
        finally:
            with self._changed:
                self._waiting -= size
                self._changed.notify_all()

    def _write_now(self, path: Path, arrays: Arrays) -> None:
        try:
            content = _encoded(arrays)
        except (TypeError, ValueError):
            return  # numbers of a kind that the format does not know
        try:
            self._make_room(len(content))
            if len(content) > self.limit:
                return
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Several processes, and several caches of one, may write the same entry at once.
            unfinished = f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.partial"
            partial = path.with_name(unfinished)
            try:
                partial.write_bytes(content)
                os.replace(partial, path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
        except OSError as error:
            self._is_broken = True
            reason = error.strerror or str(error)
            warn(f"the cache in {self.folder} cannot be written ({reason}): nothing more is kept")

    def _make_room(self, size: int) -> None:
        """Counts what is there at first, and removes the oldest where the limit is passed."""
        if self._bytes is None or self._bytes + size > self.limit:
            # Counted anew: other processes have written and removed, too.
            self._bytes = self._remove_oldest(size)
        self._bytes += size

    def _remove_oldest(self, size: int) -> int:
        """Bytes that are left."""
        now, found, total = time.time(), [], 0
        for entry, _ in self._entries(with_partial=True):
            with suppress(OSError):
                told = entry.stat()
                if entry.name.endswith(".partial"):
                    if now - told.st_mtime > LEFT_SECONDS:
                        Path(entry.path).unlink(missing_ok=True)
                    continue
                found.append((told.st_mtime, _taken(told), entry.path))
                total += found[-1][1]
        if total + size <= self.limit:
            return total
        for _, taken, path in sorted(found):
            if total + size <= KEPT_SHARE * self.limit:
                break
            with suppress(OSError):
                Path(path).unlink(missing_ok=True)
            total -= taken
        return total

    def _entries(self, *, with_partial: bool = False) -> Iterator[tuple[os.DirEntry[str], str]]:
        """The files that are entries, each with its kind."""
        for folder in self._folders():
            kind = Path(folder).parent.name
            with suppress(OSError), os.scandir(folder) as found:
                for entry in found:
                    is_partial = with_partial and _PARTIAL.fullmatch(entry.name)
                    if is_partial or _NAME.fullmatch(entry.name):
                        yield entry, kind

    def _folders(self) -> Iterator[str]:
        with suppress(OSError):
            for kind in sorted(self.folder.iterdir()):
                with suppress(OSError):
                    yield from (str(f) for f in sorted(kind.iterdir()) if len(f.name) == 2)


class KindCache:
    """The entries of one kind that hold one array (:class:`bench.plugins.encoded.ArrayStore`)."""

    def __init__(self, cache: ArrayCache, kind: str) -> None:
        self._cache, self._kind = cache, kind

    def get(self, key: str) -> NDArray[Any] | None:
        found = self._cache.get(self._kind, key)
        return None if found is None else found.get("value")

    def put(self, key: str, value: NDArray[Any]) -> None:
        self._cache.put(self._kind, key, {"value": value})


def open_cache(size: str | None = None) -> ArrayCache | None:
    """The cache of this user, where ``$BENCH_CACHE`` or the system says; None if its size is 0.

    Args:
        size: such as ``4GB``; by default ``$BENCH_CACHE_SIZE``, or 4 GiB.

    Raises:
        BenchError: the size is none.
    """
    limit = cache_limit(size)
    return ArrayCache(cache_folder(), limit) if limit else None


def cache_folder() -> Path:
    """``$BENCH_CACHE``, else the folder for such files on this system; it need not exist."""
    if own := os.environ.get(FOLDER_VARIABLE):
        return Path(own).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "bench" / "arrays"


def cache_limit(size: str | None = None) -> int:
    """Bytes that a text means: ``500MB``, ``4 GiB``, ``0``; units are powers of 1024.

    Raises:
        BenchError: it is no size.
    """
    text = os.environ.get(SIZE_VARIABLE, "") if size is None else size
    if size is None and not text.strip():
        return DEFAULT_BYTES
    if (match := _SIZE.fullmatch(text.strip())) is None:
        where = f"${SIZE_VARIABLE}" if size is None else "--cache-size"
        raise BenchError(f"{where} is no size: {text!r}", hint="such as 500MB or 4GB; 0 for none")
    return int(float(match["number"]) * 1024 ** _POWERS[match["unit"].upper()])


def computer(device: str) -> dict[str, object]:
    """What decides the last bits of what is computed here: packages, processor and device."""
    told = hardware(device)
    kind, _, name = str(told["device"]).partition(": ")
    # Whether it is the first or the second of its kind decides nothing.
    return {
        "packages": packages(),
        "machine": told["machine"],
        "processor": told["processor"],
        "device": f"{kind.partition(':')[0]} {name}".strip(),
    }


def source_of(function: Callable[..., object]) -> str:
    """SHA-256 of the file that defines a function, or a class; empty where there is none."""
    while isinstance(function, partial):
        function = function.func
    try:
        path = inspect.getsourcefile(inspect.unwrap(function))
        return hashlib.sha256(Path(str(path)).read_bytes()).hexdigest()
    except (TypeError, OSError, ValueError):
        return ""


def recipe_of(values: Mapping[str, object]) -> str:
    """What decides an entry, as a text in which every value counts."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)


def _encoded(arrays: Arrays) -> bytes:
    """The content of an entry.

    Raises:
        ValueError, TypeError: an array holds what the format does not know.
    """
    from safetensors.numpy import save

    payload: bytes = save({name: _plain(array) for name, array in arrays.items()})
    return _MAGIC + hashlib.sha256(payload).digest() + payload


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "biuf" or array.dtype.hasobject:
        raise TypeError(f"{array.dtype} is not kept")
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(array.shape)


def _decoded(content: bytes) -> dict[str, NDArray[Any]] | None:
    """The arrays of an entry; None if it is not what was written."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    start = len(_MAGIC) + hashlib.sha256().digest_size
    payload = memoryview(content)[start:]
    if not content.startswith(_MAGIC):
        return None
    if hashlib.sha256(payload).digest() != content[len(_MAGIC) : start]:
        return None
    try:
        # Copies: others may want to write into theirs, and torch asks for nothing less.
        return {name: array.copy() for name, array in load(bytes(payload)).items()}
    except (SafetensorError, ValueError, KeyError, TypeError):
        return None


def _taken(told: os.stat_result) -> int:
    """Bytes on disk, of which a small file takes more than it holds."""
    return max(told.st_size, getattr(told, "st_blocks", 0) * 512)
