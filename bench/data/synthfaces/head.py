"""Head, ears, neck, clothes, skin and its lines."""

from __future__ import annotations

import numpy as np

from bench.data.synthfaces.canvas import Mask
from bench.data.synthfaces.curves import Points, ellipse, mirrored
from bench.data.synthfaces.palette import Palette
from bench.data.synthfaces.parameters import Expression, Identity
from bench.data.synthfaces.sketch import Sketch

__all__ = ["Head", "draw_brow_region", "draw_cheeks", "draw_chin", "draw_head"]

FRECKLES = [
    (-1.62, 0.72), (-1.35, 0.62), (-1.08, 0.78), (-0.82, 0.70), (-1.48, 0.98), (-1.20, 1.04),
    (-0.94, 1.00), (-0.62, 0.88), (-1.70, 1.20), (-1.33, 1.30), (-0.36, 0.74), (0.02, 0.84),
    (0.30, 0.70), (0.60, 0.92), (0.86, 0.68), (1.02, 0.94), (1.22, 0.74), (1.44, 0.64),
    (1.30, 1.06), (1.58, 0.90), (1.06, 1.22), (1.50, 1.26), (1.74, 1.10), (-0.10, 0.50),
]  # fmt: skip


class Head:
    """The outline of the head; the jaw moves with the expression.

    Attributes:
        outline: control points of the closed outline.
        chin: height of the chin's lowest point.
        jaw_drop: how far the chin has come down.
    """

    def __init__(self, identity: Identity, expression: Expression) -> None:
        strength = expression.strength
        parted = min(1.0, 3.0 * strength("AU25"))
        self.jaw_drop = strength("AU26") * (0.42 + 0.16 * parted) + 0.10 * strength("AU28")
        rise = 0.07 * strength("AU17")
        bulge = 0.06 * max(strength("AU06"), strength("AU12")) + 0.03 * strength("AU20")
        width = 2.26 * (1.0 + 0.055 * identity.face_width)
        cheek = width * (0.955 + 0.03 * identity.cheek_fullness) + bulge
        jaw = width * (0.80 + 0.07 * identity.jaw_width)
        chin_width = 0.82 * (1.0 + 0.22 * identity.chin_width) + 0.1 * identity.jaw_width
        self.chin = 3.22 + 0.16 * identity.chin_length + self.jaw_drop - rise
        top = -3.25 - 0.18 * identity.forehead_height
        drop = self.jaw_drop
        self.width = width
        self.top = top
        self.outline: Points = mirrored(
            [
                (0.0, top),
                (1.15, top + 0.30),
                (0.90 * width, -2.0),
                (width, -0.6),
                (0.995 * width, 0.45),
                (cheek, 1.35),
                (jaw, 2.28 + 0.45 * drop),
                (chin_width, self.chin - 0.32 + 0.05 * drop),
                (0.0, self.chin),
            ]
        )


def draw_head(sketch: Sketch, head: Head, identity: Identity, colours: Palette) -> Mask:
    """Paints shoulders, neck, ears and the head; returns the head's mask."""
    shoulder = [(-3.9, 4.6), (-3.4, 4.05), (-1.6, 3.66), (0, 3.9), (1.6, 3.66), (3.4, 4.05),
                (3.9, 4.6), (0, 5.2)]  # fmt: skip
    neck_width = 1.28 + 0.12 * identity.jaw_width + 0.05 * identity.face_width
    neck = [(-neck_width, 1.8), (neck_width, 1.8), (neck_width, 3.6), (neck_width + 0.5, 4.4),
            (-neck_width - 0.5, 4.4), (-neck_width, 3.6)]  # fmt: skip
    sketch.fill(neck, colours.skin * 0.86, depth=0.0)
    collar = [(-neck_width - 0.15, 3.55), (0, 4.25), (neck_width + 0.15, 3.55)]
    sketch.fill(shoulder, colours.clothes, depth=0.0)
    sketch.fill([*collar, (0, 3.2)], colours.skin * 0.86, depth=0.0)
    sketch.spot((0.0, head.chin + 0.28), (1.5, 0.45), colours.skin_shadow * 0.8, 0.55)
    size = 1.0 + 0.16 * identity.ear_size
    for side in (-1.0, 1.0):
        x = side * (head.width + 0.06)
        sketch.fill(ellipse((x, 0.42), (0.26 * size, 0.58 * size)), colours.skin * 0.95, depth=-0.2)
        sketch.fill(
            ellipse((x + side * 0.05, 0.40), (0.12 * size, 0.34 * size)),
            colours.skin_shadow,
            0.6,
            depth=-0.2,
        )
    mask = sketch.region(head.outline, 0.0)
    sketch.canvas.paint(mask, colours.skin)
    _draw_skin(sketch, identity, colours, mask)
    return mask


