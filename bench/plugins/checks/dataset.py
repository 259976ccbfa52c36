"""Whether a dataset can be used: its card, its list of images, the images, and its split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Final, get_args

from bench.data.card import DatasetCard, find_card, load_card
from bench.data.dataset import Sample, sample_of
from bench.data.manifest import read_manifest, verify
from bench.data.split import Pair, Part, Split, load_split
from bench.errors import BenchError
from bench.plugins.checks.contract import DATASET_CHECKS
from bench.plugins.checks.outcome import Check, Finding, failed, passed, skipped

__all__ = ["dataset_checks", "images_to_check"]

FEWEST_PEOPLE: Final = 3
"""Of a part: shuffled-source shows a third person."""


def images_to_check(name: str, data: Path | None) -> int:
    """How many images will be read.

    Raises:
        BenchError: there is no such dataset.
    """
    if find_card(name) is None:
        load_card(name)
    try:
        card = load_card(name)
        return len(read_manifest(card.manifest)) if _folder(card, data) else 0
    except BenchError:
        return 0


def dataset_checks(
    name: str, data: Path | None, advance: Callable[[int], None] = lambda images: None
) -> tuple[Check, ...]:
    """All checks; what cannot be read because of an earlier fault, or was not made, is skipped.

    Args:
        name: of the dataset.
        data: the user's copy; None for one whose images come with its card, or not to look.
        advance: hears of each image.
    """
    found = _findings(name, data, advance)
    findings: dict[str, Finding] = {}
    why = skipped("")
    for check in DATASET_CHECKS:
        try:
            findings[check] = next(found, why)
        except BenchError as error:
            expected = f"the {check} as docs/add-a-dataset.md has it"
            findings[check] = failed(error.message, expected, error.hint or "")
        if findings[check].status == "failed":
            why = skipped(f"first the {check}")
    return tuple(Check(check, line, findings[check]) for check, line in DATASET_CHECKS.items())


def _findings(name: str, data: Path | None, advance: Callable[[int], None]) -> Iterator[Finding]:
    """One finding for each check, until something cannot be read."""
    card = load_card(name)
    yield passed()
    if not card.manifest.is_file():
        yield from repeat(skipped(f"bench data add {name} --data DIR makes it"))
    samples = [sample_of(card, entry) for entry in read_manifest(card.manifest)]
    yield passed(f"{len(samples)} images")
    folder = _folder(card, data)
    yield _images(card, folder, advance) if folder else skipped("--data DIR names your copy")
    if not card.split_file.is_file():
        yield from repeat(skipped(f"bench data splits {name} makes it"))
    split = load_split(card.split_file)
    yield _pairs(split, samples)
    yield _people(split)


def _folder(card: DatasetCard, data: Path | None) -> Path | None:
    return data or (card.folder if card.ships_images else None)


def _images(card: DatasetCard, folder: Path, advance: Callable[[int], None]) -> Finding:
    """Whether every image is as published."""
    wrong: list[str] = []
    for entry, problem in verify(card, folder):
        if problem is not None:
            wrong.append(f"{entry.path} {problem}")
        advance(1)
    if not wrong:
        return passed()
    where = "" if card.ships_images else " --data DIR"
    found = f"{len(wrong)} are not as published, such as {wrong[0]}"
    return failed(found, "all are", f"bench data verify {card.name}{where}")


def _pairs(split: Split, samples: Sequence[Sample]) -> Finding:
    """Whether every pair is of images that are there for it."""
    sources = {(s.identity, s.name) for s in samples if not s.is_reference}
    referenced = {s.identity for s in samples if s.is_reference}
    for pair in _cross(split):
        if (pair.source, pair.sample) not in sources:
            problem = f"{pair.source}/{pair.sample} is no source image of the list"
        elif missing := {pair.source, pair.target} - referenced:
            problem = f"{min(missing)} has no reference image"
        else:
            continue
        return failed(f"pair {pair.key}: {problem}", "pairs of images of the list")
    return passed(f"{len(split.pairs)} pairs")


def _people(split: Split) -> Finding:
    """Whether both parts hold people enough."""
    if not _cross(split):
        return passed("identities alone: it calibrates embedders")
    count = {part: len(split.identities(part)) for part in get_args(Part)}
    found = ", ".join(f"{people} in {part}" for part, people in count.items())
    if min(count.values()) < FEWEST_PEOPLE:
        return failed(found, f"at least {FEWEST_PEOPLE} in each part")
    return passed(found)


def _cross(split: Split) -> list[Pair]:
    return [pair for pair in split.pairs if pair.kind == "cross"]
