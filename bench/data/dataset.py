"""A dataset as the harness sees it: identities, their samples, and pixels at one resolution."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.data.card import DatasetCard
from bench.data.images import Pixels, read_image, resize
from bench.data.inside import inside
from bench.data.manifest import ManifestEntry, read_manifest
from bench.data.tables import read_rows
from bench.errors import BenchError
from bench.remembered import Memory, Remembered

__all__ = ["Dataset", "Sample", "read_groups", "sample_of"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of one identity with one expression.

    Attributes:
        is_reference: whether it is one of the images that make the identity's mean face.
        intensity: of the expression, on the dataset's own scale; empty if nothing tells it.
    """

    identity: str
    name: str
    expression: str
    is_reference: bool
    intensity: str = ""


class Dataset:
    """The images of a user's copy of a dataset, at one resolution, remembered within bounds.

    Args:
        card: the dataset's card.
        data: the user's folder.
        resolution: side in pixels to which every image is brought.
        memory: where images are remembered; by default a room of their own.

    Raises:
        BenchError: the folder does not exist, or the manifest lists a sample that the card does
            not know.
    """

    def __init__(
        self, card: DatasetCard, data: Path, resolution: int, memory: Memory | None = None
    ) -> None:
        if not data.is_dir():
            raise BenchError(f"no data folder at {data}", hint=card.how_to_get)
        self.card, self.data, self.resolution = card, data, resolution
        self._entries: dict[Sample, ManifestEntry] = {}
        self._pixels: Remembered[Sample, Pixels] = Remembered(lambda a: a.nbytes, memory)
        self._by_identity: dict[str, dict[str, Sample]] = {}
        for entry in read_manifest(card.manifest):
            sample = sample_of(card, entry)
            self._entries[sample] = entry
            self._by_identity.setdefault(entry.identity, {})[entry.sample] = sample
        for identity, samples in self._by_identity.items():
            ordered = sorted(samples.values(), key=lambda s: (not s.is_reference, s.name))
            self._by_identity[identity] = {sample.name: sample for sample in ordered}

    def samples(self, identity: str) -> list[Sample]:
        """All samples of an identity, references first.

        Raises:
            BenchError: the dataset has no such identity.
        """
        if identity not in self._by_identity:
            raise BenchError(f"dataset {self.card.name} has no identity {identity!r}")
        return list(self._by_identity[identity].values())

    def sample(self, identity: str, name: str) -> Sample:
        """The sample of that name.

        Raises:
            BenchError: the identity has no such sample.
        """
        found = self._by_identity.get(identity, {}).get(name)
        if found is None:
            raise BenchError(f"identity {identity!r} of {self.card.name} has no sample {name!r}")
        return found

    def references(self, identity: str) -> list[Sample]:
        """The reference set of an identity."""
        return [sample for sample in self.samples(identity) if sample.is_reference]

    def pixels(self, sample: Sample) -> Pixels:
        """The image of a sample, (resolution, resolution, 3).

        Raises:
            BenchError: the file is missing, unreadable, or not the one in the manifest.
        """
        if (known := self._pixels.get(sample)) is not None:
            return known
        entry = self._entries[sample]
        path = self.path(sample)
        pixels = read_image(path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256:
            raise BenchError(
                f"{path} is not the image of the published dataset",
                hint=f"bench data verify {self.card.name} --data {self.data}",
            )
        pixels = resize(pixels, self.resolution)
        self._pixels.put(sample, pixels)
        return pixels

    def path(self, sample: Sample) -> Path:
        """The file of a sample.

        Raises:
            BenchError: a link leads out of the data folder.
        """
        return inside(self.data, self._entries[sample].path)

    def paths(self, identities: Iterable[str]) -> list[Path]:
        """The files of the identities, sorted."""
        return sorted(
            self.path(sample) for identity in identities for sample in self.samples(identity)
        )


def sample_of(card: DatasetCard, entry: ManifestEntry) -> Sample:
    """The sample of an image: by the list if that tells its role, else by the card.

    Raises:
        BenchError: neither does.
    """
    role, expression = entry.role, entry.expression
    if not role:
        if entry.sample not in card.roles:
            raise BenchError(
                f"{card.manifest}: {entry.path} is of the sample {entry.sample!r}, "
                f"which the card of {card.name} does not name"
            )
        role, expression = card.roles[entry.sample], card.expressions[entry.sample]
    return Sample(entry.identity, entry.sample, expression, role == "reference", entry.intensity)


def read_groups(card: DatasetCard, data: Path | None) -> dict[str, dict[str, str]]:
    """The group variables (age, gender, ...) of each identity.

    Args:
        card: the dataset's card.
        data: the user's copy, which holds the file of groups if the card names one; without one
            the groups are those of the list of images.

    Raises:
        BenchError: the file is missing or malformed, or the list lacks a group.
    """
    if not card.groups_file:
        return _listed_groups(card)
    path = inside(card.data_folder(data), card.groups_file)
    if not path.is_file():
        raise BenchError(f"no file of groups at {path}", hint=card.how_to_get)
    header, *rows = read_rows(path) or [[]]
    columns = ["identity", *card.groups]
    if not set(columns) <= set(header):
        raise BenchError(f"{path}:1: expected the columns {', '.join(columns)}")
    groups = {}
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise BenchError(f"{path}:{line}: expected {len(header)} values, found {len(row)}")
        values = dict(zip(header, row, strict=True))
        groups[values["identity"]] = {group: values[group] for group in card.groups}
    return groups


def _listed_groups(card: DatasetCard) -> dict[str, dict[str, str]]:
    """The groups of the identities of the list of images."""
    groups: dict[str, dict[str, str]] = {}
    for line, entry in enumerate(read_manifest(card.manifest), start=2):
        known = dict(entry.groups)
        if missing := [name for name in card.groups if name not in known]:
            raise BenchError(f"{card.manifest}:1: no column of the group {', '.join(missing)}")
        values = {name: known[name] for name in card.groups}
        if groups.setdefault(entry.identity, values) != values:
            raise BenchError(
                f"{card.manifest}:{line}: the groups of {entry.identity} are {values} here and "
                f"{groups[entry.identity]} before"
            )
    return groups
