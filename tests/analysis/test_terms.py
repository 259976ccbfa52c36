from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.analysis.bootstrap import draws_for, score_intervals
from bench.analysis.scores import aggregate
from bench.analysis.terms import mean_real_niqe, sample_terms
from bench.data.split import Pair, stranger

UNITS = ("AU06", "AU12", "AU25")


def row_of(terms, source, target):
    return terms[(terms["source"] == source) & (terms["target"] == target)].iloc[0]


def test_terms_of_one_pair_by_hand(world, methods):
    terms = row_of(world.terms(methods.linear, [0.5]), "p01", "p02")
    source, source_neutral = world.faces["p01", "smiling"], world.faces["p01", "neutral"]
    target = world.faces["p02", "neutral"]
    output = methods.linear(world, Pair("test", "p01", "smiling", "p02"), 0.5)
    ds, dy = source.units - source_neutral.units, output.units - target.units
    gap = output.units - source.units
    assert terms["expression_error"] == pytest.approx(((dy - ds) ** 2).sum())
    assert terms["expression_change"] == pytest.approx((ds**2).sum())
    assert terms["au_mse"] == pytest.approx((gap**2).mean())
    assert terms["au_mae"] == pytest.approx(np.abs(gap).mean())
    assert terms["au_mse_neutral"] == pytest.approx(((target.units - source.units) ** 2).mean())
    assert terms["au_cosine"] == pytest.approx(1.0)
    assert terms["id_dist_target"] == pytest.approx(
        np.linalg.norm(output.embedding - target.embedding), abs=1e-6
    )
    assert terms["id_dist_source"] == pytest.approx(
        np.linalg.norm(output.embedding - source_neutral.embedding), abs=1e-6
    )
    assert terms["id_dist_source_neutral"] == pytest.approx(
        np.linalg.norm(source_neutral.embedding - target.embedding), abs=1e-6
    )
    assert terms["id_dist_target_neutral"] == 0.0
    assert terms["pair"] == "p01/smiling>p02"
    assert terms["expression"] == "smiling"


def test_labels_tell_what_the_source_shows_and_the_estimator_what_the_output_does(world, methods):
    scores, references = world.scores(methods.linear, [0.5]), world.references()
    read = sample_terms(scores, references, UNITS)
    for unit in UNITS:
        references[f"label_{unit}"] = references[unit]
    pd.testing.assert_frame_equal(sample_terms(scores, references, UNITS), read)
    # Labels on twice the estimator's scale: twice the change is asked for, and half of it is made.
    for unit in UNITS:
        references[f"label_{unit}"] *= 2
    labelled = row_of(sample_terms(scores, references, UNITS), "p01", "p02")
    plain = row_of(read, "p01", "p02")
    assert labelled["expression_change"] == pytest.approx(4 * plain["expression_change"])
    assert labelled["expression_error"] == pytest.approx(
        (2 - 0.5) ** 2 * plain["expression_change"]
    )
    references.loc[0, "label_AU12"] = np.nan
    assert sample_terms(scores, references, UNITS).attrs["unusable_pairs"] > 0


def test_rows_keep_the_order_of_the_scores(world, methods):
    scores = world.scores(methods.linear, [0.0, 1.0]).sample(frac=1, random_state=1)
    terms = sample_terms(scores, world.references(), UNITS)
    for name in ("source", "target", "alpha", "outcome"):
        assert terms[name].tolist() == scores[name].tolist()


def test_identity_reference_is_the_normalised_mean_of_the_reference_set(world, methods):
    references = world.references()
    references["is_reference"] = True
    terms = row_of(sample_terms(world.scores(methods.copy_source), references, UNITS), "p00", "p01")
    faces = [world.faces["p01", name].embedding.astype(float) for name in ("neutral", "smiling")]
    mean = sum(faces)
    expected = world.faces["p00", "smiling"].embedding - mean / np.linalg.norm(mean)
    assert terms["id_dist_target"] == pytest.approx(np.linalg.norm(expected), abs=1e-6)


