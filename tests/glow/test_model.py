from __future__ import annotations

import doctest
import itertools
import math

import pytest
import torch
from torch import Tensor
from torch.autograd.functional import jacobian

import glow.model
from glow import Glow, GlowConfig
from glow.module import GlowModule

VARIANTS = [
    pytest.param({"coupling": c, "permutation": p, "learn_top": t}, id=f"{c}-{p}-top{t:d}")
    for c, p, t in itertools.product(
        ["affine", "additive"], ["invertible_1x1", "shuffle", "reverse"], [True, False]
    )
]


def random_images(count: int, size: int) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    levels = torch.randint(256, (count, 3, size, size), generator=generator)
    return levels.float() / 255.0


@pytest.mark.parametrize("options", VARIANTS)
def test_decode_inverts_encode(make_glow, options):
    images = random_images(3, 8)
    model = make_glow(**options)
    restored = model.decode(model.latents(images))
    assert restored.dtype == torch.float64
    assert (restored - images).abs().max() < 1e-6
    # To the last digits where the coupling networks are in float64 too.
    model = make_glow(precision="fp64", **options)
    images = model.quantize(images.double())
    assert (model.decode(model.latents(images)) - images).abs().max() < 1e-12


@pytest.mark.parametrize("options", [*VARIANTS, {"actnorm": False}])
def test_log_density_is_that_of_the_latents_times_the_jacobian(make_module, options):
    module = make_module(image_size=4, dtype=torch.float64, **options)
    centred = _centred(random_images(1, 4).double())

    def latents(x: Tensor) -> Tensor:
        return torch.cat([eps.flatten() for eps in module(x.reshape(centred.shape))[0]])

    log_det = torch.linalg.slogdet(jacobian(latents, centred.flatten())).logabsdet
    eps = latents(centred)
    normal = -0.5 * (eps.square() + math.log(2.0 * math.pi)).sum()
    torch.testing.assert_close(module.log_prob(centred)[0], normal + log_det, rtol=1e-10, atol=1e-9)


def test_latents_alone_are_those_with_the_density(make_glow):
    model, images = make_glow(), random_images(2, 8)
    assert torch.equal(model.latents(images), model.encode(images)[0])


def test_noise_stays_in_its_bin_and_is_drawn_from_the_seed(make_glow):
    model, images = make_glow(), random_images(2, 8)
    noisy = model.decode(model.latents(images, noise_seed=1))
    shift = (noisy - images) * 255.0 / 256.0
    assert shift.abs().max() <= 0.5 / 256.0 + 1e-6
    assert shift.std().item() == pytest.approx(1.0 / 256.0 / math.sqrt(12.0), rel=0.1)
    assert torch.equal(noisy, model.decode(model.latents(images, noise_seed=1)))
    assert not torch.equal(noisy, model.decode(model.latents(images, noise_seed=2)))


@pytest.mark.parametrize("learn_top", [True, False])
def test_a_class_moves_the_prior_of_the_last_level_alone(make_glow, learn_top):
    model, images = make_glow(classes=3, learn_top=learn_top), random_images(2, 8)
    first, second = (model.latents(images, torch.full((2,), label)) for label in (0, 2))
    top = math.prod(model.config.latent_shapes()[-1])
    assert torch.equal(first[:, :-top], second[:, :-top])
    assert (first[:, -top:] - second[:, -top:]).abs().min() > 0.0
    assert (model.decode(second, torch.tensor([2, 2])) - images).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("classes", "labels", "words"),
    [
        (3, None, "expected labels .* 3 classes, got none"),
        (0, torch.tensor([0]), "expected no labels, got some"),
        (3, torch.tensor([0, 1]), "expected 1 integer labels"),
        (3, torch.tensor([0.0]), "integer labels, got torch.float32"),
        (3, torch.tensor([3]), r"labels 0\.\.2, got 3\.\.3"),
        (3, torch.tensor([-1]), r"labels 0\.\.2, got -1"),
    ],
)
def test_wrong_labels_are_refused(make_glow, classes, labels, words):
    model = make_glow(classes=classes)
    for act in (model.encode, model.latents):
        with pytest.raises(ValueError, match=words):
            act(random_images(1, 8), labels)
    with pytest.raises(ValueError, match=words):
        model.decode(torch.zeros(1, 192), labels)


def test_nice_and_real_nvp_are_configurations(make_glow):
    for config in (GlowConfig.nice, GlowConfig.real_nvp):
        options = config(image_size=8, levels=2, steps=2, width=6).to_dict()
        model = make_glow(**options)
        assert not model.config.actnorm
        assert model.config.permutation == "reverse"
        images = random_images(2, 8)
        assert (model.decode(model.latents(images)) - images).abs().max() < 1e-6
    assert GlowConfig.nice().coupling == "additive"
    assert GlowConfig.real_nvp().coupling == "affine"


def test_images_do_not_see_each_other(make_glow):
    model, images = make_glow(), random_images(3, 8)
    together = model.latents(images)
    for index in range(3):
        alone = model.latents(images[index : index + 1])[0]
        torch.testing.assert_close(alone, together[index], rtol=0, atol=1e-5)


