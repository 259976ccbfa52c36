"""``bench data scan``, ``add`` and ``splits``, and a run on what they make."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import BenchError
from bench.paths import datasets_folder

Invoke = Callable[..., str]

GLOW = Path(__file__).resolve().parents[2] / "glow" / "weights" / "synthfaces-64"


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs a command in an empty folder, 80 columns wide; its stdout."""
    monkeypatch.setenv("COLUMNS", "80")
    for variable in ("BENCH_DATA", "BENCH_DATASETS"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*arguments: str | Path) -> str:
        result = CliRunner().invoke(app, [*map(str, arguments)])
        if result.exception is not None:
            raise result.exception
        return result.stdout

    return run


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Nine drawn people, a folder each: some lack an expression or a neutral face, and strays."""
    folder = tmp_path / "faces"
    people = sorted((datasets_folder() / "synthfaces" / "images").iterdir())[:9]
    for person in people:
        shutil.copytree(
            person,
            folder / person.name,
            ignore=lambda _, names: [
                name
                for name in names
                if name.split(".")[0] not in ("neutral", "reference-02", "happiness", "surprise")
            ],
        )
    first, second, third = (folder / person.name for person in people[:3])
    (first / "neutral.png").unlink()
    (second / "surprise.png").unlink()
    (third / "happiness.png").rename(third / "Happiness 2.PNG")
    Image.new("L", (64, 64)).save(third / "grey.png")
    (folder / "notes.txt").write_text("no image")
    return folder


@pytest.mark.slow
def test_from_a_folder_to_a_ranked_board(invoke: Invoke, faces: Path) -> None:
    """The real method and the real instruments, as a user types it."""
    text = invoke("data", "add", "folder-per-person", "--name", "mine", "--data", faces)
    assert "9 people" in text
    assert "1 not used because it is not 8-bit RGB: s003/grey.png (is grey)" in text
    assert "Next: bench data splits mine" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "splits/v1.csv: 17 pairs, 4 people in dev, 5 in test" in invoke("data", "splits", "mine")
    board = json.loads(
        invoke(
            "run", "glow-arith", "--benchmark", "mine", "--data", faces, "--alphas", "1",
            "--embedder", "synth", "--au", "synth", "--param", f"model={GLOW}/model.safetensors",
            "--json",
        )
    )  # fmt: skip
    assert board["benchmark"] == "mine-64"
    rows = {row["method"]: row for row in board["rows"]}
    # One of those who receive a surprise has none of their own.
    assert rows["real-target"]["coverage"] < 1.0
    assert {row["coverage"] for name, row in rows.items() if name != "real-target"} == {1.0}
    assert rows["glow-arith"]["alpha"] == 1.0
    assert rows["glow-arith"]["expression_skill"] > 0.3
    assert rows["target-neutral"]["expression_skill"] == pytest.approx(0.0)
    listed = json.loads(invoke("list", "benchmarks", "--json"))
    mine = next(row for row in listed["rows"] if row["name"] == "mine-64")
    assert (mine["card"], mine["comes_with_bench"]) == ("datasets/mine/card.toml", False)
    assert "mine-64 is from datasets/mine/card.toml" in invoke("list", "benchmarks")


def test_a_scan_writes_nothing(invoke: Invoke, faces: Path) -> None:
    found = json.loads(invoke("data", "scan", "folder-per-person", "--data", faces, "--json"))
    assert found["listed"] == 9 * 4 - 2
    assert found["roles"] == {"reference": 17, "source": 17}
    assert found["expressions"]["happiness"] == 9
    assert found["misfits"] == [
        {"reason": "it is not 8-bit RGB", "files": 1, "examples": ["s003/grey.png (is grey)"]}
    ]
    assert found["other_files"] == {".txt": 1}
    assert not Path("datasets").exists()


def test_a_next_step_at_every_stage(invoke: Invoke, faces: Path) -> None:
    assert "next: bench data add kdef --data DIR" in invoke("data", "show", "kdef")
    with pytest.raises(BenchError, match=r"bench data add kdef --data DIR"):
        invoke("run", "copy-source", "-b", "kdef", "--data", faces)
    with pytest.raises(BenchError, match="can be used for kdef"):
        invoke("data", "add", "kdef", "--data", faces)
    with pytest.raises(BenchError, match=r"kdef has no list of images yet \(bench data add kdef"):
        invoke("data", "splits", "kdef")
    invoke("data", "add", "folder-per-person", "--name", "mine", "--data", faces)
    assert "next: bench data splits mine" in invoke("data", "show", "mine")
    with pytest.raises(BenchError, match=r"no split v1 yet \(bench data splits mine\)"):
        invoke("run", "copy-source", "-b", "mine", "--data", faces)
    assert "mine needs a split: bench data splits mine" in invoke("list", "benchmarks")
    invoke("data", "splits", "mine")
    with pytest.raises(BenchError, match=r"never edited .*--version v2"):
        invoke("data", "splits", "mine")
    text = invoke(
        "data", "splits", "mine", "--version", "v2", "--seed", "7", "--dev-share", "0.5",
        "--targets-per-source", "2", "--people", "8", "--balance", "",
    )  # fmt: skip
    assert "4 people in dev, 4 in test" in text
    assert "(bench data verify" not in text
    assert "34 of 34 files" in invoke("data", "verify", "mine", "--data", faces)
    assert "unchanged" in invoke("data", "add", "mine", "--data", faces)
    (faces / "s009" / "surprise.png").unlink()
    with pytest.raises(BenchError, match=r"differs from what --data holds.*--replace"):
        invoke("data", "add", "mine", "--data", faces)
    text = invoke("data", "add", "mine", "--data", faces, "--replace")
    assert "its splits were made of the former list" in text


def test_identities_alone_are_refused_by_run(invoke: Invoke, tmp_path: Path) -> None:
    people = sorted((datasets_folder() / "synthfaces" / "images").iterdir())[:10]
    for person in people:
        folder = tmp_path / "lfw" / person.name
        folder.mkdir(parents=True)
        for number, name in enumerate(("neutral", "happiness", "pain"), start=1):
            shutil.copy(person / f"{name}.png", folder / f"{person.name}_{number:04d}.png")
    data = tmp_path / "lfw"
    invoke("data", "add", "lfw", "--data", data)
    invoke("data", "splits", "lfw")
    instruments = ["--embedder", "synth", "--au", "synth"]
    with pytest.raises(BenchError, match="lfw has identities without expressions"):
        invoke("run", "copy-source", "-b", "lfw", "--data", data, *instruments)
    with pytest.raises(BenchError, match="lfw has identities without expressions"):
        invoke("alpha-search", "pixel-arith", "-b", "lfw", "--data", data, *instruments)
    few = ["splits", "lfw", "--version", "v2", "--people", "6"]
    invoke("data", *few)
    card = Path("datasets/lfw/card.toml")
    card.write_text(card.read_text().replace('split = "v1"', 'split = "v2"'))
    with pytest.raises(BenchError, match=r"naturalness cannot be fitted on the dev part of lfw-64"):
        invoke("check-instruments", "lfw", "--data", data, *instruments)
    card.write_text(card.read_text().replace('split = "v2"', 'split = "v1"'))
    checked = CliRunner().invoke(
        app, ["check-instruments", "lfw", "--data", str(data), *instruments, "--json"]
    )
    people_of = {row["part"]: row["people"] for row in json.loads(checked.stdout)["verification"]}
    assert people_of == {"dev": 5, "test": 5, "both": 10}
    assert "lfw-64 has identities alone" in invoke("list", "benchmarks").replace("\n", " ")


def test_side_files_may_lie_elsewhere(invoke: Invoke, tmp_path: Path) -> None:
    images, lists = tmp_path / "images", tmp_path / "lists"
    images.mkdir()
    lists.mkdir()
    for number in range(1, 5):
        Image.new("RGB", (16, 16), (number, 0, 0)).save(images / f"{number:06d}.png")
    (lists / "identity_CelebA.txt").write_text("".join(f"{n:06d}.jpg 1\n" for n in range(1, 5)))
    with pytest.raises(BenchError, match="--labels DIR"):
        invoke("data", "scan", "celeba", "--data", images)
    found = json.loads(
        invoke("data", "scan", "celeba", "--data", images, "--labels", lists, "--json")
    )
    assert (found["listed"], found["identities"]) == (4, 1)


def test_a_folder_that_cannot_be_written_is_named(
    invoke: Invoke, faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("file").write_text("")
    monkeypatch.setenv("BENCH_DATASETS", "file")
    with pytest.raises(BenchError, match=r"cannot write file/mine/card\.toml.*BENCH_DATASETS"):
        invoke("data", "add", "folder-per-person", "--name", "mine", "--data", faces)


@pytest.mark.parametrize("command", ["scan", "add", "splits"])
def test_help_shows_examples(invoke: Invoke, command: str) -> None:
    text = invoke("data", command, "--help")
    assert f"bench data {command} kdef" in text
