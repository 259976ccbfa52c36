"""Real data and weights, found beside the checkout and never committed; and a made-up dataset."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before anything reads it: as many processes as cores, each with one thread.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

if "BENCH_CACHE" not in os.environ:
    # The user's own is neither read nor written; processes that tests start share this one.
    os.environ["BENCH_CACHE"] = tempfile.mkdtemp(prefix="bench-tests-")
    atexit.register(shutil.rmtree, os.environ["BENCH_CACHE"], ignore_errors=True)

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.data.card import load_card
from bench.data.layout.scan import build_manifest
from bench.data.manifest import write_manifest
from bench.data.split import write_split
from bench.data.splitting import split_by_recipe
from metrics.cards import InstrumentCard
from metrics.contracts import AUReading, Images

ROOT = Path(__file__).resolve().parents[1]

STRICT = os.environ.get("BENCH_REQUIRE_SHARED") == "1"
"""Set in continuous integration, where everything is at hand: a skipped test is a failure."""

SKIPPED_FILE = os.environ.get("BENCH_SKIPPED_FILE")
"""Where the names of the skipped tests are written for another environment, instead of failing."""


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method in a file lets Python look beside it: for one test, not for those that follow."""
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real photographs and evaluator weights; skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"needs real data and weights in {folder}")
    return folder


@pytest.fixture(scope="session")
def london_data(shared: Path) -> Path:
    """Photographs of 102 people, neutral and smiling (CC BY 4.0)."""
    return shared / "data" / "london"


@pytest.fixture(scope="session")
def weights_dir(shared: Path) -> Path:
    """MobileFaceNet.onnx and face_landmarker.task (Apache-2.0), with the packages to run them."""
    for package in ("mediapipe", "onnxruntime"):
        pytest.importorskip(package, reason=f"needs {package}: pip install -e '.[mediapipe,onnx]'")
    return shared / "weights"


@pytest.fixture(scope="session")
def torchvision_works() -> ModuleType:
    """torchvision, made usable beside a torch for the CPU; skips where it is not installed."""
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("needs torchvision: pip install -e '.[facenet]'")
    path = ROOT / "tests" / "torchvision_for_tests.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(ModuleType, module.usable_torchvision())


MADE_UP_CARD = """
name = "synthfaces"
title = "Made-up faces"
authors = ["A. Author"]
year = 2026
doi = ""
licence = "CC0-1.0"
licence_url = "https://example.org"
how_to_get = "they lie beside this card"
alignment = "none"
may_show_images = true
ships_images = true
path = "images/{{identity}}/{{sample}}.png"
size = 64
groups_file = ""
groups = []

[roles]
{roles}

[expressions]
{expressions}

[split_recipe]
seed = 1
dev_share = 0.4
targets_per_source = 1
self_pairs = false
balance = []

[benchmark]
split = "v1"
resolution = 64
resolutions = [64]
alphas = [0, 0.5, 1, 1.2]
embedder = "made-up"
au_estimator = "made-up"
"""
UNITS = ("AU01", "AU06", "AU12")
EXPRESSIONS = {"happy": (0.0, 3.0, 4.0), "sad": (4.0, 0.0, 0.0), "sly": (0.0, 0.0, 3.0)}
REFERENCES = ("neutral", *(f"reference-{number:02d}" for number in range(2, 21)))


