"""A benchmark: dataset, split, resolution, alpha grid and instruments under one name."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from bench.data.card import DatasetCard, list_cards, load_card
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
    """

    name: str
    card: DatasetCard
    split: Split
    resolution: int
    alphas: tuple[float, ...]
    embedder: str
    au_estimator: str

    def pairs(self, part: Part, limit: int | None = None) -> list[Pair]:
        """The pairs of a part in a fixed shuffled order, the first ``limit`` of them.

        The order depends on each pair's name alone, so a limited run sees a fair mixture of
        identities and is contained in every longer one.
        """
        return sorted(self.split.part(part), key=_shuffled)[:limit]

    def with_alphas(self, alphas: tuple[float, ...]) -> Benchmark:
        """The same benchmark on another grid."""
        return replace(self, alphas=alphas)


def list_benchmarks() -> list[str]:
    """All names ``<dataset>-<resolution>``, the datasets' defaults first among their own."""
    names = []
    for dataset in list_cards():
        defaults = load_card(dataset).benchmark
        names += [f"{dataset}-{resolution}" for resolution in defaults.resolutions]
    return names


def card_of(name: str) -> DatasetCard:
    """The card of the dataset of a benchmark, given by the benchmark's name or the dataset's.

    Raises:
        BenchError: there is no such dataset.
    """
    dataset, _ = _parse(name)
    if dataset not in list_cards():
        known = [*list_cards(), *list_benchmarks()]
        raise BenchError(
            f"no benchmark called {name!r}{did_you_mean(name, known)}",
            hint=f"known: {', '.join(list_benchmarks())}",
        )
    return load_card(dataset)


def load_benchmark(
    name: str, *, embedder: str | None = None, au_estimator: str | None = None
) -> Benchmark:
    """Makes a benchmark from its dataset's card.

    Args:
        name: ``<dataset>-<resolution>``, or ``<dataset>`` for the card's default resolution.
        embedder: instead of the card's.
        au_estimator: instead of the card's.

    Raises:
        BenchError: there is no such dataset, or its card does not offer the resolution.
    """
    card = card_of(name)
    defaults = card.benchmark
    resolution = _parse(name)[1] or defaults.resolution
    if resolution not in defaults.resolutions:
        offered = ", ".join(str(r) for r in defaults.resolutions)
        raise BenchError(
            f"{card.name} is not offered at {resolution} pixels", hint=f"at: {offered}"
        )
    return Benchmark(
        name=f"{card.name}-{resolution}",
        card=card,
        split=load_split(card.folder / "splits" / f"{defaults.split}.csv"),
        resolution=resolution,
        alphas=defaults.alphas,
        embedder=embedder or defaults.embedder,
        au_estimator=au_estimator or defaults.au_estimator,
    )


def _parse(name: str) -> tuple[str, int | None]:
    """``<dataset>-<resolution>`` or ``<dataset>`` as its parts."""
    match = re.fullmatch(r"(?P<dataset>.+?)-(?P<resolution>\d+)", name)
    return (match["dataset"], int(match["resolution"])) if match else (name, None)


def _shuffled(pair: Pair) -> str:
    return hashlib.sha256(pair.key.encode()).hexdigest()
