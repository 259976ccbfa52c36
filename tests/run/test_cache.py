"""The cache: content decides the entry, it is bounded, and no result depends on it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench import api
from bench.data.benchmark import load_benchmark
from bench.errors import BenchError
from bench.methods.glow_latents import GlowLatents
from bench.plugins.contracts import Face
from bench.plugins.encoded import EncodedFaces
from bench.plugins.registry import load_method
from bench.remembered import Memory
from bench.run import cache as module
from bench.run.cache import (
    DEFAULT_BYTES,
    ArrayCache,
    KindCache,
    cache_folder,
    cache_limit,
    computer,
    open_cache,
    recipe_of,
    source_of,
)
from bench.run.instruments import Instruments
from bench.run.session import Session
from tests.conftest import MadeUpInstrument
from tests.fingerprints import fingerprints

ARRAYS = {
    "value": np.arange(1000, dtype=np.float64),
    "outcome": np.array(1, dtype=np.uint8),
    "landmarks": np.full((68, 2), np.nan, dtype=np.float32),
}


def key(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
def cache(tmp_path: Path) -> ArrayCache:
    return ArrayCache(tmp_path / "cache")


def stored(cache: ArrayCache) -> list[Path]:
    cache.flush()
    return sorted(path for path in cache.folder.rglob("*") if path.is_file())


# What is kept, and what is not what it was.


def test_what_is_put_is_what_is_read(cache: ArrayCache) -> None:
    assert cache.get("codes", key(1)) is None
    cache.put("codes", key(1), ARRAYS)
    cache.flush()
    found = ArrayCache(cache.folder).get("codes", key(1))
    assert found is not None
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        found[name][...] = 0  # its own memory
    assert cache.get("features", key(1)) is None
    assert cache.get("codes", key(2)) is None


def test_arrays_that_lie_otherwise_in_memory_are_the_same(cache: ArrayCache) -> None:
    whole = np.arange(24.0).reshape(4, 6)
    kinds = {"turned": whole.T, "steps": whole[:, ::2], "big": whole.astype(">f8")}
    cache.put("codes", key(1), kinds)
    cache.flush()
    found = cache.get("codes", key(1))
    assert found is not None
    for name, array in kinds.items():
        np.testing.assert_array_equal(found[name], array)


def test_what_the_format_does_not_know_is_not_kept(
    cache: ArrayCache, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.put("codes", key(1), {"value": np.array([object()])})
    cache.put("codes", key(2), {"value": np.array(["text"])})
    assert stored(cache) == []
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
        lambda content: content[:20] + bytes([content[20] ^ 1]) + content[21:],
        lambda content: b"another format\n" + content,
    ],
    ids=["empty", "cut", "longer", "a bit", "a bit of the sum", "other"],
)
def test_a_damaged_entry_is_absent_and_made_again(
    cache: ArrayCache, damage: Callable[[bytes], bytes]
) -> None:
    cache.put("codes", key(1), ARRAYS)
    (path,) = stored(cache)
    sound = path.read_bytes()
    path.write_bytes(damage(sound))
    assert cache.get("codes", key(1)) is None
    assert not path.exists()
    cache.put("codes", key(1), ARRAYS)
    assert stored(cache) == [path]
    assert path.read_bytes() == sound


def test_an_entry_is_whole_or_absent_while_many_write_it(
    cache: ArrayCache, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readers that look all the while see the arrays or nothing."""
    others = [ArrayCache(cache.folder) for _ in range(3)]
    seen, done = [0], threading.Event()

    def look() -> None:
        while not done.is_set():
            found = cache.get("codes", key(1))
            if found is not None:
                np.testing.assert_array_equal(found["value"], ARRAYS["value"])
                seen[0] += 1

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(50):
        for other in others:
            other.put("codes", key(1), ARRAYS)
    for other in others:
        other.flush()
    while not seen[0]:
        time.sleep(0.001)
    done.set()
    reader.join()
    assert len(stored(cache)) == 1
    assert capsys.readouterr().err == ""


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from bench.run.cache import ArrayCache
write = Path.write_bytes
def half(self, content):
    write(self, content[:100])
    os.kill(os.getpid(), signal.SIGKILL)
