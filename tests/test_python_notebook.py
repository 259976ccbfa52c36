"""The notebook is whole, stripped, about nobody's machine, and runs where Jupyter is installed."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOK = NOTEBOOKS / "expression_transfer.ipynb"


def cells(kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_the_notebook_is_stripped() -> None:
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (content["nbformat"], content["nbformat_minor"]) >= (4, 5)
    assert set(content["metadata"]) == {"kernelspec", "language_info"}
    for cell in cells("code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert cell["metadata"] == {}
    ids = [cell["id"] for cell in content["cells"]]
    assert len(set(ids)) == len(ids)


def test_the_notebook_is_valid() -> None:
    nbformat = pytest.importorskip(
        "nbformat", reason="needs nbformat: pip install -e '.[notebook]'"
    )
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))


def test_the_notebook_names_no_place_of_one_machine() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert re.findall(r"(?:/home|/root|/Users|/work|/tmp|C:\\)", text) == []
    assert re.findall(r"\b(?:github\.com|localhost)\b", text) == []


def test_its_cells_are_short_and_explained() -> None:
    assert all(len(source(cell).splitlines()) <= 20 for cell in cells("code"))
    headings = [source(cell) for cell in cells("markdown")]
    for step in ("Reconstruction", "Mean faces", "Transfer", "Identity", "Action Units", "Ranked"):
        assert any(heading.startswith(f"## {step}") for heading in headings), step


def test_one_cell_installs_and_only_where_nothing_is() -> None:
    installing = [source(cell) for cell in cells("code") if "%pip" in source(cell)]
    assert len(installing) == 1
    assert cells("code")[0]["id"] == "install"
    condition = installing[0].index('find_spec("bench") is None')
    assert condition < installing[0].index("    %pip")
    for cell in cells("code")[1:]:
        ast.parse(source(cell))


IN_THE_WHEEL = """
import bench, glow
from bench.data.benchmark import load_benchmark

images = load_benchmark("synthfaces").card.data_folder(None)
print(bench.__file__, glow.__file__, glow.find_model("synthfaces-64"), images, sep="\\n")
"""


@pytest.mark.slow
def test_the_wheel_that_it_asks_for_holds_the_package(tmp_path: Path) -> None:
    def pip(*words: str) -> None:
        quiet = ["--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([sys.executable, "-m", "pip", *words, *quiet], check=True)

    isolation = ["--no-build-isolation"] if find_spec("hatchling") else []
    pip("wheel", *isolation, "--wheel-dir", str(tmp_path), str(NOTEBOOKS.parent))
    (wheel,) = tmp_path.glob("*.whl")
    assigned = re.search(r'^SOURCE = "(.*)"$', source(cells("code")[0]), re.MULTILINE)
    assert assigned is not None
    assert assigned[1] == wheel.name
    folder = tmp_path / "installed"
    pip("install", "--target", str(folder), str(wheel))
    imported = subprocess.run(
        [sys.executable, "-c", IN_THE_WHEEL],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )  # fmt: skip
    places = [Path(line) for line in imported.stdout.splitlines()]
    assert len(places) == 4
    for place in places:
        assert place.is_relative_to(folder), place
        assert place.exists(), place


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path) -> None:
    for package in ("nbmake", "ipykernel"):
        pytest.importorskip(package, reason=f"needs {package}: pip install -e '.[notebook]'")
    copy = shutil.copy(NOTEBOOK, tmp_path)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=300", copy],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout
    # What it makes goes to a temporary folder, not beside it.
    assert not (tmp_path / "runs").exists()
