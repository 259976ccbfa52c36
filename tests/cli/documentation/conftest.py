"""What the reader of a page has in the folder where the commands are typed."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from bench import api
from bench.cli import app
from bench.data.benchmark import Benchmark
from bench.data.images import Pixels
from bench.paths import dataset_folders
from bench.run.instruments import Instruments

ROOT = Path(__file__).resolve().parents[3]

LIMIT, ALPHAS = 3, (0.0, 0.5, 1.0)
"""Pairs of each part and the grid, where a page has more."""

PROGRAM = """
import json, shutil, sys

json.loads(sys.stdin.readline())
print('{"ready": true, "name": "my-gan", "version": "1.2", "has_alpha": true}', flush=True)
for line in sys.stdin:
    request = json.loads(line)
    shutil.copy(request["target_reference"][0], request["output"])
    print(json.dumps({"id": request["id"], "status": "ok"}), flush=True)
"""


def code_of(page: str, language: str) -> str:
    """The first block of code in that language on a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)[0]


def bench(*words: str) -> str:
    """A command that must end well; what it prints."""
    result = CliRunner().invoke(app, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, f"bench {' '.join(words)}\n{result.output}"
    return result.stdout


@pytest.fixture(scope="session")
def instruments_of() -> Callable[..., Instruments]:
    """The same instruments for every command that asks for them: what they have read they know."""
    made: dict[tuple[str, str, int, int], Instruments] = {}

    def open_once(
        benchmark: Benchmark, natural: Sequence[Pixels], data: Path, **_: object
    ) -> Instruments:
        names = benchmark.embedder, benchmark.au_estimator
        key = (*names, benchmark.resolution, hash(np.stack(natural).tobytes()))
        if key not in made:
            made[key] = Instruments(benchmark, natural, data)
        return made[key]

    return open_once


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instruments_of: Callable[..., Instruments]
) -> Iterator[Path]:
    """An empty folder to type in, with the python of the tests and nothing set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bench.run.session.Instruments", instruments_of)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    for variable in ("BENCH_DATA", "BENCH_DATASETS", "BENCH_LEADERBOARDS", "BENCH_WEIGHTS"):
        monkeypatch.delenv(variable, raising=False)
    programs = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    yield tmp_path
    # Plugins of one page are not there on the next.
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture(scope="session")
def small_runs(
    instruments_of: Callable[..., Instruments], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Two methods and the anchors on a few pairs of the drawn faces."""
    out = tmp_path_factory.mktemp("documented") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.run.session.Instruments", instruments_of)
        api.run(["glow-arith", "pixel-arith"], api.Settings(out=out, limit=LIMIT, alphas=ALPHAS))
    return out


