"""Outputs made again: the same pixels, or they may not be called the same outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.data.images import read_image
from bench.data.split import Pair
from bench.errors import BenchError
from bench.run.execute import Runner
from bench.run.gallery import output_path
from bench.run.outputs import call_method

__all__ = ["check_same_outputs"]

CHUNK_IMAGES = 64


def check_same_outputs(
    runner: Runner, first: Path, pairs: Sequence[Pair], alpha: float | None
) -> int:
    """Makes every output again whose picture an earlier run kept, and compares the pixels.

    Args:
        runner: the method, prepared here.
        first: the earlier run's folder.
        pairs: where its pictures may be.
        alpha: at which.

    Returns:
        How many pictures were compared; 0 where none was kept.

    Raises:
        BenchError: an output has other pixels, or there is none.
    """
    kept = {pair: path for pair in pairs if (path := output_path(first, pair, alpha)).is_file()}
    listed = list(kept)
    for start in range(0, len(listed), CHUNK_IMAGES):
        chunk = listed[start : start + CHUNK_IMAGES]
        requests = [runner.session.request(pair, alpha) for pair in chunk]
        side = runner.session.benchmark.resolution
        outputs = call_method(runner.method, requests, side, runner.seed)
        for pair, output in zip(chunk, outputs, strict=True):
            expected = read_image(kept[pair])
            if output.pixels is None:
                _refuse(runner, pair, f"has no image now ({output.outcome}: {output.detail})")
            elif not np.array_equal(output.pixels, expected):
                apart = np.abs(output.pixels.astype(np.int16) - expected)
                _refuse(
                    runner,
                    pair,
                    f"differs in {np.count_nonzero(apart)} of {apart.size} values, by up to "
                    f"{apart.max()} grey levels",
                )
    return len(listed)


def _refuse(runner: Runner, pair: Pair, how: str) -> None:
    raise BenchError(
        f"{runner.entry.name} makes other images than in its stored run: that of {pair.key} {how}",
        hint="the same --device and packages as then; or bench run it again with another --out",
    )
