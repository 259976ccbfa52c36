"""The report of many rows: ``pytest tests/benchmarks/test_report.py --benchmark-enable -rP``.

Runs are made up and stored as a run stores them, file by file. Seconds are of the processor, so
that the bound holds whatever else runs; memory is measured in a process of its own, with Python,
pandas and everything else that is loaded on the way. What was measured is printed.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from bench.data.split import Pair
from bench.report.collect import collect_report
from bench.report.page.html import render_html
from bench.run.gallery import choose_gallery, output_path, real_path, thumbnail_path

ROOT = Path(__file__).resolve().parents[2]
BENCHMARK = "made-up-64"
UNITS = [f"AU{number:02d}" for number in range(1, 22)]
EXPRESSIONS = ("neutral", "rest-1", "rest-2", "happy", "sad", "angry", "afraid", "surprised")
ANCHORS = ("target-neutral", "copy-source", "shuffled-source", "real-target")
DEV_PEOPLE, PEOPLE = 40, 100
ROWS_OF_A_FILE = 64
"""At least, as a run stores them; the rows of a pair stay together."""
ROLES = ("source", "source-neutral", "target-neutral")
SECONDS, MEBIBYTES, BYTES = 20, 1536, 20_000_000


def make_runs(
    folder: Path, methods: int, pairs: int, alphas: int, length: int = 512, pictures: bool = False
) -> int:
    """Stores runs of some methods and of the anchors; how many rows they have.

    Args:
        folder: of runs.
        methods: how many, beside the anchors.
        pairs: of each method, two fifths of them on dev.
        alphas: from 0 to 1.
        length: numbers of an embedding.
        pictures: whether the pictures of the pairs of test are stored.
    """
    random = np.random.default_rng(0)
    keys = {"dev": _pairs(random, "dev", pairs * 2 // 5), "test": _pairs(random, "test", pairs)}
    keys["test"] = keys["test"][: pairs - len(keys["dev"])]
    people = random.normal(size=(PEOPLE, length)).astype(np.float32)
    shown = random.uniform(0, 1, size=(len(EXPRESSIONS), len(UNITS)))
    references = {part: _references(random, part, people, shown) for part in keys}
    names = [f"method-{number:02d}" for number in range(methods)]
    rows = 0
    for place, name in enumerate([*names, *ANCHORS]):
        run = folder / BENCHMARK / f"{name}-{place:08x}"
        grid = np.full(1, np.nan) if name in ANCHORS else np.linspace(0, 1, alphas).round(6)
        for part, table in references.items():
            _write(run / "references" / f"{part}.parquet", table)
        numbers = count()
        for part, of_part in keys.items():
            if part == "dev" and name in ANCHORS:
                continue
            at_once = math.ceil(ROWS_OF_A_FILE / len(grid))
            for start in range(0, len(of_part), at_once):
                chunk = of_part[start : start + at_once]
                table = _scores(random, part, chunk, grid, people, shown, 0.3 + 0.02 * place)
                _write(run / "scores" / f"part-{next(numbers):016x}.parquet", table)
                rows += table.num_rows
        if pictures:
            _draw(random, run, keys["test"], grid)
        info = _info(name, place)
        (run / "run.json").write_text(json.dumps(info), encoding="utf-8")
    return rows


def _pairs(random: np.random.Generator, part: str, count: int) -> list[tuple[int, int, int]]:
    """Source, expression and target by number, each pair once."""
    low, high = (0, DEV_PEOPLE) if part == "dev" else (DEV_PEOPLE, PEOPLE)
    every = [
        (source, expression, target)
        for source in range(low, high)
        for expression in range(3, len(EXPRESSIONS))
        for target in range(low, high)
        if source != target
    ]
    chosen = random.choice(len(every), size=min(count, len(every)), replace=False)
    return [every[place] for place in sorted(chosen)]


def _person(number: int) -> str:
    return f"person-{number:03d}"


def _references(random: np.random.Generator, part: str, people: Any, shown: Any) -> pa.Table:
    low, high = (0, DEV_PEOPLE) if part == "dev" else (DEV_PEOPLE, PEOPLE)
    who = np.repeat(np.arange(low, high), len(EXPRESSIONS))
    what = np.tile(np.arange(len(EXPRESSIONS)), high - low)
    columns = {
        "identity": [_person(number) for number in who],
        "sample": [EXPRESSIONS[number] for number in what],
        "expression": [EXPRESSIONS[number] for number in what],
        "part": [part] * len(who),
        "is_reference": what < 3,
        "is_neutral": what == 0,
        "outcome": ["ok"] * len(who),
        "niqe": random.uniform(3, 5, len(who)),
        **_units(shown[what] + random.normal(0, 0.05, (len(who), len(UNITS)))),
        "embedding": _lists(people[who] + random.normal(0, 0.3, (len(who), people.shape[1]))),
    }
    return pa.table(columns)


def _scores(
    random: np.random.Generator,
    part: str,
    pairs: list[tuple[int, int, int]],
    alphas: Any,
    people: Any,
    shown: Any,
    noise: float,
) -> pa.Table:
    source, what, target = np.repeat(np.array(pairs), len(alphas), axis=0).T
    alpha = np.tile(alphas, len(pairs))
    share = np.nan_to_num(alpha, nan=1.0)[:, None]
    embeddings = people[target] + 0.7 * share * (people[source] - people[target])
    units = shown[0] + share * (shown[what] - shown[0])
    failed = random.uniform(size=len(source)) < 0.01
    columns = {
        "part": [part] * len(source),
        "source": [_person(number) for number in source],
        "sample": [EXPRESSIONS[number] for number in what],
        "target": [_person(number) for number in target],
        "kind": ["cross"] * len(source),
        "alpha": pa.array(alpha, from_pandas=True),
        "outcome": np.where(failed, "no_face", "ok").tolist(),
        "detail": np.where(failed, "no face was found", "").tolist(),
        "niqe": random.uniform(4, 7, len(source)),
        **_units(units + random.normal(0, noise, units.shape), failed),
        "embedding": _lists(embeddings + random.normal(0, 0.3, embeddings.shape)),
        "landmarks": _lists(random.uniform(0, 1, (len(source), 136))),
    }
    timings = {
        "images": len(source),
        "method_seconds": 0.1,
        "instrument_seconds": 0.1,
        "peak_memory_mib": 900.0,
    }
    return pa.table(columns).replace_schema_metadata({"timings": json.dumps(timings)})


def _units(values: Any, failed: Any = None) -> dict[str, pa.Array]:
    return {
        unit: pa.array(column, mask=failed)
        for unit, column in zip(UNITS, np.ascontiguousarray(values.T), strict=True)
    }


def _lists(rows: Any) -> pa.Array:
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1]
    return pa.ListArray.from_arrays(offsets, rows.astype(np.float32).ravel())


def _write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")


def _draw(random: np.random.Generator, run: Path, pairs: Any, alphas: Any) -> None:
    """The pictures that a run keeps: of the gallery at every alpha, of the others thumbnails."""
    shown = [
        Pair("test", _person(source), EXPRESSIONS[what], _person(target))
        for source, what, target in pairs
    ]
    gallery = choose_gallery(shown).pairs
    grid = [None if math.isnan(alpha) else float(alpha) for alpha in alphas]
    paths = [thumbnail_path(run, pair, grid[-1]) for pair in shown if pair not in gallery]
    paths += [output_path(run, pair, alpha) for pair in gallery for alpha in grid]
    paths += [real_path(run, pair, role) for pair in gallery for role in ROLES]
    for path in paths:
        coarse = Image.fromarray(random.integers(0, 255, (16, 16, 3), dtype=np.uint8))
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse.resize((64, 64), Image.Resampling.BICUBIC).save(path)


def _info(name: str, place: int) -> dict[str, Any]:
    card = {"version": "1", "licence": "Apache-2.0", "weights_sha256": "0" * 64}
    return {
        "schema_version": 1,
        "benchmark": BENCHMARK,
        "method": {
            "name": name,
            "description": "made up",
            "citation": "",
            "has_alpha": name not in ANCHORS,
            "is_anchor": name in ANCHORS,
            "origin": "made up",
        },
        "identity": {
            "hash": f"{place:08x}",
            "parts": {
                "method": name,
                "parameters": {},
                "dataset": "made-up",
                "manifest_sha256": "",
                "split": "v1",
                "split_sha256": "",
                "resolution": 64,
                "instruments": {},
                "seed": 0,
            },
        },
        "dataset": {
            "name": "made-up",
            "citation": "",
            "licence": "Apache-2.0",
            "doi": "",
            "may_show_images": True,
        },
        "instruments": {
            "embedder": {"name": "made-up", **card},
            "au_estimator": {"name": "made-up", **card},
        },
        "action_units": UNITS,
        "command": f"bench run {name}",
        "created": "2026-01-02T03:04:05+00:00",
        "python": "3.11",
        "packages": {},
        "hardware": {},
        "git": {"commit": None, "dirty": None},
    }


def render(folder: Path) -> int:
    """Collects and renders a report; how many bytes its page has."""
    return len(render_html(collect_report(folder, None)).encode())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten thousand rows."""
    folder = tmp_path_factory.mktemp("small")
    make_runs(folder, methods=2, pairs=250, alphas=20)
    return folder


