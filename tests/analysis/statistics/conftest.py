"""Tables of terms from crossed random effects, whose true scores are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

NIQE_REAL = 4.0


class Simulation:
    """Everybody's expression on everybody else, with errors that depend on both people.

    The true expression skill is 1 minus the mean relative error; retention and naturalness are
    0.5 and 1 unless the caller sets their columns.
    """

    niqe_real = NIQE_REAL

    def __init__(self, sources: int = 20, targets: int = 20, *, shared: bool = False) -> None:
        self.sources = [f"s{number:03d}" for number in range(sources)]
        self.targets = [f"{'s' if shared else 't'}{number:03d}" for number in range(targets)]
        grid = [(s, t) for s in range(sources) for t in range(targets)]
        pairs = [(s, t) for s, t in grid if self.sources[s] != self.targets[t]]
        self.source_of, self.target_of = np.array(pairs).T

    def effects(
        self, random: np.random.Generator, source: float, target: float, residual: float
    ) -> np.ndarray:
        """(pairs,) sums of a source effect, a target effect and a residual, all of mean 0."""
        return np.asarray(
            random.normal(scale=source, size=len(self.sources))[self.source_of]
            + random.normal(scale=target, size=len(self.targets))[self.target_of]
            + random.normal(scale=residual, size=len(self.source_of))
        )

    def terms(
        self, error: np.ndarray, change: np.ndarray | float = 1.0, **columns: object
    ) -> pd.DataFrame:
        """Terms of one method, from its expression errors and the expression changes."""
        source = np.array(self.sources)[self.source_of]
        target = np.array(self.targets)[self.target_of]
        table = {
            "part": "test",
            "source": source,
            "sample": "smiling",
            "target": target,
            "kind": "cross",
            "pair": [f"{s}/smiling>{t}" for s, t in zip(source, target, strict=True)],
            "expression": "smiling",
            "alpha": np.nan,
            "outcome": "ok",
            "expression_error": error,
            "expression_change": change,
            "au_mse": np.asarray(error) / 3,
            "au_mae": np.asarray(error) / 2,
            "au_mse_neutral": 1.0,
            "id_dist_target": 0.75,
            "id_dist_source": 0.75,
            "id_dist_target_mean": np.nan,
            "id_dist_source_mean": np.nan,
            "id_dist_target_neutral": 0.5,
            "id_dist_source_neutral": 1.0,
            "niqe": NIQE_REAL,
            **columns,
        }
        worst = ("expression_error", "au_mse", "au_mae", "id_dist_target", "niqe")
        for name in worst:
            table.setdefault(f"{name}_worst", table[name])
        return pd.DataFrame(table)


@pytest.fixture
def simulation() -> type[Simulation]:
    return Simulation
