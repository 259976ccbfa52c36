"""Makes a split: identities parted into dev and test, expressions handed to targets.

Run by ``bench data split``; the result is committed and never edited, only superseded.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.data.card import DatasetCard
from bench.data.dataset import read_groups
from bench.data.split import Pair

__all__ = ["make_split", "part_identities", "split_by_recipe"]


def split_by_recipe(card: DatasetCard, data: Path) -> list[Pair]:
    """The split that the recipe on a dataset's card makes; the same at every call.

    Args:
        card: the dataset's card.
        data: the user's copy, which holds the groups of the identities if there are any.

    Raises:
        BenchError: the groups are missing.
        ValueError: there are too few identities for the recipe.
    """
    recipe = card.split_recipe
    groups = {
        identity: [values[name] for name in recipe.balance]
        for identity, values in read_groups(card, data).items()
    }
    sources = sorted(sample for sample, role in card.roles.items() if role == "source")
    return make_split(
        part_identities(groups, dev_share=recipe.dev_share, seed=recipe.seed),
        dict.fromkeys(groups, sources),
        targets_per_source=recipe.targets_per_source,
        self_pairs=recipe.self_pairs,
        seed=recipe.seed,
    )


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
    is a source. Each sample has offsets of its own, which come back only when all others were
    used: the expressions of one person go to different people.

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
        names = sorted({name for source in circle for name in samples[source]})
        draws = _draw_in_turn(generator, range(1, len(circle)), targets_per_source)
        offsets = dict(zip(names, draws, strict=False))
        for place, source in enumerate(circle):
            for name in samples[source]:
                targets = [circle[(place + offset) % len(circle)] for offset in offsets[name]]
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
