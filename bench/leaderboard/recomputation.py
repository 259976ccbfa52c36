"""Everything about an entry that can be checked from its own files and the installed benchmark."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.data.benchmark import Benchmark
from bench.errors import BenchError
from bench.leaderboard.basis import Basis
from bench.leaderboard.checks import check_measured_with
from bench.leaderboard.contents import check_contents, entry_numbers
from bench.leaderboard.entry import (
    ENTRY_FILE,
    SCORE_NUMBERS,
    SCORE_TEXTS,
    SCORES_FILE,
    Entry,
    entry_name,
)
from bench.leaderboard.schema import check_entry, read_json
from bench.leaderboard.tables import read_compact
from bench.run.identity import identity_hash, measured_with

__all__ = ["Recomputed", "board_faults", "recompute"]

RELATIVE: Final = 1e-8
"""Between a stored number and the same computed again: one unit in the last of the nine digits
that ``entry.json`` keeps, which another processor may round differently."""

# Below this a number is the rounding of 0, which has no digits to agree in.
ABSOLUTE: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Recomputed:
    """What was found without making an image.

    Attributes:
        entry: as it is stored; None where it cannot be read.
        numbers: how many numbers of ``entry.json`` were computed again.
        faults: one sentence each; empty if nothing is wrong.
    """

    entry: Entry | None
    numbers: int
    faults: tuple[str, ...]


def recompute(folder: Path, basis: Basis) -> Recomputed:
    """Checks schema, hash, rows and provenance of an entry, and computes its numbers again.

    A fault does not end the check: whatever can still be told is told, too.

    Args:
        folder: of the entry.
        basis: of its board.
    """
    faults: list[str] = []
    entry = _read(folder, faults)
    if entry is None:
        return Recomputed(None, 0, tuple(faults))
    _note(faults, lambda: check_contents(entry, basis))
    faults += _identity_faults(entry)
    try:
        computed = entry_numbers(entry, basis)
    except (BenchError, ValueError, KeyError) as error:
        faults.append(f"its numbers cannot be computed: {error}")
        return Recomputed(entry, 0, tuple(faults))
    numbers, differing = _compare({name: entry.info[name] for name in computed}, computed, "")
    return Recomputed(entry, numbers, (*faults, *differing))


def board_faults(basis: Basis, benchmark: Benchmark) -> list[str]:
    """How a board's pairs, split and grid differ from those of the installed benchmark."""
    faults: list[str] = []
    installed = measured_with(benchmark, {})
    del installed["instruments"]
    _note(
        faults,
        lambda: check_measured_with(
            "the board", basis.measured_with, installed, f"the {benchmark.name} here has"
        ),
    )
    if basis.alphas != tuple(sorted(benchmark.alphas)):
        faults.append(f"the board has another grid of alphas than {benchmark.name} here")
    for part in basis.niqe_real:
        pairs = basis.of_part(part)
        keys = [*zip(pairs["source"], pairs["sample"], pairs["target"], strict=True)]
        split = {
            (pair.source, pair.sample, pair.target)
            for pair in benchmark.split.pairs
            if pair.part == part and pair.kind == "cross"
        }
        if len(set(keys)) != len(keys):
            faults.append(f"the board lists a {part} pair twice")
        if strangers := set(keys) - split:
            source, sample, target = min(strangers)
            faults.append(
                f"{len(strangers)} {part} pairs of the board are not of the split, the first "
                f"{source}/{sample}>{target}"
            )
        unusable = basis.unusable_pairs.get(part, 0)
        if (missing := len(split - set(keys))) != unusable:
            faults.append(
                f"the board lacks {missing} {part} pairs of the split, and says that {unusable} "
                "cannot be used"
            )
    return faults


def _read(folder: Path, faults: list[str]) -> Entry | None:
    """The entry, also where it is not what it says; None where it has no structure to go by."""
    path, scores = folder / ENTRY_FILE, folder / SCORES_FILE
    try:
        info = read_json(path, f"no entry in {folder}")
        check_entry(info, path)
        found = hashlib.sha256(scores.read_bytes()).hexdigest() if scores.is_file() else "none"
        if found != info["scores_sha256"]:
            faults.append(
                f"{SCORES_FILE} is not what {ENTRY_FILE} was made from: its SHA-256 is "
                f"{found[:12]}, not {info['scores_sha256'][:12]}"
            )
        return Entry(folder, info, read_compact(scores, SCORE_TEXTS, SCORE_NUMBERS))
    except BenchError as error:
        faults.append(str(error))
        return None


def _identity_faults(entry: Entry) -> list[str]:
    """Where what an entry says of itself in several places does not agree."""
    info, faults = entry.info, []
    identity = info["identity"]
    if (made := identity_hash(identity["parts"])) != identity["hash"]:
        faults.append(f"identity.hash is {identity['hash']}, and that of its parts is {made}")
    for name, said in (("method", entry.method), ("parameters", info["parameters"])):
        if identity["parts"][name] != said:
            faults.append(f"identity.parts.{name} is {identity['parts'][name]}, not {said}")
    if entry.folder.resolve().name != (name := entry_name(entry.method, entry.parameters)):
        faults.append(f"the folder is called {entry.folder.resolve().name}, not {name}")
    return faults


def _note(faults: list[str], check: Callable[[], None]) -> None:
    try:
        check()
    except BenchError as error:
        faults.append(error.message)


def _compare(stored: Any, computed: Any, where: str) -> tuple[int, list[str]]:
    """How many numbers of nested tables were compared, and a sentence for each that differs."""
    if isinstance(stored, Mapping) and isinstance(computed, Mapping):
        count = 0
        faults: list[str] = []
        for name in dict.fromkeys([*stored, *computed]):
            path = f"{where}.{name}" if where else str(name)
            more, found = _compare(stored.get(name), computed.get(name), path)
            count, faults = count + more, [*faults, *found]
        return count, faults
    if isinstance(stored, list) and isinstance(computed, list) and len(stored) == len(computed):
        return 1, [] if all(map(_agree, stored, computed)) else [_differ(where, stored, computed)]
    return 1, [] if _agree(stored, computed) else [_differ(where, stored, computed)]


def _agree(stored: Any, computed: Any) -> bool:
    if isinstance(stored, bool) or isinstance(computed, bool):
        return stored is computed
    if isinstance(stored, int | float) and isinstance(computed, int | float):
        # Counts are whole and their own text; a number is not a count that happens to be near.
        if isinstance(computed, int):
            return stored == computed
        return math.isclose(stored, computed, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return bool(stored == computed)


def _differ(where: str, stored: Any, computed: Any) -> str:
    return f"{where} is {_text(stored)}, and the stored scores give {_text(computed)}"


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
