"""Distances that were given say the same as the embeddings they were made from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.embeddings import mean_directions, unit_rows
from bench.analysis.identity_distances import GIVEN_PREFIX
from bench.analysis.terms import mean_real_niqe, sample_terms

UNITS = ("AU06", "AU12", "AU25")
ALPHAS = (0.0, 0.5, 1.0)
LENGTH = 8


def as_given(scores: pd.DataFrame, references: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables with every distance written out and no embedding."""
    codes, names = pd.factorize(references["identity"], sort=True)
    reference = references["is_reference"].to_numpy()
    column = references["embedding"].to_numpy()
    centres = mean_directions(column[reference], LENGTH, codes[reference], len(names))
    real, made = (unit_rows(t["embedding"].to_numpy(), LENGTH) for t in (references, scores))
    scores, references = scores.copy(), references.copy()
    for place, name in enumerate(names):
        references[f"{GIVEN_PREFIX}{name}"] = np.linalg.norm(real - centres[place], axis=1)
    for side in ("target", "source"):
        own = centres[pd.Index(names).get_indexer(scores[side])]
        scores[f"id_dist_{side}"] = np.linalg.norm(made - own, axis=1)
    scores["embedding"] = references["embedding"] = None
    return scores, references


def test_given_and_measured_distances_make_the_same_terms(world: Any, methods: Any) -> None:
    scores, references = world.scores(methods.linear, ALPHAS), world.references()
    measured = sample_terms(scores, references, UNITS)
    given = sample_terms(*as_given(scores, references), UNITS)
    shared = [name for name in measured if not name.endswith(("_mean", "_worst"))]
    pd.testing.assert_frame_equal(given[shared], measured[shared])
    # The paper's own variant was not given here.
    assert given["id_dist_target_mean"].isna().all()


def test_a_distance_that_was_not_given_is_never_filled_in(world: Any, methods: Any) -> None:
    scores, references = as_given(world.scores(methods.linear, ALPHAS), world.references())
    known = sample_terms(scores, references, UNITS)
    assert known["id_dist_target_worst"].notna().all()
    smile = references["sample"] == "smiling"
    references.loc[smile, [c for c in references if c.startswith(GIVEN_PREFIX)]] = np.nan
    scores = scores.drop(columns="id_dist_source")
    scores.loc[scores["alpha"] == 1.0, "id_dist_target"] = np.nan
    terms = sample_terms(scores, references, UNITS)
    assert terms["id_dist_target_worst"].isna().all()
    assert terms["id_dist_source"].isna().all()
    assert (terms["id_dist_target"].isna() == (terms["alpha"] == 1.0)).all()
    assert terms["id_dist_source_neutral"].notna().all()
    assert len(terms) == len(scores)


def test_action_units_are_still_needed(world: Any, methods: Any) -> None:
    scores, references = as_given(world.scores(methods.linear, ALPHAS), world.references())
    scores.loc[3, "AU12"] = np.nan
    with pytest.raises(ValueError, match="has outcome ok but no action units"):
        sample_terms(scores, references, UNITS)


def test_neither_embeddings_nor_distances_is_an_error(world: Any, methods: Any) -> None:
    scores, references = world.scores(methods.linear, ALPHAS), world.references()
    references["embedding"] = None
    with pytest.raises(ValueError, match="holds no embedding"):
        sample_terms(scores, references, UNITS)


def test_decoded_faces_are_no_real_images(world: Any) -> None:
    references = world.references()
    references["decoded"] = (references["sample"] == "neutral").astype(float)
    smiles = references[references["sample"] == "smiling"]
    assert mean_real_niqe(references, "test") == pytest.approx(smiles["niqe"].mean())