Path.write_bytes = half
cache = ArrayCache(Path(sys.argv[1]))
cache.put("codes", "0" * 64, {"value": np.zeros(1000)})
cache.flush()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_what_a_killed_process_left_is_no_entry_and_goes(cache: ArrayCache) -> None:
    subprocess.run([sys.executable, "-c", KILLED, cache.folder], check=False)
    (left,) = stored(cache)
    assert left.name.endswith(".partial")
    assert cache.get("codes", "0" * 64) is None
    assert cache.use() == {}
    # Fresh ones may be of a process that is at work.
    cache.put("codes", key(1), ARRAYS)
    assert left in stored(cache)
    old = time.time() - module.LEFT_SECONDS - 60
    os.utime(left, (old, old))
    ArrayCache(cache.folder).put("codes", key(2), ARRAYS)
    other = ArrayCache(cache.folder)
    other.put("codes", key(3), ARRAYS)
    assert left not in stored(other)


# How much.


def test_the_limit_is_kept_and_the_oldest_goes_first(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path / "cache", limit=100 * 1024)
    array = np.zeros(1500)  # 12 KiB in a file, 12 or 16 on the disk
    for number in range(5):
        cache.put("codes", key(number), {"value": array})
        cache.flush()
        path = cache.folder / "codes" / key(number)[:2] / key(number)[2:]
        then = time.time() - 10_000 + number
        os.utime(path, (then, then))
    assert cache.get("codes", key(0)) is not None  # used again: now the youngest
    for number in range(5, 30):
        cache.put("codes", key(number), {"value": array})
        cache.flush()
        assert sum(one.bytes for one in cache.use().values()) <= cache.limit
        if number == 8:
            there = [place for place in range(5) if cache.get("codes", key(place)) is not None]
            assert 0 in there
            assert 1 not in there
    assert cache.get("codes", key(29)) is not None
    assert cache.get("codes", key(1)) is None


def test_an_array_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path / "cache", limit=1000)
    cache.put("codes", key(1), ARRAYS)
    assert stored(cache) == []


def test_two_processes_keep_one_limit(tmp_path: Path) -> None:
    """Each counts what the other has written as soon as its own count reaches the limit."""
    limit, array = 100 * 1024, np.zeros(1500)
    one, other = (ArrayCache(tmp_path / "cache", limit) for _ in range(2))
    for number in range(40):
        for place, cache in enumerate((one, other)):
            cache.put("codes", key(2 * number + place), {"value": array})
            cache.flush()
    # Between two counts each may add what it believes to be free.
    assert sum(use.bytes for use in one.use().values()) <= 2 * limit


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("500MB", 500 << 20), ("4 GiB", 4 << 30), ("1.5k", 1536), ("7", 7), ("1T", 1 << 40)],
)
def test_sizes(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_limit(text) == size
    monkeypatch.setenv("BENCH_CACHE_SIZE", text)
    assert cache_limit() == size
    assert cache_limit("2K") == 2048


@pytest.mark.parametrize("text", ["many", "-1", "4 XB", "1e3", "nan"])
def test_what_is_no_size_is_told(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BenchError, match="--cache-size is no size"):
        cache_limit(text)
    monkeypatch.setenv("BENCH_CACHE_SIZE", text)
    with pytest.raises(BenchError, match=r"\$BENCH_CACHE_SIZE is no size"):
        cache_limit()


def test_size_0_is_no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "here"))
    monkeypatch.delenv("BENCH_CACHE_SIZE", raising=False)
    assert open_cache("0") is None
    found = open_cache()
    assert found is not None
    assert (found.folder, found.limit) == (tmp_path / "here", DEFAULT_BYTES)
    assert not found.folder.exists()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BENCH_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "bench" / "arrays"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder() == tmp_path / "local" / "bench" / "arrays"


