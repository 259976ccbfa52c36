"""Two measurements of one image: how far apart they may be, and what is said of two runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.tolerance import TERMS, TOLERANCE, compare_rows, compare_runs

ALL = {"test": TERMS}


def stored_rows() -> pd.DataFrame:
    keys = {"part": "test", "source": ["a", "b", "c"], "sample": "x", "target": "z"}
    numbers = ("expression_error", "au_mse", "au_mae", "id_dist_target", "id_dist_source", "niqe")
    table = pd.DataFrame({**keys, "alpha": 0.5, "outcome": "ok"})
    for place, name in enumerate(numbers):
        table[name] = np.array([1.0, 2.0, 3.0]) * (place + 1)
    return table


def test_rows_agree_within_a_share_of_their_size() -> None:
    stored = stored_rows()
    assert compare_rows(stored, stored, ALL) == (dict.fromkeys(stored.columns[6:], 0.0), [])
    made = stored.copy()
    made["niqe"] *= 1 + 0.9 * TOLERANCE
    largest, faults = compare_rows(stored, made, ALL)
    assert faults == []
    assert largest["niqe"] == pytest.approx(0.9 * TOLERANCE)
    made.loc[2, "niqe"] = stored.loc[2, "niqe"] * (1 + 1.1 * TOLERANCE)
    _, faults = compare_rows(stored, made, ALL)
    assert faults == ["test pair c/x>z at alpha 0.5: niqe is 18 and comes out as 18.198"]
    # A value near 0 is measured by what is usual at its alpha, not elsewhere.
    stored.loc[0, "au_mse"] = 0.0
    made = stored.copy()
    made.loc[0, "au_mse"] = 0.9 * TOLERANCE * stored["au_mse"].mean()
    far = stored.assign(alpha=1.0, au_mse=1e3)
    assert compare_rows(pd.concat([stored, far], ignore_index=True), made, ALL)[1] == []
    made.loc[0, "au_mse"] *= 1.5
    assert len(compare_rows(pd.concat([stored, far], ignore_index=True), made, ALL)[1]) == 1


def test_rows_that_cannot_be_compared_are_faults() -> None:
    stored = stored_rows()
    failed = stored.copy()
    failed.loc[0, "outcome"] = "no_face"
    failed.loc[0, failed.columns[6:]] = np.nan
    assert compare_rows(failed, failed, ALL)[1] == []
    for one, other in ((stored, failed), (failed, stored)):
        (fault,) = compare_rows(one, other, ALL)[1]
        assert "its outcome is" in fault
    hole = stored.copy()
    hole.loc[1, "id_dist_target"] = np.nan
    (fault,) = compare_rows(stored, hole, ALL)[1]
    assert "id_dist_target is 8 and comes out as nan" in fault
    (fault,) = compare_rows(stored.iloc[1:], stored, ALL)[1]
    assert fault == "test pair a/x>z at alpha 0.5: it is not among the stored scores"


def test_two_runs_that_differ_as_machines_do_are_the_same() -> None:
    first = stored_rows()
    found = compare_runs(first, first)
    assert found is not None
    assert found.sentence.endswith("Of 3 rows that both have all are the same to the last digit.")
    second = first.assign(
        niqe=first["niqe"] * (1 + 0.14 * TOLERANCE), au_mse=first["au_mse"] + 1e-6
    )
    found = compare_runs(first, second)
    assert found is not None
    assert found.to_dict() == {
        "is_same": True,
        "rows": 3,
        "tolerance": TOLERANCE,
        "largest_differences": pytest.approx(
            {**dict.fromkeys(TERMS, 0.0), "niqe": 0.14 * TOLERANCE, "au_mse": 2.5e-7}, rel=1e-6
        ),
        "rows_apart": 0,
        "examples": [],
    }
    assert "(at most 0.0014 of niqe): the two are the same." in found.sentence


def test_two_runs_that_differ_by_more_are_not_and_an_example_is_named() -> None:
    first = stored_rows()
    second = first.copy()
    second.loc[1, "niqe"] *= 1 + 2 * TOLERANCE
    second.loc[2, "outcome"] = "no_face"
    found = compare_runs(first, second)
    assert found is not None
    assert (found.to_dict()["is_same"], found.to_dict()["rows_apart"]) == (False, 2)
    assert "3 rows that both have 2 differ by more than the 1% of a term" in found.sentence
    assert (
        "Such as test pair b/x>z at alpha 0.5: niqe is 12 and comes out as 12.24." in found.sentence
    )


def test_one_row_in_a_hundred_may_be_further_apart() -> None:
    first = pd.concat([stored_rows().assign(sample=f"{n}") for n in range(100)], ignore_index=True)
    second = first.copy()
    for apart, is_same in ((3, True), (4, False)):
        second.loc[: apart - 1, "niqe"] = 1.5 * first["niqe"]
        found = compare_runs(first, second)
        assert found is not None
        assert (len(found.apart), found.is_same) == (apart, is_same)
        assert f"Of 300 rows that both have {apart} differ by more than" in found.sentence


def test_only_rows_that_both_have_are_compared() -> None:
    stored = stored_rows()
    # A method without alpha has one row of each pair.
    first, second = stored.assign(alpha=np.nan), stored.iloc[1:].assign(alpha=None)
    for one, other in ((first, second), (second, first)):
        found = compare_runs(one, other)
        assert found is not None
        assert (found.rows, found.apart) == (2, ())
    assert compare_runs(stored.iloc[:1], stored.iloc[1:]) is None
