"""Which images serve as references and which as sources, by a card's rules."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.data.layout.fields import FoundImage
from bench.data.layout.spec import Layout, RoleRule

__all__ = ["Cast", "cast_images"]

UNNAMED_REFERENCE = "natural"
"""Expression of a reference image of which nothing says what it shows."""


@dataclass(frozen=True, slots=True)
class Cast:
    """An image and what it serves as.

    Attributes:
        role: ``reference`` or ``source``.
    """

    image: FoundImage
    role: str
    expression: str


def cast_images(
    layout: Layout, images: Sequence[FoundImage]
) -> tuple[list[Cast], list[FoundImage], list[FoundImage]]:
    """Applies the rules of a layout.

    Args:
        layout: with its rules.
        images: all that were found, sorted by path.

    Returns:
        The images with a role, those to which no rule applies, and those beyond a rule's ``most``.
    """
    rules = layout.roles or _rules_of_field(images)
    frames = _frames_of_sequences(layout, images)
    by_rule: dict[int, list[Cast]] = defaultdict(list)
    unused = []
    for image in images:
        for number, rule in enumerate(rules):
            if _applies(rule, image, frames.get(image.path, ())):
                cast = _cast(image, rule.role, rule.becomes)
                if cast is not None:
                    by_rule[number].append(cast)
                    break
        else:
            unused.append(image)
    kept, surplus = [], []
    for number, casts in by_rule.items():
        chosen_paths = _chosen(rules[number], casts)
        kept += [cast for cast in casts if cast.image.path in chosen_paths]
        surplus += [cast.image for cast in casts if cast.image.path not in chosen_paths]
    return (
        sorted(kept, key=lambda cast: cast.image.path),
        unused,
        sorted(surplus, key=lambda image: image.path),
    )


def _rules_of_field(images: Sequence[FoundImage]) -> tuple[RoleRule, ...]:
    """The rules of a layout without any: by the field ``role``, else identities only."""
    if any(image.fields.get("role") for image in images):
        return tuple(RoleRule(role, {"role": (role,)}) for role in ("reference", "source"))
    return (RoleRule("reference"),)


def _cast(image: FoundImage, role: str, becomes: str) -> Cast | None:
    """An image in a role; None for a source of which nothing says what it shows."""
    expression = becomes or image.expression
    if role == "reference":
        return Cast(image, role, expression or UNNAMED_REFERENCE)
    return Cast(image, role, expression) if expression else None


def _frames_of_sequences(
    layout: Layout, images: Sequence[FoundImage]
) -> dict[str, tuple[str, ...]]:
    """Path -> which of ``first``, ``middle`` and ``last`` the image is in its sequence."""
    if not layout.sequence:
        return {}
    sequences: dict[tuple[str, ...], list[FoundImage]] = defaultdict(list)
    for image in images:
        sequences[tuple(image.fields.get(name, "") for name in layout.sequence)].append(image)
    places: dict[str, tuple[str, ...]] = {}
    for members in sequences.values():
        ordered = sorted(members, key=_frame_order)
        marks = {"first": 0, "middle": (len(ordered) - 1) // 2, "last": len(ordered) - 1}
        for place, image in enumerate(ordered):
            places[image.path] = tuple(mark for mark, at in marks.items() if at == place)
    return places


def _frame_order(image: FoundImage) -> tuple[int, str]:
    frame = image.fields.get("frame", "")
    return (int(frame) if frame.isdecimal() else 0, image.path)


def _applies(rule: RoleRule, image: FoundImage, marks: Sequence[str]) -> bool:
    if rule.frame and rule.frame not in marks:
        return False
    for name, allowed in rule.where.items():
        value = image.fields.get(name, "")
        if name == "frame" and value.isdecimal():
            # The frames 1 and 00000001 are one.
            if int(value) not in {int(text) for text in allowed if text.isdecimal()}:
                return False
        elif value not in allowed:
            return False
    return True


def _natural_order(path: str) -> list[tuple[int, str]]:
    """Order of paths in which 9 comes before 10."""
    parts = re.split(r"(\d+)", path)
    return [(int(part), part) if part.isdecimal() else (0, part) for part in parts]


def _chosen(rule: RoleRule, casts: Sequence[Cast]) -> set[str]:
    """Paths of the images that a rule keeps of those it applies to."""
    alike: Mapping[tuple[str, str, str], list[Cast]] = defaultdict(list)
    for cast in casts:
        intensity = cast.image.fields.get("intensity", "")
        alike[cast.image.identity, cast.expression, intensity].append(cast)
    paths: set[str] = set()
    for members in alike.values():
        if not rule.most or len(members) <= rule.most:
            kept = members
        elif rule.choose == "strongest":
            # Sorting is stable: of equally strong ones the first by path.
            kept = sorted(members, key=lambda cast: -cast.image.strength)[: rule.most]
        else:
            step = len(members) / rule.most
            members = sorted(members, key=lambda cast: _natural_order(cast.image.path))
            kept = [members[int((place + 0.5) * step)] for place in range(rule.most)]
        paths |= {cast.image.path for cast in kept}
    return paths
