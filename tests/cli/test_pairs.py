"""``bench data pairs``, and the way back: made elsewhere, measured here."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from bench import api
from bench.cli import app
from bench.errors import BenchError
from bench.methods import command, precomputed

ELSEWHERE = """
import csv, json, sys
import numpy as np
from pathlib import Path
from PIL import Image

listed, out = sys.argv[1], Path(sys.argv[2])
out.mkdir()

def image(path):
    return np.asarray(Image.open(path)).astype(np.float32) / 255.0

def mean(paths):
    return np.mean([image(path) for path in paths], axis=0)

rows = [["source", "sample", "target", "alpha", "path"]]
for line in open(listed):
    pair = json.loads(line)
    change = image(pair["source_image"]) - mean(pair["source_reference_images"])
    for alpha in pair["alphas"]:
        made = np.clip(mean(pair["target_reference_images"]) + alpha * change, 0.0, 1.0)
        name = f"{len(rows)}.png"
        Image.fromarray(np.round(made * 255.0).astype(np.uint8)).save(out / name)
        rows.append([pair["source"], pair["sample"], pair["target"], alpha, name])
csv.writer(open(out / "manifest.csv", "w")).writerows(rows)
"""

PROGRAM = """
import json, sys
import numpy as np
from PIL import Image

def image(path):
    return np.asarray(Image.open(path)).astype(np.float32) / 255.0

def mean(paths):
    return np.mean([image(path) for path in paths], axis=0)

sys.stdin.readline()
print(json.dumps({"ready": True, "name": "elsewhere", "has_alpha": True}), flush=True)
for line in sys.stdin:
    r = json.loads(line)
    change = image(r["source"]) - mean(r["source_reference"])
    made = np.clip(mean(r["target_reference"]) + r["alpha"] * change, 0.0, 1.0)
    Image.fromarray(np.round(made * 255.0).astype(np.uint8)).save(r["output"])
    print(json.dumps({"id": r["id"], "status": "ok"}), flush=True)
"""


@pytest.fixture
def listed(embedded: Path, tmp_path: Path) -> Path:
    """The list of the made-up benchmark's pairs."""
    path = tmp_path / "pairs.jsonl"
    result = CliRunner().invoke(app, ["data", "pairs", "--out", str(path)])
    assert result.exit_code == 0, result.output
    first, *_ = result.stdout.splitlines()
    assert first == f"{path}: 30 pairs of synthfaces-64, 120 images at 4 alphas"
    return path


def test_it_lists_every_pair_with_its_files(listed: Path, embedded: Path) -> None:
    pairs = [json.loads(line) for line in listed.read_text().splitlines()]
    assert [pair["part"] for pair in pairs] == ["dev"] * 12 + ["test"] * 18
    for pair in pairs:
        assert pair["alphas"] == [0.0, 0.5, 1.0, 1.2]
        assert Path(pair["source_image"]) == (
            embedded / "images" / pair["source"] / f"{pair['sample']}.png"
        )
        for role in ("source", "target"):
            references = [Path(path) for path in pair[f"{role}_reference_images"]]
            assert len(references) == 20
            assert all(path.is_file() and path.is_absolute() for path in references)
            assert {path.parent.name for path in references} == {pair[role]}


def test_a_limited_list_has_the_pairs_of_a_limited_run(listed: Path, tmp_path: Path) -> None:
    whole = listed.read_text().splitlines()
    few = tmp_path / "few.jsonl"
    CliRunner().invoke(app, ["data", "pairs", "--out", str(few), "--limit", "2"])
    assert few.read_text().splitlines() == [*whole[:2], *whole[12:14]]


def test_a_file_that_cannot_be_written_is_one_clear_line(embedded: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["data", "pairs", "--out", str(tmp_path / "no" / "x.jsonl")])
    assert isinstance(result.exception, BenchError)
    assert "cannot write" in result.exception.message
    assert result.exception.hint == "--out FILE names another"


def test_what_is_to_be_typed_next_is_printed(embedded: Path, tmp_path: Path) -> None:
    """The header is that of the manifest, and the command measures what was listed."""
    words = ["--out", str(tmp_path / "x.jsonl"), "--data", str(embedded), "--limit", "2"]
    result = CliRunner().invoke(app, ["data", "pairs", "synthfaces", *words])
    header, next_command = (line.strip() for line in result.stdout.splitlines()[-2:])
    assert header == "source,sample,target,alpha,path"
    assert next_command == (
        "bench run precomputed --param folder=DIR --param name=NAME "
        f"--benchmark synthfaces --data {embedded} --limit 2"
    )


@pytest.mark.slow
def test_the_same_arithmetic_made_in_three_ways_has_the_same_scores(
    listed: Path, tmp_path: Path
) -> None:
    """Built in, in a folder made elsewhere, and by a program that is asked."""
    import subprocess

    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)
    (tmp_path / "program.py").write_text(PROGRAM)
    subprocess.run(
        [sys.executable, tmp_path / "elsewhere.py", listed, tmp_path / "made"],
        check=True, timeout=120,
    )  # fmt: skip
    parameters = {
        "folder": str(tmp_path / "made"),
        "name": "elsewhere",
        "program": shlex.join([sys.executable, str(tmp_path / "program.py")]),
    }
    settings = api.Settings(out=tmp_path / "runs", parameters=parameters)
    board = api.run(["pixel-arith", precomputed.__file__, command.__file__], settings)
    rows = {row.method: row for row in board.rows}
    assert "name=elsewhere" in rows["precomputed"].label
    for name in ("precomputed", "command"):
        assert rows[name].coverage == 1.0
        assert rows[name].alpha == rows["pixel-arith"].alpha
        assert rows[name].transfer_score == rows["pixel-arith"].transfer_score


def test_images_without_alpha_are_ranked_without_alpha(listed: Path, tmp_path: Path) -> None:
    rows = ["source,sample,target,alpha,path"]
    for number, line in enumerate(listed.read_text().splitlines()):
        pair = json.loads(line)
        if pair["part"] == "test" and len(rows) < 16:
            Image.open(pair["source_image"]).save(tmp_path / f"{number}.png")
            rows.append(f"{pair['source']},{pair['sample']},{pair['target']},,{number}.png")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    settings = api.Settings(out=tmp_path / "runs", parameters={"folder": str(tmp_path)})
    row = next(
        row for row in api.run([precomputed.__file__], settings).rows if row.method == "precomputed"
    )
    assert row.alpha is None
    assert row.alpha_protocol is None
    assert row.coverage == pytest.approx(15 / 18)
    assert row.failures == {"method_error": 3}
    assert np.isfinite(row.transfer_score.value)
