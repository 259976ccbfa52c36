"""The mouth: AU10, AU12, AU14, AU15, AU17, AU20, AU23, AU25, AU26 and AU28 meet here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.data.synthfaces.curves import ellipse, smooth
from bench.data.synthfaces.head import Head
from bench.data.synthfaces.palette import Palette
from bench.data.synthfaces.parameters import Expression, Identity
from bench.data.synthfaces.sketch import Sketch

__all__ = ["Mouth", "draw_mouth", "mouth_shape"]


Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mouth:
    """The geometry of a mouth, in face units.

    Attributes:
        corner: the right corner.
        upper: middle of the upper lip's lower edge.
        lower: middle of the lower lip's upper edge.
        upper_lip: thickness of the upper lip.
        lower_lip: thickness of the lower lip.
    """

    corner: tuple[float, float]
    upper: float
    lower: float
    upper_lip: float
    lower_lip: float


def mouth_shape(identity: Identity, expression: Expression, head: Head) -> Mouth:
    """Where lips and corners are."""
    strength = expression.strength
    raise_upper, pull, dimple = strength("AU10"), strength("AU12"), strength("AU14")
    depress, chin, stretch = strength("AU15"), strength("AU17"), strength("AU20")
    tighten, part, suck = strength("AU23"), strength("AU25"), strength("AU28")
    rest = 2.06 + 0.09 * identity.mouth_height
    half = 0.84 * (1.0 + 0.09 * identity.mouth_width)
    parted = min(1.0, 3.0 * part)
    # A dropped jaw takes the closed mouth along; parted lips let the upper one stay.
    follow = head.jaw_drop * (0.40 - 0.30 * parted)
    opening = 0.24 * part + head.jaw_drop * parted * 0.72
    x = half + 0.26 * pull + 0.52 * stretch + 0.06 * dimple - 0.40 * tighten
    x -= 0.10 * head.jaw_drop * parted
    y = rest - 0.05 + follow + 0.40 * opening - 0.40 * pull + 0.40 * depress + 0.08 * chin
    upper = rest + follow - 0.24 * raise_upper - 0.20 * chin + 0.05 * pull - 0.06 * part
    thin = (1.0 - 0.70 * tighten) * (1.0 - 0.45 * stretch) * (1.0 - 0.9 * suck)
    return Mouth(
        corner=(x, y),
        upper=upper,
        lower=upper + opening,
        upper_lip=0.22 * (1.0 + 0.25 * identity.upper_lip) * thin * (1.0 + 0.25 * raise_upper),
        lower_lip=0.30 * (1.0 + 0.22 * identity.lower_lip) * thin * (1.0 + 0.2 * chin),
    )


def draw_mouth(sketch: Sketch, mouth: Mouth, expression: Expression, colours: Palette) -> None:
    strength = expression.strength
    suck, tighten = strength("AU28"), strength("AU23")
    x, y = mouth.corner
    bow = mouth.upper - mouth.upper_lip
    seam_upper = _edge(x, y, mouth.upper)
    seam_lower = _edge(x, y, mouth.lower, roundness=2.6)
    # A raised upper lip is raised in its middle part, squarely.
    square = 0.10 * strength("AU10")
    beside = 0.38 * y + 0.62 * bow + 0.02 - square
    top = [(-x - 0.03, y), (-0.58 * x, beside), (-0.2 * x, bow - 0.03), (0.0, bow + 0.03),
           (0.2 * x, bow - 0.03), (0.58 * x, beside), (x + 0.03, y)]  # fmt: skip
    low = mouth.lower + mouth.lower_lip
    bottom = _edge(x + 0.03, y, low, roundness=2.4)[::-1]
    lips = colours.lips * (1 - 0.7 * suck) + colours.skin_shadow * 0.7 * suck
    whole = np.concatenate([smooth(top), smooth(bottom)[1:-1]])
    sketch.canvas.paint(sketch.region(whole, closed=False), lips)
    upper_lip = np.concatenate([smooth(top), smooth(seam_upper)[::-1][1:-1]])
    sketch.canvas.paint(sketch.region(upper_lip, closed=False), lips * 0.86)
    sketch.spot((0.0, mouth.lower + 0.45 * mouth.lower_lip), (0.32, 0.09),
                (1.0, 0.9, 0.88), 0.30 * (1 - suck) * (1 - 0.5 * tighten))  # fmt: skip
    _draw_opening(sketch, mouth, seam_upper, seam_lower, colours)
    sketch.stroke(seam_upper, (0.05, 0.09, 0.075, 0.09, 0.05), colours.lips_dark * (1 - 0.4 * suck))
    _draw_lines(sketch, mouth, expression, colours)


def _edge(x: float, y: float, middle: float, roundness: float = 2.0) -> list[Point]:
    """From the left corner through the middle to the right one."""
    places = (-1.0, -0.8, -0.5, -0.25, 0.0, 0.25, 0.5, 0.8, 1.0)
    return [(t * x, middle + (y - middle) * abs(t) ** roundness) for t in places]


def _draw_opening(
    sketch: Sketch,
    mouth: Mouth,
    upper: list[Point],
    lower: list[Point],
    colours: Palette,
) -> None:
    gap = mouth.lower - mouth.upper
    if gap <= 0.0:
        return
    outline = np.concatenate([smooth(upper), smooth(lower)[::-1][1:-1]])
    inside = sketch.region(outline, closed=False)
    sketch.canvas.paint(inside, (0.24, 0.06, 0.07))
    x, _ = mouth.corner
    teeth = min(0.24, 0.75 * gap)
    edge = [(px, py - 0.3) for px, py in upper]
    under = [(px, py + teeth) for px, py in upper[::-1]]
    row = np.concatenate([smooth(edge), smooth(under)])
    sketch.canvas.paint(sketch.region(row, closed=False) * inside, (0.96, 0.95, 0.91), 0.95)
    tongue = ellipse((0.0, mouth.lower + 0.02), (0.5 * x, 0.3 * gap))
    sketch.fill(tongue, (0.75, 0.33, 0.33), 0.9 * min(1.0, max(0.0, gap - 0.25) * 4), within=inside)


def _draw_lines(sketch: Sketch, mouth: Mouth, expression: Expression, colours: Palette) -> None:
    """Skin around the mouth."""
    strength = expression.strength
    x, y = mouth.corner
    dimple, depress, stretch = strength("AU14"), strength("AU15"), strength("AU20")
    tighten, suck, raise_upper = strength("AU23"), strength("AU28"), strength("AU10")
    low = mouth.lower + mouth.lower_lip
    high = mouth.upper - mouth.upper_lip
    for side in (-1.0, 1.0):
        corner = side * x
        sketch.spot((corner + side * 0.02, y), (0.10, 0.09), colours.skin_shadow, 0.55)
        sketch.spot(
            (corner + side * 0.22, y), (0.19, 0.26), colours.skin_shadow * 0.7, 0.9 * dimple
        )
        bracket = [(corner + side * 0.20, y - 0.26), (corner + side * 0.33, y),
                   (corner + side * 0.20, y + 0.26)]  # fmt: skip
        sketch.stroke(bracket, (0.04, 0.15, 0.04), colours.line, 0.9 * dimple)
        marionette = [(corner + side * 0.06, y + 0.05), (corner + side * 0.16, y + 0.28),
                      (corner + side * 0.14, y + 0.52)]  # fmt: skip
        sketch.stroke(marionette, (0.08, 0.10, 0.02), colours.line, 0.75 * depress)
        for rise in (-0.22, 0.0, 0.22):
            pull = [(corner + side * 0.12, y + 0.5 * rise), (corner + side * 0.42, y + rise)]
            sketch.stroke(pull, (0.05, 0.08), colours.skin_shadow * 0.7, 0.75 * stretch)
        # The upper lip's own raiser deepens the furrow beside the nose.
        beside = [(side * 0.62, 1.28), (side * 0.74, 1.52), (side * 0.70, 1.78)]
        sketch.stroke(beside, (0.03, 0.10, 0.03), colours.line, 0.6 * raise_upper)
    for place in (-0.5, 0.0, 0.5):
        above = [(place * x, high - 0.06), (place * x * 1.2, high - 0.26)]
        below = [(place * x, low + 0.06), (place * x * 1.2, low + 0.22)]
        for line in (above, below):
            sketch.stroke(line, (0.09, 0.03), colours.line, 0.65 * tighten)
    sketch.spot((0.0, high - 0.2), (0.55 * x, 0.14), colours.skin_light, 0.55 * suck)
    sketch.spot((0.0, low + 0.26), (0.6 * x, 0.16), colours.skin_light, 0.55 * suck)
    sketch.spot((0.0, low + 0.10), (0.42, 0.09), colours.skin_shadow, 0.45)
    philtrum = [(0.0, 1.5), (0.0, high - 0.04)]
    sketch.stroke(philtrum, (0.06, 0.12), colours.skin_shadow, 0.35 * (1 - tighten))
