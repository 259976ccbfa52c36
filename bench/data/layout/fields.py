"""From the files of a folder to the fields of each image, and the files that give none."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from bench.data.inside import FOLLOW_LINKS, leaves_by_link, path_problem
from bench.data.layout.pattern import compile_pattern, fits, is_image, match_image
from bench.data.layout.side import SideValues, fields_of_table, read_side_table
from bench.data.layout.spec import LabelSpec, Layout
from bench.errors import BenchError

__all__ = ["FoundFiles", "FoundImage", "Misfit", "find_images"]

LEAVES: Final = f"a link leads out of the folder, and {FOLLOW_LINKS}=1 is not set"


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image whose place in the dataset is known.

    Attributes:
        path: below the data folder.
        name: of the sample.
        fields: all fields, with codes translated.
        labels: AU -> intensity, NaN where it is not known; empty without a label.
    """

    path: str
    identity: str
    name: str
    fields: Mapping[str, str]
    labels: Mapping[str, float]

    @property
    def expression(self) -> str:
        """Empty if nothing tells it."""
        return self.fields.get("expression", "")

    @property
    def strength(self) -> float:
        """Sum of the labels, else the field ``intensity``, else 0: what is the strongest."""
        if self.labels:
            return sum(value for value in self.labels.values() if not math.isnan(value))
        return float(self.fields.get("intensity") or 0.0)


@dataclass(frozen=True, slots=True)
class Misfit:
    """An image file that is not used.

    Attributes:
        reason: the same text for all files with that fault.
        detail: what is particular to this one; may be empty.
    """

    path: str
    reason: str
    detail: str = ""


@dataclass(slots=True)
class FoundFiles:
    """What a folder holds.

    Attributes:
        other: extension -> number of files that are no images and no side files.
        side_files: pattern of the side files -> how many there are.
    """

    images: list[FoundImage] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    other: Counter[str] = field(default_factory=Counter)
    side_files: dict[str, int] = field(default_factory=dict)


def find_images(
    layout: Layout, labels: LabelSpec | None, groups: tuple[str, ...], data: Path, beside: Path
) -> FoundFiles:
    """Reads the fields of all images of a folder.

    Args:
        layout: of the dataset.
        labels: of the dataset; None if it has no AU labels.
        groups: fields that must be the same in all images of an identity.
        data: folder of the images.
        beside: folder of the side files; may be the same.

    Raises:
        BenchError: a folder is missing or cannot be read, or a side file is missing or malformed.
    """
    paths, outside = _list_files(data)
    side_paths = paths if beside == data else _list_files(beside)[0]
    found = FoundFiles()
    found.misfits += [Misfit(path, LEAVES) for path in outside if is_image(path)]
    known = set(compile_pattern(layout.pattern).groupindex) | {"sample"}
    tables: list[SideValues] = []
    used: set[str] = set()
    for table in layout.tables:
        tables.append(read_side_table(table, beside, side_paths, known, labels))
        known |= fields_of_table(table)
        found.side_files[table.files] = tables[-1].files
        compiled = compile_pattern(table.files)
        used |= {path for path in side_paths if fits(compiled, path)}
    reader = _Reader(layout, labels, groups, tables)
    for path in paths:
        if not is_image(path):
            if path not in used or beside != data:
                found.other[PurePosixPath(path).suffix.lower() or "no extension"] += 1
            continue
        read = reader.read(path)
        if isinstance(read, Misfit):
            found.misfits.append(read)
        else:
            found.images.append(read)
    return found


