from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.functional import jacobian

from glow.layers import (
    ActNorm,
    ChannelPermutation,
    CouplingLayer,
    EdgeAwareConv,
    FlowStep,
    GaussianSplit,
    InvertibleConv,
    TopPrior,
)

SHAPE = (4, 3, 3)


def perturbed(layer: nn.Module, seed: int = 0) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    layer = layer.double().eval()
    for parameter in layer.requires_grad_(False).parameters():
        parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
    return layer


def state(count: int = 1, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, *SHAPE, generator=generator, dtype=torch.float64)


def log_abs_det(function, x: Tensor) -> float:
    matrix = jacobian(lambda v: function(v.reshape(x.shape)).flatten(), x.flatten())
    return float(torch.linalg.slogdet(matrix).logabsdet)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ActNorm(4),
        lambda: InvertibleConv(4),
        lambda: ChannelPermutation(4, shuffle=True),
        lambda: ChannelPermutation(4, shuffle=False),
    ],
)
def test_constant_log_determinants_are_those_of_the_jacobian(make):
    layer, x = perturbed(make()), state()
    assert float(layer.log_det(9)) == pytest.approx(log_abs_det(layer, x), abs=1e-10)
    torch.testing.assert_close(layer.inverse(layer(x)), x, rtol=0, atol=1e-12)


@pytest.mark.parametrize("coupling", ["affine", "additive"])
@pytest.mark.parametrize("permutation", ["invertible_1x1", "shuffle", "reverse"])
def test_a_step_has_the_log_determinant_of_its_jacobian(coupling, permutation):
    step, x = perturbed(FlowStep(4, 5, coupling, permutation)), state()
    y, log_det = step(x)
    assert float(log_det.detach()) == pytest.approx(log_abs_det(lambda v: step(v)[0], x), abs=1e-10)
    torch.testing.assert_close(step.inverse(y), x, rtol=0, atol=1e-12)


def test_edge_aware_conv_is_a_convolution_with_an_edge_channel():
    conv = perturbed(EdgeAwareConv(4, 6, std=0.3))
    x = state(count=2)
    edge = F.pad(torch.zeros(2, 1, 3, 3, dtype=x.dtype), (1, 1, 1, 1), value=1.0)
    explicit = F.conv2d(torch.cat([F.pad(x, (1, 1, 1, 1)), edge], dim=1), conv.weight)
    torch.testing.assert_close(conv(x), explicit, rtol=0, atol=1e-12)


def test_actnorm_normalises_the_first_training_batch_and_no_other():
    layer = ActNorm(4)
    first = state(count=16).float() * torch.tensor([0.1, 1.0, 5.0, 30.0])[:, None, None] + 3.0
    untouched = layer.eval()(first)
    torch.testing.assert_close(untouched, first)
    layer.train()
    normal = layer(first)
    torch.testing.assert_close(normal.mean(dim=(0, 2, 3)), torch.zeros(4), rtol=0, atol=1e-5)
    torch.testing.assert_close(
        normal.var(dim=(0, 2, 3), correction=0), torch.ones(4), rtol=0, atol=1e-4
    )
    assert float(layer(first + 1.0).mean().detach()) > 0.01


def test_actnorm_survives_a_constant_channel():
    layer = ActNorm(4).train()
    assert torch.isfinite(layer(torch.full((2, *SHAPE), 0.25))).all()


def test_a_fresh_1x1_convolution_is_a_rotation():
    matrix = InvertibleConv(12).weight
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(12), rtol=0, atol=1e-5)


def test_a_fresh_affine_coupling_scales_the_second_half_by_sigmoid_2():
    x = state()
    y, log_det = CouplingLayer(4, 5, "affine")(x)
    scale = 1.0 / (1.0 + math.exp(-2.0))
    torch.testing.assert_close(y[:, :2], x[:, :2])
    torch.testing.assert_close(y[:, 2:], x[:, 2:] * scale)
    assert float(log_det.detach()) == pytest.approx(2 * 9 * math.log(scale))


def test_shift_and_scale_are_interleaved():
    layer = CouplingLayer(4, 5, "affine").double()
    with torch.no_grad():
        layer.network[-1].bias.copy_(torch.tensor([10.0, 0.0, 20.0, 1.0]))
    x = torch.zeros(1, *SHAPE, dtype=torch.float64)
    y, _ = layer(x)
    sigmoid = [1.0 / (1.0 + math.exp(-value)) for value in (2.0, 3.0)]
    expected = torch.tensor([0.0, 0.0, 10.0 * sigmoid[0], 20.0 * sigmoid[1]])
    torch.testing.assert_close(y[0, :, 1, 1], expected.double(), rtol=1e-6, atol=0)


def test_log_scales_act_three_times():
    layer = ActNorm(4).eval()
    with torch.no_grad():
        layer.logs.fill_(0.5)
    x = state()
    torch.testing.assert_close(layer(x), x * math.exp(1.5))
    assert float(layer.log_det(9).detach()) == pytest.approx(4 * 9 * 1.5)


def test_split_whitens_with_interleaved_mean_and_log_deviation():
    split = GaussianSplit(4).double()
    with torch.no_grad():
        split.prior.bias.copy_(torch.tensor([1.0, 0.5, -2.0, 0.25]))
    x = state()
    kept, eps, log_prob = split(x)
    expected = torch.stack([(x[:, 2] - 1) * math.exp(-0.5), (x[:, 3] + 2) * math.exp(-0.25)], 1)
    torch.testing.assert_close(eps, expected)
    normal = torch.distributions.Normal(
        torch.tensor([1.0, -2.0]).double()[:, None, None],
        torch.tensor([0.5, 0.25]).double().exp()[:, None, None],
    )
    assert float(log_prob.detach()) == pytest.approx(float(normal.log_prob(x[:, 2:]).sum()))
    torch.testing.assert_close(split.inverse(kept, eps), x)


def test_the_learned_top_prior_differs_at_the_border_alone():
    top = perturbed(TopPrior(4, learned=True))
    mean = top.inverse(torch.zeros(1, 4, 5, 5, dtype=torch.float64))[0]
    inside = mean[:, 1:-1, 1:-1]
    torch.testing.assert_close(inside, inside[:, :1, :1].expand_as(inside))
    for y, x in [(0, 0), (0, 2), (2, 0), (4, 4), (4, 2)]:
        assert (mean[:, y, x] - mean[:, 2, 2]).abs().max() > 1e-3


def test_the_top_prior_takes_mean_and_log_deviation_from_halves():
    top = TopPrior(2, learned=True).double()
    with torch.no_grad():
        top.prior.bias.copy_(torch.tensor([1.0, 2.0, 0.5, 0.25]))
    x = top.inverse(torch.ones(1, 2, 1, 1, dtype=torch.float64)).flatten().tolist()
    assert x == pytest.approx([1.0 + math.exp(0.5), 2.0 + math.exp(0.25)])
