"""Makes some images of an entry again, with the method and the instruments that are here."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from bench.analysis.stored_terms import terms_of
from bench.analysis.tolerance import TERMS, compare_rows
from bench.data.split import Pair, Part
from bench.errors import BenchError
from bench.leaderboard.basis import Basis
from bench.leaderboard.basis_check import check_basis
from bench.leaderboard.entry import Entry
from bench.leaderboard.trust import check_parameters, installed_method
from bench.run.execute import Runner
from bench.run.plan import Row, chunks_of
from bench.run.session import Session
from bench.run.store import StoredRun

__all__ = [
    "COMPARED",
    "Regeneration",
    "other_versions",
    "regenerate",
    "rows_to_make",
]

Item = TypeVar("Item")

COMPARED: Final[dict[str, tuple[str, ...]]] = {
    "test": TERMS,
    "dev": ("au_mse",),
}
"""Terms that an entry has, by part: on dev alpha alone is chosen."""

KEYS: Final = ["part", "source", "sample", "target"]

IN_WORDS: Final = {
    "method_source_sha256": "the method",
    "fingerprint": "what the method loads",
    "instruments": "the instruments",
    "manifest_sha256": "the list of images",
    "split_sha256": "the split",
    "labels_sha256": "the labels",
}


@dataclass(frozen=True, slots=True, eq=False)
class Regeneration:
    """Rows of an entry that were made again.

    Attributes:
        test_pairs, dev_pairs: their keys.
        images: how many were made.
        largest: by term, the largest difference as a share of the term's size.
        faults: one sentence for each row that is not what is stored.
    """

    test_pairs: tuple[str, ...]
    dev_pairs: tuple[str, ...]
    images: int
    largest: dict[str, float]
    faults: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """What was made again and how near it came, as JSON values."""
        return {
            "test_pairs": list(self.test_pairs),
            "dev_pairs": list(self.dev_pairs),
            "images": self.images,
            "largest_differences": self.largest,
        }


def regenerate(
    session: Session,
    entry: Entry,
    basis: Basis,
    rows: Mapping[Part, Sequence[Row]],
    *,
    device: str = "cpu",
    trust: bool = False,
    advance: Callable[[int], None] = lambda images: None,
) -> Regeneration:
    """Makes rows of an entry again and compares them with the stored ones.

    All real images of their parts are read again, too, and compared with what the board says.

    Args:
        session: dataset and instruments of the entry's benchmark.
        entry: the entry.
        basis: of its board.
        rows: which, see ``rows_to_make``.
        device: torch device.
        trust: whether parameters of the entry may name programs and files.
        advance: hears of each chunk of images.

    Raises:
        BenchError: there is no such method here, it cannot be prepared, method, weights, data or
            instruments here are not those that the entry was made with, or a parameter is not
            trusted.
    """
    parts = entry.info["identity"]["parts"]
    method = installed_method(entry.method)
    if not trust:
        check_parameters(method, entry.parameters)
    with tempfile.TemporaryDirectory(prefix="bench-verify-") as folder:
        runner = Runner(
            session,
            method,
            entry.parameters,
            out=Path(folder),
            device=device,
            seed=int(parts["seed"]),
        )
        here = runner.folder.info["identity"]["parts"]
        if changed := other_versions(parts, here):
            raise BenchError(f"here is another version of {' and of '.join(changed)}")
        for part, wanted in rows.items():
            runner.run(part, chunks_of(wanted), advance)
        run = runner.folder.read()
    largest, faults = compare_rows(entry.scores, _terms(run, rows), COMPARED)
    card = runner.method.card
    if (card.has_alpha, card.is_anchor) != (entry.has_alpha, entry.is_anchor):
        faults.append(f"{entry.method} has an alpha or is an anchor, and the entry says otherwise")
    try:
        check_basis(run, session.benchmark, basis)
    except BenchError as error:
        faults.append(error.message)
    return Regeneration(
        test_pairs=_names(rows.get("test", [])),
        dev_pairs=_names(rows.get("dev", [])),
        images=sum(map(len, rows.values())),
        largest=largest,
        faults=tuple(faults),
    )


def rows_to_make(entry: Entry, pairs: int, seed: int) -> dict[Part, list[Row]]:
    """Which rows to make again, the same for the same seed.

    Test pairs, each at the entry's alpha and at another of the grid, since the hypervolume rests
    on all of them; and one dev pair at three alphas, since alpha was chosen there.
    """
    random = np.random.default_rng(seed)
    chosen = entry.info["alpha"]
    test = _some(_pairs(entry, "test"), pairs, random)
    if chosen is None:
        return {"test": [(pair, None) for pair in test]}
    grid = [float(alpha) for alpha in chosen["grid"]]
    others = [alpha for alpha in grid if round(alpha, 6) != round(chosen["value"], 6)]
    rows: dict[Part, list[Row]] = {"test": [], "dev": []}
    for pair in test:
        alphas = [float(chosen["value"]), *_some(others, 1, random)]
        rows["test"] += [(pair, alpha) for alpha in alphas]
    for pair in _some(_pairs(entry, "dev"), 1, random):
        rows["dev"] += [(pair, alpha) for alpha in sorted(_some(grid, 3, random))]
    return rows


def other_versions(stored: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What decides the numbers of a run and is another here, in words; empty if nothing is."""
    names = dict.fromkeys([*stored, *here])
    differing = [name for name in names if stored.get(name) != here.get(name)]
    return [IN_WORDS.get(name, name) for name in differing]


def _terms(run: StoredRun, rows: Mapping[Part, Sequence[Row]]) -> pd.DataFrame:
    return pd.concat([terms_of(run, part) for part in rows], ignore_index=True)


def _pairs(entry: Entry, part: Part) -> list[Pair]:
    """The pairs of a part in an order that does not depend on that of the rows."""
    rows = entry.scores.loc[entry.scores["part"] == part, KEYS].drop_duplicates()
    return sorted(
        (Pair(*names) for names in rows.itertuples(index=False, name=None)),
        key=lambda pair: pair.key,
    )


def _some(things: Sequence[Item], count: int, random: np.random.Generator) -> list[Item]:
    places = random.choice(len(things), size=min(count, len(things)), replace=False)
    return [things[place] for place in places]


def _names(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pair.key for pair, _ in rows))
