"""Piecewise affine warps between two shapes of one mesh (:mod:`bench.methods.face_shapes`)."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import fields
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.data.synthfaces import Expression, FaceParameters, Identity, View
from bench.data.synthfaces.landmarks import draw_landmarks
from bench.methods import face_shapes
from bench.methods.face_shapes import FaceLandmarks, Shape, face_shape
from bench.methods.fingerprint import code_sha256

__all__ = ["Floats", "Raster", "geometry_fingerprint", "sample", "triangles", "warp"]

Floats = NDArray[np.float64]

EDGE: Final = 1e-9
"""What rounding may take from a pixel on the edge of two triangles."""

TURNED: Final = View(yaw=3.0, roll=1.0)


def geometry_fingerprint(landmarks: FaceLandmarks) -> dict[str, str]:
    """What decides a method's geometry: the landmarks, the mesh and the code."""
    return {
        "landmarks": landmarks.source,
        "mesh_sha256": hashlib.sha256(triangles().tobytes()).hexdigest(),
        "geometry_sha256": code_sha256(face_shapes, sys.modules[__name__]),
    }


@cache
def triangles() -> NDArray[np.int32]:
    """The triangles (T, 3) of every shape, as indices of its vertices.

    Delaunay's of an average face. Its lips are parted, so that a closed mouth can open: the
    triangles between the lips are there, without an area. It is turned a little, since in a
    symmetric one rounding would choose between two triangulations.
    """
    from scipy.spatial import Delaunay

    words = {"hair_style": "bald", "glasses": "none"}
    average = Identity(**{field.name: words.get(field.name, 0.0) for field in fields(Identity)})  # type: ignore[arg-type]
    parted = Expression.of(AU25=5.0, AU26=2.0)
    landmarks = draw_landmarks(FaceParameters(average, parted, TURNED))
    shape = face_shape(landmarks, landmarks)
    mesh = np.asarray(Delaunay(shape).simplices, dtype=np.int32)
    turned = _doubled_areas(shape[mesh]) < 0.0
    mesh[turned] = mesh[turned][:, ::-1]
    return mesh


class Raster:
    """The pixels of a frame, placed in the triangles of a shape.

    A triangle that a motion turned over is hidden by its neighbours, which cover the same place.

    Args:
        shape: (V, 2), the corners of the frame among its vertices.
        size: side of the frame in pixels.
    """

    def __init__(self, shape: Shape, size: int) -> None:
        mesh = triangles()
        mesh = mesh[_doubled_areas(shape[mesh]) > 0.0]
        corners = shape[mesh] * size - 0.5
        to_weights = np.linalg.inv(corners[:, 1:] - corners[:, :1]).astype(np.float64)
        owner, x, y = _pixels_of_boxes(corners, size)
        inside = (_weights(corners, to_weights, owner, x, y) >= -EDGE).all(axis=1)
        owners = np.zeros((size, size), dtype=np.intp)
        owners[y[inside], x[inside]] = owner[inside]
        y, x = np.indices((size, size)).reshape(2, -1)
        self._weights = _weights(corners, to_weights, owners.ravel(), x, y)
        self._vertices = mesh[owners.ravel()]
        self._size = size

    def spread(self, values: Floats) -> Floats:
        """Values of the vertices (V, channels) at every pixel, affine in each triangle.

        Returns:
            (size, size, channels).
        """
        found: Floats = np.einsum("pi,pic->pc", self._weights, values[self._vertices])
        return found.reshape(self._size, self._size, -1)


def sample(picture: Floats, places: Floats) -> Floats:
    """A picture (size, size, channels) at places (..., 2), by cubic splines.

    Places are x and y as fractions of the frame; beyond the frame its edge goes on.
    """
    from scipy.ndimage import map_coordinates

    size = len(picture)
    x, y = np.moveaxis(np.clip(places * size - 0.5, 0.0, size - 1.0), -1, 0)
    channels = [
        map_coordinates(channel, [y, x], order=3, mode="mirror")
        for channel in np.moveaxis(picture, -1, 0)
    ]
    return np.stack(channels, axis=-1)


def warp(picture: Floats, shape: Shape, wanted: Shape) -> Floats:
    """A picture (size, size, channels) with its shape changed into the wanted one."""
    return sample(picture, Raster(wanted, len(picture)).spread(shape))


def _doubled_areas(corners: Floats) -> Floats:
    """Of triangles (T, 3, 2); negative where the corners turn the other way."""
    first, second = np.moveaxis(corners[:, 1:] - corners[:, :1], 1, 0)
    areas: Floats = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    return areas


def _weights(
    corners: Floats,
    to_weights: Floats,
    owner: NDArray[np.intp],
    x: NDArray[np.intp],
    y: NDArray[np.intp],
) -> Floats:
    """Barycentric coordinates (P, 3) of pixels in their triangles."""
    from_first = np.stack([x, y], axis=-1) - corners[owner, 0]
    others = np.einsum("pi,pij->pj", from_first, to_weights[owner])
    return np.column_stack([1.0 - others.sum(axis=1), others])


def _pixels_of_boxes(
    corners: Floats, size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Every pixel of every triangle's bounding box, in one list: triangle, x and y."""
    low = np.clip(np.ceil(corners.min(axis=1)), 0, size).astype(np.intp)
    high = np.clip(np.floor(corners.max(axis=1)) + 1, 0, size).astype(np.intp)
    width, height = np.maximum(high - low, 0).T
    count = width * height
    owner = np.repeat(np.arange(len(corners)), count)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, low[owner, 0] + place % width[owner], low[owner, 1] + place // width[owner]