def test_failed_rows_measure_nothing_and_carry_the_worst_anchor(world, methods):
    terms = world.terms(methods.failing(methods.linear, lambda pair: True), [0.5])
    measured = ["expression_error", "au_mse", "au_mae", "au_cosine", "id_dist_target", "niqe"]
    assert terms[measured].isna().all(axis=None)
    pair = Pair("test", "p03", "smiling", "p05")
    candidates = [(name, "smiling", "smiling") for name in world.names]
    wrong = world.faces[stranger(pair, candidates)]
    source, neutral = world.faces["p03", "smiling"], world.faces["p03", "neutral"]
    target = world.faces["p05", "neutral"]
    ds = source.units - neutral.units
    anchors = [target, source, wrong]
    row = row_of(terms, "p03", "p05")
    assert row["expression_error_worst"] == pytest.approx(
        max(((face.units - target.units - ds) ** 2).sum() for face in anchors)
    )
    assert row["au_mse_worst"] == pytest.approx(
        max(((face.units - source.units) ** 2).mean() for face in anchors)
    )
    assert row["id_dist_target_worst"] == pytest.approx(
        max(np.linalg.norm(face.embedding - target.embedding) for face in anchors), abs=1e-6
    )
    assert row["niqe_worst"] == max(face.niqe for face in anchors)


def test_two_people_alone_have_no_stranger_and_two_anchors(make_world, methods):
    world = make_world(count=2)
    world.faces["p01", "smiling"] = replace(world.faces["p01", "smiling"], niqe=99.0)
    row = row_of(world.terms(methods.copy_source), "p00", "p01")
    anchors = [world.faces["p01", "neutral"], world.faces["p00", "smiling"]]
    assert row["niqe_worst"] == max(face.niqe for face in anchors)
    assert row["au_mse_worst"] == pytest.approx(row["au_mse_neutral"])


def test_an_unreadable_stranger_is_no_anchor(world, methods):
    scores = world.scores(methods.copy_source)
    before = sample_terms(scores, world.references(), UNITS)
    pair = Pair("test", "p03", "smiling", "p05")
    wrong = stranger(pair, [(name, "smiling", "smiling") for name in world.names])
    world.faces[wrong] = replace(world.faces[wrong], niqe=99.0)
    bad = sample_terms(scores, world.references(), UNITS)
    assert row_of(bad, "p03", "p05")["niqe_worst"] == 99.0
    world.faces[wrong] = replace(world.faces[wrong], outcome="no_face")
    after = sample_terms(scores, world.references(), UNITS)
    assert row_of(after, "p03", "p05")["niqe_worst"] <= row_of(before, "p03", "p05")["niqe_worst"]


def test_tables_read_back_from_parquet_give_the_same_terms_and_scores(world, methods, tmp_path):
    failing = methods.failing(methods.linear, lambda pair: pair.source == "p01")
    tables = {"scores": world.scores(failing, [0.0, 0.5]), "references": world.references()}
    tables["scores"]["embedding"] = [
        None if outcome != "ok" else value
        for outcome, value in zip(
            tables["scores"]["outcome"], tables["scores"]["embedding"], strict=True
        )
    ]
    for name, table in tables.items():
        table.to_parquet(tmp_path / f"{name}.parquet")
    stored = {name: pd.read_parquet(tmp_path / f"{name}.parquet") for name in tables}
    expected = sample_terms(tables["scores"], tables["references"], UNITS)
    found = sample_terms(stored["scores"], stored["references"], UNITS)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    half = [terms[terms["alpha"] == 0.5] for terms in (found, expected)]
    for failures in ("worst", "excluded"):
        first, second = (aggregate(terms, niqe_real=4.0, failures=failures) for terms in half)
        assert first == second


def test_decoded_means_are_the_outputs_at_alpha_zero(world, methods):
    terms = world.terms(methods.linear, [0.0, 0.4])
    zero = terms[terms["alpha"] == 0]
    assert zero["id_dist_target_mean"].to_numpy() == pytest.approx(0.0, abs=1e-6)
    row = row_of(terms[terms["alpha"] == 0.4], "p01", "p02")
    # At alpha = 0 the linear method decodes the neutral faces themselves.
    assert row["id_dist_source_mean"] == pytest.approx(row["id_dist_source"], abs=1e-6)
    without = world.terms(methods.linear, [0.4])
    assert without[["id_dist_target_mean", "id_dist_source_mean"]].isna().all(axis=None)


