"""Makes a split: identities parted into dev and test, expressions handed to targets.

Run by ``bench data splits``; the result is committed and never edited, only superseded.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.data.card import DatasetCard, SplitRecipe
from bench.data.dataset import read_groups, sample_of
from bench.data.manifest import read_manifest
from bench.data.split import Pair, check_unpublished, write_split
from bench.errors import BenchError

__all__ = ["make_split", "part_identities", "publish_split", "split_by_recipe"]

LEAST_PEOPLE = 3
"""In a part: the anchor ``shuffled-source`` shows a third person."""


def publish_split(
    card: DatasetCard, version: str, recipe: SplitRecipe, data: Path | None
) -> tuple[Path, list[Pair]]:
    """Writes a version of a dataset's split and, beside it, the recipe that made it.

    Args:
        card: the dataset's card.
        version: name of the split, such as ``v1``.
        recipe: how to make it.
        data: as for :func:`split_by_recipe`.

    Returns:
        The file and its pairs.

    Raises:
        BenchError: that version exists, or no split can be made.
    """
    if not re.fullmatch(r"\w[\w.-]*", version):
        raise BenchError(f"a split cannot be called {version!r}", hint="--version v2")
    path = card.folder / "splits" / f"{version}.csv"
    check_unpublished(path)
    if not card.manifest.is_file():
        raise BenchError(
            f"dataset {card.name} has no list of images yet",
            hint=f"bench data add {card.name} --data DIR",
        )
    pairs = split_by_recipe(card, data, recipe)
    write_split(path, pairs)
    listed = hashlib.sha256(card.manifest.read_bytes()).hexdigest()
    values = {"dataset": card.name, "files_sha256": listed, **asdict(recipe)}
    lines = [
        f"# How bench data splits made {path.name}. Neither is edited, only superseded.",
        *(f"{name} = {_in_toml(value)}" for name, value in values.items()),
    ]
    path.with_suffix(".toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path, pairs


def split_by_recipe(
    card: DatasetCard, data: Path | None = None, recipe: SplitRecipe | None = None
) -> list[Pair]:
    """The split that a recipe makes of a dataset; the same at every call.

    People without a reference image are left out: they have no mean face. A dataset without any
    source image has no expression to transfer; its split parts the people of whom there are two
    images at least, each image in a pair with its own identity, so that embedders can be
    calibrated on it.

    Args:
        card: the dataset's card.
        data: the user's copy, which holds the file of groups if the card names one.
        recipe: instead of the card's.

    Raises:
        BenchError: the groups are missing or unknown, or there are too few identities.
    """
    recipe = recipe or card.split_recipe
    if unknown := sorted(set(recipe.balance) - set(card.groups)):
        known = ", ".join(card.groups) or "none"
        raise BenchError(f"{card.name} has no group {', '.join(unknown)}", hint=f"there: {known}")
    if not 0.0 < recipe.dev_share < 1.0 or recipe.targets_per_source < 1:
        raise BenchError(
            "a split needs a dev share above 0 and below 1 and a target for every source",
            hint="--dev-share 0.4 --targets-per-source 1",
        )
    references, sources = _images_of_people(card)
    calibration = not any(sources.values())
    samples = references if calibration else sources
    least = 2 if calibration else 1
    groups = {
        identity: [values[name] for name in recipe.balance]
        for identity, values in read_groups(card, data).items()
        if len(references.get(identity, ())) >= least
    }
    parts = part_identities(_drawn(groups, recipe), dev_share=recipe.dev_share, seed=recipe.seed)
    for part, members in parts.items():
        if len(members) < LEAST_PEOPLE:
            raise BenchError(
                f"part {part} of {card.name} has {len(members)} people with enough images, and "
                f"needs {LEAST_PEOPLE}",
                hint="more people, or another --dev-share",
            )
    if calibration:
        return [
            Pair(part, identity, sample, identity)
            for part, members in parts.items()
            for identity in members
            for sample in samples[identity]
        ]
    try:
        return make_split(
            parts,
            samples,
            targets_per_source=recipe.targets_per_source,
            self_pairs=recipe.self_pairs,
            seed=recipe.seed,
        )
    except ValueError as error:
        raise BenchError(f"{card.name}: {error}", hint="--targets-per-source 1") from error


def _images_of_people(card: DatasetCard) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """identity -> names of its reference and of its source samples, sorted."""
    references: dict[str, list[str]] = {}
    sources: dict[str, list[str]] = {}
    for entry in read_manifest(card.manifest):
        sample = sample_of(card, entry)
        kind = references if sample.is_reference else sources
        kind.setdefault(sample.identity, []).append(sample.name)
    people = sorted({*references, *sources})
    return (
        {identity: sorted(references.get(identity, [])) for identity in people},
        {identity: sorted(sources.get(identity, [])) for identity in people},
    )


def _drawn(groups: Mapping[str, Sequence[str]], recipe: SplitRecipe) -> dict[str, Sequence[str]]:
    """As many identities as the recipe wants."""
    people = sorted(groups)
    if recipe.people and recipe.people < len(people):
        people = sorted(random.Random(f"{recipe.seed}-people").sample(people, recipe.people))
    return {identity: groups[identity] for identity in people}


def _in_toml(value: object) -> str:
    """A text, number, truth value or list of texts; JSON writes them alike."""
    return json.dumps(value)


def part_identities(
    groups: Mapping[str, Sequence[str]], *, dev_share: float, seed: int
) -> dict[str, list[str]]:
    """Parts identities into dev and test so that every group is split alike.

    Args:
        groups: identity -> its values of the grouping variables, such as (ethnicity, gender);
            without any, all identities are one group.
        dev_share: share of the identities that goes to dev, 0 to 1.
        seed: of the shuffle inside each group.

    Returns:
        ``{"dev": [...], "test": [...]}``, sorted and disjoint. Each group gives its share to dev
        rounded down, and the largest remainders give one more until dev has its share of all.
    """
    strata: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for identity in sorted(groups):
        strata[tuple(groups[identity])].append(identity)
    shuffle = random.Random(seed).shuffle
    for members in strata.values():
        shuffle(members)
    quotas = {group: dev_share * len(members) for group, members in strata.items()}
    counts = {group: math.floor(quota) for group, quota in quotas.items()}
    missing = round(dev_share * len(groups)) - sum(counts.values())
    by_remainder = sorted(quotas, key=lambda group: (counts[group] - quotas[group], group))
    for group in by_remainder[:missing]:
        counts[group] += 1
    return {
        "dev": sorted(i for group, members in strata.items() for i in members[: counts[group]]),
        "test": sorted(i for group, members in strata.items() for i in members[counts[group] :]),
    }


def make_split(
    parts: Mapping[str, Iterable[str]],
    samples: Mapping[str, Sequence[str]],
    *,
    targets_per_source: int,
    self_pairs: bool,
    seed: int,
) -> list[Pair]:
    """Pairs every source sample with target identities of its own part.

    The design is balanced: identities stand in a random circle and a sample of everybody goes to
    the identities some random offsets on, so that each identity is a target exactly as often as it
    is a source, where all have equally many samples. The n-th sample of everybody has offsets of
    its own, which come back only when all others were used: the expressions of one person go to
    different people.

    Args:
        parts: part -> its identities.
        samples: identity -> the names of its samples that serve as a source.
        targets_per_source: number of cross targets per source sample.
        self_pairs: whether to add a ``self`` pair for every source sample.
        seed: of the circle and the offsets.

    Raises:
        ValueError: a part has too few identities for that many different targets.
    """
    pairs: list[Pair] = []
    for part, members in parts.items():
        circle = sorted(members)
        if len(circle) <= targets_per_source:
            raise ValueError(
                f"part {part!r} has {len(circle)} identities, "
                f"too few for {targets_per_source} targets per source"
            )
        generator = random.Random(f"{seed}-{part}")
        generator.shuffle(circle)
        most = max(len(samples[source]) for source in circle)
        draws = _draw_in_turn(generator, range(1, len(circle)), targets_per_source)
        offsets = list(itertools.islice(draws, most))
        for place, source in enumerate(circle):
            for name, steps in zip(sorted(samples[source]), offsets, strict=False):
                targets = [circle[(place + step) % len(circle)] for step in steps]
                pairs += [Pair(part, source, name, target) for target in targets]
                if self_pairs:
                    pairs.append(Pair(part, source, name, source))
    return sorted(pairs, key=lambda pair: (pair.part, pair.source, pair.sample, pair.target))


def _draw_in_turn(
    generator: random.Random, values: Sequence[int], count: int
) -> Iterator[list[int]]:
    """Endless draws of ``count`` values; none comes again before all others were drawn."""
    unused: list[int] = []
    while True:
        drawn = generator.sample(unused, min(count, len(unused)))
        if len(drawn) < count:
            unused = [value for value in values if value not in drawn]
            drawn += generator.sample(unused, count - len(drawn))
        unused = [value for value in unused if value not in drawn]
        yield drawn