def _draw_skin(sketch: Sketch, identity: Identity, colours: Palette, mask: Mask) -> None:
    for side in (-1.0, 1.0):
        # The side planes of the face turn away from the viewer.
        sketch.spot((side * 2.35, 0.8), (0.6, 2.4), colours.skin_shadow, 0.55, within=mask)
        sketch.spot((side * 1.02, -0.12), (0.78, 0.52), colours.skin_shadow, 0.30, within=mask)
    sketch.spot((0.0, -1.7), (1.3, 0.6), colours.skin_light, 0.30, within=mask)
    if identity.stubble > 0:
        beard = _mask_beard(sketch, mask)
        sketch.canvas.paint(beard, colours.hair_dark * 0.9 + 0.08, 0.42 * identity.stubble)
    for i, (x, y) in enumerate(FRECKLES):
        radius = 0.055 + 0.02 * ((i * 7) % 3)
        sketch.fill(
            ellipse((x, y), (radius, radius), 8), colours.line * 1.5, 0.75 * identity.freckles
        )
    if identity.mole:
        place = (1.15 * identity.mole, 1.75)
        sketch.fill(ellipse(place, (0.1, 0.1), 10), colours.line, 0.8)


def _mask_beard(sketch: Sketch, mask: Mask) -> Mask:
    """Lower face without lips' surroundings, soft at its upper edge."""
    centre = sketch.project([(0.0, 3.1)])[0]
    beard = sketch.canvas.spot(centre, np.array([2.1, 1.25]) * sketch.scale)
    full: Mask = np.clip(beard * 1.6, 0.0, 1.0) * mask
    return full


def draw_brow_region(
    sketch: Sketch, identity: Identity, expression: Expression, colours: Palette
) -> None:
    """Lines of the forehead and between the brows: AU01, AU02, AU04 and age."""
    inner, outer, lower = (expression.strength(name) for name in ("AU01", "AU02", "AU04"))
    age = identity.age
    lift = 0.18 * max(inner, outer)
    for row, y in enumerate((-1.42, -1.72, -2.0)):
        faint = 0.16 * max(0.0, age - 0.35) * (1.0 - 0.2 * row)
        centre = [(-0.62, y - lift + 0.06), (0.0, y - lift - 0.02), (0.62, y - lift + 0.06)]
        sketch.stroke(centre, (0.02, 0.085, 0.02), colours.line, faint + 0.55 * inner)
        for side in (-1.0, 1.0):
            wing = [(side * 0.78, y - lift + 0.04), (side * 1.25, y - lift - 0.10),
                    (side * 1.72, y - lift + 0.16)]  # fmt: skip
            sketch.stroke(wing, (0.02, 0.085, 0.02), colours.line, faint + 0.55 * outer)
    # Raised brows stretch and light the skin beneath them.
    sketch.spot((0.0, -0.75), (0.35, 0.4), colours.skin_light, 0.25 * inner)
    sketch.spot((0.0, -0.55), (0.34, 0.42), colours.skin_shadow, 0.65 * lower)
    for side in (-1.0, 1.0):
        frown = [(side * 0.16, -0.98), (side * 0.20, -0.62), (side * 0.13, -0.30)]
        sketch.stroke(
            frown, (0.02, 0.11, 0.02), colours.line, 0.14 * max(0, age - 0.3) + 0.75 * lower
        )


