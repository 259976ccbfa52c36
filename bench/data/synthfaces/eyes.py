"""Eyes, brows and glasses."""

from __future__ import annotations

import numpy as np

from bench.data.synthfaces.curves import ellipse, mirrored, smooth
from bench.data.synthfaces.palette import Palette
from bench.data.synthfaces.parameters import Expression, Identity
from bench.data.synthfaces.sketch import Sketch

__all__ = ["draw_brows", "draw_eyes", "draw_glasses"]

Point = tuple[float, float]


def draw_eyes(sketch: Sketch, identity: Identity, expression: Expression, colours: Palette) -> None:
    """Both eyes: AU05 raises the upper lid, AU06 and AU07 the lower one, AU45 closes them."""
    for side in (-1.0, 1.0):
        _draw_eye(sketch, side, identity, expression, colours)


def _draw_eye(
    sketch: Sketch, side: float, identity: Identity, expression: Expression, colours: Palette
) -> None:
    strength = expression.strength
    raiser, cheek = strength("AU05"), strength("AU06")
    tightener, blink = strength("AU07"), strength("AU45")
    size = 1.0 + 0.10 * identity.eye_size
    half = 0.60 * size * (1.0 + 0.08 * identity.eye_width)
    slant = 0.07 * identity.eye_slant
    open_above = 0.33 * size + 0.22 * raiser - 0.05 * tightener
    below = 0.22 * size - 0.22 * tightener - 0.08 * cheek
    above = open_above * (1.0 - blink) - below * blink

    def at(x: float, y: float) -> Point:
        """From eye coordinates (x towards the temple) to face coordinates."""
        return (side * (sketch.eye_distance + x), y - slant * x / half)

    upper = [at(-half, 0.07), at(-0.55 * half, 0.02 - 0.82 * above), at(0.02, -above),
             at(0.58 * half, -0.80 * above - 0.01), at(half, 0.0)]  # fmt: skip
    lower = [at(half, 0.0), at(0.45 * half, 0.9 * below), at(-0.05, below),
             at(-0.6 * half, 0.72 * below + 0.02), at(-half, 0.07)]  # fmt: skip
    opening = np.concatenate([smooth(upper), smooth(lower)[1:-1]])
    inside = sketch.region(opening, closed=False)

    # Skin of the lids, darker when the upper one hangs over the eye.
    lid = [at(-half, 0.05), at(-0.5 * half, -open_above), at(0.0, -open_above - 0.14),
           at(0.6 * half, -open_above), at(half + 0.04, 0.0), at(0.0, below + 0.05)]  # fmt: skip
    sketch.fill(lid, colours.skin * (0.90, 0.85, 0.84), 0.5 + 0.5 * blink)
    canvas = sketch.canvas
    canvas.paint(inside, np.array([0.97, 0.96, 0.95]) * 0.98)
    iris = 0.285 * size
    centre = at(-0.02, -0.03)
    sketch.fill(ellipse(centre, (iris, iris)), colours.iris * 0.6, within=inside)
    sketch.fill(ellipse(centre, (iris * 0.8, iris * 0.8)), colours.iris, within=inside)
    sketch.fill(ellipse(centre, (iris * 0.45, iris * 0.45)), (0.04, 0.03, 0.03), within=inside)
    shadow = [*upper, at(half, -0.01 + 0.14), at(0.0, -above + 0.15), at(-half, 0.2)]
    sketch.fill(shadow, (0.25, 0.2, 0.22), 0.38, within=inside)
    glint = (centre[0] - 0.09, centre[1] - 0.11)
    sketch.fill(ellipse(glint, (0.075, 0.075), 12), (1.0, 1.0, 1.0), within=inside, lit=False)

    lash = [at(-half - 0.02, 0.08), *upper[1:4], at(half + 0.10, -0.03)]
    sketch.stroke(lash, (0.05, 0.10, 0.13, 0.13, 0.05), colours.line * 0.45, 0.95)
    sketch.stroke(lower, (0.05, 0.05, 0.03), colours.line, 0.45 + 0.3 * tightener)
    crease = open_above + 0.15 - 0.07 * raiser
    fold = [at(-0.8 * half, -0.35 * crease), at(-0.3 * half, -crease), at(0.4 * half, -crease),
            at(1.02 * half, -0.35 * crease)]  # fmt: skip
    sketch.stroke(fold, (0.02, 0.07, 0.07, 0.02), colours.skin_shadow * 0.7, 0.7)

    bag = below + 0.20
    under = [at(-0.75 * half, 0.5 * bag + 0.12), at(0.0, bag + 0.04), at(0.85 * half, 0.5 * bag)]
    sketch.stroke(under, (0.02, 0.09, 0.02), colours.line, 0.14 * identity.age + 0.65 * tightener)


def draw_brows(
    sketch: Sketch, identity: Identity, expression: Expression, colours: Palette
) -> None:
    """Brows: AU01 lifts their inner, AU02 their outer part, AU04 lowers and draws them together."""
    strength = expression.strength
    inner, outer, lower = strength("AU01"), strength("AU02"), strength("AU04")
    wrinkler = strength("AU09")
    height = -0.86 - 0.09 * identity.brow_height
    arch = 0.10 + 0.07 * identity.brow_arch
    slant = 0.07 * identity.brow_slant
    points = np.array([(0.44, 0.08), (0.84, -0.6 * arch), (1.28, -arch), (1.72, 0.16)])
    points[:, 1] += height + slant * np.array([1.0, 0.3, -0.4, -1.0])
    points[:, 1] -= inner * np.array([0.46, 0.26, 0.04, 0.0])
    points[:, 1] -= outer * np.array([0.02, 0.16, 0.44, 0.40])
    points[:, 1] += lower * np.array([0.36, 0.34, 0.24, 0.10])
    points[:, 0] -= lower * np.array([0.18, 0.14, 0.06, 0.0])
    points[:, 1] += wrinkler * np.array([0.14, 0.08, 0.0, 0.0])
    thickness = 0.21 * (1.0 + 0.28 * identity.brow_thickness)
    widths = np.array([0.7, 1.05, 0.95, 0.25]) * thickness
    for side in (-1.0, 1.0):
        sketch.stroke(points * [side, 1.0], widths, colours.brow, 0.92)


def draw_glasses(sketch: Sketch, identity: Identity) -> None:
    """A thin frame, so that the eyes stay visible."""
    if identity.glasses == "none":
        return
    frame = (0.13, 0.11, 0.12)
    x = sketch.eye_distance + 0.03
    for side in (-1.0, 1.0):
        if identity.glasses == "round":
            ring = ellipse((side * x, 0.08), (0.83, 0.74), 24)
        else:
            corners = mirrored([(0.5, -0.52), (0.82, -0.40), (0.80, 0.34), (0.52, 0.62)])
            ring = corners + np.array([side * x, 0.06])
        loop = np.concatenate([ring, ring[:1]])
        sketch.fill(ring, (0.85, 0.92, 1.0), 0.07)
        sketch.stroke(loop, (0.085, 0.085), frame, 0.9)
        arm = [(side * (x + 0.8), -0.1), (side * 2.35, -0.05)]
        sketch.stroke(arm, (0.08, 0.08), frame, 0.8)
    bridge = [(-(x - 0.82), -0.02), (0.0, -0.12), (x - 0.82, -0.02)]
    sketch.stroke(bridge, (0.08, 0.08), frame, 0.9)
