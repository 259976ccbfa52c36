"""The identity of a run: what decides its numbers, and nothing that does not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.data.benchmark import Benchmark
from bench.data.truth import read_truth
from bench.plugins.registry import MethodEntry

__all__ = ["identity_hash", "identity_parts", "measured_with"]


def identity_parts(
    benchmark: Benchmark,
    entry: MethodEntry,
    parameters: Mapping[str, str],
    fingerprint: Mapping[str, str],
    instruments: Mapping[str, Any],
    seed: int,
) -> dict[str, Any]:
    """Everything that decides the numbers of a run, as JSON values.

    Batch size, device, output folder and the alphas and pairs asked for are left out: they decide
    which rows there are, not what is in them.

    Args:
        benchmark: dataset, split and resolution.
        entry: the method and the hash of its source.
        parameters: the parameters that were set.
        fingerprint: what the method itself says decides its numbers, such as weights.
        instruments: the cards of the instruments, with versions and weights' SHA-256.
        seed: the run's seed.
    """
    return {
        "method": entry.name,
        "method_source_sha256": entry.source_sha256,
        "parameters": dict(sorted(parameters.items())),
        "fingerprint": dict(sorted(fingerprint.items())),
        **measured_with(benchmark, instruments),
        **_labels_used(benchmark),
        "seed": seed,
    }


def _labels_used(benchmark: Benchmark) -> dict[str, Any]:
    """The labels that the sources' Action Units come from; nothing if the estimator reads them."""
    if benchmark.source_aus == "estimator":
        return {}
    truth = read_truth(benchmark.card)
    content = truth.path.read_bytes() if truth else b""
    return {
        "source_aus": benchmark.source_aus,
        "labels_sha256": hashlib.sha256(content).hexdigest(),
    }


def measured_with(benchmark: Benchmark, instruments: Mapping[str, Any]) -> dict[str, Any]:
    """What decides a reading of a real image: images, split, resolution and instruments.

    Args:
        benchmark: dataset, split and resolution.
        instruments: the cards of the instruments.
    """
    specs = {"embedder": benchmark.embedder, "au_estimator": benchmark.au_estimator}
    return {
        "dataset": benchmark.card.name,
        "manifest_sha256": hashlib.sha256(benchmark.card.manifest.read_bytes()).hexdigest(),
        "split": benchmark.split.version,
        "split_sha256": benchmark.split.sha256,
        "resolution": benchmark.resolution,
        "instruments": {
            name: {
                **{
                    key: value
                    for key, value in card.items()
                    if key in {"name", "version", "weights_sha256", "patch"}
                },
                **_source_of(specs.get(name, "")),
            }
            for name, card in instruments.items()
        },
    }


def _source_of(spec: str) -> dict[str, str]:
    """The hash of an instrument that is a file: whoever edits it thinks of no version."""
    if not spec.endswith(".py"):
        return {}
    return {"source_sha256": hashlib.sha256(Path(spec).read_bytes()).hexdigest()}


def identity_hash(parts: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits of the parts' SHA-256."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