def draw_cheeks(
    sketch: Sketch,
    identity: Identity,
    expression: Expression,
    colours: Palette,
    mouth_corner: tuple[float, float],
) -> None:
    """Cheeks, the furrow between nose and mouth, and crow's feet: AU06, AU09, AU10, AU12."""
    strength = expression.strength
    raiser, puller = strength("AU06"), strength("AU12")
    wrinkler, upper_lip = strength("AU09"), strength("AU10")
    height = 1.18 - 0.30 * raiser - 0.10 * puller
    for side in (-1.0, 1.0):
        full = 0.62 + 0.06 * identity.cheek_fullness
        sketch.spot((side * 1.38, height), (full, 0.46), colours.blush, 0.38 + 0.22 * raiser)
        sketch.spot(
            (side * 1.22, height - 0.14), (0.32, 0.2), colours.skin_light, 0.10 + 0.45 * raiser
        )
        # Below the raised cheek a soft edge appears.
        edge = [(side * 0.78, 0.62), (side * 1.12, 0.80 - 0.12 * raiser), (side * 1.62, 0.48)]
        sketch.stroke(edge, (0.03, 0.1, 0.02), colours.skin_shadow * 0.85, 0.85 * raiser)
        for rise in (-0.20, 0.05, 0.30):
            foot = [(side * 1.72, 0.06 + 0.4 * rise), (side * 1.98, 0.04 + 0.75 * rise),
                    (side * 2.16, 0.04 + 1.15 * rise)]  # fmt: skip
            sketch.stroke(
                foot,
                (0.09, 0.07, 0.02),
                colours.line,
                0.7 * raiser + 0.10 * max(0, identity.age - 0.5),
            )
        corner_x, corner_y = mouth_corner
        furrow = max(0.75 * puller, 0.8 * upper_lip, 0.35 * wrinkler)
        opacity = 0.12 + 0.22 * max(0.0, identity.age - 0.2) + 0.62 * furrow
        bow = 0.16 * puller + 0.1 * upper_lip
        top = 1.12 - 0.14 * wrinkler - 0.12 * upper_lip
        fold = [(side * 0.56, top), (side * (0.86 + bow), 0.5 * (top + corner_y) - 0.05),
                (side * (corner_x + 0.26), corner_y + 0.08)]  # fmt: skip
        sketch.stroke(fold, (0.03, 0.1, 0.03), colours.skin_shadow * 0.72, opacity)


def draw_chin(
    sketch: Sketch, identity: Identity, expression: Expression, colours: Palette, head: Head
) -> None:
    """The chin, and its puckering by AU17."""
    raiser = expression.strength("AU17")
    y = head.chin - 0.62
    sketch.spot((0.0, head.chin - 0.34), (0.5, 0.24), colours.skin_light, 0.30 + 0.2 * raiser)
    sketch.spot((0.0, y - 0.12), (0.55, 0.12), colours.skin_shadow, 0.45 + 0.3 * raiser)
    arch = [(-0.55, y + 0.32), (-0.35, y + 0.06), (0.0, y - 0.02), (0.35, y + 0.06),
            (0.55, y + 0.32)]  # fmt: skip
    sketch.stroke(arch, (0.03, 0.09, 0.09, 0.09, 0.03), colours.line, 0.6 * raiser)
    for x, rise in ((-0.27, 0.34), (0.0, 0.24), (0.27, 0.34)):
        sketch.spot((x, y + rise), (0.11, 0.08), colours.line, 0.55 * raiser)
