"""Whether a stored run may stand on a board: what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from bench.analysis.stored import search_command, terms_of
from bench.analysis.stored_terms import on_grid
from bench.data.benchmark import Benchmark
from bench.data.split import Part
from bench.errors import BenchError
from bench.leaderboard.basis import CONSTANTS, PAIR_KEYS, Basis, basis_of_run
from bench.leaderboard.checks import (
    check_complete,
    check_finite,
    check_measured_with,
    check_scores_version,
)
from bench.leaderboard.contents import MEASURED
from bench.leaderboard.entry import (
    SCORE_NUMBERS,
    SCORE_TEXTS,
    entry_name,
)
from bench.leaderboard.tables import as_stored
from bench.run.identity import measured_with
from bench.run.store import StoredRun

__all__ = [
    "Candidate",
    "agreed_basis",
    "candidate_of",
    "check_own_instruments",
]

# Of a column's mean: the same instruments on another processor differ by less, other images or
# weights by more.
TOLERANCE: Final = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A run that holds all that an entry needs.

    Attributes:
        run: where it comes from.
        scores: what the entry will store.
        basis: what its board shares, as this run has it.
    """

    run: StoredRun
    scores: pd.DataFrame
    basis: Basis

    @property
    def name(self) -> str:
        """Of the entry that it makes."""
        return entry_name(self.run.method, self.run.parameters)


def candidate_of(run: StoredRun, benchmark: Benchmark) -> Candidate:
    """Checks that a run holds all that an entry of a benchmark needs.

    Args:
        run: both parts of it.
        benchmark: as its card is here.

    Raises:
        BenchError: the run was made on another split or list of images, lacks a pair of either
            part, lacks an alpha of the grid (on dev: so alpha was not chosen there), or a row with
            outcome ``ok`` has a NaN.
    """
    who = run.folder.name
    parts = run.info["identity"]["parts"]
    expected = {k: v for k, v in measured_with(benchmark, {}).items() if k != "instruments"}
    check_measured_with(who, {k: parts[k] for k in expected}, expected, "the benchmark's is")
    terms: dict[str, pd.DataFrame] = {part: _terms(run, benchmark, part) for part in _parts(run)}
    basis = basis_of_run(run, terms, benchmark.alphas)
    for part, niqe in basis.niqe_real.items():
        if not np.isfinite(niqe):
            raise BenchError(f"{who}: the NIQE of the real images of {part} is NaN")
    rows = pd.concat(terms.values(), ignore_index=True)[[*SCORE_TEXTS, *SCORE_NUMBERS]]
    others = [name for name in MEASURED if name != "au_mse"]
    rows.loc[rows["part"] == "dev", others] = np.nan
    return Candidate(run, as_stored(rows, SCORE_NUMBERS), basis)


def check_own_instruments(run: StoredRun, benchmark: Benchmark) -> None:
    """Refuses a run with other instruments or labels than the benchmark's own.

    A published board is named after its benchmark, of which the instruments are a part.

    Raises:
        BenchError: it names the instrument.
    """
    parts = run.info["identity"]["parts"]
    found = {
        "embedder": parts["instruments"]["embedder"]["name"],
        "au_estimator": parts["instruments"]["au_estimator"]["name"],
        "source_aus": parts.get("source_aus", "estimator"),
    }
    for name, value in found.items():
        own = str(getattr(benchmark, name)).partition(":")[0]
        if value != own:
            raise BenchError(
                f"{run.folder.name} was measured with {name} {value}, benchmark {benchmark.name} "
                f"has {own}",
                hint="a board of your own may have other instruments: --board DIR",
            )