# Where it cannot be written.


def test_a_folder_that_refuses_is_told_once(
    cache: ArrayCache, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.folder.write_text("a file")  # so that not even root can write into it
    for number in range(3):
        cache.put("codes", key(number), ARRAYS)
    cache.flush()
    cache.put("codes", key(4), ARRAYS)
    cache.flush()
    said = capsys.readouterr().err
    assert said.count("warning: the cache in") == 1
    assert "cannot be written" in said
    assert cache.get("codes", key(1)) is None
    assert cache.use() == {}


def test_a_full_disk_is_told_once_and_leaves_nothing(
    cache: ArrayCache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    for number in range(3):
        cache.put("codes", key(number), ARRAYS)
    assert stored(cache) == []
    assert capsys.readouterr().err.count("No space left") == 1


def test_what_waits_to_be_written_is_bounded(
    cache: ArrayCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_BYTES", 3 * ARRAYS["value"].nbytes)
    go_on, put = threading.Event(), [0]
    write = cache._write_now
    monkeypatch.setattr(cache, "_write_now", lambda *rest: go_on.wait(60) and write(*rest))

    def fill() -> None:
        for number in range(20):
            cache.put("codes", key(number), {"value": ARRAYS["value"]})
            put[0] += 1

    filling = threading.Thread(target=fill)
    filling.start()
    filling.join(0.3)
    assert put[0] <= 4
    go_on.set()
    filling.join()
    assert len(stored(cache)) == 20


# Clearing.


def test_clearing_removes_entries_and_nothing_else(cache: ArrayCache) -> None:
    for number in range(3):
        cache.put("codes", key(number), ARRAYS)
    cache.put("features", key(1), ARRAYS)
    cache.flush()
    use = cache.use()
    assert {kind: one.entries for kind, one in use.items()} == {"codes": 3, "features": 1}
    own = [cache.folder / "notes.txt", cache.folder / "codes" / "00" / "mine", cache.folder / "ab"]
    for path in own:
        path.write_text("mine")
    removed = cache.clear()
    assert removed.entries == 4
    assert removed.bytes == sum(one.bytes for one in use.values())
    assert stored(cache) == sorted(own)
    assert cache.use() == {}
    cache.put("codes", key(1), ARRAYS)
    assert len(stored(cache)) == 4


def test_a_cache_that_is_not_there_is_empty(cache: ArrayCache) -> None:
    assert cache.use() == {}
    assert cache.clear().entries == 0
    assert not cache.folder.exists()


# What decides an entry.


def face(value: int = 0, side: int = 8) -> Face:
    return Face("p", "s", "neutral", np.full((side, side, 3), value, dtype=np.uint8))


class Counting:
    """An ``encode`` that counts the faces that it is given."""

    def __init__(self) -> None:
        self.faces = 0

    def __call__(self, faces: Sequence[Face]) -> list[NDArray[Any]]:
        self.faces += len(faces)
        return [face.pixels.mean(axis=(0, 1)) for face in faces]


def test_content_decides_the_entry(cache: ArrayCache) -> None:
    counting = Counting()

    def encode(recipe: dict[str, object], *faces: Face) -> int:
        """Faces that were encoded, by a process that remembers nothing."""
        before = counting.faces
        codes = KindCache(cache, "codes")
        EncodedFaces(counting, Memory(), codes, recipe_of(recipe))(faces)
        cache.flush()
        return counting.faces - before

    one = {"made_by": {"weights_sha256": "a"}, "code": "b", "computer": {"packages": {"t": "1"}}}
    assert encode(one, face(1), face(1), face(2)) == 2
    assert encode(one, face(2), face(1)) == 0
    # Another name is no other image.
    assert encode(one, Face("q", "r", "happy", face(1).pixels.copy())) == 0
    pixels = face(1).pixels.copy()
    pixels[3, 4, 1] += 1
    assert encode(one, Face("p", "s", "neutral", pixels)) == 1
    # The same bytes as another shape, or as another kind of number.
    assert encode(one, Face("p", "s", "neutral", face(1).pixels.reshape(4, 16, 3))) == 1
    assert encode(one, Face("p", "s", "neutral", face(1).pixels.view(np.int8))) == 1  # type: ignore[arg-type]
    others: list[dict[str, object]] = [
        {**one, "made_by": {"weights_sha256": "A"}},
        {**one, "made_by": {"weights_sha256": "a", "precision": "bf16"}},
        {**one, "code": "B"},
        {**one, "computer": {"packages": {"t": "2"}}},
        {**one, "made_by": {}, "weights_sha256": "a"},
    ]
    for other in others:
        assert encode(other, face(1)) == 1
        assert encode(other, face(1)) == 0


def test_another_package_or_processor_or_device_is_another_computer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = computer("cpu")
    assert here == computer("cpu")
    assert {"torch", "numpy"} <= set(here["packages"])  # type: ignore[call-overload]
    for name, value in (("packages", {"torch": "0"}), ("hardware", None)):
        with monkeypatch.context() as patch:
            told = {**module.hardware("cpu"), "processor": "another"} if value is None else value
            patch.setattr(module, name, lambda *_, told=told: told)
            assert computer("cpu") != here
    # The second of two GPUs of a kind computes what the first does.
    told = module.hardware("cpu")
    found = []
    for device in ("cuda:0: NVIDIA H200", "cuda:1: NVIDIA H200", "cuda: NVIDIA H100", "cpu"):
        monkeypatch.setattr(module, "hardware", lambda _, device=device: {**told, "device": device})
        found.append(recipe_of(computer("cuda")))
    assert found[0] == found[1]
    assert len(set(found)) == 3


def test_the_source_of_code_is_its_file() -> None:
    from functools import partial

    own = source_of(Counting)
    assert len(own) == 64
    assert own == source_of(partial(test_sizes)) == source_of(face)
    assert own != source_of(load_method)
    assert source_of(len) == ""


@pytest.mark.usefixtures("embedded")
def test_what_a_session_says_of_a_method_decides(cache: ArrayCache) -> None:
    """Its source, its parameters, what it says of itself, and the device."""
    benchmark = load_benchmark("synthfaces")
    session = Session(benchmark, benchmark.card.data_folder(None), cache=cache)
    method = {"name": "m", "source_sha256": "1", "parameters": {"share": "0.9"}}

    def encoded(method: dict[str, object], made_by: dict[str, str], *, shared: bool = False) -> int:
        counting = Counting()
        counted = lambda faces: counting(faces)  # noqa: E731 - what has a source file
        session.memory = Memory()
        session.remember(method, "cpu", made_by, counted, shared=shared)([face(1)])
        cache.flush()
        return counting.faces

    made_by = {"weights_sha256": "a"}
    assert encoded(method, made_by) == 1
    assert encoded(method, made_by) == 0
    assert encoded({**method, "source_sha256": "2"}, made_by) == 1
    assert encoded({**method, "parameters": {"share": "0.5"}}, made_by) == 1
    assert encoded(method, {"weights_sha256": "b"}) == 1
    # Where the method decides nothing, another method has them for nothing.
    assert encoded(method, made_by, shared=True) == 1
    assert encoded({"name": "n"}, made_by, shared=True) == 0


# Runs.


class WithWeights(MadeUpInstrument):
    """Its card tells its weights, so that what it reads may be kept; counts what it reads."""

    sha256 = "1" * 64
    embedded = 0

    @property
    def card(self) -> Any:  # type: ignore[override]
        from dataclasses import replace

        return replace(MadeUpInstrument.card, weights_name="made-up", weights_sha256=self.sha256)

    def embed(self, images: Any) -> Any:
        type(self).embedded += len(images)
        return super().embed(images)


@pytest.fixture
def counted(
    embedded: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[int, int, dict[str, str]]]:
    """Runs a method: images encoded, images measured, and the files of its rows."""
    for kind in ("embedder", "au_estimator"):
        monkeypatch.setattr(f"bench.run.instruments.load_{kind}", lambda *_, **__: WithWeights())
    encode, faces = GlowLatents._encode, [0]

    def counting(self: GlowLatents, asked: Sequence[Face]) -> Any:
        faces[0] += len(asked)
        return encode(self, asked)

    counting.__wrapped__ = encode  # type: ignore[attr-defined]
    monkeypatch.setattr(GlowLatents, "_encode", counting)

    def run(out: str, *, limit: int = 4, **more: Any) -> tuple[int, int, dict[str, str]]:
        # Methods would make images that were never measured before.
        before = faces[0], WithWeights.embedded
        settings = api.Settings(out=tmp_path / out, limit=limit, alphas=(0.0, 1.0), **more)
        session = api.open_session(settings.load_benchmark(), settings)
        runner = api.make_runner(session, load_method("glow-arith"), settings)
        api.complete(runner, "test", (0.0, 1.0), limit, api.Serial())
        if session.cache is not None:
            session.cache.flush()
        files = fingerprints((tmp_path / out).rglob("*.parquet"), tmp_path / out)
        return faces[0] - before[0], WithWeights.embedded - before[1], files

    return run


def test_a_second_run_encodes_nothing_and_stores_the_same_bytes(
    counted: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    without, measured, bare = counted("without", cache=False)
    assert without > 0
    assert not (tmp_path / "cache").exists()
    empty, again, first = counted("empty")
    assert (empty, again) == (without, measured)
    warm, outputs, second = counted("warm")
    assert warm == 0
    # Of the images that are measured, only those are left that the method made.
    assert 0 < outputs < measured
    assert bare == first == second
    assert len(bare) >= 2
    # Nor does a process that remembers as little as can be.
    monkeypatch.setattr("bench.run.session.Memory", lambda: Memory(0))
    forgetful, _, third = counted("forgetful")
    assert forgetful == 0
    assert third == bare


def test_a_resumed_run_encodes_each_image_once(
    counted: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    whole, _, _ = counted("whole", limit=6, cache=False)
    begun, _, _ = counted("begun", limit=2)
    rest, _, _ = counted("begun", limit=6)
    assert begun > 0
    assert begun + rest == whole
    assert counted("begun", limit=6)[0] == 0


def test_other_weights_of_an_instrument_are_other_features(
    counted: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    _, first, _ = counted("one")
    _, second, _ = counted("two")
    monkeypatch.setattr(WithWeights, "sha256", "2" * 64)
    _, third, _ = counted("three")
    assert second < third == first


def test_instruments_without_weights_keep_nothing(embedded: Path, cache: ArrayCache) -> None:
    """They may be tables that the user replaces."""
    benchmark = load_benchmark("synthfaces")
    data = benchmark.card.data_folder(None)
    session = Session(benchmark, data, cache=cache)
    images = [one.pixels for one in session.development()]
    session.instruments.measure(images, real=True)
    assert stored(cache) == []
    assert isinstance(session.instruments, Instruments)


def test_the_cache_is_no_part_of_a_runs_identity(
    counted: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    for out, more in (("a", {}), ("b", {"cache": False}), ("c", {"cache_size": "1MB"})):
        counted(out, **more)
    described = list(tmp_path.glob("[abc]/*/*/run.json"))
    assert len(described) == 3
    assert len({path.parent.name for path in described}) == 1
    for path in described:
        assert "cache" not in json.dumps(json.loads(path.read_text())["identity"])
