"""What ``bench import`` does, as functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.command_line import command_line

if TYPE_CHECKING:
    from bench.analysis.release.agreement import Agreement
    from bench.analysis.release.summary import ReleaseSummary
    from bench.imports.valenzuela2021.features import Naturalness
    from bench.imports.valenzuela2021.images import ReleasedImages
    from bench.run.store import StoredRun

__all__ = ["import_valenzuela2021", "measure_valenzuela2021"]


def import_valenzuela2021(folder: Path, out: Path) -> ReleaseSummary:
    """Stores the released measurements of Valenzuela et al. as runs and summarises them.

    Args:
        folder: the user's copy of the release.
        out: the folder of runs.

    Raises:
        BenchError: the copy is incomplete or malformed; the message names file and line.
    """
    from bench.analysis.release.summary import summarise_release
    from bench.imports.valenzuela2021 import TRANSFER

    runs = _import_released(*_read_release(folder), out)
    return summarise_release(runs[TRANSFER], runs["target-neutral"])


def measure_valenzuela2021(folder: Path, out: Path, embedder: str, au_estimator: str) -> Agreement:
    """Measures the released pictures again, and compares with the released numbers.

    Both are stored, as two benchmarks: their numbers are of different instruments.

    Args:
        folder: the user's copy of the release, pictures included.
        out: the folder of runs.
        embedder, au_estimator: name, NAME:PATH or file of each.

    Raises:
        BenchError: the copy, a picture or an instrument is missing or malformed.
    """
    from bench.analysis.release.agreement import agreement
    from bench.imports.valenzuela2021 import TRANSFER
    from bench.imports.valenzuela2021.measured import MeasuredFeatures, benchmark_of
    from bench.imports.valenzuela2021.runs import store_release
    from bench.plugins.instruments import load_au_estimator, load_embedder, weights_beside
    from bench.run.progress import progress_bar

    beside = weights_beside(folder)
    instruments = load_embedder(embedder, beside), load_au_estimator(au_estimator, beside)
    images, niqe = _read_release(folder)
    released = _import_released(images, niqe, out)
    with progress_bar("measuring the released pictures", len(images.needed)) as advance:
        features = MeasuredFeatures(images, niqe, *instruments, advance)
    measured = store_release(images, features, out, benchmark_of(features), command_line())
    return agreement(released[TRANSFER], measured[TRANSFER])


def _read_release(folder: Path) -> tuple[ReleasedImages, Naturalness]:
    from bench.imports.valenzuela2021.features import naturalness
    from bench.imports.valenzuela2021.images import ReleasedImages
    from bench.imports.valenzuela2021.reading import read_release
    from bench.run.progress import progress_bar

    images = ReleasedImages(read_release(folder))
    if images.missing:
        return images, naturalness(images)
    pictures = len(images.photographs) + len(images.needed)
    with progress_bar("naturalness of the released pictures", pictures) as advance:
        return images, naturalness(images, advance)


def _import_released(images: ReleasedImages, niqe: Naturalness, out: Path) -> dict[str, StoredRun]:
    from bench.imports.valenzuela2021.features import ReleasedFeatures
    from bench.imports.valenzuela2021.runs import BENCHMARK, store_release

    return store_release(images, ReleasedFeatures(images, niqe), out, BENCHMARK, command_line())