class _Reader:
    """Reads the fields of one image after the other and remembers what must not contradict."""

    def __init__(
        self,
        layout: Layout,
        labels: LabelSpec | None,
        groups: tuple[str, ...],
        tables: list[SideValues],
    ) -> None:
        self.layout, self.labels, self.groups, self.tables = layout, labels, groups, tables
        self._compiled = compile_pattern(layout.pattern)
        self._paths: dict[tuple[str, str], str] = {}
        self._groups: dict[tuple[str, str], tuple[str, str]] = {}

    def read(self, path: str) -> FoundImage | Misfit:
        fields = match_image(self._compiled, path)
        if fields is None or not path.isprintable():
            return Misfit(path, "the name does not fit the pattern")
        if problem := path_problem(path):
            return Misfit(path, "the name cannot stand in a list of images", f"it {problem}")
        units = self._complete(fields)
        for name in self.layout.lower_case:
            fields[name] = fields.get(name, "").lower()
        for name, source in self.layout.derived.items():
            fields[name] = fields.get(source, "")
        for name, codes in self.layout.codes.items():
            if code := fields.get(name, ""):
                if (meaning := _meaning(codes, code)) is None:
                    return Misfit(path, f"the card has no such code of {name}", repr(code))
                fields[name] = meaning
        if wrong := self._problem(fields):
            return Misfit(path, *wrong)
        if self.labels is not None and self.labels.names_expressions:
            fields["expression"] = _named_by(units, self.labels)
        identity = fields["identity"]
        sample = self.layout.sample.format_map(fields) if self.layout.sample else fields["sample"]
        first = self._paths.setdefault((identity, sample), path)
        if first != path:
            return Misfit(path, "another file has the same identity and name", f"as {first}")
        for group in self.groups:
            value = fields.get(group, "")
            said, where = self._groups.setdefault((identity, group), (value, path))
            if said != value:
                return Misfit(
                    path, f"{group} contradicts another file", f"{value!r}; {said!r} in {where}"
                )
        return FoundImage(path, identity, sample, fields, units)

    def _complete(self, fields: dict[str, str]) -> dict[str, float]:
        """Adds what the side files say of an image; returns its AU labels."""
        units: dict[str, float] = {}
        for table in self.tables:
            if not all(fields.get(name) for name in table.keys):
                continue
            key = table.key_of(fields)
            fields.update(table.fields.get(key, {}))
            units.update(table.labels.get(key, {}))
        if not units or self.labels is None:
            return {}
        wanted = self.labels.action_units or tuple(sorted(units))
        absent = 0.0 if self.labels.unlisted_is_zero else math.nan
        return {unit: units.get(unit, absent) for unit in wanted}

    def _problem(self, fields: Mapping[str, str]) -> tuple[str, str] | None:
        if not fields.get("identity"):
            return "no side file tells whose face it is", ""
        if fields.get("role", "") not in ("", "reference", "source"):
            return "the role is neither reference nor source", repr(fields["role"])
        try:
            float(fields.get("intensity") or 0.0)
        except ValueError:
            return "the intensity is no number", repr(fields["intensity"])
        return None


def _meaning(codes: Mapping[str, str], code: str) -> str | None:
    """What a code means; ``3.0e+00`` is the code ``3``."""
    if code in codes:
        return codes[code]
    try:
        number = float(code)
    except ValueError:
        return None
    return codes.get(f"{number:g}") if math.isfinite(number) else None


def _named_by(units: Mapping[str, float], labels: LabelSpec) -> str:
    """The expression that AU labels amount to; empty if they name none."""
    if not units or any(math.isnan(value) for value in units.values()):
        return ""
    if all(value <= labels.absent for value in units.values()):
        return "neutral"
    return "+".join(unit for unit, value in sorted(units.items()) if value >= labels.present)


def _list_files(folder: Path) -> tuple[list[str], list[str]]:
    """All files below a folder, sorted, with links to folders followed once.

    Returns:
        Those in the folder, and those to which links lead out of it.
    """
    if not folder.is_dir():
        raise BenchError(f"no data folder at {folder}")

    def refuse(error: OSError) -> None:
        raise BenchError(f"cannot read {error.filename}: {error.strerror}") from error

    seen: set[str] = set()
    found: list[str] = []
    outside: list[str] = []
    for place, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        if (real := os.path.realpath(place)) in seen:
            folders.clear()
            continue
        seen.add(real)
        leaves = leaves_by_link(Path(place), folder)
        if leaves:
            folders.clear()
        for name in files:
            path = Path(place, name)
            is_out = leaves or (path.is_symlink() and leaves_by_link(path, folder))
            (outside if is_out else found).append(path.relative_to(folder).as_posix())
    return sorted(found), sorted(outside)
