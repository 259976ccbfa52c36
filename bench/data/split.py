"""A split: the versioned, committed list of pairs of a benchmark."""

from __future__ import annotations

import csv
import hashlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from bench.data.tables import read_rows
from bench.errors import BenchError

__all__ = ["Pair", "Part", "Split", "check_unpublished", "load_split", "stranger", "write_split"]

Part = Literal["dev", "test"]
COLUMNS = ["part", "source", "sample", "target", "kind"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A source sample and the identity that receives its expression.

    Attributes:
        part: ``dev`` or ``test``.
        source: identity of the source.
        sample: name of the source sample among the images of ``source``.
        target: identity of the target; equal to ``source`` in a ``self`` pair.
    """

    part: str
    source: str
    sample: str
    target: str

    @property
    def kind(self) -> str:
        """``self`` if source and target are one person, else ``cross``."""
        return "self" if self.source == self.target else "cross"

    @property
    def key(self) -> str:
        """Readable name, unique in a split: ``source/sample>target``."""
        return f"{self.source}/{self.sample}>{self.target}"


@dataclass(frozen=True, slots=True)
class Split:
    """The pairs of one version, and the hash of the file they came from."""

    version: str
    sha256: str
    pairs: tuple[Pair, ...]

    def part(self, part: Part) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.part == part)

    def identities(self, part: Part) -> tuple[str, ...]:
        """Sorted identities that occur in a part as source or target."""
        pairs = self.part(part)
        return tuple(sorted({p.source for p in pairs} | {p.target for p in pairs}))


def write_split(path: Path, pairs: Sequence[Pair]) -> None:
    """Writes a new split file.

    Raises:
        BenchError: the file exists; a published split is never edited, only superseded.
    """
    check_unpublished(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([p.part, p.source, p.sample, p.target, p.kind] for p in pairs)


def check_unpublished(path: Path) -> None:
    """Refuses a split file that is there already.

    Raises:
        BenchError: it is; a published split is never edited, only superseded.
    """
    if path.exists():
        versions = [re.fullmatch(r"v(\d+)", file.stem) for file in path.parent.glob("*.csv")]
        last = max((int(match[1]) for match in versions if match), default=0)
        raise BenchError(
            f"{path} exists and a published split is never edited",
            hint=f"make the next: --version v{last + 1}, and name it on the card",
        )


def load_split(path: Path) -> Split:
    """Reads and checks a split file.

    Raises:
        BenchError: the file is missing, a row is malformed or doubled, or dev and test share a
            person; the message names the line.
    """
    if not path.is_file():
        raise BenchError(f"no split file at {path}", hint="the card names the split's version")
    rows = read_rows(path)
    if not rows or rows[0] != COLUMNS:
        raise BenchError(f"{path}:1: expected the header {','.join(COLUMNS)}")
    pairs: dict[Pair, None] = {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(COLUMNS) or row[0] not in get_args(Part) or not all(row):
            raise BenchError(f"{path}:{line}: malformed row {','.join(row)!r}")
        # One text for each name: a split may have a hundred thousand pairs of a few people.
        pair = Pair(*map(sys.intern, row[:4]))
        if pair.kind != row[4]:
            raise BenchError(f"{path}:{line}: kind {row[4]!r} should be {pair.kind!r}")
        if pair in pairs:
            raise BenchError(f"{path}:{line}: pair {pair.key} is listed twice")
        pairs[pair] = None
    split = Split(path.stem, hashlib.sha256(path.read_bytes()).hexdigest(), tuple(pairs))
    dev, test = (set(split.identities(cast(Part, part))) for part in get_args(Part))
    if dev & test:
        raise BenchError(f"{path}: dev and test share the identities {sorted(dev & test)}")
    return split


def stranger(pair: Pair, candidates: Sequence[tuple[str, str, str]]) -> tuple[str, str]:
    """The wrong source of a pair: a third person's sample, chosen by the pair's name alone.

    Args:
        pair: the pair that the stranger's sample stands in for.
        candidates: (identity, sample, expression) of the expressive source samples of the pair's
            part, the pair's own source sample among them, in any order.

    Returns:
        (identity, sample) of a third person, of another expression than the source's where there
        is one, else of any. The choice is the SHA-256 of the pair's key modulo the number of
        eligible candidates in sorted order.

    Raises:
        BenchError: nobody but the source and the target is among the candidates.
    """
    own = {(identity, sample): expression for identity, sample, expression in candidates}
    shown = own.get((pair.source, pair.sample))
    others = sorted(c for c in candidates if c[0] not in (pair.source, pair.target))
    eligible = [c for c in others if c[2] != shown] or others
    if not eligible:
        raise BenchError(
            f"pair {pair.key} has no stranger: its part holds no third person",
            hint="a part needs at least three identities",
        )
    digest = hashlib.sha256(pair.key.encode("utf-8")).digest()
    identity, sample, _ = eligible[int.from_bytes(digest) % len(eligible)]
    return identity, sample
