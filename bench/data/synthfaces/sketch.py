"""Face coordinates on a canvas: a small turn of the head, then the alignment on the eyes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.data.synthfaces.canvas import Canvas, Colour, Mask
from bench.data.synthfaces.curves import Points, smooth, stroke_outline
from bench.data.synthfaces.parameters import Identity, View

__all__ = ["Sketch"]

LEFT_EYE, RIGHT_EYE = np.array([0.371, 0.480]), np.array([0.629, 0.480])
"""Image-left and image-right eye, as shares of the frame (the released Glow demo's alignment)."""

HEAD_RADII = np.array([2.5, 3.7, 2.3])
"""Half width, half height and depth of the ellipsoid on which features lie."""


class Sketch:
    """A canvas in face coordinates.

    The unit is half the distance between the eyes of an average person; x runs to the image's
    right, y down, from the point between the eyes. Features lie on an ellipsoid, so that a turn of
    the head moves the nose more than the ears.

    Args:
        identity: sets the distance of the eyes, by which the picture is aligned.
        view: pose.
        size: side of the picture in pixels.
    """

    def __init__(self, identity: Identity, view: View, size: int) -> None:
        self.canvas = Canvas(size)
        yaw, pitch = np.radians(view.yaw), np.radians(view.pitch)
        turn = np.array(
            [
                [np.cos(yaw), 0.0, np.sin(yaw)],
                [np.sin(yaw) * np.sin(pitch), np.cos(pitch), -np.cos(yaw) * np.sin(pitch)],
            ]
        )
        self._turn: NDArray[np.float64] = turn
        self._place: NDArray[np.float64] = np.eye(2)
        self._shift = np.zeros(2)
        self.eye_distance = 1.0 + 0.07 * identity.eye_spacing
        self._align(np.radians(view.roll), size)

    def _align(self, roll: float, size: int) -> None:
        """The similarity that brings the eyes to the template, turned by ``roll``."""
        left, right = self.project([(-self.eye_distance, 0.0), (self.eye_distance, 0.0)])
        template = (RIGHT_EYE - LEFT_EYE) * size
        ratio = complex(*template) / complex(*(right - left)) * np.exp(1j * roll)
        self._place = np.array([[ratio.real, -ratio.imag], [ratio.imag, ratio.real]])
        self._shift = (LEFT_EYE + RIGHT_EYE) / 2 * size - self._place @ (left + right) / 2
        self.scale = float(abs(ratio))

    def project(self, points: ArrayLike, depth: float | None = None) -> Points:
        """Pixels of points in face coordinates.

        Args:
            points: (N, 2).
            depth: towards the viewer, 0 at the head's axis; None for on the ellipsoid.
        """
        p = np.asarray(points, dtype=np.float64)
        if depth is None:
            inside = 1.0 - ((p / HEAD_RADII[:2]) ** 2).sum(axis=1)
            z = HEAD_RADII[2] * np.sqrt(np.clip(inside, 0.0, None))
        else:
            z = np.full(len(p), depth)
        turned = np.column_stack([p, z]) @ self._turn.T
        return turned @ self._place.T + self._shift

    def region(self, points: ArrayLike, depth: float | None = None, *, closed: bool = True) -> Mask:
        """The mask of the smooth closed curve through points (of the polygon if not closed)."""
        outline = smooth(points, closed=True) if closed else np.asarray(points, dtype=np.float64)
        return self.canvas.coverage(self.project(outline, depth))

    def fill(
        self,
        points: ArrayLike,
        colour: Colour,
        opacity: float = 1.0,
        *,
        depth: float | None = None,
        within: Mask | None = None,
        lit: bool = True,
    ) -> None:
        """Paints the inside of the smooth closed curve through points."""
        if opacity <= 0.0:
            return
        mask = self.region(points, depth)
        self.canvas.paint(mask if within is None else mask * within, colour, opacity, lit=lit)

    def stroke(
        self,
        points: ArrayLike,
        widths: ArrayLike,
        colour: Colour,
        opacity: float = 1.0,
        *,
        depth: float | None = None,
        within: Mask | None = None,
    ) -> None:
        """Paints a smooth line through points; widths in face units, spread along it."""
        if opacity <= 0.0:
            return
        line = self.project(smooth(points), depth)
        mask = self.canvas.coverage(stroke_outline(line, np.asarray(widths) * self.scale))
        self.canvas.paint(mask if within is None else mask * within, colour, opacity)

    def spot(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        colour: Colour,
        opacity: float,
        *,
        within: Mask | None = None,
    ) -> None:
        """Paints a soft spot."""
        if opacity <= 0.0:
            return
        place = self.project([centre])[0]
        mask = self.canvas.spot(place, np.asarray(radii) * self.scale)
        self.canvas.paint(mask if within is None else mask * within, colour, opacity)
