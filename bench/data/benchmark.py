"""A benchmark: dataset, split, resolution, alpha grid and instruments under one name."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from bench.data.card import DatasetCard, find_card, list_cards, load_card
from bench.data.card_check import SOURCE_AUS
from bench.data.split import Pair, Part, Split, load_split
from bench.errors import BenchError
from bench.suggest import did_you_mean

__all__ = ["DEFAULT_BENCHMARK", "Benchmark", "card_of", "list_benchmarks", "load_benchmark"]

DEFAULT_BENCHMARK = "synthfaces"
"""What a command runs on if nothing is said: its images and instruments come with the package."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What results must share to be compared.

    Attributes:
        name: ``<dataset>-<resolution>``.
        embedder: name of the embedder, or the path of an ONNX file.
        au_estimator: name of the AU estimator.
        source_aus: what a source image's Action Units are: what the ``estimator`` reads, or the
            dataset's ``labels``. Results of the two are not compared.
    """

    name: str
    card: DatasetCard
    split: Split
    resolution: int
    alphas: tuple[float, ...]
    embedder: str
    au_estimator: str
    source_aus: str = "estimator"

    def pairs(self, part: Part, limit: int | None = None) -> list[Pair]:
        """The pairs of a part in a fixed shuffled order, the first ``limit`` of them.

        The order depends on each pair's name alone, so a limited run sees a fair mixture of
        identities and is contained in every longer one.
        """
        return sorted(self.split.part(part), key=_shuffled)[:limit]

    @property
    def is_calibration(self) -> bool:
        """Whether there are identities alone, to calibrate embedders on: nothing to transfer."""
        return not any(pair.kind == "cross" for pair in self.split.pairs)

    def check_expressions(self) -> None:
        """Refuses a dataset of identities, which has nothing to transfer.

        Raises:
            BenchError: it has no source image.
        """
        if self.is_calibration:
            raise BenchError(
                f"dataset {self.card.name} has identities without expressions: it calibrates "
                "embedders, and no method can be measured on it",
                hint=f"bench check-instruments {self.card.name}; others: bench list benchmarks",
            )

    def with_alphas(self, alphas: tuple[float, ...]) -> Benchmark:
        """The same benchmark on another grid."""
        return replace(self, alphas=alphas)


def list_benchmarks() -> list[str]:
    """All names ``<dataset>-<resolution>``, the datasets' defaults first among their own.

    A dataset counts from the moment that it has a list of images and a split.
    """
    names = []
    for dataset in list_cards():
        card = load_card(dataset)
        if card.is_ready:
            names += [f"{dataset}-{resolution}" for resolution in card.benchmark.resolutions]
    return names


def card_of(name: str) -> DatasetCard:
    """The card of the dataset of a benchmark, given by the benchmark's name or the dataset's.

    Raises:
        BenchError: there is no such dataset.
    """
    dataset, _ = _parse(name)
    if find_card(dataset) is None:
        known = [*list_cards(), *list_benchmarks()]
        raise BenchError(
            f"no benchmark called {name!r}{did_you_mean(name, known)}",
            hint=f"known: {', '.join(list_benchmarks())}",
        )
    return load_card(dataset)


def load_benchmark(
    name: str,
    *,
    embedder: str | None = None,
    au_estimator: str | None = None,
    source_aus: str | None = None,
) -> Benchmark:
    """Makes a benchmark from its dataset's card.

    Args:
        name: ``<dataset>-<resolution>``, or ``<dataset>`` for the card's default resolution.
        embedder: instead of the card's.
        au_estimator: instead of the card's.
        source_aus: instead of the card's.

    Raises:
        BenchError: there is no such dataset, it has no list of images or split yet, or its card
            does not offer the resolution.
    """
    card = card_of(name)
    defaults = card.benchmark
    resolution = _parse(name)[1] or defaults.resolution
    if resolution not in defaults.resolutions:
        offered = ", ".join(str(r) for r in defaults.resolutions)
        raise BenchError(
            f"{card.name} is not offered at {resolution} pixels", hint=f"at: {offered}"
        )
    if not card.manifest.is_file():
        raise BenchError(
            f"{card.name} is a card without a list of images: your copy must be added first",
            hint=f"bench data add {card.name} --data DIR",
        )
    if not card.split_file.is_file():
        raise BenchError(
            f"{card.name} has no split {defaults.split} yet", hint=f"bench data splits {card.name}"
        )
    truth_from = source_aus or defaults.source_aus
    if truth_from not in SOURCE_AUS:
        raise BenchError(
            f"no Action Units come from {truth_from!r}", hint=f"--source-aus {SOURCE_AUS[1]}"
        )
    return Benchmark(
        name=f"{card.name}-{resolution}",
        card=card,
        split=load_split(card.split_file),
        resolution=resolution,
        alphas=defaults.alphas,
        embedder=embedder or defaults.embedder,
        au_estimator=au_estimator or defaults.au_estimator,
        source_aus=truth_from,
    )


def _parse(name: str) -> tuple[str, int | None]:
    """``<dataset>-<resolution>`` or ``<dataset>`` as its parts."""
    match = re.fullmatch(r"(?P<dataset>.+?)-(?P<resolution>\d+)", name)
    return (match["dataset"], int(match["resolution"])) if match else (name, None)


def _shuffled(pair: Pair) -> str:
    return hashlib.sha256(pair.key.encode()).hexdigest()
