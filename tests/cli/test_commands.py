"""The command line: quick help, machine-readable output, one clear line for every mistake."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image


def bench(
    *arguments: str | Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "COLUMNS": "80", **(environment or {})},
    )  # fmt: skip


def refused(*arguments: str | Path, environment: dict[str, str] | None = None) -> str:
    """The one line on stderr of a command that fails."""
    result = bench(*arguments, environment=environment)
    assert result.returncode != 0
    assert result.stdout == ""
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "Traceback" not in result.stderr
    return errors[0]


@pytest.fixture
def copy(london_data: Path, tmp_path: Path) -> Path:
    """A copy of the dataset that may be damaged."""
    return Path(shutil.copytree(london_data, tmp_path / "london"))


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['bench', '--help']\n"
        "from bench.cli import app\n"
        "try: app()\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'pandas', 'scipy', 'numpy', 'pyarrow', 'mediapipe', 'onnxruntime'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "alpha-search" in result.stdout


@pytest.mark.parametrize(
    "command",
    [["run"], ["alpha-search"], ["report"], ["list", "methods"], ["data", "verify"]],
)
def test_every_command_explains_itself_with_an_example(command: list[str]) -> None:
    result = bench(*command, "--help")
    assert result.returncode == 0
    assert f"bench {' '.join(command)}" in result.stdout
    assert "Example" in result.stdout


def test_methods_and_benchmarks_are_listed() -> None:
    methods = json.loads(bench("list", "methods", "--json").stdout)
    kinds = {row["name"]: row["kind"] for row in methods["rows"]}
    assert kinds["glow-arith"] == "method"
    assert kinds["target-neutral"] == "anchor"
    benchmarks = json.loads(bench("list", "benchmarks", "--json").stdout)
    assert {"london-64", "london-128", "london-256"} <= {r["name"] for r in benchmarks["rows"]}


def test_verify_finds_a_whole_copy(london_data: Path) -> None:
    result = bench("data", "verify", "london", "--data", london_data, "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout) == {
        "schema_version": 1, "dataset": "london", "files": 204, "problems": [],
    }  # fmt: skip


def test_verify_says_one_line_for_each_fault(copy: Path) -> None:
    faces = copy / "aligned256"
    (faces / "001" / "neutral.png").unlink()
    broken = faces / "002" / "neutral.png"
    broken.write_bytes(broken.read_bytes()[:5000])
    Image.new("RGB", (64, 64)).save(faces / "003" / "neutral.png")
    Image.new("L", (256, 256)).save(faces / "004" / "neutral.png")
    Image.new("RGB", (256, 256)).save(faces / "005" / "neutral.png")
    result = bench("data", "verify", "london", "--data", copy)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    for line, word in zip(lines, ["missing", "decoded", "size", "grey", "changed"], strict=False):
        assert word in line
    assert lines[-1] == "199 of 204 files are as published"
    assert len(lines) == 6


def test_no_data_folder() -> None:
    line = refused("run", "pixel-arith", "-b", "london", "--data", "nowhere")
    assert "no data folder at nowhere" in line
    assert "figshare" in line
    line = refused("run", "pixel-arith", "-b", "london", environment={"BENCH_DATA": ""})
    assert "--data DIR" in line


def test_unknown_names_come_with_the_nearest(london_data: Path) -> None:
    london = ["-b", "london", "-d", london_data]
    assert "did you mean 'glow-arith'?" in refused("run", "glow-arit", *london)
    assert "did you mean 'london'?" in refused(
        "run", "pixel-arith", "-b", "londn", "-d", london_data
    )
    assert "did you mean 'london'?" in refused("run", "pixel-arith", "-b", "londn")
    assert "at: 64, 128, 256" in refused("run", "pixel-arith", "-b", "london-65", "-d", london_data)
    line = refused("run", "pixel-arith", *london, "--embedder", "facenett")
    assert "known: " in line
    assert "mobilefacenet" in line
    assert "is no grid" in refused("run", "pixel-arith", *london, "--alphas", "0,x")
    assert "--device cpu" in refused("run", "pixel-arith", *london, "--device", "tpu")
    assert "has no alpha" in refused("alpha-search", "copy-source", *london)
    assert "no method was named" in refused("run")


def test_missing_weights_name_the_file_and_where_to_get_it(copy: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install -e '.[onnx]'")
    empty = {"BENCH_WEIGHTS": str(tmp_path / "empty"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    (tmp_path / "empty").mkdir()
    line = refused(
        "run", "pixel-arith", "-b", "london", "-d", copy, "--limit", "1", environment=empty
    )
    assert "MobileFaceNet.onnx" in line
    assert "BENCH_WEIGHTS" in line
    assert "http" in line


@pytest.mark.parametrize("fault", ["truncated", "grey", "changed"])
def test_a_bad_photograph_stops_the_run_by_name(copy: Path, weights_dir: Path, fault: str) -> None:
    photograph = copy / "aligned256" / "001" / "smiling.png"
    if fault == "truncated":
        photograph.write_bytes(photograph.read_bytes()[:20000])
    elif fault == "grey":
        Image.open(photograph).convert("L").save(photograph)
    else:
        Image.open(photograph).rotate(1).save(photograph)
    environment = {"BENCH_WEIGHTS": str(weights_dir)}
    line = refused("run", "pixel-arith", "-b", "london", "-d", copy, environment=environment)
    assert "001/smiling.png" in line


FAULTY = """
import numpy as np
from bench.plugins.contracts import MethodCard


class Faulty:
    card = MethodCard("faulty", "fails on some pairs", has_alpha=False)

    def __init__(self, share: float = 0.5) -> None:
        self.share = share

    def prepare(self, context):
        return {}

    def transfer(self, requests):
        images = []
        for request in requests:
            kind = int(request.pair.source) % 4
            image = request.target_reference[0].pixels / 255.0
            if kind == 1:
                raise RuntimeError("out of ideas")
            images.append(image * np.nan if kind == 2 else image * 0.0 if kind == 3 else image)
        return np.stack(images)
"""


def test_a_faulty_method_gets_outcomes_and_the_run_goes_on(
    london_data: Path, weights_dir: Path, tmp_path: Path
) -> None:
    plugin = tmp_path / "faulty.py"
    plugin.write_text(FAULTY)
    result = bench(
        "run", plugin, "--param", "share=0.25", "-b", "london", "-d", london_data, "--limit", "40",
        "--out", tmp_path / "runs", "--json", environment={"BENCH_WEIGHTS": str(weights_dir)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    rows = {row["method"]: row for row in json.loads(result.stdout)["rows"]}
    failures = rows["faulty"]["failures"]
    assert set(failures) == {"method_error", "invalid_output", "no_face"}
    assert rows["faulty"]["coverage"] == pytest.approx(
        1.0 - sum(failures.values()) / rows["faulty"]["pairs"]
    )
    # What works is the target's neutral face: only the failures can pull it below.
    assert rows["faulty"]["expression_skill"] < rows["target-neutral"]["expression_skill"]
    assert rows["faulty"]["identity_retention"] < 1.0


def test_a_run_ends_in_a_table_a_search_and_a_page(
    london_data: Path, weights_dir: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    options = ["-b", "london", "-d", london_data, "--limit", "30"]
    options += ["--alphas", "0:1:0.5", "--out", runs]
    environment = {"BENCH_WEIGHTS": str(weights_dir)}
    table = bench("run", "pixel-arith", *options, environment=environment)
    assert table.returncode == 0, table.stderr
    assert "pixel-arith" in table.stdout
    *body, report_line, search_line = table.stdout.splitlines()
    assert max(map(len, body)) <= 80
    # The folders of this machine are long; lines to copy are not broken.
    assert report_line == f"Next: bench report --html --benchmark london --runs {runs}"
    assert "bench alpha-search pixel-arith" in search_line
    search = bench("alpha-search", "pixel-arith", *options, "--json", environment=environment)
    found = json.loads(search.stdout)
    assert {"benchmark", "method", "dev_alpha", "crossover", "oracle", "curve"} <= set(found)
    assert [point["alpha"] for point in found["curve"]] == [0.0, 0.5, 1.0]
    assert set(found["oracle"][0]) == {
        "pair", "source", "target", "expression", "alpha_mse", "alpha_mae", "on_edge",
    }  # fmt: skip
    page = tmp_path / "report.html"
    report = bench("report", "--html", "--runs", runs, "--out", page)
    assert report.returncode == 0, report.stderr
    html = page.read_text()
    assert "pixel-arith" in html
    assert "data:image/webp" in html
    assert "no runs in" in refused("report", "--runs", tmp_path / "none")
