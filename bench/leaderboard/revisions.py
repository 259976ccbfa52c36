"""Boards as they are in a folder or were in a revision of the checkout."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from bench.errors import BenchError
from bench.leaderboard.basis import BASIS_FILE, PAIRS_FILE
from bench.leaderboard.entry import ENTRY_FILE, SCORES_FILE

__all__ = ["boards_at"]

FILES_BY_DEPTH: Final = {2: {BASIS_FILE, PAIRS_FILE}, 3: {ENTRY_FILE, SCORES_FILE}}
"""What is read of a revision: BENCHMARK/file and BENCHMARK/ENTRY/file, and nothing else."""

SECONDS: Final = 60


@contextmanager
def boards_at(source: str, boards: Path) -> Iterator[list[Path]]:
    """The folders of the boards of a folder or a revision, while the block runs.

    Args:
        source: a folder of boards, the folder of one board, or a revision (``HEAD~3``, a tag) of
            the checkout that holds ``boards``.
        boards: the folder of boards.

    Raises:
        BenchError: it is neither, or holds no board.
    """
    if here := _boards_in(Path(source)):
        yield here
        return
    if Path(source).is_dir():
        raise BenchError(f"no board in {source}", hint="a folder with BENCHMARK/benchmark.json")
    root = _root(source, boards)
    commit = _commit(source, root)
    with tempfile.TemporaryDirectory(prefix="bench-boards-") as folder:
        _write_files(root, commit, boards.resolve().relative_to(root), Path(folder))
        found = _boards_in(Path(folder))
        if not found:
            raise BenchError(f"no board in {boards} at {source} ({commit[:12]})")
        yield found


def _boards_in(folder: Path) -> list[Path]:
    if (folder / BASIS_FILE).is_file():
        return [folder]
    return sorted(path.parent for path in folder.glob(f"*/{BASIS_FILE}"))


def _root(source: str, boards: Path) -> Path:
    """The checkout that holds the boards."""
    if boards.is_dir() and (found := _git(boards, "rev-parse", "--show-toplevel")) is not None:
        return Path(found.decode().rstrip("\n")).resolve()
    raise BenchError(
        f"no folder {source}, and {boards} is in no git checkout that could have such a revision",
        hint="bench leaderboard diff DIR DIR, or --board DIR with a checkout's leaderboards",
    )


def _commit(source: str, root: Path) -> str:
    # What begins with a dash would be an option.
    found = _git(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{source}^{{commit}}"
    )
    if found is None:
        raise BenchError(
            f"{source} is neither a folder of boards nor a revision of {root}",
            hint="git log --oneline -- leaderboards",
        )
    return found.decode().strip()


def _write_files(root: Path, commit: str, place: Path, folder: Path) -> None:
    """Writes the boards' files of a commit, links and strange names left out."""
    listed = _git(root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", place.as_posix())
    for line in (listed or b"").split(b"\0"):
        kind, _, name = line.decode("utf-8", "replace").partition("\t")
        path = PurePosixPath(name)
        if not kind.startswith("100") or not path.is_relative_to(place.as_posix()):
            continue
        inside = path.relative_to(place.as_posix())
        if inside.name not in FILES_BY_DEPTH.get(len(inside.parts), set()):
            continue
        target = folder.joinpath(*inside.parts)
        if not target.resolve().is_relative_to(folder.resolve()):
            continue
        content = _git(root, "cat-file", "blob", kind.split()[2])
        if content is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git prints; None if it fails."""
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, timeout=SECONDS, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout
