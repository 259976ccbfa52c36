"""Draws a face, layer by layer from the back."""

from __future__ import annotations

import numpy as np

from bench.data.images import Pixels
from bench.data.synthfaces.eyes import draw_brows, draw_eyes, draw_glasses
from bench.data.synthfaces.hair import draw_hair_back, draw_hair_front
from bench.data.synthfaces.head import (
    Head,
    draw_brow_region,
    draw_cheeks,
    draw_chin,
    draw_head,
)
from bench.data.synthfaces.mouth import draw_mouth, mouth_shape
from bench.data.synthfaces.nose import draw_nose
from bench.data.synthfaces.palette import hue, palette
from bench.data.synthfaces.parameters import FaceParameters, View
from bench.data.synthfaces.sketch import Sketch

__all__ = ["draw_face"]


def draw_face(face: FaceParameters, size: int = 64) -> Pixels:
    """The picture of a face.

    Args:
        face: who, with which expression, seen how.
        size: side in pixels; at any size the same face.

    Returns:
        (size, size, 3), eyes on the template of the benchmark's alignment.
    """
    identity, expression, view = face.identity, face.expression, face.view
    sketch = Sketch(identity, view, size)
    colours = palette(identity)
    head = Head(identity, expression)
    mouth = mouth_shape(identity, expression, head)
    _draw_background(sketch, view)
    _set_light(sketch, view)
    draw_hair_back(sketch, head, identity, colours)
    head_mask = draw_head(sketch, head, identity, colours)
    draw_brow_region(sketch, identity, expression, colours)
    draw_cheeks(sketch, identity, expression, colours, mouth.corner)
    draw_chin(sketch, identity, expression, colours, head)
    draw_nose(sketch, identity, expression, colours)
    draw_mouth(sketch, mouth, expression, colours)
    draw_eyes(sketch, identity, expression, colours)
    draw_brows(sketch, identity, expression, colours)
    draw_hair_front(sketch, head, identity, colours, head_mask)
    draw_glasses(sketch, identity)
    return sketch.canvas.finish()


def _draw_background(sketch: Sketch, view: View) -> None:
    canvas = sketch.canvas
    down = (canvas.y / canvas.size)[..., None]
    upper = hue(view.background_hue, 0.22, 0.25 + 0.70 * view.background_tone)
    lower = hue(view.background_hue + 0.06, 0.30, 0.12 + 0.62 * view.background_tone)
    canvas.pixels[:] = upper * (1 - down) + lower * down


def _set_light(sketch: Sketch, view: View) -> None:
    """Lambert's law on the head's ellipsoid, mixed with even light."""
    canvas = sketch.canvas
    cx, cy = sketch.project([(0.0, 0.0)])[0]
    x = np.clip((canvas.x - cx) / (2.7 * sketch.scale), -1.0, 1.0)
    y = np.clip((canvas.y - cy) / (4.2 * sketch.scale), -1.0, 1.0)
    z = np.sqrt(np.clip(1.0 - x**2 - y**2, 0.02, None))
    towards = np.array([0.9 * view.light, -0.45, 0.75])
    towards /= np.linalg.norm(towards)
    lambert = x * towards[0] + y * towards[1] + z * towards[2]
    canvas.light = (view.exposure * (1.0 + view.contrast * (lambert - 0.72))).astype(np.float32)
