"""A benchmark: dataset, split, resolution, alpha grid and instruments under one name."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from bench.data.card import DatasetCard, list_cards, load_card
from bench.data.split import Pair, Part, Split, load_split
from bench.errors import BenchError
from bench.suggest import did_you_mean

__all__ = ["DEFAULT_ALPHAS", "Benchmark", "list_benchmarks", "load_benchmark"]

DEFAULT_ALPHAS = tuple(sorted({i / 10 for i in range(11)} | {i / 50 for i in range(15, 26)}))
"""0 to 1 in steps of 0.1, and 0.3 to 0.5, where the reference paper looks, in steps of 0.02."""


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
    match = re.fullmatch(r"(?P<dataset>.+?)(?:-(?P<resolution>\d+))?", name)
    dataset = match["dataset"] if match else name
    if dataset not in list_cards():
        known = [*list_cards(), *list_benchmarks()]
        raise BenchError(
            f"no benchmark called {name!r}{did_you_mean(name, known)}",
            hint=f"known: {', '.join(list_benchmarks())}",
        )
    card = load_card(dataset)
    defaults = card.benchmark
    given = match["resolution"] if match else None
    resolution = int(given) if given else defaults.resolution
    if resolution not in defaults.resolutions:
        offered = ", ".join(str(r) for r in defaults.resolutions)
        raise BenchError(f"{dataset} is not offered at {resolution} pixels", hint=f"at: {offered}")
    return Benchmark(
        name=f"{dataset}-{resolution}",
        card=card,
        split=load_split(card.folder / "splits" / f"{defaults.split}.csv"),
        resolution=resolution,
        alphas=DEFAULT_ALPHAS,
        embedder=embedder or defaults.embedder,
        au_estimator=au_estimator or defaults.au_estimator,
    )


def _shuffled(pair: Pair) -> str:
    return hashlib.sha256(pair.key.encode()).hexdigest()
