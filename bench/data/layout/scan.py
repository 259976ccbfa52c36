"""Reads a user's copy by its card: which images it lists, and what becomes of every other file."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.data.card import DatasetCard
from bench.data.dataset import Sample, sample_of
from bench.data.images import read_image
from bench.data.layout.fields import Misfit
from bench.data.layout.roles import Cast
from bench.data.layout.survey import Survey, survey
from bench.data.manifest import ManifestEntry
from bench.errors import BenchError

__all__ = ["Scan", "build_manifest", "read_images"]

ROLES = {True: "reference", False: "source"}

EXAMPLES = 3
"""How many files of each fault a report names."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The list of a dataset's images, and what became of all other files.

    Attributes:
        entries: sorted by path.
        labels: (identity, sample) -> AU -> intensity, NaN where it is not known.
        misfits: image files that are not used, sorted by path.
        sizes: side in pixels -> number of images.
    """

    survey: Survey
    entries: tuple[ManifestEntry, ...]
    labels: Mapping[tuple[str, str], Mapping[str, float]]
    misfits: tuple[Misfit, ...]
    sizes: Mapping[int, int]

    @property
    def samples(self) -> list[Sample]:
        """What each entry is, by the list or by the card."""
        return [sample_of(self.survey.card, entry) for entry in self.entries]

    @property
    def identities(self) -> tuple[str, ...]:
        return tuple(sorted({entry.identity for entry in self.entries}))

    @property
    def without_reference(self) -> tuple[str, ...]:
        """Identities that have source images and no reference image."""
        references = {sample.identity for sample in self.samples if sample.is_reference}
        return tuple(sorted(set(self.identities) - references))

    def to_dict(self) -> dict[str, Any]:
        """JSON values: counts, and a few examples of every fault."""
        faults: dict[str, list[Misfit]] = defaultdict(list)
        for misfit in self.misfits:
            faults[misfit.reason].append(misfit)
        found = self.survey.files
        return {
            "schema_version": 1,
            "dataset": self.survey.card.name,
            "data": str(self.survey.data),
            "image_files": len(found.images) + len(found.misfits),
            "listed": len(self.entries),
            "identities": len(self.identities),
            "roles": dict(Counter(ROLES[sample.is_reference] for sample in self.samples)),
            "expressions": dict(sorted(Counter(s.expression for s in self.samples).items())),
            "labelled": len(self.labels),
            "sizes": {str(size): count for size, count in sorted(self.sizes.items())},
            "misfits": [
                {
                    "reason": reason,
                    "files": len(files),
                    "examples": [_described(misfit) for misfit in files[:EXAMPLES]],
                }
                for reason, files in sorted(faults.items(), key=lambda item: -len(item[1]))
            ],
            "unused": _counted(self.survey.unused),
            "surplus": _counted(self.survey.surplus),
            "other_files": dict(found.other.most_common()),
            "side_files": found.side_files,
            "without_reference": list(self.without_reference),
        }


def read_images(survey: Survey, advance: Callable[[int], None] = lambda images: None) -> Scan:
    """Opens the chosen images and lists those that can be used.

    Args:
        survey: of the folder.
        advance: called with the number of images read since the last call.

    Raises:
        BenchError: no image can be used.
    """
    card, entries, misfits = survey.card, [], list(survey.files.misfits)
    labels: dict[tuple[str, str], Mapping[str, float]] = {}
    sizes: Counter[int] = Counter()
    seen: dict[str, ManifestEntry] = {}
    for cast in survey.chosen:
        read = _read(cast, survey)
        advance(1)
        if isinstance(read, Misfit):
            misfits.append(read)
            continue
        entry, size = read
        if first := seen.get(entry.sha256):
            misfits.append(_twin(entry, first))
            continue
        seen[entry.sha256] = entry
        sizes[size] += 1
        entries.append(entry)
        units = _labels(cast, card)
        if units:
            labels[entry.identity, entry.sample] = units
    misfits.sort(key=lambda misfit: misfit.path)
    scan = Scan(survey, tuple(entries), labels, tuple(misfits), sizes)
    if not entries:
        raise _nothing(scan)
    return scan


def build_manifest(card: DatasetCard, data: Path) -> list[ManifestEntry]:
    """Lists the images of a data folder by the card's layout, sorted by path.

    Raises:
        BenchError: the folder holds no image that fits.
    """
    return list(read_images(survey(card, data)).entries)


def _read(cast: Cast, survey: Survey) -> tuple[ManifestEntry, int] | Misfit:
    """The entry of an image and its side in pixels."""
    image = cast.image
    path = survey.data / image.path
    try:
        size = read_image(path).shape[0]
    except BenchError as error:
        return _spoilt(image.path, error.message.removeprefix(f"the image {path} "))
    expected = survey.card.size
    if expected not in (0, size):
        return Misfit(image.path, f"it is not {expected}x{expected}", f"is {size}x{size}")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    plain = (image.path, image.identity, image.name, len(content), digest)
    if survey.card.layout is None:
        return ManifestEntry(*plain), size
    groups = tuple((name, image.fields.get(name, "")) for name in _stored_groups(survey.card))
    intensity = image.fields.get("intensity", "")
    return ManifestEntry(*plain, cast.role, cast.expression, intensity, groups), size


def _spoilt(path: str, problem: str) -> Misfit:
    """Parts what is wrong with an image into what many share and what is its own."""
    found, comma, wish = problem.partition(", expected ")
    if comma:
        return Misfit(path, f"it is not {wish}", found)
    fault, _, detail = problem.partition(" (")
    return Misfit(path, f"it {fault}", detail.removesuffix(")"))


def _stored_groups(card: DatasetCard) -> tuple[str, ...]:
    """Groups that the scan knows; those of a groups file are read from there."""
    return () if card.groups_file else card.groups


def _twin(entry: ManifestEntry, first: ManifestEntry) -> Misfit:
    whose = "the same" if entry.identity == first.identity else "another"
    return Misfit(
        entry.path, f"it is byte for byte another image of {whose} identity", f"as {first.path}"
    )


def _labels(cast: Cast, card: DatasetCard) -> Mapping[str, float]:
    if cast.image.labels or card.labels is None or card.layout is None:
        return cast.image.labels
    if card.labels.neutral_is_zero and cast.expression == "neutral":
        return dict.fromkeys(card.labels.action_units, 0.0)
    return {}


def _described(misfit: Misfit) -> str:
    return f"{misfit.path} ({misfit.detail})" if misfit.detail else misfit.path


def _counted(paths: tuple[str, ...]) -> dict[str, Any]:
    return {"files": len(paths), "examples": list(paths[:EXAMPLES])}


def _nothing(scan: Scan) -> BenchError:
    """Why no image can be used, by the fault that most of the files have."""
    card, where = scan.survey.card, scan.survey.data
    if scan.misfits:
        reason, count = Counter(misfit.reason for misfit in scan.misfits).most_common(1)[0]
        example = next(misfit for misfit in scan.misfits if misfit.reason == reason)
        square = "square" in reason or "RGB" in reason
        return BenchError(
            f"no image in {where} can be used for {card.name}; {count} because {reason}, such as "
            f"{_described(example)}",
            hint="bench data align SRC DST, then --data DST and --labels SRC"
            if square
            else f"bench data show {card.name} tells the layout",
        )
    fitting = scan.survey.unused
    problem = f"no rule on the card uses {fitting[0]} and the like" if fitting else "it holds none"
    return BenchError(
        f"no image in {where} fits the pattern of {card.name}: {problem}",
        hint=f"bench data show {card.name} tells the layout",
    )
