"""Colours of skin, hair, eyes, lips and what lies behind."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.data.synthfaces.parameters import Identity

__all__ = ["Palette", "hue", "palette"]

RGB = NDArray[np.float64]

SKIN = [
    (0.99, 0.88, 0.79),
    (0.95, 0.79, 0.67),
    (0.87, 0.68, 0.53),
    (0.73, 0.52, 0.38),
    (0.55, 0.37, 0.26),
    (0.40, 0.26, 0.19),
]
HAIR = [
    (0.09, 0.07, 0.07),
    (0.22, 0.14, 0.10),
    (0.38, 0.24, 0.14),
    (0.60, 0.42, 0.23),
    (0.84, 0.68, 0.42),
]
EYES = [(0.20, 0.11, 0.06), (0.42, 0.27, 0.12), (0.33, 0.45, 0.25), (0.28, 0.48, 0.66)]
GREY = (0.72, 0.71, 0.70)
RED_HAIR = (0.66, 0.27, 0.10)


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """The colours of one person, each (3,) in 0..1."""

    skin: RGB
    skin_shadow: RGB
    skin_light: RGB
    line: RGB
    blush: RGB
    lips: RGB
    lips_dark: RGB
    hair: RGB
    hair_dark: RGB
    hair_light: RGB
    brow: RGB
    iris: RGB
    clothes: RGB


def palette(identity: Identity) -> Palette:
    """The colours of a person."""
    skin = _along(SKIN, identity.skin) * (1 + 0.03 * identity.skin_redness * np.array([1, -1, -1]))
    line = skin * (0.42, 0.33, 0.31)
    rose = np.array([0.78, 0.32, 0.32]) * (0.55 + 0.45 * skin.mean() / 0.85)
    redness = 0.45 + 0.3 * identity.lip_redness
    lips = skin * (1 - redness) * 0.88 + rose * redness
    grey = max(0.0, identity.age - 0.6) / 0.4
    hair = _along(HAIR, identity.hair_tone)
    hair = _mix(hair, RED_HAIR, 0.8 * identity.hair_redness)
    hair = _mix(hair, GREY, 0.8 * grey)
    return Palette(
        skin=skin,
        skin_shadow=skin * (0.74, 0.66, 0.64),
        skin_light=_mix(skin, (1.0, 0.97, 0.92), 0.45),
        line=line,
        blush=skin * (1.04, 0.74, 0.72),
        lips=lips,
        lips_dark=lips * 0.42,
        hair=hair,
        hair_dark=hair * 0.62,
        hair_light=_mix(hair, (1.0, 0.95, 0.85), 0.25),
        brow=_mix(hair * 0.62, line, 0.25),
        iris=_along(EYES, identity.eye_tone),
        clothes=hue(identity.clothes, 0.5, 0.62),
    )


def hue(angle: float, saturation: float, value: float) -> RGB:
    """A colour from hue (0 to 1), saturation and value."""
    return np.array(colorsys.hsv_to_rgb(angle % 1.0, saturation, value))


def _along(stops: list[tuple[float, float, float]], place: float) -> RGB:
    """The colour at a place, 0 to 1, of an even gradient."""
    at = np.linspace(0.0, 1.0, len(stops))
    return np.array([np.interp(place, at, channel) for channel in zip(*stops, strict=True)])


def _mix(first: RGB, second: RGB | tuple[float, float, float], share: float) -> RGB:
    return first * (1 - share) + np.asarray(second) * share
