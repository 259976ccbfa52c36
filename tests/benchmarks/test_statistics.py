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
from bench.analysis.scores import Scores, scores_of_sums, summands

ROOT = Path(__file__).resolve().parents[2]

# 100 sources with 10 expressions each, on 100 targets.
PEOPLE, SAMPLES, RESAMPLES = 100, 10, 2000
METHODS = 20


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


@pytest.mark.slow
def test_twenty_methods_fit_into_a_gibibyte() -> None:
    """All tables, draws and resampled scores, with Python and pandas, in one process."""
    code = (
        "import runpy\n"
        "from glow.comparison.memory import peak_mib\n"
        f"here = runpy.run_path({str(Path(__file__).resolve())!r})\n"
        f"tables = [here['made_up_terms'](seed) for seed in range({METHODS})]\n"
        f"draws = here['draws_for'](tables, resamples={RESAMPLES})\n"
        "scores = [here['bootstrap_scores'](terms, draws, niqe_real=4.0) for terms in tables]\n"
        "assert len(scores) == len(tables)\n"
        "print(peak_mib())\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert float(result.stdout) < 1024
