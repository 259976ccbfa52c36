"""Whether what a board stores of its real images is what the instruments here read from them."""

from __future__ import annotations

import pandas as pd

from bench.analysis.terms import sample_terms
from bench.data.benchmark import Benchmark
from bench.data.split import Part
from bench.leaderboard.adding import Candidate, agreed_basis
from bench.leaderboard.basis import Basis, basis_of_run
from bench.run.store import StoredRun

__all__ = ["check_basis"]


def check_basis(run: StoredRun, benchmark: Benchmark, basis: Basis) -> None:
    """Refuses a board whose real images read differently here, on any pair of the run's parts.

    Args:
        run: has the real images of at least one part, measured as the board says.
        benchmark: the board's, as it is installed.
        basis: of the board.

    Raises:
        BenchError: it names the first pair and term that differ.
    """
    parts: list[Part] = ["dev", "test"]
    read = set(run.references["part"])
    terms: dict[str, pd.DataFrame] = {
        part: _terms(run, benchmark, part) for part in parts if part in read
    }
    own = basis_of_run(run, terms, benchmark.alphas)
    agreed_basis(Candidate(run, run.scores, own), basis)


def _terms(run: StoredRun, benchmark: Benchmark, part: Part) -> pd.DataFrame:
    """Terms of every cross pair of a part as if no method had made an image of it."""
    references = run.references[run.references["part"] == part]
    pairs = [pair for pair in benchmark.pairs(part) if pair.kind == "cross"]
    rows = pd.DataFrame(
        {
            "part": part,
            "source": [pair.source for pair in pairs],
            "sample": [pair.sample for pair in pairs],
            "target": [pair.target for pair in pairs],
            "kind": "cross",
            "alpha": float("nan"),
            "outcome": "method_error",
            "niqe": float("nan"),
            "embedding": None,
            **dict.fromkeys(run.action_units, float("nan")),
        }
    )
    return sample_terms(rows, references, run.action_units)
