"""The landmarks that instruments here give: 68 points in the order of iBUG 68 (300-W).

Sagonas, Antonakos, Tzimiropoulos, Zafeiriou and Pantic, "300 faces in-the-wild challenge: database
and results", Image and Vision Computing 47, 2016. From 0, and from image left to right: jaw 0-16,
brows 17-26, bridge of the nose 27-30, nostrils 31-35, eyes 36-47, outer lips 48-59, inner 60-67.
"""

from __future__ import annotations

from typing import Final

__all__ = ["EYE_CORNERS", "LANDMARKS"]

LANDMARKS: Final = 68

EYE_CORNERS: Final = (36, 45)
"""The outer corners of the image-left and image-right eye; their distance is the interocular
distance of 300-W."""