@pytest.mark.benchmark(group="a report of 10,000 rows", min_rounds=2)
@pytest.mark.parametrize("step", ["collect", "collect and render"])
@pytest.mark.slow
def test_report(benchmark: Any, small: Path, step: str) -> None:
    if step == "collect":
        assert len(benchmark(collect_report, small, None).methods) == 2 + len(ANCHORS)
    else:
        assert benchmark(render, small) > 100_000


@pytest.mark.slow
@pytest.mark.parametrize(("methods", "pairs"), [(1, 5000), (5, 1000)], ids=["one", "five"])
def test_a_hundred_thousand_rows_take_twenty_seconds_and_a_gibibyte_and_a_half(
    tmp_path: Path, methods: int, pairs: int
) -> None:
    rows = make_runs(tmp_path, methods, pairs, alphas=20, pictures=True)
    assert rows >= 100_000
    seconds, peak, size = _measure(tmp_path)
    print(f"{rows} rows: {seconds:.1f} s of the processor, {peak:.0f} MiB, {size / 1e6:.1f} MB")
    assert seconds < SECONDS
    assert peak < MEBIBYTES
    assert size < BYTES


@pytest.mark.slow
def test_twenty_methods_of_two_thousand_pairs_fit_into_twenty_megabytes(tmp_path: Path) -> None:
    rows = make_runs(tmp_path, methods=20, pairs=3334, alphas=3, length=64, pictures=True)
    seconds, peak, size = _measure(tmp_path)
    print(f"{rows} rows: {seconds:.1f} s of the processor, {peak:.0f} MiB, {size / 1e6:.1f} MB")
    assert 3_000_000 < size < BYTES, "without pictures, or with too many"


def _measure(folder: Path) -> tuple[float, float, float]:
    """Renders in a process of its own: seconds of the processor, peak in MiB, bytes of the page."""
    code = (
        "import runpy, time\n"
        "from pathlib import Path\n"
        "from glow.comparison.memory import peak_mib\n"
        f"here = runpy.run_path({str(Path(__file__).resolve())!r})\n"
        f"size = here['render'](Path({str(folder)!r}))\n"
        "print(time.process_time(), peak_mib(), size)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    seconds, peak, size = map(float, result.stdout.split())
    return seconds, peak, size
