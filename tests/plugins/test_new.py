"""``bench new``: from nothing to a plugin that passes its checks, with nothing overwritten."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.data.card import load_card
from bench.errors import BenchError
from bench.plugins.instruments import load_au_estimator, load_embedder
from bench.plugins.registry import load_method, make_method
from bench.plugins.scaffold import make_scaffold, write_files

KINDS = ("method", "embedder", "au_estimator")


def new(*words: str) -> tuple[int, str]:
    """Exit status and output of a ``bench new``."""
    result = CliRunner().invoke(app, ["new", *words])
    if isinstance(result.exception, BenchError):
        raise result.exception
    return result.exit_code, result.stdout


@pytest.fixture(autouse=True)
def _path_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of a plugin's file is added to it."""
    monkeypatch.setattr(sys, "path", sys.path.copy())


def written(kind: str, folder: Path, *, package: bool = False) -> Path:
    """The plugin's file, after all files were written."""
    made = make_scaffold(kind, "my-own", folder, package=package)  # type: ignore[arg-type]
    write_files(made.texts)
    return made.plugin


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_can_be_loaded_by_its_file(kind, tmp_path):
    path = written(kind, tmp_path)
    assert path.name == "my_own.py"
    load = {"embedder": load_embedder, "au_estimator": load_au_estimator}.get(kind)
    if load is None:
        entry = load_method(str(path))
        assert make_method(entry, {"strength": "0.5"}).strength == 0.5  # type: ignore[attr-defined]
        with pytest.raises(BenchError, match="strength='2' is not 0 to 1"):
            make_method(entry, {"strength": "2"})
        assert entry.name == "my-own"
    else:
        assert load(str(path)).card.name == "my-own"


