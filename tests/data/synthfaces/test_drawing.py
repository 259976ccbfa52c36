from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bench.data.synthfaces import ACTION_UNITS, Expression, FaceParameters, View, draw_face
from bench.data.synthfaces.parameters import HAIR_STYLES
from bench.data.synthfaces.sampling import random_identity, random_view
from metrics.contracts import EYE_POSITIONS

NEUTRAL = Expression.of()
PLAIN = View()

# Rows and columns, as shares of the frame, where most of each unit's change must lie.
UPPER, EYES, NOSE, LOWER = (0.12, 0.47), (0.40, 0.62), (0.40, 0.72), (0.60, 1.0)
WHERE = {
    "AU01": UPPER, "AU02": UPPER, "AU04": UPPER, "AU05": EYES, "AU06": (0.40, 0.72), "AU07": EYES,
    "AU09": (0.33, 0.72), "AU10": (0.55, 0.85), "AU12": LOWER, "AU14": LOWER,
    "AU15": LOWER, "AU17": LOWER,
    "AU20": LOWER, "AU23": LOWER, "AU25": LOWER, "AU26": LOWER, "AU28": LOWER, "AU45": EYES,
}  # fmt: skip


def person(seed: int = 9, **changes: object):
    identity = random_identity(np.random.default_rng(seed))
    return replace(identity, **{"glasses": "none", "hair_style": "short", **changes})


def picture(
    expression: Expression = NEUTRAL, view: View = PLAIN, size: int = 64, **changes: object
):
    return draw_face(FaceParameters(person(**changes), expression, view), size).astype(float)


def test_a_face_is_drawn_the_same_twice():
    face = FaceParameters(person(), Expression.of(AU12=3), random_view(np.random.default_rng(1)))
    np.testing.assert_array_equal(draw_face(face), draw_face(face))


@pytest.mark.parametrize("action_unit", ACTION_UNITS)
def test_each_action_unit_changes_its_part_of_the_face_the_more_the_stronger(action_unit):
    neutral = picture()
    changes = [
        np.abs(picture(Expression.of(**{action_unit: strength})) - neutral).mean(axis=2)
        for strength in (1.0, 3.0, 5.0)
    ]
    totals = [change.sum() for change in changes]
    assert totals[0] < totals[1] < totals[2]
    # Visible: several pixels change by more than a tenth of the range.
    assert (changes[2] > 25).sum() >= 8
    top, bottom = (round(share * 64) for share in WHERE[action_unit])
    assert changes[2][top:bottom].sum() > 0.75 * totals[2]


def test_no_two_action_units_look_alike():
    neutral = picture()
    changes = [(picture(Expression.of(**{a: 5.0})) - neutral).ravel() for a in ACTION_UNITS]
    unit = np.stack([change / np.linalg.norm(change) for change in changes])
    cosines = unit @ unit.T - np.eye(len(unit))
    assert cosines.max() < 0.75


@pytest.mark.parametrize("size", [32, 128, 200])
def test_at_another_size_it_is_the_same_face(size):
    expression = Expression.of(AU01=3, AU12=4, AU25=3)
    at_64 = picture(expression)
    other = Image.fromarray(picture(expression, size=size).astype(np.uint8))
    back = np.asarray(other.resize((64, 64), Image.Resampling.BOX), dtype=float)
    assert np.abs(back - at_64).mean() < (6.0 if size < 64 else 2.0)


@pytest.mark.parametrize("seed", range(4))
def test_eyes_lie_on_the_template_in_every_pose(seed):
    rng = np.random.default_rng(seed)
    view = replace(random_view(rng), roll=0.0, contrast=0.2)
    size = 256
    image = draw_face(FaceParameters(person(eye_tone=0.0), NEUTRAL, view), size).astype(float)
    for x, y in EYE_POSITIONS:
        column, row, reach = round(x * size), round(y * size), 12
        patch = image[row - reach : row + reach, column - reach : column + reach].sum(axis=2)
        dark = np.argwhere(patch < 180)
        centre = dark.mean(axis=0) - reach
        # The pupil lies a little above the middle of the opening.
        assert np.abs(centre).max() < 0.02 * size


def test_identity_and_expression_are_independent():
    """The change that an expression makes has the same shape on two people of other colours."""
    change = []
    for skin in (0.1, 0.7):
        neutral = picture(skin=skin, stubble=0.0)
        change.append(
            np.abs(picture(Expression.of(AU26=5, AU25=5), skin=skin, stubble=0.0) - neutral).mean(2)
        )
    assert np.corrcoef(change[0].ravel(), change[1].ravel())[0, 1] > 0.7


@pytest.mark.parametrize("style", HAIR_STYLES)
def test_hair_leaves_eyes_and_mouth_free(style):
    bare, dressed = picture(hair_style="bald"), picture(hair_style=style, hair_volume=1.0)
    inner = np.s_[26:52, 22:42]
    assert np.abs(bare[inner] - dressed[inner]).max() < 3


def test_light_comes_from_its_side():
    left = picture(view=replace(PLAIN, light=-1.0, contrast=0.6))
    right = picture(view=replace(PLAIN, light=1.0, contrast=0.6))
    cheek_left, cheek_right = np.s_[36:42, 18:24], np.s_[36:42, 40:46]
    assert left[cheek_left].mean() > left[cheek_right].mean() + 8
    assert right[cheek_right].mean() > right[cheek_left].mean() + 8


def test_an_unknown_action_unit_or_intensity_is_refused():
    with pytest.raises(ValueError, match="AU03"):
        Expression.of(AU03=1.0)
    with pytest.raises(ValueError, match=r"0\.\.5"):
        Expression.of(AU12=5.1)
