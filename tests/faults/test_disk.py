"""Disks that are full, read-only or damaged."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.run.parts import damaged_parts, list_parts
from tests.faults.conftest import Nursery, Undisturbed, arguments, leftovers, results

Mount = Callable[[str], None]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Mount]]:
    """A file system of its own, and a function that mounts it anew with other options."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["mount", *words, str(place)], capture_output=True, text=True)

    try:
        made = mount("-t", "tmpfs", "-o", "size=64m", "none")
    except FileNotFoundError:
        pytest.skip("needs the program mount")
    if made.returncode:
        pytest.skip(f"needs the right to mount a file system: {made.stderr.strip()}")

    def again(options: str) -> None:
        done = mount("-o", f"remount,{options}")
        assert done.returncode == 0, done.stderr

    yield place, again
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def refused(nursery: Nursery, out: Path, *words: str, before: str = "") -> str:
    """What a run says that a disk has stopped, in one line."""
    command = nursery.start(*arguments(out), before=before)
    assert command.wait() == 1
    assert command.stdout == ""
    assert "Traceback" not in command.stderr
    assert leftovers(out) == []
    (line,) = [line for line in command.stderr.splitlines() if line.startswith("error: ")]
    assert all(word in line for word in words), line
    return line


@pytest.mark.slow
def test_a_full_disk_says_so_and_with_room_the_run_goes_on(
    nursery: Nursery, undisturbed: Undisturbed, small_disk: tuple[Path, Mount]
) -> None:
    place, mount = small_disk
    out = place / "runs"
    # A disk counts in pages: this is what all files need.
    needed = sum(-(-size // 4096) * 4096 for size in undisturbed.sizes().values())
    stored = 0
    for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9):
        mount(f"size={max(4096, int(share * needed))}")
        refused(nursery, out, "the disk is full", "make room and run the same command")
        now = results(out)
        assert all(undisturbed.results[name] == content for name, content in now.items())
        assert len(now) >= stored
        stored = len(now)
    assert stored > 10
    mount("size=64m")
    nursery.run(*arguments(out))
    assert results(out) == undisturbed.results


@pytest.mark.slow
def test_where_files_may_not_be_large_enough_it_says_so_and_goes_on_without_that_limit(
    nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    pytest.importorskip("resource")
    largest = max(undisturbed.sizes("/scores/").values())
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest - 1},) * 2)"
    out = tmp_path / "runs"
    refused(nursery, out, "files may not be so large here", "ulimit -f", before=limit)
    nursery.run(*arguments(out))
    assert results(out) == undisturbed.results


@pytest.mark.slow
def test_a_read_only_folder_is_read_and_says_what_to_do_if_more_is_needed(
    nursery: Nursery, undisturbed: Undisturbed, small_disk: tuple[Path, Mount], tmp_path: Path
) -> None:
    place, mount = small_disk
    half, whole = place / "half", place / "whole"
    nursery.run(*arguments(half, "--limit", "7"))
    nursery.run(*arguments(whole))
    mount("ro")
    printed = nursery.run(*arguments(whole))
    assert '"rows"' in printed.stdout
    assert "warning" not in printed.stderr
    refused(nursery, half, "it is not writable", "give a copy of the folder of runs as --out")
    # What it says works, and makes nothing twice.
    copy = Path(shutil.copytree(half, tmp_path / "copy"))
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("part-*")}
    nursery.run(*arguments(copy))
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())
    tables = {name: c for name, c in results(copy).items() if "/references/" in name}
    assert tables.items() <= undisturbed.results.items()
    mount("rw")
    damaged = next(iter(sorted(whole.rglob("pixel-arith-*/scores/part-*"))))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    mount("ro")
    refused(nursery, whole, str(damaged), "it is not writable")


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(share * len(content))]


def flipped(place: Callable[[bytes], int]) -> Callable[[bytes], bytes]:
    """One bit of the byte at a place."""

    def damage(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[place(content)] ^= 1 << random.Random(len(content)).randrange(8)
        return bytes(changed)

    return damage


def footer(content: bytes) -> int:
    """Where the footer begins: before its length and the magic bytes at the end."""
    return len(content) - 8 - int.from_bytes(content[-8:-4], "little")


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": cut(0.0),
    "cut after its first bytes": lambda content: content[:4],
    "cut in the middle": cut(0.5),
    "cut before the footer": lambda content: content[: footer(content)],
    "without its last byte": lambda content: content[:-1],
    "a bit of the magic bytes": flipped(lambda content: 0),
    "a bit of the data": flipped(lambda content: footer(content) // 2),
    "a bit of the footer": flipped(lambda content: (footer(content) + len(content)) // 2),
    "a bit of the footer's length": flipped(lambda content: len(content) - 7),
    "a bit of the last magic bytes": flipped(lambda content: len(content) - 1),
    "a byte more": lambda content: content + b"\0",
    "other bytes of the same length": lambda content: bytes(len(content)),
}


@pytest.mark.slow
def test_damaged_files_are_named_and_computed_again(
    nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    nursery.run(*arguments(out))
    whole = [out / name for name in undisturbed.results if name.endswith(".parquet")]
    # Each kind of damage once to rows and once to real images.
    for folder in ("scores", "references"):
        files = sorted(path for path in whole if path.parent.name == folder)
        left = list(DAMAGES.items())
        while left:
            damaged = list(zip(files, left, strict=False))
            for path, (_, damage) in damaged:
                content = path.read_bytes()
                path.write_bytes(damage(content))
                assert path.read_bytes() != content
            command = nursery.run(*arguments(out))
            for path, (kind, _) in damaged:
                assert f"{path} is damaged" in command.stderr, kind
            assert command.stderr.count("is damaged") == len(damaged)
            assert results(out) == undisturbed.results
            left = left[len(damaged) :]


@pytest.mark.slow
def test_a_damaged_file_that_no_plan_asks_for_stops_nothing(
    nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    nursery.run(*arguments(out))
    # Rows at an alpha beside the grid, in files of their own.
    beside = [word if word != "0.5" else "0.33" for word in arguments(out)]
    nursery.run(*beside)
    names = [name for name in results(out) if name not in undisturbed.results]
    extra = min(out / name for name in names if "/scores/" in name)
    extra.write_bytes(b"PAR1")
    command = nursery.run(*arguments(out))
    assert f"{extra} is damaged" in command.stderr
    assert not extra.exists()
    nursery.run(*beside)
    assert extra.exists()


def test_every_flipped_bit_and_every_cut_is_found(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Any byte of a file of rows: what its name says of its content is checked first."""
    sizes = undisturbed.sizes("/scores/")
    smallest = undisturbed.folder / min(sizes, key=lambda name: sizes[name])
    content = smallest.read_bytes()
    path = tmp_path / smallest.name
    path.write_bytes(content)
    parts = list_parts(tmp_path)
    assert damaged_parts(parts) == []
    step = max(1, len(content) // 500)
    for place in {
        *range(0, len(content), step),
        *range(16),
        *range(len(content) - 16, len(content)),
    }:
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        assert damaged_parts(parts) == parts, place
        path.write_bytes(content[:place])
        assert damaged_parts(parts) == parts, place


def test_a_line_that_a_full_disk_has_cut_spoils_no_other(tmp_path: Path) -> None:
    from bench.run.files import append_line

    path = tmp_path / "lines.jsonl"
    append_line(path, '{"a": 1}')
    with path.open("a") as file:
        file.write('{"b": ')
    append_line(path, '{"c": 3}')
    assert path.read_text() == '{"a": 1}\n{"b": \n{"c": 3}\n'
    assert os.listdir(tmp_path) == ["lines.jsonl"]
