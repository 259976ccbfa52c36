"""What no file of the code may contain: calls that would run what a file of others holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import torch

from bench.methods.generator.loading import load_generator
from metrics.tensor_file import read_tensors

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path for name in ("bench", "glow", "metrics") for path in (ROOT / name).rglob("*.py")
)

FORBIDDEN_MODULES = {
    "joblib", "dill", "cloudpickle", "shelve", "marshal", "yaml", "jsonpickle", "requests", "httpx",
}  # fmt: skip
"""They load pickles or the like, or fetch from addresses that nobody has looked at."""

FORBIDDEN_CALLS = {
    "pickle.load", "pickle.loads", "pickle.Unpickler", "os.system", "os.popen", "eval", "exec",
    "pd.read_pickle", "pandas.read_pickle", "tempfile.mktemp", "torch.hub.load", "os.spawnl",
    "os.spawnv", "tarfile.open", "tarfile.TarFile", "shutil.unpack_archive", "urlopen",
    "urllib.request.urlopen", "urllib.request.urlretrieve",
}  # fmt: skip
"""Archives are unpacked nowhere, so no path in one can lead anywhere."""

TORCHSCRIPT = "bench/methods/generator/loading.py"
"""The one place that loads code: of its own files by SHA-256, of others with trust=yes alone."""

DOWNLOADS = "bench/data/released/download.py"
"""The one place that opens an address: https alone, and hosts that the release names."""

OWN_IMAGES = {
    "bench/plugins/foreign/runner.py": "images that the harness wrote into its own folder",
    "bench/report/export/drawing.py": "what a library has drawn, in memory",
    "metrics/perturbations.py": "what was encoded a line before, in memory",
}
"""Where Pillow may open whatever it knows."""


def problems(text: str, here: str) -> Iterator[str]:
    """What a file of the package may not contain."""
    for node in ast.walk(ast.parse(text)):
        where = f"{here}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            for problem in call_problems(ast.unparse(node.func), given, here):
                yield f"{where}: {ast.unparse(node.func)} {problem}"
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            # Dask sends what it is given by pickle; docs/cluster.md says what that exposes.
            if name.partition(".")[0] in FORBIDDEN_MODULES:
                yield f"{where}: imports {name}"


def call_problems(name: str, given: Mapping[str | None, str], here: str) -> Iterator[str]:
    if name in FORBIDDEN_CALLS or name.endswith((".extractall", ".extract")):
        yield "is forbidden"
    if name == "torch.load" and given.get("weights_only") != "True":
        yield "without weights_only=True"
    if name in ("np.load", "numpy.load") and given.get("allow_pickle") != "False":
        yield "without allow_pickle=False"
    if name == "torch.jit.load" and here != TORCHSCRIPT:
        yield "runs the code in the file"
    if name.endswith("build_opener") and here != DOWNLOADS:
        yield "opens an address unlooked at"
    if given.get("shell", "False") != "False" or name == "asyncio.create_subprocess_shell":
        yield "through a shell"
    if name == "Image.open" and here not in OWN_IMAGES and "formats" not in given:
        yield "in any format that Pillow knows"


def test_no_file_of_others_can_run_code() -> None:
    assert len(FILES) > 300
    found = [
        problem
        for path in FILES
        for problem in problems(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "pickle.loads(content)", "torch.load(path)", "torch.load(path, weights_only=False)",
        "np.load(path)", "np.load(path, allow_pickle=True)", "torch.jit.load(path)",
        "subprocess.run(line, shell=True)", "asyncio.create_subprocess_shell(line)",
        "os.system(line)", "Image.open(path)", "archive.extractall(folder)",
        "zipfile.ZipFile(path).extract(name)", "tarfile.open(path)", "urllib.request.urlopen(url)",
        "urllib.request.build_opener()", "import joblib", "from joblib import load", "eval(text)",
    ],
)  # fmt: skip
def test_each_of_these_lines_would_be_found(line: str) -> None:
    assert len(list(problems(f"def f():\n    {line}\n", "bench/new.py"))) == 1


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.target,))


def test_a_pickle_in_a_file_of_tensors_is_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    torch.save({"weight": torch.ones(1), "code": Payload(ran)}, tmp_path / "weights.pt")
    with pytest.raises(ValueError, match=r"weights\.pt asks for .* when it is read"):
        read_tensors(tmp_path / "weights.pt")
    assert not ran.exists()


def test_a_pickle_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    from glow.training.folder import RunFolder

    ran = tmp_path / "ran"
    torch.save({"step": 1, "code": Payload(ran)}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match=r"the checkpoint .*checkpoint\.pt is broken"):
        RunFolder(tmp_path).load_checkpoint(torch.device("cpu"))
    assert not ran.exists()


class Small(torch.nn.Module):
    def forward(self, w: torch.Tensor) -> torch.Tensor:
        return w[:, :1].reshape(-1, 1, 1, 1).expand(-1, 3, 8, 8)


def test_a_torchscript_file_is_not_opened_without_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "generator.pt"
    torch.jit.script(Small()).save(path)
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(ValueError, match=r"runs the code in it: .*--param trust=yes"):
        load_generator(path, value_range="0..1", size=4)