def test_latents_are_flattened_position_by_position_from_the_finest_level():
    # Nothing but rearrangements: squeeze, reversed channels, split.
    config = GlowConfig(
        image_size=4, levels=2, steps=1, width=2, coupling="additive", permutation="reverse"
    )
    image = torch.arange(48).reshape(1, 3, 4, 4) / 255.0

    def squeezed(y: int, x: int, channel: int) -> int:
        colour, dy, dx = channel // 4, channel % 4 // 2, channel % 2
        return 16 * colour + 4 * (2 * y + dy) + 2 * x + dx

    finest = [squeezed(y, x, 11 - (6 + c)) for y in range(2) for x in range(2) for c in range(6)]
    top = [squeezed(c % 4 // 2, c % 2, 11 - c // 4) for c in reversed(range(24))]
    eps = Glow(GlowModule(config)).latents(image)[0]
    assert ((eps + 0.5) * 256.0 - 0.5).round().int().tolist() == finest + top


def test_latent_shapes_are_those_of_the_published_model():
    config = GlowConfig(image_size=256, levels=6, steps=32, width=512)
    heights = [(6, 128), (12, 64), (24, 32), (48, 16), (96, 8), (384, 4)]
    assert config.latent_shapes() == [(c, s, s) for c, s in heights]
    assert config.latent_size == sum(c * s * s for c, s in heights) == 196_608


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_8_bit_images_survive(make_glow, dtype):
    model = make_glow(image_size=16)
    grey = torch.randperm(256, generator=torch.Generator().manual_seed(0))
    levels = torch.stack([grey, grey.flip(0), grey.roll(9)]).reshape(1, 3, 16, 16)
    restored = model.decode(model.latents((levels.double() / 255.0).to(dtype)))
    assert torch.equal((restored * 255.0).round().long(), levels)


def test_5_bit_images_come_back_as_the_middle_of_their_bins(make_glow):
    model = make_glow(image_size=16, bits=5)
    levels = torch.arange(256).reshape(1, 1, 16, 16).expand(1, 3, 16, 16)
    images = levels.double() / 255.0
    middle = (levels // 8 * 8 + 3.5) / 255.0
    torch.testing.assert_close(model.quantize(images), middle, rtol=0, atol=1e-7, check_dtype=False)
    restored = model.decode(model.latents(images))
    torch.testing.assert_close(restored, middle, rtol=0, atol=1e-6, check_dtype=False)


def test_bits_per_dim_counts_the_bins(make_module):
    module, centred = make_module(dtype=torch.float64), _centred(random_images(2, 8).double())
    nats = -(module.log_prob(centred) - 192 * math.log(2**5))
    torch.testing.assert_close(module.bits_per_dim(centred, 5), nats / (192 * math.log(2.0)))


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (torch.zeros(3, 8, 8), "shape"),
        (torch.zeros(1, 8, 8, 3), "shape"),
        (torch.zeros(1, 3, 16, 16), "shape"),
        (torch.zeros(0, 3, 8, 8), "at least one image"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "floating.*uint8"),
        (torch.full((1, 3, 8, 8), 255.0), r"\[0, 1\], got values in \[255, 255\]"),
        (torch.full((1, 3, 8, 8), -0.01), r"\[0, 1\]"),
        (torch.full((1, 3, 8, 8), math.nan), "nan"),
    ],
)
def test_what_is_no_image_is_refused(make_glow, images, words):
    with pytest.raises(ValueError, match=words):
        make_glow().encode(images)


@pytest.mark.parametrize(
    ("eps", "words"),
    [
        (torch.zeros(192), r"shape \(N, 192\), got \(192,\)"),
        (torch.zeros(1, 191), "shape"),
        (torch.zeros(0, 192), "at least one latent"),
        (torch.zeros(1, 192, dtype=torch.int64), "floating.*int64"),
        (torch.full((1, 192), math.nan), "finite latents"),
    ],
)
def test_what_are_no_latents_is_refused(make_glow, eps, words):
    with pytest.raises(ValueError, match=words):
        make_glow().decode(eps)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"image_size": 20, "levels": 3}, "20 is not divisible by .* 8"),
        ({"coupling": "afine"}, "coupling must be one of"),
        ({"permutation": "1x1"}, "permutation must be one of"),
        ({"bits": 9}, "bits must be at most 8"),
        ({"levels": 10**9}, "levels must be at most 14"),
        ({"steps": 2.0}, "steps must be a whole number"),
        ({"width": True}, "width must be a whole number"),
        ({"steps": 0}, "steps must be at least 1"),
    ],
)
def test_impossible_configurations_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        GlowConfig(**options)


def test_the_example_in_the_documentation_runs():
    result = doctest.testmod(glow.model)
    assert result.attempted > 3
    assert result.failed == 0


def _centred(images: Tensor) -> Tensor:
    """The flow's input for images in [0, 1]: the middle of each of 256 bins, minus a half."""
    return (images * 255.0 + 0.5) / 256.0 - 0.5
