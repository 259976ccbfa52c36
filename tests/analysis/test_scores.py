from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.scores import aggregate, harmonic_mean, measures
from bench.analysis.terms import sample_terms

UNITS = ("AU06", "AU12", "AU25")


def test_doing_nothing_has_no_skill_and_keeps_the_identity_exactly(world, methods):
    scores = aggregate(world.terms(methods.target_neutral), niqe_real=world.niqe_real)
    assert scores.expression_skill == 0.0
    assert scores.raw_expression_skill == 0.0
    assert scores.identity_retention == 1.0
    assert scores.transfer_score == 0.0


def test_the_neutral_face_keeps_the_identity_also_where_it_is_not_the_whole_reference_set(
    world, methods
):
    references = world.references()
    references["is_reference"] = True
    terms = sample_terms(world.scores(methods.target_neutral), references, UNITS)
    assert (terms["id_dist_target_neutral"] > 0.01).all()
    assert aggregate(terms, niqe_real=4.0).identity_retention == 1.0


def test_copying_the_source_has_raw_skill_one_and_no_identity(world, methods):
    scores = aggregate(world.terms(methods.copy_source), niqe_real=world.niqe_real)
    assert scores.raw_expression_skill == 1.0
    assert scores.identity_retention == pytest.approx(0.0, abs=0.15)
    assert 0 < scores.expression_skill < 1


def test_perfect_transfer_has_all_scores_one(world, methods):
    terms = world.terms(methods.perfect)
    scores = aggregate(terms, niqe_real=terms.loc[terms["kind"] == "cross", "niqe"].mean())
    assert scores.expression_skill == pytest.approx(1.0)
    assert scores.identity_retention == pytest.approx(1.0)
    assert scores.naturalness == pytest.approx(1.0)
    assert scores.transfer_score == pytest.approx(1.0)


def test_skill_of_half_the_change_is_three_quarters(world, methods):
    scores = aggregate(world.terms(methods.linear, [0.5]), niqe_real=4.5)
    assert scores.expression_skill == pytest.approx(1 - 0.5**2)
    assert scores.naturalness == pytest.approx(1.0)


def test_skills_are_ratios_of_sums_and_not_means_of_ratios(world, methods):
    terms = world.terms(methods.linear, [0.5])
    terms["expression_error"] = np.arange(1.0, len(terms) + 1)
    cross = terms[terms["kind"] == "cross"]
    of_sums = 1 - cross["expression_error"].sum() / cross["expression_change"].sum()
    mean_of_ratios = (1 - cross["expression_error"] / cross["expression_change"]).mean()
    skill = aggregate(terms, niqe_real=4.0).expression_skill
    assert skill == pytest.approx(of_sums)
    assert skill != pytest.approx(mean_of_ratios, rel=0.01)
    kept = (cross["id_dist_source_neutral"] - cross["id_dist_target"]).sum()
    gap = (cross["id_dist_source_neutral"] - cross["id_dist_target_neutral"]).sum()
    assert aggregate(terms, niqe_real=4.0).identity_retention == pytest.approx(kept / gap)


def test_self_pairs_do_not_count(world, methods):
    terms = world.terms(methods.linear, [0.5])
    changed = terms.copy()
    changed.loc[changed["kind"] == "self", ["expression_error", "niqe", "id_dist_target"]] = 99.0
    assert aggregate(changed, niqe_real=4.0) == aggregate(terms, niqe_real=4.0)
    assert repr(measures(changed)) == repr(measures(terms))  # NaN is equal to nothing


def test_naturalness_is_capped_at_one(world, methods):
    terms = world.terms(methods.linear, [1.0])
    assert aggregate(terms, niqe_real=2.5).naturalness == pytest.approx(0.5)
    assert aggregate(terms, niqe_real=50.0).naturalness == 1.0


def test_a_failed_pair_costs_what_the_worst_anchor_scores_there(world, methods):
    terms = world.terms(methods.failing(methods.perfect, lambda pair: pair.source == "p00"))
    all_ok = aggregate(world.terms(methods.perfect), niqe_real=4.0)
    worst = aggregate(terms, niqe_real=4.0)
    cross = terms[terms["kind"] == "cross"]
    failed = cross[cross["outcome"] != "ok"]
    assert len(failed) == world.count - 1
    expected = 1 - failed["expression_error_worst"].sum() / cross["expression_change"].sum()
    assert worst.expression_skill == pytest.approx(expected)
    assert worst.transfer_score < all_ok.transfer_score
    assert worst.identity_retention < all_ok.identity_retention
    assert worst.raw_expression_skill < all_ok.raw_expression_skill


