"""What a drawn face is made of: who, with which expression, seen how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final, Self

__all__ = [
    "ACTION_UNITS",
    "HAIR_STYLES",
    "HIGHEST_INTENSITY",
    "Expression",
    "FaceParameters",
    "Identity",
    "View",
]

ACTION_UNITS: Final = (
    "AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU10", "AU12",
    "AU14", "AU15", "AU17", "AU20", "AU23", "AU25", "AU26", "AU28", "AU45",
)  # fmt: skip
"""The eighteen Action Units of the reference paper's Table 1."""

HIGHEST_INTENSITY: Final = 5.0

HAIR_STYLES: Final = ("bald", "short", "side", "long", "bob", "curly", "bun", "fringe")


class _Row:
    """Conversion between a dataclass of numbers and words and a row of a CSV file."""

    __slots__ = ()

    def to_row(self) -> dict[str, str]:
        """Text of each field, numbers with three decimals."""
        return {
            name: value if isinstance(value, str) else f"{value:.3f}"
            for name, value in asdict(self).items()  # type: ignore[call-overload]
        }

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> Self:
        """The inverse of :meth:`to_row`; other columns are ignored.

        Raises:
            KeyError: a column is missing.
            ValueError: a number is malformed.
        """
        return cls(
            **{
                field.name: row[field.name] if field.type == "str" else float(row[field.name])
                for field in fields(cls)  # type: ignore[arg-type]
            }
        )


@dataclass(frozen=True, slots=True)
class Identity(_Row):
    """A person: everything that an expression leaves unchanged.

    Numbers run from -1 to 1 around the average person, or from 0 (none) to 1 (most) where the
    name is of something that can be absent.

    Attributes:
        skin: 0 lightest to 1 darkest.
        hair_tone: 0 black to 1 light blond, and beyond 0.85 towards grey with age.
        eye_tone: 0 dark brown, 0.5 green, 1 blue.
        hair_style: one of :data:`HAIR_STYLES`.
        glasses: ``none``, ``round`` or ``square``.
        clothes: hue of the clothes, 0 to 1.
    """

    face_width: float
    jaw_width: float
    chin_length: float
    chin_width: float
    forehead_height: float
    cheek_fullness: float
    skin: float
    skin_redness: float
    hair_style: str
    hair_tone: float
    hair_redness: float
    hair_volume: float
    hairline: float
    brow_height: float
    brow_thickness: float
    brow_slant: float
    brow_arch: float
    eye_spacing: float
    eye_size: float
    eye_width: float
    eye_slant: float
    eye_tone: float
    nose_length: float
    nose_width: float
    nose_bridge: float
    mouth_width: float
    mouth_height: float
    upper_lip: float
    lower_lip: float
    lip_redness: float
    ear_size: float
    age: float
    freckles: float
    stubble: float
    mole: float
    glasses: str
    clothes: float


@dataclass(frozen=True, slots=True)
class Expression:
    """Intensities 0 to 5 of :data:`ACTION_UNITS`, in their order."""

    intensities: tuple[float, ...]

    @classmethod
    def of(cls, **intensities: float) -> Self:
        """An expression from named intensities, such as ``of(AU06=3, AU12=4)``; others are 0.

        Raises:
            ValueError: an unknown Action Unit or an intensity outside 0..5.
        """
        if unknown := sorted(set(intensities) - set(ACTION_UNITS)):
            raise ValueError(f"unknown Action Unit(s): {', '.join(unknown)}")
        return cls(tuple(float(intensities.get(name, 0.0)) for name in ACTION_UNITS))

    def __post_init__(self) -> None:
        if len(self.intensities) != len(ACTION_UNITS):
            raise ValueError(f"expected {len(ACTION_UNITS)} intensities")
        if not all(0.0 <= value <= HIGHEST_INTENSITY for value in self.intensities):
            raise ValueError(f"intensities must be within 0..5, not {self.intensities}")

    def strength(self, action_unit: str) -> float:
        """Intensity of an Action Unit as a share of the highest, 0 to 1."""
        return self.intensities[ACTION_UNITS.index(action_unit)] / HIGHEST_INTENSITY

    def to_row(self) -> dict[str, str]:
        return {
            name: f"{value:.2f}" for name, value in zip(ACTION_UNITS, self.intensities, strict=True)
        }

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> Self:
        return cls(tuple(float(row[name]) for name in ACTION_UNITS))


@dataclass(frozen=True, slots=True)
class View(_Row):
    """How a face is seen: pose, light and background.

    Attributes:
        yaw: degrees, positive towards the image's right.
        pitch: degrees, positive downwards.
        roll: degrees that the alignment on the eyes left over.
        light: direction of the light, -1 from the image's left to 1 from its right.
        contrast: strength of the light's shading, 0 to 1.
        exposure: brightness, around 1.
        background_hue: 0 to 1.
        background_tone: 0 dark to 1 bright.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    light: float = 0.0
    contrast: float = 0.4
    exposure: float = 1.0
    background_hue: float = 0.6
    background_tone: float = 0.75


@dataclass(frozen=True, slots=True)
class FaceParameters:
    """Everything that decides a picture."""

    identity: Identity
    expression: Expression
    view: View
