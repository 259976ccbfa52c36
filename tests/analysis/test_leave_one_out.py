"""No target's alpha has seen that target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.alpha import oracle_alphas
from bench.analysis.leave_one_out import alphas_left_out, oracle_by_pair, rows_at

GRID = (0.0, 0.25, 0.5, 0.75, 1.0)


@pytest.fixture
def terms(world: Any, methods: Any) -> pd.DataFrame:
    """The method is best at an alpha of each target's own: 0, 0.25, ... over the people."""

    def own_best(world: Any, pair: Any, alpha: float) -> Any:
        best = GRID[world.names.index(pair.target) % len(GRID)]
        face = methods.copy_source(world, pair, alpha)
        return type(face)(face.units + abs(alpha - best), face.embedding, face.niqe)

    return world.terms(own_best, GRID)


def test_what_a_target_does_cannot_change_its_own_alpha(terms: pd.DataFrame) -> None:
    before = alphas_left_out(terms)
    changed = terms.copy()
    mine = changed["target"] == "p03"
    changed.loc[mine, "au_mse"] = (changed.loc[mine, "alpha"] - 1.0) ** 2 * 100
    after = alphas_left_out(changed)
    assert after["p03"] == before["p03"]
    assert after != before


def test_the_alpha_is_the_best_of_the_others(terms: pd.DataFrame) -> None:
    cross = terms[terms["kind"] == "cross"]
    for target, alpha in alphas_left_out(terms).items():
        others = cross[cross["target"] != target].groupby("alpha")["au_mse"].mean()
        assert alpha == others.idxmin()


def test_rows_at_takes_one_row_of_every_cross_pair(terms: pd.DataFrame) -> None:
    alphas = alphas_left_out(terms)
    rows = rows_at(terms, alphas)
    assert not rows["pair"].duplicated().any()
    assert set(rows["pair"]) == set(terms.loc[terms["kind"] == "cross", "pair"])
    assert (rows["alpha"] == rows["target"].map(alphas)).all()
    assert rows.attrs == terms.attrs


@pytest.mark.parametrize(("error", "column"), [("au_mse", "alpha_mse"), ("au_mae", "alpha_mae")])
def test_the_oracle_by_pair_is_the_oracle(terms: pd.DataFrame, error: str, column: str) -> None:
    found = oracle_by_pair(terms, error)
    table = oracle_alphas(terms).set_index("pair")[column]
    assert found == table.to_dict()
    rows = rows_at(terms, found, by="pair")
    least = terms[terms["kind"] == "cross"].groupby("pair")[error].min()
    np.testing.assert_allclose(rows.set_index("pair")[error].sort_index(), least.sort_index())


def test_nobody_can_be_left_out_of_one(terms: pd.DataFrame) -> None:
    alone = terms[terms["target"] == "p03"]
    with pytest.raises(ValueError, match="no two values of target"):
        alphas_left_out(alone)
    with pytest.raises(ValueError, match="no two values of expression"):
        alphas_left_out(terms, by="expression")