def made_up_face(
    person: NDArray[np.float64], units: tuple[float, ...], noise: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """The upper half shows who it is, the lower how far each unit moves, both under noise."""
    plane = np.full((64, 64), 100.0)
    plane[:32] += np.kron(person.reshape(2, 8), np.ones((16, 8)))
    for place, value in enumerate(units):
        plane[32:, 20 * place : 20 * place + 20] += 10.0 * value
    frame = np.clip(plane[:, :, None] + noise, 0, 255)
    return np.asarray(frame.round(), dtype=np.uint8)


class MadeUpInstrument:
    """Reads back what ``made_up_face`` draws: embedder and AU estimator in one."""

    action_units = UNITS
    card = InstrumentCard(
        name="made-up", kind="embedder", version="1", description="", input_size=64, crop="none",
        scale="0..5", weights_name="", weights_sha256="", licence="CC0-1.0", source="tests",
    )  # fmt: skip

    def embed(self, images: Images) -> NDArray[np.float32]:
        upper = images[:, :32].mean(axis=-1).reshape(len(images), 2, 16, 8, 8).mean(axis=(2, 4))
        rows = upper.reshape(len(images), -1) - 100.0
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def estimate(self, images: Images) -> AUReading:
        lower = images[:, 32:, :60].reshape(len(images), 32, 3, 20, 3).mean(axis=(1, 3, 4))
        return AUReading(["ok"] * len(images), ((lower - 100.0) / 10.0).astype(np.float32))


@pytest.fixture(scope="session")
def made_up_datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of datasets: london's card, and ``synthfaces`` with its images.

    Ten people with 20 reference images (weak expressions about a neutral face) and three
    expressions; no groups, no self pairs, one target for every source.
    """
    datasets = tmp_path_factory.mktemp("datasets")
    shutil.copytree(ROOT / "datasets" / "london", datasets / "london")
    folder = datasets / "synthfaces"
    roles = dict.fromkeys(REFERENCES, "reference") | dict.fromkeys(EXPRESSIONS, "source")
    shown = {sample: sample if sample in EXPRESSIONS else "natural" for sample in roles}
    shown["neutral"] = "neutral"
    rng = np.random.default_rng(0)
    for number in range(10):
        person = rng.uniform(-60.0, 60.0, 16)
        (folder / "images" / f"p{number}").mkdir(parents=True)
        for sample in roles:
            weak = tuple(rng.uniform(-0.5, 0.5, 3)) if sample != "neutral" else (0.0, 0.0, 0.0)
            noise = rng.normal(0.0, 6.0, (64, 64, 3))
            face = made_up_face(person, EXPRESSIONS.get(sample, weak), noise)
            Image.fromarray(face).save(folder / "images" / f"p{number}" / f"{sample}.png")
    tables = {
        name: "\n".join(f'{sample} = "{value}"' for sample, value in table.items())
        for name, table in (("roles", roles), ("expressions", shown))
    }
    (folder / "card.toml").write_text(MADE_UP_CARD.format(**tables), encoding="utf-8")
    card = load_card("synthfaces", folder)
    write_manifest(card.manifest, build_manifest(card, folder))
    write_split(folder / "splits" / "v1.csv", split_by_recipe(card, folder))
    return datasets


@pytest.fixture(scope="session")
def embed(made_up_datasets: Path) -> Callable[[pytest.MonkeyPatch], Path]:
    """Makes the made-up ``synthfaces`` and its instruments the real ones; returns its folder."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr("bench.data.card.dataset_folders", lambda: [made_up_datasets])
        for kind in ("embedder", "au_estimator"):
            monkeypatch.setattr(
                f"bench.run.instruments.load_{kind}", lambda *_, **__: MadeUpInstrument()
            )
        for variable in ("BENCH_DATA", "BENCH_DATASETS"):
            monkeypatch.delenv(variable, raising=False)
        return made_up_datasets / "synthfaces"

    return patch


@pytest.fixture
def embedded(embed: Callable[[pytest.MonkeyPatch], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the made-up ``synthfaces``, which is the default benchmark meanwhile."""
    return embed(monkeypatch)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Benchmarks are run once for their results; --benchmark-only or --benchmark-enable measure."""
    wanted = config.option.benchmark_only or config.option.benchmark_enable
    config.option.benchmark_disable = not wanted


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        return  # the process that started this one hears of all tests
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if SKIPPED_FILE:
        Path(SKIPPED_FILE).write_text("".join(f"{report.nodeid}\n" for report in skipped))
    elif STRICT and skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} skipped, but BENCH_REQUIRE_SHARED=1", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
