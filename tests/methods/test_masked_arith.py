"""The mask is what people share of an expression, learnt on dev alone; nothing is added outside."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from bench.methods.masked_arith import EDGE, SATURATION, SMOOTHING, MaskedArithmetic
from bench.plugins.contracts import Face, MethodContext

SIDE = 32
MOUTH = (slice(18, 26), slice(8, 24))


@pytest.fixture
def people() -> dict[tuple[str, str], Face]:
    """Five people who open the same mouth, each with a change of their own elsewhere."""
    random = np.random.default_rng(0)
    faces = {}
    for number in range(5):
        face = random.integers(60, 180, size=(SIDE, SIDE, 3))
        for expression in ("neutral", "happy", "sad"):
            pixels = face.copy()
            if expression != "neutral":
                pixels[:12] += random.integers(-20, 21, size=(12, SIDE, 3))
                pixels[MOUTH] += 50 if expression == "happy" else -50
            key = (f"p{number}", expression)
            faces[key] = Face(*key, expression, pixels.clip(0, 255).astype(np.uint8))
    return faces


@pytest.fixture
def dev(context, people) -> MethodContext:
    return dataclasses.replace(
        context,
        resolution=SIDE,
        development=lambda: list(people.values()),
        neutral=lambda identity: people[identity, "neutral"],
    )


@pytest.fixture
def ask(people, request_for) -> Callable[..., object]:
    def make(source: str, target: str, alpha: float):
        return dataclasses.replace(
            request_for("a", "b", alpha),
            pair=dataclasses.replace(request_for("a", "b").pair, source=source, target=target),
            source=people[source, "happy"],
            source_reference=(people[source, "neutral"],),
            target_reference=(people[target, "neutral"],),
        )

    return make


def mask(context: MethodContext, **parameters: float) -> np.ndarray:
    method = MaskedArithmetic(**parameters)
    method.prepare(context)
    return method._mask


def test_the_mask_is_the_ridge_regression_of_all_pairs_of_people(dev, people):
    change = {
        key: (face.pixels / 255.0) - people[key[0], "neutral"].pixels / 255.0
        for key, face in people.items()
        if key[1] != "neutral"
    }
    names = sorted({name for name, _ in people})
    products, squares = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for expression in ("happy", "sad"):
        for a in names:
            squares += (change[a, expression] ** 2).sum(-1) / len(names) / 2
            for b in names:
                if a != b:
                    product = (change[a, expression] * change[b, expression]).sum(-1)
                    products += product / (len(names) * (len(names) - 1)) / 2
    smooth = SMOOTHING * SIDE
    ridge = gaussian_filter(squares, smooth) + 0.3 * squares.mean()
    slope = (gaussian_filter(products, smooth) / ridge).clip(min=0.0)
    expected = gaussian_filter((slope / (SATURATION * slope.max())).clip(max=1.0), EDGE * SIDE)
    np.testing.assert_allclose(mask(dev, penalty=0.3)[..., 0], expected, atol=1e-5)


def test_it_is_1_where_people_agree_and_0_where_they_differ_or_rest(dev):
    found = mask(dev)[..., 0]
    assert found[20:24, 12:20].min() > 0.99
    assert found[:10].max() < 0.2  # each person's own
    assert found[30:].max() < 0.05  # nobody moves
    assert 0.0 <= found.min() <= found.max() <= 1.0


def test_without_a_penalty_it_is_as_good_where_nothing_ever_changes(dev):
    assert np.isfinite(mask(dev, penalty=0.0)).all()


def test_at_alpha_0_it_is_the_target_s_neutral_photograph(dev, people, ask):
    method = MaskedArithmetic()
    method.prepare(dev)
    image = method.transfer([ask("p0", "p1", 0.0)])[0]
    np.testing.assert_allclose(image, people["p1", "neutral"].pixels / 255.0, atol=1e-6)


def test_inside_of_the_mask_it_is_pixel_arithmetic_outside_it_is_the_target(dev, people, ask):
    method = MaskedArithmetic()
    method.prepare(dev)
    image = method.transfer([ask("p0", "p1", 0.5)])[0]
    assert image.dtype == np.float32
    neutral = people["p1", "neutral"].pixels / 255.0
    inner = (slice(20, 24), slice(12, 20))
    np.testing.assert_allclose(image[inner], neutral[inner] + 0.5 * 50 / 255, atol=2e-3)
    np.testing.assert_allclose(image[30:], neutral[30:], atol=2e-3)


def test_an_image_does_not_depend_on_what_else_is_asked_for(dev, ask):
    requests = [
        ask(s, t, alpha) for s in ("p0", "p1") for t in ("p2", "p3") for alpha in (0.4, 2.0)
    ]
    method = MaskedArithmetic()
    method.prepare(dev)
    together = method.transfer(requests)
    alone = np.concatenate([method.transfer([request]) for request in requests[::-1]])
    np.testing.assert_array_equal(together, alone[::-1])
    assert together.max() == 1.0  # so that clipping has been seen


def test_more_of_one_expression_counts_no_more(dev, people):
    """Twenty photographs of one kind weigh as much as one of another kind."""
    happy = [face for face in people.values() if face.expression == "happy"]
    copies = [
        dataclasses.replace(face, sample=f"{face.sample}-{i}") for face in happy for i in range(19)
    ]
    more = dataclasses.replace(dev, development=lambda: [*people.values(), *copies])
    np.testing.assert_allclose(mask(more), mask(dev), atol=1e-5)


def test_dev_parts_that_teach_nothing_are_refused(dev, people):
    lonely = [face for face in people.values() if face.identity == "p0"]
    with pytest.raises(ValueError, match="no expression is shown by two people"):
        mask(dataclasses.replace(dev, development=lambda: lonely))
    still = [
        dataclasses.replace(people[face.identity, "neutral"], sample="s", expression="happy")
        for face in people.values()
    ]
    with pytest.raises(ValueError, match="no pixel moves alike"):
        mask(dataclasses.replace(dev, development=lambda: still))


@pytest.mark.parametrize("penalty", [-0.1, float("nan"), float("inf")])
def test_a_penalty_is_a_number_from_0_on(penalty):
    with pytest.raises(ValueError, match="penalty"):
        MaskedArithmetic(penalty=penalty)
