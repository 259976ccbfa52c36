"""The pairs of a benchmark with the files of their images: what is to be made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from bench.data.benchmark import Benchmark
from bench.data.dataset import Dataset
from bench.data.split import Part

__all__ = ["list_pairs"]


def list_pairs(
    benchmark: Benchmark, dataset: Dataset, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """One JSON object for each pair, dev before test, in the benchmark's order.

    Args:
        benchmark: its pairs and its alphas.
        dataset: the user's copy of its images.
        limit: only the first pairs of each part, the same that a limited run takes.

    Yields:
        ``part``, ``source``, ``sample`` and ``target``, which name the pair; ``alphas``; and the
        absolute paths ``source_image``, ``source_reference_images`` and
        ``target_reference_images``. The files have the dataset's own size.
    """

    def references(identity: str) -> list[str]:
        return [str(dataset.path(s).absolute()) for s in dataset.references(identity)]

    for part in get_args(Part):
        for pair in benchmark.pairs(part, limit):
            sample = dataset.sample(pair.source, pair.sample)
            yield {
                "part": pair.part,
                "source": pair.source,
                "sample": pair.sample,
                "target": pair.target,
                "alphas": list(benchmark.alphas),
                "source_image": str(dataset.path(sample).absolute()),
                "source_reference_images": references(pair.source),
                "target_reference_images": references(pair.target),
            }
