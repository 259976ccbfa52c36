"""What glow-typical and glow-coarse change of glow-arith, and what they share with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.methods.glow_arith import GlowArithmetic
from bench.methods.glow_coarse import GlowCoarse
from bench.methods.glow_latents import GlowMethod
from bench.methods.glow_typical import GlowTypical

METHODS = [GlowArithmetic, GlowTypical, GlowCoarse]


def prepared(make, context, weights, **parameters) -> GlowMethod:
    method = make(model=str(weights), **parameters)
    method.prepare(context)
    return method


def combined(method: GlowMethod, request) -> torch.Tensor:
    method.latents.encode([request.source, *request.source_reference, *request.target_reference])
    return method.combine(request)


def rms(latent: torch.Tensor) -> float:
    return float(latent.square().mean().sqrt())


def test_the_levels_cover_the_latent_once_finest_first(context, weights):
    latents = prepared(GlowArithmetic, context, weights).latents
    assert latents.levels == [slice(0, 16 * 16 * 3 // 2), slice(16 * 16 * 3 // 2, 16 * 16 * 3)]


@pytest.mark.parametrize("make", METHODS)
def test_the_grouping_of_requests_does_not_matter(make, context, weights, request_for):
    requests = [request_for(s, t, alpha) for s in "ab" for t in "bc" for alpha in (0.0, 0.4, 1.2)]
    together = prepared(make, context, weights).transfer(requests)
    alone = prepared(make, context, weights)
    for request, image in reversed(list(zip(requests, together, strict=True))):
        assert np.abs(alone.transfer([request])[0].astype(int) - image).max() <= 1


@pytest.mark.parametrize("make", METHODS)
def test_at_alpha_0_the_source_does_not_matter(make, context, weights, request_for):
    images = prepared(make, context, weights).transfer(
        [request_for(source, "b", 0.0) for source in "acd"]
    )
    assert (images == images[0]).all()


@pytest.mark.parametrize("make", METHODS)
def test_making_a_latent_leaves_the_means_as_they_are(make, context, weights, request_for):
    method = prepared(make, context, weights)
    request = request_for("a", "b", 0.9)
    first = combined(method, request).clone()
    combined(method, request_for("c", "b", 1.4))
    assert torch.equal(combined(method, request), first)


@pytest.mark.parametrize("make", METHODS)
def test_other_sizes_of_image_come_back_at_their_own(make, context, weights, request_for):
    method = prepared(make, replace(context, resolution=64), weights)
    assert method.transfer([request_for("a", "b", 0.5)]).shape == (1, 64, 64, 3)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 3.0])
def test_typical_latents_are_no_longer_than_the_target_s_photographs(
    context, weights, request_for, alpha
):
    method = prepared(GlowTypical, context, weights)
    request = request_for("a", "b", alpha)
    plain = combined(prepared(GlowArithmetic, context, weights), request)
    latent = combined(method, request)
    for level in method.latents.levels:
        own = torch.cat([method.latents.of(face)[level] for face in request.target_reference])
        assert rms(latent[level]) == pytest.approx(min(rms(own), rms(plain[level])))
        assert (rms(plain[level]) > rms(own)) == (alpha >= 1.0)  # so that both have been seen


def test_typical_latents_point_where_those_of_glow_arith_do(context, weights, request_for):
    request = request_for("a", "b", 1.5)
    method = prepared(GlowTypical, context, weights)
    plain = combined(prepared(GlowArithmetic, context, weights), request)
    for level in method.latents.levels:
        typical = combined(method, request)[level]
        cosine = torch.nn.functional.cosine_similarity(typical, plain[level], dim=0)
        assert float(cosine) == pytest.approx(1.0)


@pytest.mark.parametrize("reference", ["photographs", "mean"])
def test_at_alpha_0_typical_is_the_mean_face_of_glow_arith(
    context, weights, request_for, reference
):
    request = request_for("a", "b", 0.0)
    plain = prepared(GlowArithmetic, context, weights).transfer([request])
    typical = prepared(GlowTypical, context, weights, reference=reference).transfer([request])
    np.testing.assert_array_equal(typical, plain)


def test_by_the_mean_s_length_typical_latents_are_shorter(context, weights, request_for):
    request = request_for("a", "b", 1.2)
    by_mean = combined(prepared(GlowTypical, context, weights, reference="mean"), request)
    by_photographs = combined(prepared(GlowTypical, context, weights), request)
    assert rms(by_mean) < 0.9 * rms(by_photographs)


def test_with_one_reference_image_both_lengths_are_one(context, weights, request_for):
    request = request_for("a", "b", 1.2)
    alone = replace(request, target_reference=request.target_reference[:1])
    by_photographs, by_mean = (
        combined(prepared(GlowTypical, context, weights, reference=reference), alone)
        for reference in ("photographs", "mean")
    )
    torch.testing.assert_close(by_photographs, by_mean)


def test_coarse_moves_the_coarse_levels_alone(context, weights, request_for):
    request = request_for("a", "b", 0.8)
    method = prepared(GlowCoarse, context, weights)
    latent = combined(method, request)
    finest, coarse = method.latents.levels
    target = method.latents.mean(request.target_reference)
    plain = combined(prepared(GlowArithmetic, context, weights), request)
    assert torch.equal(latent[finest], target[finest])
    torch.testing.assert_close(latent[coarse], plain[coarse])
    assert not torch.equal(latent[coarse], target[coarse])


def test_parameters_out_of_range_are_refused_with_the_choices(context, weights):
    with pytest.raises(ValueError, match="reference must be one of photographs, mean, not 'all'"):
        GlowTypical(reference="all")
    with pytest.raises(ValueError, match="kept must be at least 1"):
        GlowCoarse(kept=0)
    with pytest.raises(ValueError, match="less than the model's 2 levels, not 2"):
        GlowCoarse(model=str(weights), kept=2).prepare(context)