@pytest.fixture(scope="session")
def small_london_runs(
    weights_dir: Path,
    london_data: Path,
    instruments_of: Callable[..., Instruments],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The same of photographs."""
    out = tmp_path_factory.mktemp("documented-london") / "runs"
    settings = api.Settings(
        benchmark="london", data=london_data, out=out, limit=LIMIT, alphas=ALPHAS
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_WEIGHTS", str(weights_dir))
        patch.setattr("bench.run.session.Instruments", instruments_of)
        api.run(["glow-arith", "pixel-arith"], settings)
    return out


@pytest.fixture
def stored_runs(here: Path, small_runs: Path) -> None:
    shutil.copytree(small_runs, here / "runs", dirs_exist_ok=True)


@pytest.fixture
def elsewhere(here: Path, small_runs: Path) -> None:
    """The same runs, as another machine would have made them."""
    shutil.copytree(small_runs, here / "elsewhere")


@pytest.fixture
def london_runs(here: Path, london: None, small_london_runs: Path) -> None:
    shutil.copytree(small_london_runs, here / "runs", dirs_exist_ok=True)


@pytest.fixture
def weights(weights_dir: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_WEIGHTS", str(weights_dir))
    (here / "FILE.onnx").symlink_to(next(weights_dir.rglob("MobileFaceNet.onnx")))


@pytest.fixture
def london(here: Path, london_data: Path) -> None:
    (here / "DIR").symlink_to(london_data)


@pytest.fixture
def photographs(here: Path, london_data: Path) -> None:
    """PHOTOS: twelve people as their camera saw them."""
    for sample, take in (("neutral", "03"), ("smiling", "08")):
        for file in sorted((london_data / "raw" / f"{sample}_front").glob("*.jpg")):
            folder = here / "PHOTOS" / file.stem.removesuffix(f"_{take}")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{sample}.jpg").symlink_to(file)


@pytest.fixture
def aligned(here: Path, london_data: Path) -> None:
    """FACES: a few aligned photographs."""
    for person in sorted((london_data / "aligned256").iterdir())[:4]:
        (here / "FACES").mkdir(exist_ok=True)
        (here / "FACES" / person.name).symlink_to(person)


@pytest.fixture
def method(here: Path) -> None:
    """my_method.py, as the guide has it."""
    (here / "my_method.py").write_text(code_of("docs/add-a-method.md", "python"))


@pytest.fixture
def outsiders(here: Path) -> None:
    """OUTPUTS: one image made elsewhere, with its manifest; and a program that makes others."""
    (here / "OUTPUTS" / "made").mkdir(parents=True)
    (here / "OUTPUTS" / "manifest.csv").write_text(code_of("docs/add-a-method.md", "csv"))
    Image.new("RGB", (64, 64)).save(here / "OUTPUTS" / "made" / "1.png")
    (here / "my_program.py").write_text(PROGRAM)


@pytest.fixture
def other_python(here: Path) -> None:
    """torch1: an environment of its own, as far as the command can tell."""
    (here / "torch1").symlink_to(sys.prefix)


@pytest.fixture
def instruments(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's two instruments, installed."""
    (here / "brightness.py").write_text(code_of("docs/add-an-instrument.md", "python"))
    points = code_of("docs/add-an-instrument.md", "toml").replace('"', "")
    information = here / "brightness-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: brightness\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(points.replace("project.entry-points.", ""))
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.setenv("PYTHONPATH", str(here))
    assert importlib.metadata.version("brightness") == "1.0"


@pytest.fixture
def own_faces(here: Path, embedded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DIR: made-up people in a folder each, two with the guide's names; and a trained Glow."""
    monkeypatch.setattr("bench.data.card.dataset_folders", dataset_folders)
    for number, person in enumerate(sorted((embedded / "images").iterdir())):
        folder = here / "DIR" / (["ada", "bo"][number] if number < 2 else person.name)
        folder.mkdir(parents=True)
        for sample in ("neutral", "happy", "sad"):
            shutil.copy(person / f"{sample}.png", folder)
    model = ROOT / "glow" / "weights" / "synthfaces-64" / "model.safetensors"
    (here / "model.safetensors").symlink_to(model)


@pytest.fixture
def kdef(here: Path) -> None:
    """DIR: twelve people under the names of KDEF."""
    (here / "DIR").mkdir()
    for number in range(12):
        for place, expression in enumerate(("NE", "HA", "SA")):
            colour = (20 * number, 100 * place, 50)
            name = f"A{'FM'[number % 2]}{number + 1:02d}{expression}S.JPG"
            Image.new("RGB", (256, 256), colour).save(here / "DIR" / name)


@pytest.fixture
def laboratory(here: Path, embedded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DIR: the files of the guide's own card, which is card.toml."""
    monkeypatch.setattr("bench.data.card.dataset_folders", dataset_folders)
    (here / "card.toml").write_text(code_of("docs/add-a-dataset.md", "toml"))
    rows = ["person,age group"]
    for number, person in enumerate(sorted((embedded / "images").iterdir())):
        folder = here / "DIR" / f"{number:03d}_{'fm'[number % 2]}"
        folder.mkdir(parents=True)
        rows.append(f"{number:03d},{'young' if number < 5 else 'old'}")
        for place, name in enumerate(("neutral_0_a", "happy_1_a", "happy_3_b", "happy_3_c")):
            image = Image.open(sorted(person.iterdir())[place])
            image.resize((256, 256), Image.Resampling.NEAREST).save(folder / f"{name}.png")
    (here / "DIR" / "people.csv").write_text("\n".join(rows))


@pytest.fixture
def facenet(torchvision_works: ModuleType) -> None:
    pytest.importorskip(
        "facenet_pytorch", reason="needs facenet-pytorch: pip install -e '.[facenet]'"
    )


@pytest.fixture
def dask() -> None:
    pytest.importorskip("distributed", reason="needs Dask: pip install -e '.[dask]'")


@pytest.fixture
def figures() -> None:
    reason = "needs fontTools, matplotlib and resvg_py: pip install -e '.[figures]'"
    for package in ("fontTools", "matplotlib", "resvg_py"):
        pytest.importorskip(package, reason=reason)


@pytest.fixture
def pictures(here: Path) -> None:
    """photos, glow.toml as the page has it, and datasets as in a checkout."""
    (here / "photos").mkdir()
    faces = sorted((ROOT / "datasets" / "synthfaces" / "images").glob("*/reference-*.png"))
    for number, face in enumerate(faces[:40]):
        (here / "photos" / f"{number}.png").symlink_to(face)
    (here / "datasets").symlink_to(ROOT / "datasets")
    (here / "glow.toml").write_text(code_of("docs/glow.md", "toml"))


@pytest.fixture
def london_photographs(here: Path, london_data: Path) -> None:
    """LONDON, and a few of its photographs as ONTARIO, another set."""
    (here / "LONDON").symlink_to(london_data)
    (here / "ONTARIO" / "aligned256").mkdir(parents=True)
    for photograph in sorted((london_data / "aligned256").glob("*/neutral.png"))[:4]:
        (here / "ONTARIO" / "aligned256" / f"{photograph.parent.name}.png").symlink_to(photograph)


@pytest.fixture
def own_generator(here: Path) -> None:
    """G.pt: the one that comes with the package, as if it were one's own."""
    weights = ROOT / "bench" / "methods" / "generator" / "weights" / "synthfaces-64"
    (here / "G.pt").symlink_to(weights / "model.pt")


@pytest.fixture
def celebahq(here: Path) -> None:
    """celebahq256.safetensors: a Glow; which one, the command does not ask."""
    model = ROOT / "glow" / "weights" / "london-64" / "model.safetensors"
    (here / "celebahq256.safetensors").symlink_to(model)


@pytest.fixture
def release(here: Path, shared: Path) -> None:
    """DIR: the reference paper's release."""
    folder = shared / "data" / "valenzuela2021"
    if not folder.is_dir():
        pytest.skip("needs a copy of the release")
    (here / "DIR").symlink_to(folder)


@pytest.fixture
def released_tables(here: Path, shared: Path) -> None:
    """DIR: the tables of that release, without pictures."""
    folder = shared / "data" / "valenzuela2021" / "evaluation"
    if not folder.is_dir():
        pytest.skip("needs a copy of the release")
    (here / "DIR").mkdir()
    (here / "DIR" / "evaluation").symlink_to(folder)


@pytest.fixture
def trained(here: Path) -> None:
    """The two instruments for drawn faces, where ``python -m metrics`` would write them."""
    for name in ("synth-au", "synth-embedder"):
        shutil.copytree(ROOT / "metrics" / "models" / name, here / "runs" / name)


@pytest.fixture
def made_up_board(here: Path, embedded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A published board of a benchmark that is small enough to run whole."""
    monkeypatch.setenv("BENCH_LEADERBOARDS", str(here / "boards"))
    bench("run", "pixel-arith")
    (stored,) = (here / "runs" / "synthfaces-64").glob("pixel-arith-*")
    bench("leaderboard", "add", str(stored))
