"""Hair behind and in front of the head."""

from __future__ import annotations

import numpy as np

from bench.data.synthfaces.canvas import Mask
from bench.data.synthfaces.curves import Points, ellipse, mirrored, smooth
from bench.data.synthfaces.head import Head
from bench.data.synthfaces.palette import Palette
from bench.data.synthfaces.parameters import Identity
from bench.data.synthfaces.sketch import Sketch

__all__ = ["draw_hair_back", "draw_hair_front"]


def draw_hair_back(sketch: Sketch, head: Head, identity: Identity, colours: Palette) -> None:
    """What is seen behind the neck and the ears."""
    style, w = identity.hair_style, head.width
    puff = 0.14 * identity.hair_volume
    if style == "long":
        shape = mirrored([(0, head.top - 0.35 - puff), (w + 0.1, -2.3), (w + 0.42 + puff, 0.0),
                          (w + 0.5 + puff, 2.4), (w + 0.25, 4.6), (0, 4.6)])  # fmt: skip
    elif style in ("bob", "fringe"):
        shape = mirrored([(0, head.top - 0.35 - puff), (w + 0.1, -2.3), (w + 0.45 + puff, 0.0),
                          (w + 0.50 + puff, 1.9), (w - 0.25, 2.75), (0, 2.6)])  # fmt: skip
    elif style == "curly":
        _draw_curls(sketch, head, colours, puff)
        return
    elif style == "bun":
        sketch.fill(ellipse((0, head.top - 0.45), (1.0, 0.75)), colours.hair_dark, depth=0.0)
        return
    else:
        return
    sketch.fill(shape, colours.hair_dark, depth=-0.4)


def _draw_curls(sketch: Sketch, head: Head, colours: Palette, puff: float) -> None:
    for i, angle in enumerate(np.linspace(-0.25 * np.pi, 1.25 * np.pi, 22)):
        centre = (np.cos(angle) * (head.width + 0.28 + puff), -1.0 - np.sin(angle) * (2.35 + puff))
        radius = 0.62 + 0.1 * ((i * 5) % 3) + puff
        sketch.fill(ellipse(centre, (radius, radius)), colours.hair_dark, depth=-0.2)
    for i, angle in enumerate(np.linspace(-0.15 * np.pi, 1.15 * np.pi, 15)):
        centre = (np.cos(angle) * (head.width + 0.3), -1.0 - np.sin(angle) * (2.3 + puff))
        radius = 0.24 + 0.05 * ((i * 5) % 3)
        sketch.fill(ellipse(centre, (radius, radius)), colours.hair, 0.8, depth=-0.2)


def draw_hair_front(
    sketch: Sketch, head: Head, identity: Identity, colours: Palette, head_mask: Mask
) -> None:
    """What falls over the forehead and the temples; it leaves the brows' lines free."""
    style, w = identity.hair_style, head.width
    line = -2.18 - 0.16 * identity.hairline - 0.08 * identity.forehead_height
    puff = 0.12 * identity.hair_volume
    if style == "bald":
        sketch.canvas.paint(_crown(sketch, head, head_mask), colours.hair_dark, 0.25)
        return
    # The cap runs along the head outside and back along the hairline inside.
    outer = [(-w - 0.03, -0.55), (-w - 0.08, -1.7), (-1.5, head.top + 0.10 - puff),
             (0.0, head.top - 0.32 - puff), (1.5, head.top + 0.10 - puff), (w + 0.08, -1.7),
             (w + 0.03, -0.55)]  # fmt: skip
    cap = np.concatenate([smooth(outer), smooth(_hairline(style, w, line))[1:-1]])
    mask = sketch.region(cap, 0.35, closed=False)
    sketch.canvas.paint(mask, colours.hair)
    _draw_strands(sketch, head, style, line, colours, mask)


def _hairline(style: str, w: float, line: float) -> Points:
    """From the image-right temple to the left one."""
    if style == "side":
        points = [
            (w - 0.14, -0.6),
            (w - 0.34, -1.35),
            (1.35, line + 0.10),
            (0.2, line - 0.28),
            (-0.75, line - 0.42),
            (-1.3, line + 0.18),
            (-w + 0.34, -1.35),
            (-w + 0.14, -0.6),
        ]
    elif style == "fringe":
        points = [(w - 0.10, 0.0), (w - 0.42, -1.1), (1.45, line + 0.42), (0.7, line + 0.32),
                  (0.0, line + 0.42), (-0.7, line + 0.32), (-1.45, line + 0.42), (-w + 0.42, -1.1),
                  (-w + 0.10, 0.0)]  # fmt: skip
    elif style in ("long", "bob"):
        points = [
            (w - 0.06, 0.9),
            (w - 0.36, -0.9),
            (1.1, line - 0.05),
            (0.12, line - 0.62),
            (-0.12, line - 0.62),
            (-1.1, line - 0.05),
            (-w + 0.36, -0.9),
            (-w + 0.06, 0.9),
        ]
    else:
        points = [(w - 0.12, -0.6), (w - 0.32, -1.3), (1.40, line + 0.05), (0.65, line - 0.12),
                  (0.0, line - 0.02), (-0.65, line - 0.12), (-1.40, line + 0.05),
                  (-w + 0.32, -1.3), (-w + 0.12, -0.6)]  # fmt: skip
    return np.array(points)


def _draw_strands(
    sketch: Sketch, head: Head, style: str, line: float, colours: Palette, mask: Mask
) -> None:
    """Darker and lighter strands that follow the comb."""
    part = {"side": -0.75, "long": 0.0, "bob": 0.0}.get(style, 0.0)
    for i, x in enumerate(np.linspace(-2.0, 2.0, 11)):
        if style == "bun" or style == "short":
            strand = [(0.8 * x, line + 0.25), (0.75 * x, line - 0.45), (0.5 * x, head.top - 0.2)]
        else:
            strand = [(part, head.top - 0.1), (0.6 * x + 0.4 * part, head.top + 0.45),
                      (1.12 * x, line + 0.55), (1.2 * x, -0.6)]  # fmt: skip
        colour = colours.hair_light if i % 3 == 1 else colours.hair_dark
        sketch.stroke(strand, (0.03, 0.10, 0.03), colour, 0.45, depth=0.35, within=mask)
    shine = sketch.project([(-0.5, head.top + 0.45)], 0.35)[0]
    spot = sketch.canvas.spot(shine, np.array([1.0, 0.22]) * sketch.scale)
    sketch.canvas.paint(spot * mask, colours.hair_light, 0.5)


def _crown(sketch: Sketch, head: Head, head_mask: Mask) -> Mask:
    top = sketch.project([(0.0, head.top)], 0.0)[0]
    return sketch.canvas.spot(top, np.array([2.6, 1.15]) * sketch.scale) * head_mask
