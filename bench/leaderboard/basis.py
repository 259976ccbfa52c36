"""What all entries of a board share: ``benchmark.json`` and ``pairs.parquet``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from bench.analysis.scores import SCORES_VERSION
from bench.analysis.terms import mean_real_niqe
from bench.data.inside import inside
from bench.errors import BenchError
from bench.leaderboard.schema import read_json
from bench.leaderboard.tables import as_stored, read_compact, write_compact
from bench.run.files import write_atomically
from bench.run.store import StoredRun

__all__ = [
    "BASIS_FILE",
    "CONSTANTS",
    "PAIRS_FILE",
    "PAIR_KEYS",
    "Basis",
    "basis_of_run",
    "measured_with",
    "read_basis",
    "write_basis",
]

BASIS_FILE: Final = "benchmark.json"
PAIRS_FILE: Final = "pairs.parquet"
BASIS_SCHEMA_VERSION: Final = 1

PAIR_KEYS: Final = ("part", "source", "sample", "target")
PAIR_TEXTS: Final = (*PAIR_KEYS, "expression")
CONSTANTS: Final = (
    "expression_change",
    "au_mse_neutral",
    "id_dist_source_neutral",
    "id_dist_target_neutral",
    "expression_error_worst",
    "au_mse_worst",
    "au_mae_worst",
    "id_dist_target_worst",
    "niqe_worst",
)
"""Terms of ``sample_terms`` that depend on the real images of a pair alone."""

MEASURED_WITH: Final = (
    "dataset",
    "manifest_sha256",
    "split",
    "split_sha256",
    "resolution",
    "instruments",
)
LABELS: Final = ("source_aus", "labels_sha256")


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """What all entries of a board share.

    Attributes:
        benchmark: its full name, such as ``london-64``.
        dataset: name, citation, licence and DOI, as in run.json.
        measured_with: what decides a reading of a real image: images, split, resolution,
            instruments with versions and weights; and the labels, where they count.
        action_units: names of the units that scores are made of.
        alphas: the grid, ascending.
        scores_version: ``SCORES_VERSION`` of the code that made the entries.
        niqe_real: by part, mean NIQE of the real images.
        unusable_pairs: by part, how many pairs are left out for every method because a real image
            could not be read.
        pairs: one row per usable cross pair with part, source, sample, target, expression and
            ``CONSTANTS``. A board whose methods have no alpha has no dev part.
    """

    benchmark: str
    dataset: dict[str, Any]
    measured_with: dict[str, Any]
    action_units: tuple[str, ...]
    alphas: tuple[float, ...]
    scores_version: int
    niqe_real: dict[str, float]
    unusable_pairs: dict[str, int]
    pairs: pd.DataFrame

    def of_part(self, part: str) -> pd.DataFrame:
        """The pairs of a part."""
        return self.pairs[self.pairs["part"] == part].reset_index(drop=True)

    def with_parts_of(self, other: Basis) -> Basis:
        """The same with the parts that only the other has."""
        further = other.pairs[~other.pairs["part"].isin(self.niqe_real)]
        return replace(
            self,
            niqe_real={**other.niqe_real, **self.niqe_real},
            unusable_pairs={**other.unusable_pairs, **self.unusable_pairs},
            pairs=pd.concat([self.pairs, further], ignore_index=True),
        )


def measured_with(run: StoredRun) -> dict[str, Any]:
    """What a run must share with the other runs of its board."""
    parts = run.info["identity"]["parts"]
    return {name: parts[name] for name in (*MEASURED_WITH, *LABELS) if name in parts}


def basis_of_run(
    run: StoredRun, terms: Mapping[str, pd.DataFrame], alphas: Sequence[float]
) -> Basis:
    """The basis of a board, as one run has it.

    Args:
        run: the run.
        terms: by part, ``terms_of`` the run, of all cross pairs of the benchmark.
        alphas: the grid of the benchmark.
    """
    columns = [*PAIR_TEXTS, *CONSTANTS]
    tables = [rows.drop_duplicates("pair")[columns] for rows in terms.values()]
    return Basis(
        benchmark=run.info["benchmark"],
        dataset={
            name: run.info["dataset"][name] for name in ("name", "citation", "licence", "doi")
        },
        measured_with=measured_with(run),
        action_units=run.action_units,
        alphas=tuple(sorted(alphas)),
        scores_version=SCORES_VERSION,
        niqe_real={part: mean_real_niqe(run.references, part) for part in terms},
        unusable_pairs={part: int(rows.attrs["unusable_pairs"]) for part, rows in terms.items()},
        pairs=as_stored(pd.concat(tables, ignore_index=True), CONSTANTS),
    )


def read_basis(board: Path) -> Basis:
    """Reads what the entries of a board share.

    Raises:
        BenchError: there is no board, or a file is damaged or of another schema version.
    """
    path = inside(board, BASIS_FILE)
    values = read_json(path, f"no board in {board}", hint="bench leaderboard add RUN makes one")
    try:
        if values["schema_version"] != BASIS_SCHEMA_VERSION:
            raise BenchError(
                f"{path} was written with schema version {values['schema_version']}, this is "
                f"{BASIS_SCHEMA_VERSION}",
                hint="use the version of bench that wrote it, or make the board anew",
            )
        return Basis(
            benchmark=str(values["benchmark"]),
            dataset=dict(values["dataset"]),
            measured_with=dict(values["measured_with"]),
            action_units=tuple(map(str, values["action_units"])),
            alphas=tuple(map(float, values["alphas"])),
            scores_version=int(values["scores_version"]),
            niqe_real={part: float(niqe) for part, niqe in values["niqe_real"].items()},
            unusable_pairs={p: int(count) for p, count in values["unusable_pairs"].items()},
            pairs=read_compact(inside(board, PAIRS_FILE), PAIR_TEXTS, CONSTANTS),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BenchError(f"{path} does not describe a benchmark: {error!r}") from error


def write_basis(board: Path, basis: Basis) -> None:
    """Writes what the entries of a board share.

    Raises:
        BenchError: the place is not writable.
    """
    values = {
        "schema_version": BASIS_SCHEMA_VERSION,
        "benchmark": basis.benchmark,
        "dataset": basis.dataset,
        "measured_with": basis.measured_with,
        "action_units": list(basis.action_units),
        "alphas": list(basis.alphas),
        "scores_version": basis.scores_version,
        "niqe_real": dict(sorted(basis.niqe_real.items())),
        "unusable_pairs": dict(sorted(basis.unusable_pairs.items())),
    }
    write_atomically(board / PAIRS_FILE, write_compact(basis.pairs, PAIR_TEXTS, CONSTANTS))
    text = json.dumps(values, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_atomically(board / BASIS_FILE, text.encode())