@pytest.mark.parametrize("package", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_no_name_of_a_template_is_left_and_ruff_has_nothing_to_say(kind, package, tmp_path):
    made = make_scaffold(kind, "my-own", tmp_path, package=package)
    write_files(made.texts)
    for path, text in made.texts.items():
        for word in ("my-plugin", "my_plugin", "MyPlugin", "my_group", "my_object"):
            assert word not in text, path
        if path.suffix == ".py":
            ast.parse(text)
    folder = tmp_path / "my-own" if package else tmp_path
    (folder / "ruff.toml").write_text('lint.select = ["E", "F", "I", "UP", "B", "SIM", "PT"]\n')
    for words in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *words, "--no-cache", "."]
        done = subprocess.run(ruff, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_registers_what_it_holds(kind, tmp_path):
    path = written(kind, tmp_path, package=True)
    project = tomllib.loads((tmp_path / "my-own" / "pyproject.toml").read_text())["project"]
    ((group, points),) = project["entry-points"].items()
    assert group == {"method": "bench.methods"}.get(kind, f"bench.{kind}s")
    module, _, found = points["my-own"].partition(":")
    assert path == tmp_path / "my-own" / "src" / Path(*module.split(".")).with_suffix(".py")
    assert f"\n{found} = " in path.read_text() or f"\nclass {found}" in path.read_text()
    assert "license" not in project


@pytest.mark.parametrize("package", [False, True])
def test_nothing_is_overwritten_and_nothing_half_written(package, tmp_path):
    made = make_scaffold("method", "my-own", tmp_path, package=package)
    *_, last = made.texts
    last.parent.mkdir(parents=True, exist_ok=True)
    last.write_text("mine")
    with pytest.raises(BenchError, match=f"{last.name} is there already") as caught:
        write_files(made.texts)
    assert "--folder" in (caught.value.hint or "")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [last]
    assert last.read_text() == "mine"


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("method", "MyBlend2", r"'MyBlend2' is not lower case.* \(such as my-blend2\)"),
        ("method", "my_blend", r"such as my-blend\)"),
        ("method", "../evil", r"such as evil\)"),
        ("method", "2nd", r"such as nd\)"),
        ("method", "--", r"such as my-plugin\)"),
        ("method", "pixel-arith", r"from expression-transfer-bench .*such as my-pixel-arith"),
        ("embedder", "synth", "'synth' is there already"),
        ("au_estimator", "mediapipe", "'mediapipe' is there already"),
        ("method", "random", r"random\.py would hide Python's own 'random' \(such as my-random"),
        ("embedder", "torch", r"would hide 'torch', which is installed \(such as my-torch"),
        ("method", "lambda", "'lambda' is a word of the language"),
        ("method", "none", r"called None, which means something else in Python \(such as my-none"),
        ("embedder", "true", "called True, which means something else"),
        ("method", "exception", "called Exception, which means something else"),
        ("method", "face", r"called Face, like something that its file uses \(such as my-face"),
        ("method", "pair", "called Pair, like"),
        ("method", "method-card", "called MethodCard, like"),
        ("embedder", "instrument-plugin", "called InstrumentPlugin, like"),
        ("au_estimator", "outcome", "called Outcome, like"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_another(kind, name, words, tmp_path):
    with pytest.raises(BenchError, match=words):
        make_scaffold(kind, name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "module", "class_name"),
    [("my-plugin-2", "my_plugin_2", "MyPlugin2"), ("my-plugin", "my_plugin", "MyPlugin")],
)
def test_a_name_like_that_of_the_template_stands_where_it_should(
    kind, name, module, class_name, package, tmp_path
):
    made = make_scaffold(kind, name, tmp_path, package=package)
    assert f"class {class_name}:" in made.texts[made.plugin]
    (test,) = [text for path, text in made.texts.items() if path.name == f"test_{module}.py"]
    imported = f"{module}.plugin" if package else module
    assert f"\nfrom {imported} import {class_name}\n" in test
    assert f"{name}-2" not in "".join(made.texts.values())


def test_a_file_that_is_there_is_said_to_be_there(tmp_path, monkeypatch):
    """Python finds a module where it was started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    written("method", Path("."))
    with pytest.raises(BenchError, match=r"my_own\.py is there already"):
        written("method", Path("."))


def test_the_name_of_a_method_may_be_that_of_an_instrument(tmp_path):
    assert make_scaffold("method", "synth", tmp_path).plugin.name == "synth.py"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot write"):
        write_files(make_scaffold("method", "my-own", tmp_path / "file").texts)


def test_the_commands_that_follow_are_those_to_type(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert make_scaffold("method", "my-own", Path(".")).commands == (
        "bench check ./my_own.py",
        "bench run ./my_own.py --limit 20",
    )
    assert make_scaffold("au_estimator", "my-own", Path("a b"), package=True).commands == (
        "pip install -e 'a b/my-own'",
        "bench check --au my-own",
        "bench run pixel-arith --au my-own --limit 20",
    )


def test_a_new_dataset_is_a_card_to_fill_in(embedded, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.data.adding.own_datasets_folder", lambda: tmp_path / "datasets")
    package = Path(__file__).resolve().parents[2] / "datasets"
    folders = [tmp_path / "datasets", package]
    monkeypatch.setattr("bench.data.card.dataset_folders", lambda: folders)
    status, text = new("dataset", "lab-faces")
    assert status == 0
    assert "bench data add lab-faces --data DIR" in text
    assert load_card("lab-faces").folder == tmp_path / "datasets" / "lab-faces"
    with pytest.raises(BenchError, match="there is a dataset lab-faces already"):
        new("dataset", "lab-faces")
    with pytest.raises(BenchError, match=r"name must be lower case.* \(such as my-faces\)"):
        new("dataset", "Lab")
    people = sorted((embedded / "images").iterdir())
    for person in people:
        folder = tmp_path / "DIR" / person.name
        folder.mkdir(parents=True)
        for sample in ("neutral", "happy"):
            shutil.copy(person / f"{sample}.png", folder)
    words = ["data", "add", "lab-faces", "--data", str(tmp_path / "DIR")]
    assert "20 listed: 10 people" in CliRunner().invoke(app, words).stdout
    CliRunner().invoke(app, ["data", "splits", "lab-faces"])
    words = ["check", "--dataset", "lab-faces", "--data", str(tmp_path / "DIR"), "--json"]
    result = CliRunner().invoke(app, words)
    assert json.loads(result.stdout)["passed"]
    assert {check["status"] for check in json.loads(result.stdout)["checks"]} == {"passed"}


@pytest.mark.slow
@pytest.mark.parametrize("words", [["method"], ["embedder"], ["au"], ["method", "--package"]])
def test_from_nothing_to_checks_that_pass(words, tmp_path):
    folder = ["--folder", str(tmp_path)]
    status, text = new(words[0], "my-own", *words[1:], *folder, "--json")
    assert status == 0
    report = json.loads(text)
    assert report["passed"]
    assert all(Path(path).is_file() for path in report["written"])
    assert report["next"][-1].startswith("bench run ")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_test_that_is_written_passes_and_its_types_hold(kind, tmp_path):
    written(kind, tmp_path)
    for words in (["pytest", "-q", "-p", "no:cacheprovider"], ["mypy", "--strict"]):
        command = [sys.executable, "-m", *words, "test_my_own.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def third_party() -> ModuleType:
    """How a package of somebody else is installed and asked for."""
    path = Path(__file__).with_name("test_third_party.py")
    spec = importlib.util.spec_from_file_location("third_party_helpers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_package_that_is_written_can_be_installed_and_passes_its_own_test(
    kind, third_party, tmp_path
):
    made = make_scaffold(kind, "my-own", tmp_path, package=True)
    write_files(made.texts)
    package, site = tmp_path / "my-own", tmp_path / "site"
    third_party.pip_install(package, site)
    checked = next(shlex.split(line) for line in made.commands if line.startswith("bench check"))
    status, report = third_party.bench(site, tmp_path, *checked[1:])
    assert (status, report["name"]) == (0, "my-own")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=package, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(site)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
