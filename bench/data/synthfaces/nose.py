"""The nose, and its wrinkling by AU09."""

from __future__ import annotations

from bench.data.synthfaces.curves import ellipse
from bench.data.synthfaces.palette import Palette
from bench.data.synthfaces.parameters import Expression, Identity
from bench.data.synthfaces.sketch import Sketch

__all__ = ["draw_nose"]


def draw_nose(sketch: Sketch, identity: Identity, expression: Expression, colours: Palette) -> None:
    wrinkler, upper_lip = expression.strength("AU09"), expression.strength("AU10")
    rise = 0.16 * wrinkler + 0.05 * upper_lip
    length = 1.22 * (1.0 + 0.10 * identity.nose_length)
    width = 0.44 * (1.0 + 0.18 * identity.nose_width) + 0.05 * wrinkler + 0.05 * upper_lip
    bridge = 0.17 * (1.0 + 0.25 * identity.nose_bridge)
    tip = length - 0.5 * rise
    for side in (-1.0, 1.0):
        sketch.spot((side * (bridge + 0.14), 0.15), (0.12, 0.6), colours.skin_shadow, 0.32)
        sketch.spot((side * width, tip - 0.05), (0.13, 0.2), colours.skin_shadow, 0.5)
    sketch.spot((0.0, 0.45), (bridge * 0.75, 0.55), colours.skin_light, 0.45)
    sketch.spot((0.0, tip - 0.08), (0.19, 0.16), colours.skin_light, 0.6)
    base = [
        (-0.75 * width, tip + 0.16 - rise),
        (0.0, tip + 0.27),
        (0.75 * width, tip + 0.16 - rise),
    ]
    sketch.stroke(base, (0.05, 0.12, 0.05), colours.skin_shadow * 0.78, 0.7)
    for side in (-1.0, 1.0):
        nostril = ellipse((side * 0.46 * width, tip + 0.17 - 0.6 * rise), (0.12, 0.065), 12)
        sketch.fill(nostril, colours.line * 0.6, 0.85)
        wing = [(side * 0.86 * width, tip - 0.20 - rise), (side * 1.06 * width, tip - rise),
                (side * 0.80 * width, tip + 0.17 - rise)]  # fmt: skip
        sketch.stroke(wing, (0.03, 0.09, 0.04), colours.line, 0.55 + 0.3 * wrinkler)
        for y in (0.12, 0.36, 0.60):
            wrinkle = [(side * 0.05, y - 0.05), (side * 0.22, y), (side * 0.42, y + 0.16)]
            sketch.stroke(wrinkle, (0.05, 0.09, 0.02), colours.line, 0.7 * wrinkler)
