"""One target under atheris: libFuzzer chooses the cases by the lines of Python that they reach.

    python -m tests.fuzz.coverage TARGET RUNS SECONDS

The changes are those of tests/fuzz/mutate.py and libFuzzer's own, in turn. A finding ends it, with
the case in build/fuzz.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from random import Random

import atheris

from tests.fuzz.worker import limit_memory

KEPT = Path(__file__).resolve().parents[2] / "build" / "fuzz"

LARGEST = 1 << 20
"""Bytes of a case."""


def main(name: str, runs: int, seconds: int) -> None:
    with atheris.instrument_imports(include=["bench", "glow", "metrics"]):
        from tests.fuzz.targets import TARGETS, run_case

        target = TARGETS[name]
        folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-")).resolve()
        target.prepare(folder)
        for content in target.seeds():
            run_case(target, folder, content)

    def change(content: bytes, largest: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.7:
            # What libFuzzer has made may be too damaged to be changed by its structure.
            with suppress(Exception):
                return target.mutate(content, random)[:largest]
        return bytes(atheris.Mutate(content, largest))

    def test(content: bytes) -> None:
        run_case(target, folder, content)

    corpus = KEPT / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(target.seeds()):
        (corpus / f"sound-{number}").write_bytes(content)
    limit_memory()
    options = [
        f"-runs={runs}", f"-max_total_time={seconds}", f"-max_len={LARGEST}", "-timeout=30",
        "-rss_limit_mb=0", "-len_control=0", "-verbosity=0", "-print_final_stats=1",
        f"-artifact_prefix={KEPT}/{name}-",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], test, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
