"""What there is to run on: the benchmarks, where their cards are, and the datasets to add."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.data.benchmark import list_benchmarks, load_benchmark
from bench.data.card import DatasetCard, find_cards, list_cards, load_card
from bench.paths import datasets_folder

__all__ = ["benchmark_rows", "rows_to_add"]


def benchmark_rows() -> list[dict[str, Any]]:
    """A row of JSON values for each benchmark that needs nothing but its images.

    ``card`` is the file that counts, ``comes_with_bench`` whether it is the package's, and
    ``hidden`` the cards of the same name in folders that come later.
    """
    return [_row(name) for name in list_benchmarks()]


def rows_to_add() -> list[dict[str, Any]]:
    """A row for each dataset of which a copy is to be added, or a split to be made."""
    cards = [load_card(name) for name in list_cards()]
    return [
        {
            **_whence(card),
            "name": card.name,
            "dataset": card.title,
            "licence": card.licence,
            "next": f"bench data splits {card.name}"
            if card.manifest.is_file()
            else f"bench data add {card.name} --data DIR",
        }
        for card in cards
        if not card.is_ready
    ]


def _row(name: str) -> dict[str, Any]:
    benchmark = load_benchmark(name)
    card, split = benchmark.card, benchmark.split
    return {
        "name": name,
        "dataset": card.title,
        "licence": card.licence,
        "ships_images": card.ships_images,
        "split": split.version,
        "dev_identities": len(split.identities("dev")),
        "test_identities": len(split.identities("test")),
        "test_pairs": len(split.part("test")),
        "alphas": benchmark.alphas,
        "embedder": benchmark.embedder,
        "au_estimator": benchmark.au_estimator,
        "source_aus": benchmark.source_aus,
        "is_calibration": benchmark.is_calibration,
        **_whence(card),
    }


def _whence(card: DatasetCard) -> dict[str, Any]:
    hidden = [path for path in find_cards(card.folder.name) if path != card.folder]
    return {
        "card": str(card.folder / "card.toml"),
        "comes_with_bench": _is_package(card.folder),
        "hidden": [str(folder / "card.toml") for folder in hidden],
    }


def _is_package(folder: Path) -> bool:
    return folder.resolve().parent == datasets_folder().resolve()
