"""How instruments are found, and what is said of those that cannot be used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import numpy as np
import pytest
import torch

import bench.plugins.entries
from bench.errors import BenchError
from bench.plugins.instruments import (
    list_instruments,
    load_au_estimator,
    load_embedder,
    weights_beside,
)
from metrics.plugin import GROUPS
from metrics.synth_network import FaceNetwork, NetworkConfig
from metrics.synth_weights import InstrumentHeader, save_instrument

Install = Callable[..., None]

PLUGIN = """
import numpy as np
from metrics.cards import InstrumentCard
from metrics.contracts import AUReading
from metrics.plugin import InstrumentPlugin

class Made:
    action_units = ("AU01", "AU12")

    def __init__(self, path=None):
        self.path = path
        self.card = InstrumentCard("third", KIND, "1", "", 64, "", "0..1", "", "", "", "")

    def embed(self, images):
        return np.ones((len(images), 1), np.float32)

    def estimate(self, images):
        return AUReading(["ok"] * len(images), np.zeros((len(images), 2), np.float32))

def make(path):
    return Made(path)
"""
EMBEDDER = PLUGIN + """
THIRD = InstrumentPlugin("third", KIND, "of somebody else", make, OPTIONS)
"""  # fmt: skip


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Pretends that packages with these instruments are installed, instead of the real ones."""
    points: list[EntryPoint] = []

    def add(
        source: str = EMBEDDER, *, name: str = "third", kind: str = "embedder", options: str = ""
    ) -> None:
        module = f"made_up_instrument_{len(points)}"
        text = dedent(source).replace("KIND", repr(kind)).replace(", OPTIONS", f", {options}")
        (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
        points.append(EntryPoint(name, f"{module}:THIRD", GROUPS[kind]))  # type: ignore[index]

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path / "usual"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(
        bench.plugins.entries,
        "entry_points",
        lambda group: [point for point in points if point.group == group],
    )
    yield add
    for name in [name for name in sys.modules if name.startswith("made_up_instrument_")]:
        del sys.modules[name]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A small embedder for drawn faces."""
    config = NetworkConfig(4, 16, (4,))
    path = tmp_path / "mine.safetensors"
    save_instrument(FaceNetwork(config), InstrumentHeader("embedder", config), path)
    return path


def test_the_instruments_of_the_package_are_there() -> None:
    embedders = {entry.name: entry for entry in list_instruments("embedder")}
    assert {
        *("arcface-onnx", "facenet-casia", "facenet-vggface2"),
        *("mobilefacenet", "synth"),
    } <= set(embedders)
    estimators = {entry.name: entry for entry in list_instruments("au_estimator")}
    assert {"mediapipe", "openface", "py-feat", "synth"} <= set(estimators)
    for entry in (embedders["synth"], estimators["synth"]):
        assert (entry.problem, entry.remedy) == (None, "")
        assert entry.origin.startswith("expression-transfer-bench ")


def test_every_instrument_of_the_package_loads_and_says_what_it_measures() -> None:
    for kind in GROUPS:
        for entry in list_instruments(kind):
            if entry.origin.startswith("expression-transfer-bench "):
                assert entry.plugin is not None, entry.problem
                assert entry.plugin.description
                assert entry.plugin.scale
                assert entry.plugin.licence


def test_to_import_the_plugins_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom importlib.metadata import entry_points\n"
        f"for group in {list(GROUPS.values())}:\n"
        "    for point in entry_points(group=group):\n"
        "        point.load()\n"
        "heavy = {'torch', 'torchvision', 'pandas', 'mediapipe', 'onnxruntime', 'feat'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_file_is_read_by_its_suffix_or_behind_a_name(weights: Path) -> None:
    for spec in (str(weights), f"synth:{weights}"):
        card = load_embedder(spec).card
        assert (card.name, card.weights_name) == ("synth", "mine.safetensors")
    assert load_embedder("synth").card.weights_name == "model.safetensors"


def test_the_suffix_of_another_kind_is_an_unknown_name() -> None:
    with pytest.raises(BenchError, match=r"no embedder called .*\.onnx or \.safetensors file"):
        load_embedder("model.task")


def test_a_mistyped_name_comes_with_the_nearest_and_all_known(weights: Path) -> None:
    for spec in ("sinth", f"sinth:{weights.parent}"):
        with pytest.raises(BenchError, match="did you mean 'synth'") as caught:
            load_au_estimator(spec)
        assert "known: mediapipe, openface, py-feat, synth" in str(caught.value)


def test_a_missing_file_and_the_wrong_kind_are_one_line_for_the_user(weights: Path) -> None:
    for spec in ("absent.safetensors", "synth:absent.safetensors"):
        with pytest.raises(BenchError, match=r"no AU estimator weights at absent\.safetensors"):
            load_au_estimator(spec)
    with pytest.raises(BenchError, match="no AU estimator weights at an empty path"):
        load_au_estimator("synth:")
    with pytest.raises(BenchError, match="holds no au_estimator"):
        load_au_estimator(str(weights))


def test_an_instrument_of_somebody_else_is_found(install: Install, tmp_path: Path) -> None:
    install()
    (entry,) = list_instruments("embedder")
    assert (entry.name, entry.problem, entry.remedy) == ("third", None, "")
    assert entry.plugin is not None
    assert entry.plugin.description == "of somebody else"
    assert load_embedder("third").path is None  # type: ignore[attr-defined]
    with pytest.raises(BenchError, match="'third' takes nothing after its name"):
        load_embedder(f"third:{tmp_path}")
    assert list_instruments("au_estimator") == []


def test_what_a_plugin_takes_is_handed_to_it(install: Install, tmp_path: Path) -> None:
    install(options="takes='FOLDER', suffixes=('.third',)")
    path = tmp_path / "x.third"
    path.touch()
    assert load_embedder(f"third:{tmp_path}").path == tmp_path  # type: ignore[attr-defined]
    assert load_embedder(str(path)).path == path  # type: ignore[attr-defined]


def test_broken_plugins_are_listed_with_their_reason_beside_the_good_ones(
    install: Install,
) -> None:
    install()
    broken = {
        "imports": ("import no_such_package\n", "No module named 'no_such_package'"),
        "leaves": ("import sys\nsys.exit('no licence')\n", "SystemExit: no licence"),
        "nothing": ("x = 1\n", "has no attribute 'THIRD'"),
        "other": ("THIRD = 42\n", "it is a int and no InstrumentPlugin"),
        "renamed": (EMBEDDER, "its plugin is called 'third'"),
    }
    for name, (source, _) in broken.items():
        install(source, name=name)
    problems = {entry.name: entry.problem for entry in list_instruments("embedder")}
    assert list(problems) == sorted([*broken, "third"])
    assert problems.pop("third") is None
    for name, (_, words) in broken.items():
        assert words in (problems[name] or "")
        with pytest.raises(BenchError, match=f"embedder '{name}' .* cannot be loaded: "):
            load_embedder(name)


def test_a_plugin_under_the_wrong_group_is_reported(install: Install) -> None:
    install(EMBEDDER.replace("KIND", "'au_estimator'"))
    (entry,) = list_instruments("embedder")
    assert entry.problem == "its plugin is of the kind 'au_estimator'"


def test_a_name_that_two_packages_register_is_reported(install: Install) -> None:
    install()
    install()
    (entry,) = list_instruments("embedder")
    assert entry.problem is not None
    assert "two packages register it, made_up_instrument_0:THIRD and made_up" in entry.problem
    with pytest.raises(BenchError, match="two packages register it"):
        load_embedder("third")


def test_what_is_missing_comes_with_the_one_command_that_mends_it(
    install: Install, tmp_path: Path
) -> None:
    install(
        options="packages=('no_such_package', 'json', 'no_such.part'), install='pip install x', "
        "weights='third.bin', fetch='bench weights fetch third'"
    )
    (entry,) = list_instruments("embedder")
    assert entry.problem == (
        "it needs no_such_package and no_such.part; the weights third.bin are not here"
    )
    assert entry.remedy == "pip install x && bench weights fetch third"
    with pytest.raises(BenchError, match=r"needs no_such_package .*\(pip install x\)"):
        load_embedder("third")


def test_missing_weights_come_with_the_command(install: Install, tmp_path: Path) -> None:
    install(options="weights='third.bin', fetch='bench weights fetch third'")
    with pytest.raises(BenchError, match=r"third\.bin are not at .*\(bench weights fetch third\)"):
        load_embedder("third")
    (tmp_path / "usual").mkdir()
    (tmp_path / "usual" / "third.bin").touch()
    assert list_instruments("embedder")[0].problem is None
    assert load_embedder("third").path == tmp_path / "usual" / "third.bin"  # type: ignore[attr-defined]


def test_weights_beside_the_data_are_found_before_others(install: Install, tmp_path: Path) -> None:
    install(options="weights='third.bin'")
    data = tmp_path / "data" / "london"
    beside, usual = tmp_path / "weights" / "deeper", tmp_path / "usual"
    for folder in (data, beside, usual):
        folder.mkdir(parents=True)
        (folder / "third.bin").touch()
    found = load_embedder("third", weights_beside(data))
    assert found.path == beside / "third.bin"  # type: ignore[attr-defined]
    assert load_embedder("third").path == usual / "third.bin"  # type: ignore[attr-defined]
    given = load_embedder(f"third:{data}", weights_beside(data))
    assert given.path == data / "third.bin"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("problem", "what", "remedy"),
    [
        ("lambda: 'the port is shut: open it'", "the port is shut", "open it"),
        ("lambda: 'all is lost'", "all is lost", ""),
        ("lambda: {}['x']", "KeyError: 'x'", ""),
    ],
)
def test_what_else_is_missing_is_asked_for(
    install: Install, tmp_path: Path, problem: str, what: str, remedy: str
) -> None:
    install(options=f"takes='FOLDER', problem={problem}")
    (entry,) = list_instruments("embedder")
    assert (entry.problem, entry.remedy) == (what, remedy)
    with pytest.raises(BenchError, match=f"'third' cannot be used here: {what}"):
        load_embedder("third")
    # A path can stand for what the plugin would look for.
    assert load_embedder(f"third:{tmp_path}").path == tmp_path  # type: ignore[attr-defined]


def test_an_error_while_it_is_made_is_one_line(install: Install) -> None:
    install(EMBEDDER.replace("return Made(path)", "raise RuntimeError('no\\nlicence')"))
    with pytest.raises(BenchError, match="embedder 'third': no licence"):
        load_embedder("third")


@pytest.mark.parametrize(
    ("kind", "before", "after", "words"),
    [
        ("embedder", "def embed", "def other", "Made lacks card, action_units or its method"),
        ("au_estimator", '("AU01", "AU12")', '("AU12", "AU01")', "are not sorted"),
        ("au_estimator", '("AU01", "AU12")', '("AU01", "AU01")', "or one is there twice"),
        ("au_estimator", '("AU01", "AU12")', '["AU01"]', r"no tuple of names such as AU01"),
        ("au_estimator", '("AU01", "AU12")', '("AU1", "AU12")', r"no tuple of names such as AU01"),
        ("au_estimator", '("AU01", "AU12")', "()", r"no tuple of names such as AU01"),
        (
            "au_estimator",
            '"third", KIND, "1"',
            '"third", "embedder", "1"',
            "of the kind 'embedder'",
        ),
        ("embedder", "self.card = InstrumentCard(", "self.card = (", "is no InstrumentCard"),
    ],
)
def test_what_breaks_the_contract_is_refused_when_it_is_made(
    install: Install, kind: str, before: str, after: str, words: str
) -> None:
    source = EMBEDDER.replace(before, after)
    assert source != EMBEDDER
    install(source, kind=kind)
    load = load_embedder if kind == "embedder" else load_au_estimator
    with pytest.raises(BenchError, match=rf"'third' \(made_up.*\) breaks the contract: .*{words}"):
        load("third")


def test_the_real_facenet_runs_through_its_plugin(
    torchvision_works: ModuleType, tmp_path: Path
) -> None:
    """With random weights in the format of the released ones, whose SHA-256 nobody publishes."""
    facenet_pytorch = pytest.importorskip("facenet_pytorch")
    path = tmp_path / "20180408-102900-casia-webface.pt"
    torch.save(facenet_pytorch.InceptionResnetV1(classify=True, num_classes=5).state_dict(), path)
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)
    found = load_embedder("facenet-casia", [tmp_path])
    assert found.card.weights_name == path.name
    embeddings = found.embed(images)
    assert embeddings.shape == (3, 512)
    for spec in (f"facenet-casia:{path}", f"facenet-casia:{tmp_path}"):
        np.testing.assert_array_equal(load_embedder(spec).embed(images), embeddings)
    with pytest.raises(BenchError, match=r"embedder 'facenet-vggface2': .* has the SHA-256"):
        load_embedder(f"facenet-vggface2:{path}")
