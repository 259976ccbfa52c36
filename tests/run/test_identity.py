"""What decides the numbers of a run is part of its identity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.data.benchmark import load_benchmark
from bench.run.identity import identity_hash, measured_with

CARDS = {"embedder": {"name": "mine", "version": "1"}, "au_estimator": {"name": "synth"}}


def test_an_instrument_in_a_file_is_another_one_when_the_file_is_edited(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    benchmark = replace(load_benchmark("synthfaces"), embedder=str(path))
    hashes = set()
    for source in ("x = 1\n", "x = 2\n"):
        path.write_text(source)
        parts = measured_with(benchmark, CARDS)
        assert set(parts["instruments"]["embedder"]) == {"name", "version", "source_sha256"}
        assert parts["instruments"]["au_estimator"] == {"name": "synth"}
        hashes.add(identity_hash(parts))
    assert len(hashes) == 2
