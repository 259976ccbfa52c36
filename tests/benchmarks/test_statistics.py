"""Two-way resampling beside weighting every pair: ``pytest tests/benchmarks --benchmark-enable``.

The ratio of the two in one run is what to look at; memory is measured in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from bench.analysis.bootstrap import Draws, bootstrap_scores, draws_for
from bench.analysis.ranking import BoardEntry
from bench.analysis.scores import Scores, scores_of_sums, summands

ROOT = Path(__file__).resolve().parents[2]

# 100 sources with 10 expressions each, on 100 targets.
PEOPLE, SAMPLES, RESAMPLES = 100, 10, 2000
METHODS = 20
ALPHAS = tuple(round(0.1 * step, 1) for step in range(10))

# Columns that a board reads, beside those that are resampled.
UNRANKED = {
    "au_mae": 0.2,
    "au_mae_worst": 0.2,
    "id_dist_source": 0.9,
    "id_dist_target_mean": np.nan,
    "id_dist_source_mean": np.nan,
}


def made_up_terms(seed: int, people: int = PEOPLE, samples: int = SAMPLES) -> pd.DataFrame:
    """Terms of one method: people^2 x samples rows."""
    random = np.random.default_rng(seed)
    names = np.array([f"p{number:03d}" for number in range(people)])
    source, sample, target = (
        part.ravel() for part in np.meshgrid(names, np.arange(samples), names, indexing="ij")
    )
    measured = {
        name: random.uniform(0.1, 1.0, source.size)
        for name in ("expression_error", "au_mse", "id_dist_target", "niqe")
    }
    return pd.DataFrame(
        {
            "source": source,
            "target": target,
            "pair": [f"{s}/{e}>{t}" for s, e, t in zip(source, sample, target, strict=True)],
            "kind": "cross",
            "outcome": "ok",
            **measured,
            **{f"{name}_worst": values for name, values in measured.items()},
            "expression_change": random.uniform(0.5, 1.5, source.size),
            "au_mse_neutral": 1.0,
            "id_dist_source_neutral": 1.2,
            "id_dist_target_neutral": 0.3,
        }
    )


def weighting_every_pair(terms: pd.DataFrame, draws: Draws) -> Scores[NDArray[np.float64]]:
    """The direct way: a weight for every pair in every resample."""
    sources = pd.Index(draws.sources).get_indexer(terms["source"])
    targets = pd.Index(draws.targets).get_indexer(terms["target"])
    parts = summands(terms)
    sums = np.empty((len(draws.source_counts), parts.shape[1]))
    step = max(1, 2**22 // len(terms))
    for start in range(0, len(sums), step):
        rows = slice(start, start + step)
        weights = draws.source_counts[rows].take(sources, axis=1)
        weights *= draws.target_counts[rows].take(targets, axis=1)
        sums[rows] = weights @ parts
    return scores_of_sums(sums, 4.0)


@pytest.mark.benchmark(group=f"{RESAMPLES} resamples of a method with 100,000 pairs", min_rounds=2)
@pytest.mark.parametrize("way", ["sums per cell", "weighting every pair"])
@pytest.mark.slow
def test_resampling(benchmark: Any, way: str) -> None:
    terms = made_up_terms(0)
    draws = draws_for([terms], resamples=RESAMPLES)
    if way == "sums per cell":
        scores = benchmark(bootstrap_scores, terms, draws, niqe_real=4.0)
    else:
        scores = benchmark(weighting_every_pair, terms, draws)
    assert scores.transfer_score.shape == (RESAMPLES,)


def entry_with_curve(seed: int) -> BoardEntry:
    """A method with 10,000 pairs at ten alphas: a curve of 100,000 rows."""
    random = np.random.default_rng(seed)
    one = made_up_terms(seed, samples=1).assign(part="test", **UNRANKED)
    curve = pd.concat([one.assign(alpha=alpha) for alpha in ALPHAS], ignore_index=True)
    curve["expression_error"] *= random.uniform(0.8, 1.2, len(curve))
    return BoardEntry(
        method=f"method-{seed:02d}",
        run_id=f"method-{seed:02d}-00000000",
        is_anchor=False,
        terms=curve[curve["alpha"] == ALPHAS[-1]],
        terms_at_zero=curve[curve["alpha"] == ALPHAS[0]],
        alpha=ALPHAS[-1],
        alpha_protocol="dev",
        curve_terms=curve,
    )


def entry_without_alpha(seed: int) -> BoardEntry:
    """A method with 100,000 pairs."""
    terms = made_up_terms(seed).assign(part="test", alpha=np.nan, **UNRANKED)
    return BoardEntry(f"method-{seed:02d}", f"method-{seed:02d}-00000000", False, terms)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["entry_with_curve", "entry_without_alpha"])
def test_twenty_methods_are_ranked_within_ten_seconds_and_a_gibibyte(kind: str) -> None:
    """The whole board with 2,000 resamples, with Python, pandas and all tables in one process.

    Counted is the processor time of all cores, so that ten seconds are met on any number of them
    and whatever else runs.
    """
    code = (
        "import runpy, time\n"
        "from bench.analysis.ranking import rank_methods\n"
        "from glow.comparison.memory import peak_mib\n"
        f"here = runpy.run_path({str(Path(__file__).resolve())!r})\n"
        f"entries = [here[{kind!r}](seed) for seed in range({METHODS})]\n"
        "tables = [e.terms if e.curve_terms is None else e.curve_terms for e in entries]\n"
        "assert {len(table) for table in tables} == {100_000}\n"
        "start = time.process_time()\n"
        "board = rank_methods(entries, benchmark='toy', part='test', niqe_real=0.5)\n"
        f"assert len(board.rows) == {METHODS}\n"
        "print(time.process_time() - start, peak_mib())\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    seconds, peak = map(float, result.stdout.split())
    assert seconds < 10
    assert peak < 1024