def agreed_basis(candidate: Candidate, board: Basis | None) -> Basis:
    """The basis of a board to which a run is added: what it has, and the parts that it lacks.

    Args:
        candidate: the run.
        board: the basis that is there; None for a board that is made.

    Raises:
        BenchError: the board's scores are of another version, the run was measured with something
            else, or its real images read differently beyond rounding: other images or weights
            under the same names.
    """
    own, who = candidate.basis, candidate.run.folder.name
    if board is None:
        return own
    check_scores_version("the board", board.scores_version)
    if own.benchmark != board.benchmark:
        raise BenchError(f"{who} is of benchmark {own.benchmark}, the board of {board.benchmark}")
    check_measured_with(who, own.measured_with, board.measured_with, "the board's is")
    for name in ("action_units", "alphas"):
        if getattr(own, name) != getattr(board, name):
            raise BenchError(
                f"{who}: {name.replace('_', ' ')} {getattr(own, name)}, the board's are "
                f"{getattr(board, name)}",
                hint="begin another board with --board DIR; one of the package begins anew once "
                "all of its folder but notes.md is removed",
            )
    for part in sorted(set(own.niqe_real) & set(board.niqe_real)):
        _check_constants(who, part, own, board)
    return board.with_parts_of(own)


def _parts(run: StoredRun) -> tuple[Part, ...]:
    """The parts that an entry of this run needs."""
    return ("dev", "test") if run.has_alpha else ("test",)


def _terms(run: StoredRun, benchmark: Benchmark, part: Part) -> pd.DataFrame:
    """Terms of all cross pairs of a part on the benchmark's grid, checked to be whole."""
    who = run.folder.name
    pairs = {pair.key for pair in benchmark.pairs(part) if pair.kind == "cross"}
    alphas = benchmark.alphas if run.has_alpha else None
    rows = run.scores[(run.scores["part"] == part) & (run.scores["kind"] == "cross")]
    hint = search_command(run)
    if part == "dev":
        who = f"alpha of {who} was not chosen on dev: it"
    else:
        hint = hint.replace("alpha-search", "run", 1)
    if not benchmark.card.ships_images:
        hint += " --data DIR"
    check_complete(who, on_grid(rows, alphas), pairs, alphas, part, hint)
    try:
        terms = on_grid(terms_of(run, part, pairs), alphas)
    except ValueError as error:
        raise BenchError(f"{run.folder.name}: {part}: {error}") from error
    check_finite(run.folder.name, terms, MEASURED)
    return terms


def _check_constants(who: str, part: str, own: Basis, board: Basis) -> None:
    """Refuses real images that read differently than the board's."""
    ours, theirs = (
        basis.of_part(part).set_index(list(PAIR_KEYS))[list(CONSTANTS)] for basis in (own, board)
    )
    if not ours.index.sort_values().equals(theirs.index.sort_values()):
        raise BenchError(
            f"{who}: other {part} pairs could be read than on the board, {len(ours)} and "
            f"{len(theirs)}",
            hint="compare the images and the instruments' weights",
        )
    found, expected = (table.reindex(theirs.index).to_numpy() for table in (ours, theirs))
    size = np.maximum(np.abs(expected), np.nanmean(np.abs(expected), axis=0))
    equal = np.abs(found - expected) <= TOLERANCE * size
    wrong = ~equal & ~(np.isnan(found) & np.isnan(expected))
    if wrong.any():
        place, column = (int(index[0]) for index in np.nonzero(wrong))
        key = "{}/{}>{}".format(*theirs.index[place][1:])
        raise BenchError(
            f"{who}: the real images of {part} pair {key} read differently than the board's: "
            f"{CONSTANTS[column]} {found[place, column]:.4g}, there "
            f"{expected[place, column]:.4g} ({int(wrong.any(axis=1).sum())} of {len(wrong)} "
            "pairs differ)",
            hint="other images or weights stand under the same names",
        )
    if not np.isclose(own.niqe_real[part], board.niqe_real[part], rtol=TOLERANCE):
        raise BenchError(
            f"{who}: the mean NIQE of the real images of {part} is {own.niqe_real[part]:.4g}, the "
            f"board's is {board.niqe_real[part]:.4g}",
            hint="other images stand under the same names",
        )
