"""Which of the 478 points of MediaPipe's face mesh stand for the 68 points of iBUG 68."""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["MESH_OF_IBUG"]

_JAW = (162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389)
_BROWS = (71, 63, 105, 66, 107, 336, 296, 334, 293, 301)
_NOSE = (168, 197, 5, 4, 75, 97, 2, 326, 305)
_EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
_OUTER_LIPS = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181)
_INNER_LIPS = (78, 82, 13, 312, 308, 317, 14, 87)

MESH_OF_IBUG: Final = np.array([*_JAW, *_BROWS, *_NOSE, *_EYES, *_OUTER_LIPS, *_INNER_LIPS])
"""(68,) indices into the mesh, in the order of :mod:`metrics.landmarks`.

The mesh has no points of iBUG 68: these are the nearest by anatomy. Eyes, lips and the bridge
of the nose are the same places; jaw and brows run along another line of the mesh.
"""