def test_excluding_failures_ignores_what_stands_in_their_rows(world, methods):
    terms = world.terms(methods.failing(methods.linear, lambda pair: pair.target == "p01"), [0.7])
    ok = terms[terms["outcome"] == "ok"]
    excluded = aggregate(terms, niqe_real=4.0, failures="excluded")
    assert excluded.expression_skill == pytest.approx(1 - 0.3**2)
    assert excluded.transfer_score == pytest.approx(aggregate(ok, niqe_real=4.0).transfer_score)


def test_failing_everywhere_scores_nothing(world, methods):
    terms = world.terms(methods.failing(methods.perfect, lambda pair: True))
    assert aggregate(terms, niqe_real=4.0).transfer_score == 0.0
    assert np.isnan(aggregate(terms, niqe_real=4.0, failures="excluded").transfer_score)


def test_an_output_without_niqe_takes_the_worst_anchors_niqe_alone(world, methods):
    terms = world.terms(methods.perfect)
    terms["niqe"] = np.nan
    scores = aggregate(terms, niqe_real=4.0)
    worst = terms.loc[terms["kind"] == "cross", "niqe_worst"].mean()
    assert scores.naturalness == pytest.approx(4.0 / worst)
    assert scores.expression_skill == pytest.approx(1.0)


def test_weights_repeat_and_drop_rows(world, methods):
    terms = world.terms(methods.linear, [0.3]).reset_index(drop=True)
    terms["expression_error"] *= np.linspace(0.5, 2, len(terms))
    weights = np.random.default_rng(0).integers(0, 3, (5, len(terms))).astype(float)
    found = aggregate(terms, weights, niqe_real=4.0)
    assert found.transfer_score.shape == (5,)
    for row, score in zip(weights.astype(int), found.transfer_score, strict=True):
        repeated = terms.loc[terms.index.repeat(row)].copy()
        repeated["pair"] = np.arange(len(repeated)).astype(str)
        assert score == pytest.approx(aggregate(repeated, niqe_real=4.0).transfer_score)
    one = aggregate(terms, np.ones(len(terms)), niqe_real=4.0)
    assert float(one.transfer_score) == pytest.approx(
        aggregate(terms, niqe_real=4.0).transfer_score
    )


def test_mixed_alphas_and_misfit_weights_are_refused(world, methods):
    terms = world.terms(methods.linear, [0.0, 1.0])
    with pytest.raises(ValueError, match="one alpha"):
        aggregate(terms, niqe_real=4.0)
    with pytest.raises(ValueError, match="weights of shape"):
        aggregate(terms[terms["alpha"] == 0], np.ones(3), niqe_real=4.0)


def test_scores_without_pairs_are_undefined(world, methods):
    terms = world.terms(methods.linear, [0.5])
    scores = aggregate(terms[terms["kind"] == "self"], niqe_real=4.0)
    assert np.isnan(scores.expression_skill)
    assert np.isnan(scores.transfer_score)


def test_harmonic_mean():
    parts = [np.array([1.0, 0.5, 1.0, -1.0, np.nan]), np.array([1.0, 1.0, 0.0, -1.0, 1.0])]
    found = harmonic_mean(*parts)
    assert found[:4] == pytest.approx([1.0, 2 / 3, 0.0, 0.0])
    assert np.isnan(found[4])
    third = np.array(0.25)
    assert float(harmonic_mean(third, third, third)) == pytest.approx(0.25)
    assert float(harmonic_mean(np.array(1.0), np.array(1.0), np.array(0.25))) == pytest.approx(0.5)


def test_measures_substitute_au_errors_and_leave_failures_out_of_distances(world, methods):
    terms = world.terms(methods.failing(methods.linear, lambda pair: pair.source == "p02"), [0.5])
    cross = terms[terms["kind"] == "cross"]
    ok = cross[cross["outcome"] == "ok"]
    failed = cross[cross["outcome"] != "ok"]
    found = measures(terms)
    assert found.coverage == pytest.approx(7 / 8)
    assert found.au_mse == pytest.approx(
        (ok["au_mse"].sum() + failed["au_mse_worst"].sum()) / len(cross)
    )
    assert found.au_mae == pytest.approx(
        (ok["au_mae"].sum() + failed["au_mae_worst"].sum()) / len(cross)
    )
    assert found.id_dist_target == pytest.approx(ok["id_dist_target"].mean())
    assert found.id_dist_source == pytest.approx(ok["id_dist_source"].mean())