@pytest.mark.parametrize(("sample", "unusable"), [("smiling", 8), ("neutral", 15)])
def test_pairs_with_an_unreadable_real_image_are_left_out_and_counted(
    world, methods, sample, unusable
):
    scores = world.scores(methods.linear, [0.0, 1.0])
    world.faces["p03", sample] = replace(world.faces["p03", sample], outcome="several_faces")
    terms = sample_terms(scores, world.references(), UNITS)
    assert terms.attrs["unusable_pairs"] == unusable
    assert len(terms) == 2 * (64 - unusable)
    assert "p03" not in set(terms["source"])


def test_a_real_image_without_embedding_makes_its_pairs_unusable(world, methods):
    scores = world.scores(methods.copy_source)
    world.faces["p03", "neutral"] = replace(world.faces["p03", "neutral"], embedding=None)
    terms = sample_terms(scores, world.references(), UNITS)
    assert terms.attrs["unusable_pairs"] == 15


def test_cosine_is_undefined_for_no_change(world, methods):
    assert world.terms(methods.target_neutral)["au_cosine"].isna().all()


def test_an_empty_table_gives_an_empty_table(world, methods):
    terms = sample_terms(world.scores(methods.linear, [0.5]).iloc[:0], world.references(), UNITS)
    assert terms.empty
    assert "expression_error_worst" in terms.columns
    assert terms.attrs["unusable_pairs"] == 0


def test_mean_real_niqe_is_of_its_part_alone():
    references = pd.DataFrame({"part": ["dev", "test", "test"], "niqe": [9.0, 3.0, 5.0]})
    assert mean_real_niqe(references, "test") == 4.0


def broken(table, column, value, row=0):
    table = table.copy()
    table[column] = table[column].astype(object)
    table.loc[row, column] = value
    return table


def test_tables_that_do_not_belong_together_are_refused(world, methods):
    scores, references = world.scores(methods.linear, [0.5]), world.references()
    with pytest.raises(ValueError, match="references table lacks the columns AU99"):
        sample_terms(scores.assign(AU99=0.0), references, [*UNITS, "AU99"])
    with pytest.raises(ValueError, match=r"pair p00/smiling>p07"):
        sample_terms(scores, references[references["identity"] != "p07"], UNITS)
    with pytest.raises(ValueError, match="p00/neutral twice"):
        sample_terms(scores, broken(references, "sample", "neutral", 1), UNITS)
    with pytest.raises(ValueError, match="p00 must have exactly one neutral"):
        sample_terms(scores, references.assign(is_neutral=False), UNITS)
    shorter = scores.assign(embedding=[value[:4] for value in scores["embedding"]])
    with pytest.raises(ValueError, match="different embedders"):
        sample_terms(shorter, references, UNITS)
    with pytest.raises(ValueError, match="no embedding"):
        sample_terms(scores, references.assign(embedding=None), UNITS)


@pytest.mark.parametrize(("column", "value"), [("embedding", None), ("AU12", np.nan)])
def test_an_ok_row_without_readings_is_a_contradiction(world, methods, column, value):
    scores = broken(world.scores(methods.linear, [0.5]), column, value, 3)
    with pytest.raises(ValueError, match="p00/smiling>p03 has outcome ok but"):
        sample_terms(scores, world.references(), UNITS)


@pytest.mark.slow
def test_a_hundred_thousand_rows_stay_under_one_gibibyte(make_world, methods):
    world = make_world(count=75)
    scores = world.scores(methods.linear, np.linspace(0, 1, 18))
    assert len(scores) > 100_000
    references = world.references()
    random = np.random.default_rng(0)
    for table in (scores, references):
        table["embedding"] = list(random.normal(size=(len(table), 512)).astype(np.float32))
    tracemalloc.start()
    begin = time.perf_counter()
    terms = sample_terms(scores, references, UNITS)
    last = terms[terms["alpha"] == 1]
    intervals = score_intervals(last, draws_for([last]), niqe_real=4.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**30
    assert intervals.expression_skill.identities == 75
    assert time.perf_counter() - begin < 60
