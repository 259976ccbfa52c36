"""Places for text beside marks, without overlap."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Box", "Label", "place_labels", "shorten", "text_width"]

FONT_SIZE = 12.0  # of .label in charts.css
_WIDTH = 0.56  # of the font size, the mean of a proportional sans-serif face
_DIRECTIONS = ((1, 0), (1, -1), (1, 1), (-1, 0), (-1, -1), (-1, 1), (0, -1), (0, 1))
_DISTANCES = (10.0, 18.0, 32.0, 50.0, 72.0)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in drawing units; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Common area."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, across) * max(0.0, down)

    def outside(self, frame: Box) -> float:
        """How far this sticks out of a frame, summed over the sides."""
        return (
            max(0.0, frame.left - self.left)
            + max(0.0, frame.top - self.top)
            + max(0.0, self.right - frame.right)
            + max(0.0, self.bottom - frame.bottom)
        )


@dataclass(frozen=True, slots=True)
class Label:
    """A placed text: its box, the point it names, and whether a leader joins the two."""

    text: str
    box: Box
    target: tuple[float, float]
    leader: bool


def shorten(text: str, most: int = 24) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def text_width(text: str, size: float) -> float:
    """Estimated width of a text; East Asian wide characters count a full em."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return size * (_WIDTH * (len(text) - wide) + wide)


def place_labels(
    targets: Sequence[tuple[float, float, str]], frame: Box, obstacles: Sequence[Box]
) -> list[Label]:
    """Puts a label beside each target (x, y, text), greedily, the first ones best.

    Of 8 directions and 5 distances the one of least cost is taken: leaving the frame costs most,
    then covering another label, then covering an obstacle (a mark or a piece of a curve), then
    distance, so that a label far away is the last resort.
    """
    placed: list[Label] = []
    for x, y, text in targets:
        width, height = text_width(text, FONT_SIZE), 1.25 * FONT_SIZE
        best: tuple[float, Box, float] | None = None
        for nearness, distance in enumerate(_DISTANCES):
            for preference, (across, down) in enumerate(_DIRECTIONS):
                # A diagonal step is shorter on each axis, to keep the same distance.
                reach = distance * (0.8 if across and down else 1.0)
                left = x + across * reach - width * (1 - across) / 2
                top = y + down * (reach + 0.2 * height * (not across)) - height * (1 - down) / 2
                if not down:
                    top = y - height / 2
                box = Box(left, top, left + width, top + height)
                cost = (
                    1e4 * box.outside(frame)
                    + 50.0 * sum(box.overlap(label.box) for label in placed)
                    + 2.0 * sum(box.overlap(obstacle) for obstacle in obstacles)
                    + 30.0 * nearness
                    + preference
                )
                if best is None or cost < best[0]:
                    best = (cost, box, distance)
        assert best is not None
        placed.append(Label(text, best[1], (x, y), leader=best[2] > _DISTANCES[1]))
    return placed
