"""What was read at the alpha of the board: the same pairs and terms as every score is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.chosen_readings import ChosenRows, chosen_places
from bench.analysis.terms import sample_terms
from bench.run.store import StoredRun
from bench.run.timings import Timings

UNITS = ("AU06", "AU12", "AU25")
ALPHAS = (0.0, 0.5, 1.0)


@pytest.fixture
def stored(world: Any) -> Callable[..., StoredRun]:
    """A run of a made-up method on the world's pairs."""

    def make(method: Any, alphas: tuple[float, ...] = (np.nan,)) -> StoredRun:
        info = {"action_units": list(UNITS), "method": {"name": "m"}}
        return StoredRun(
            Path("m-1"), info, world.scores(method, alphas), world.references(), Timings()
        )

    return make


def some_fail(methods: Any) -> Any:
    return methods.failing(methods.linear, lambda pair: pair.target in ("p01", "p05"))


def terms_at(run: StoredRun, alpha: float) -> pd.DataFrame:
    rows = run.scores[run.scores["alpha"] == alpha]
    terms = sample_terms(rows, run.references, run.action_units)
    return terms[terms["kind"] == "cross"].sort_values("pair", ignore_index=True)


def test_errors_and_distances_are_those_of_the_terms(stored: Any, methods: Any) -> None:
    run = stored(some_fail(methods), ALPHAS)
    found = ChosenRows("test").read(run, 0.5)
    terms = terms_at(run, 0.5)
    assert list(found.keys) == list(terms["pair"])
    assert found.rows["alpha"].unique().tolist() == [0.5]
    ok = (terms["outcome"] == "ok").to_numpy()
    assert found.ok.tolist() == ok.tolist()
    assert 0 < ok.sum() < len(ok) == 8 * 7
    absolute = np.abs(found.output - found.source).mean(axis=1)
    # A failed pair counts as the worst anchor.
    wanted = np.where(ok, terms["au_mae"], terms["au_mae_worst"])
    assert absolute == pytest.approx(wanted, rel=1e-12)
    squares = np.square(found.unit_changes).sum(axis=1)
    assert squares[ok] == pytest.approx(terms["expression_error"][ok], rel=1e-12)
    assert found.expression_changes == pytest.approx(terms["expression_change"], rel=1e-12)
    pairs = np.flatnonzero(ok)[[4, 1]]
    distances = found.identity_distances(pairs)
    for row, name in zip(distances, ("id_dist_target", "id_dist_source"), strict=True):
        assert row == pytest.approx(terms[name].to_numpy()[pairs], rel=1e-9)


def test_the_order_of_the_stored_rows_does_not_matter(stored: Any, methods: Any) -> None:
    run = stored(some_fail(methods), ALPHAS)
    mixed = replace(run, scores=run.scores.sample(frac=1, random_state=3))
    one, other = (ChosenRows("test").read(each, 1.0) for each in (run, mixed))
    assert list(one.keys) == list(other.keys)
    assert np.array_equal(one.output, other.output)
    assert mixed.scores["alpha"].iloc[other.places].eq(1.0).all()


def test_pairs_with_an_unreadable_real_image_are_left_out(stored: Any, methods: Any) -> None:
    run = stored(methods.linear, ALPHAS)
    references = run.references.copy()
    unread = (references["identity"] == "p02") & (references["sample"] == "smiling")
    references.loc[unread, ["outcome", *UNITS]] = ["no_face", np.nan, np.nan, np.nan]
    found = ChosenRows("test").read(replace(run, references=references), 0.5)
    assert len(found) == 7 * 7
    assert "p02" not in set(found.rows["source"])


def test_places_by_one_alpha_by_target_and_by_pair(stored: Any, methods: Any) -> None:
    scores = stored(methods.linear, ALPHAS).scores
    assert len(chosen_places(scores, "dev")) == 0
    assert len(chosen_places(scores, "test")) == len(scores)
    # 0.1 + 0.4 is not 0.5 in binary.
    half = chosen_places(scores, "test", 0.1 + 0.4 + 1e-9)
    assert scores["alpha"].iloc[half].tolist() == [0.5] * 64
    by_target = {name: ALPHAS[place % 3] for place, name in enumerate(sorted(set(scores.target)))}
    del by_target["p07"]
    own = scores.iloc[chosen_places(scores, "test", None, by_target)]
    assert len(own) == 8 * 7
    assert (own["alpha"] == own["target"].map(by_target)).all()
    two = chosen_places(scores, "test", 1.0, pairs=["p00/smiling>p01", "p03/smiling>p01", "no"])
    assert scores["source"].iloc[two].tolist() == ["p00", "p03"]


def test_a_method_without_alpha_has_all_its_rows(stored: Any, methods: Any) -> None:
    found = ChosenRows("test", ["p00/smiling>p01"]).read(stored(methods.copy_source))
    assert list(found.keys) == ["p00/smiling>p01"]
    assert found.output == pytest.approx(found.source)


def test_a_pair_without_real_images_is_named(stored: Any, methods: Any) -> None:
    run = stored(methods.perfect)
    gone = run.references[run.references["identity"] != "p04"]
    with pytest.raises(ValueError, match=r"lacks real images of pair p0\d/smiling>p04"):
        ChosenRows("test").read(replace(run, references=gone))
