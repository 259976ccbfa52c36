"""Runs of very many pairs of few images, each in a process of its own that tells what it took.

    python -m tests.benchmarks.many_pairs make FOLDER PAIRS
    python -m tests.benchmarks.many_pairs fill FOLDER PAIRS
    python -m tests.benchmarks.many_pairs resume FOLDER PAIRS

``make`` makes a run: the real harness, a real but cheap method and small instruments. ``fill``
stores rows that nobody made, ten for each pair, with the store's own code; ``resume`` then looks
for what is missing, as ``bench run`` does. What is told is one line of JSON.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench import api
from bench.analysis.light_runs import read_light
from bench.data.card import load_card
from bench.data.layout.scan import build_manifest
from bench.data.manifest import write_manifest
from bench.data.split import Pair, write_split
from bench.run.executor import Serial
from bench.run.store import RunFolder
from bench.run.timings import Timings
from metrics.contracts import Images
from tests.conftest import MADE_UP_CARD, MadeUpInstrument, made_up_face

PEOPLE = 320
"""Of the test part, each with two images: 102,080 pairs of two people."""

DEV_PEOPLE = 20
GRID = tuple(place / 10 for place in range(10))
NUMBERS = 128
"""Of an embedding."""

LANDMARKS = 136


class Instrument(MadeUpInstrument):
    """With as many numbers in an embedding as usual ones have."""

    def embed(self, images: Images) -> NDArray[np.float32]:
        rows = super().embed(images)
        return np.pad(rows, ((0, 0), (0, NUMBERS - rows.shape[1])))


class Refused:
    """Stands for an executor where nothing must be left to make."""

    def run(self, *_: object) -> None:
        raise AssertionError("something is missing")

    draw = run


@contextmanager
def dataset(folder: Path, pairs: int) -> Iterator[None]:
    """A dataset with so many pairs in its test part, which is the default one meanwhile."""
    datasets = folder / "datasets"
    if not datasets.is_dir():
        _write_dataset(datasets / "synthfaces", pairs)
    with ExitStack() as stack:
        stack.enter_context(patch("bench.data.card.dataset_folders", lambda: [datasets]))
        for kind in ("embedder", "au_estimator"):
            name = f"bench.run.instruments.load_{kind}"
            stack.enter_context(patch(name, lambda *_, **__: Instrument()))
        yield


def _write_dataset(folder: Path, pairs: int) -> None:
    rng = np.random.default_rng(0)
    shown = {"neutral": (0.0, 0.0, 0.0), "happy": (0.0, 3.0, 4.0)}
    names = [f"p{number:03d}" for number in range(PEOPLE + DEV_PEOPLE)]
    for name in names:
        person = rng.uniform(-60.0, 60.0, 16)
        (folder / "images" / name).mkdir(parents=True)
        for sample, units in shown.items():
            face = made_up_face(person, units, rng.normal(0.0, 6.0, (64, 64, 3)))
            Image.fromarray(face).save(folder / "images" / name / f"{sample}.png")
    card = MADE_UP_CARD.format(
        roles='neutral = "reference"\nhappy = "source"',
        expressions='neutral = "neutral"\nhappy = "happy"',
    )
    (folder / "card.toml").write_text(card, encoding="utf-8")
    loaded = load_card("synthfaces", folder)
    write_manifest(loaded.manifest, build_manifest(loaded, folder))
    test, dev = names[:PEOPLE], names[PEOPLE:]
    every = [(one, other) for one in test for other in test if one != other]
    chosen = random.Random(0).sample(every, pairs)
    write_split(
        folder / "splits" / "v1.csv",
        [
            *(Pair("dev", one, "happy", other) for one in dev for other in dev if one != other),
            *(Pair("test", one, "happy", other) for one, other in chosen),
        ],
    )


def make(folder: Path, settings: api.Settings) -> dict[str, float]:
    """A run of one image for each pair."""
    runner = _runner(settings)
    api.complete(runner, "test", (1.0,), None, Serial())
    told = {"made_mib": _peak_mib()}
    scores = read_light(runner.folder).scores
    return {**told, "rows": len(scores), "read_mib": _peak_mib()}


def fill(folder: Path, settings: api.Settings) -> dict[str, float]:
    """Stores a run as if it had been made."""
    runner = _runner(settings)
    runner.run("test", [])
    rng, rows, units = np.random.default_rng(0), 0, MadeUpInstrument.action_units
    picture = np.full((64, 64, 3), 128, dtype=np.uint8)
    for chunk in runner.missing("test", GRID, None):
        table = []
        for pair, alpha in chunk.rows:
            runner.pictures.keep(pair, alpha, picture, "ok")
            embedding = rng.normal(size=NUMBERS)
            table.append(
                {
                    "part": pair.part, "source": pair.source, "sample": pair.sample,
                    "target": pair.target, "kind": pair.kind, "alpha": alpha, "outcome": "ok",
                    "detail": "", "niqe": float(rng.uniform(3, 6)),
                    "embedding": (embedding / np.linalg.norm(embedding)).tolist(),
                    "landmarks": rng.uniform(0, 64, LANDMARKS).tolist(),
                    **dict(zip(units, rng.uniform(0, 5, len(units)).tolist(), strict=True)),
                }
            )  # fmt: skip
        runner.folder.write_rows(table, units, Timings(len(table), 0.1, 0.1, 500.0))
        rows += len(table)
    return {"rows": rows, "files": len(runner.folder.parts())}


def resume(folder: Path, settings: api.Settings) -> dict[str, float]:
    """Finds out that nothing is missing; then the table is read, as for the board."""
    before, started = time.process_time(), time.perf_counter()
    runner = _runner(settings)
    opened = time.process_time() - before
    api.complete(runner, "test", GRID, None, Refused())
    told = {
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - before,
        "opening_processor_seconds": opened,
        "looked_mib": _peak_mib(),
    }
    before = time.process_time()
    rows = len(read_light(runner.folder).scores)
    told |= {"reading_processor_seconds": time.process_time() - before, "read_mib": _peak_mib()}
    return {**{name: round(value, 2) for name, value in told.items()}, "rows": rows}


def _runner(settings: api.Settings) -> api.Runner:
    session = api.open_session(settings.load_benchmark(), settings)
    runner = api.make_runner(session, api.load_method("pixel-arith"), settings, RunFolder)
    runner.pictures.thumbnails_at(GRID[5])
    return runner


def _peak_mib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def main() -> None:
    verb, folder, pairs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    with dataset(folder, pairs):
        settings = api.Settings(out=folder / "runs", cache=False)
        print(json.dumps({"make": make, "fill": fill, "resume": resume}[verb](folder, settings)))


if __name__ == "__main__":
    main()
