"""``bench report`` as a user types it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import api
from bench.cli import app
from bench.errors import BenchError

BENCHMARK = "synthfaces-64"


def bench(*words: str | Path, width: int = 80, **variables: str) -> tuple[str, str]:
    """What lands on stdout and on stderr."""
    result = CliRunner().invoke(
        app, [str(word) for word in words], env={"COLUMNS": str(width), **variables}
    )
    if result.exception is not None:
        raise result.exception
    return result.stdout, result.stderr


@pytest.fixture(scope="module")
def pristine(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("reported") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        api.run(["pixel-arith", "pca-arith"], api.Settings(out=out, alphas=(0.0, 1.0), limit=8))
    return out


@pytest.fixture
def runs(pristine: Path, embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of those runs, in the folder where the command is typed."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(pristine, tmp_path / "runs"))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_ends_with_the_table_and_the_answer(runs: Path, width: int) -> None:
    text, _ = bench("report", width=width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert "\x1b" not in text
    table = next(place for place, line in enumerate(lines) if f"{BENCHMARK}, test part" in line)
    answer = next(place for place, line in enumerate(lines) if line.startswith("On synthfaces-64 "))
    sure = next(place for place, line in enumerate(lines) if line.startswith("How sure the order"))
    assert sure < table < answer
    ranked = lines[table:answer]
    for method in ("pixel-arith", "pca-arith", "copy-source", "real-target"):
        assert any(f" {method} " in line for line in ranked)
    assert not [line for line in lines if "…" in line]


def test_no_color_leaves_weight_alone_and_says_the_same(runs: Path) -> None:
    plain, _ = bench("report", "pixel-arith", "pca-arith")
    styled, _ = bench("report", "pixel-arith", "pca-arith", FORCE_COLOR="1", NO_COLOR="1")
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", styled) for code in found.split(";")}
    assert codes <= {"0", "1", "2", "22"}  # bold, faint, and neither

    def words(text: str) -> list[str]:
        # Each command that reads the test part is counted.
        return re.sub(r"\x1b\[[\d;]*m|\d+ commands?", "", text).split()

    assert words(styled) == words(plain)


def test_of_two_methods_it_says_how_they_compare(runs: Path) -> None:
    text = " ".join(bench("report", "pixel-arith", "pca-arith")[0].split())
    assert "a paired difference on" in text
    assert "a paired difference on" not in " ".join(bench("report", "pixel-arith")[0].split())


def test_json_has_the_board_and_the_sections(runs: Path) -> None:
    out, _ = bench("report", "--json")
    values = json.loads(out)
    assert {"rows", "notes", "comparisons", "sections"} <= {*values}
    assert values["sections"]["comparison"]["pairs"] == values["rows"][0]["pairs"]
    assert values["sections"]["provenance"]["bibtex"].startswith("@misc{expression-transfer-bench")
    assert not (runs.parent / "report.html").exists()


def test_markdown_goes_to_stdout_or_to_a_file(runs: Path) -> None:
    out, _ = bench("report", "--markdown")
    assert out.startswith(f"# Expression transfer on {BENCHMARK}\n")
    assert "\n## Provenance\n" in out
    shown, _ = bench("report", "--markdown", "--out", "pages/report.md")
    assert "Markdown: pages/report.md" in shown
    written = (runs.parent / "pages" / "report.md").read_text(encoding="utf-8")
    assert written.startswith(f"# Expression transfer on {BENCHMARK}\n")
    assert not (runs.parent / "report.html").exists()


def test_everything_at_once(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Path] = []
    monkeypatch.setattr("bench.report.export.write_figures", lambda report, to: drawn.append(to))
    out, told = bench(
        "report", "--html", "--markdown", "--json", "--figures", "figures", "--out", "x/page.html"
    )
    json.loads(out)
    folder = runs.parent / "x"
    assert (folder / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (folder / "page.md").read_text(encoding="utf-8").startswith("# Expression transfer")
    assert drawn == [Path("figures")]
    for line in ("Report: x/page.html", "Markdown: x/page.md", "Figures: figures"):
        assert line in told


def test_two_things_for_stdout_are_an_error_with_the_way_out(runs: Path) -> None:
    with pytest.raises(BenchError, match=r"would both be printed \(--out report\.md\)"):
        bench("report", "--markdown", "--json")


def test_a_page_that_cannot_be_written_is_an_error(runs: Path) -> None:
    (runs.parent / "file").write_text("")
    with pytest.raises(BenchError, match="cannot write"):
        bench("report", "--html", "--out", "file/report.html")
    with pytest.raises(BenchError, match="cannot write"):
        bench("report", "--markdown", "--out", "file/report.md")


def test_runs_are_named_by_folder_run_id_and_label(runs: Path) -> None:
    (folder,) = (runs / BENCHMARK).glob("pixel-arith-*")
    for name in (folder, folder.name, "pixel-arith", f"runs/{BENCHMARK}/{folder.name}"):
        rows = json.loads(bench("report", name, "--json")[0])["rows"]
        assert [row["method"] for row in rows if not row["is_anchor"]] == ["pixel-arith"]
    with pytest.raises(BenchError, match="did you mean"):
        bench("report", "pixle-arith")


def test_hostile_names_break_neither_terminal_nor_json_nor_markdown(runs: Path) -> None:
    name = "<script>alert(1)</script> \x1b[2J\u202e|`[b](c)方法" + "x" * 200
    for path in (runs / BENCHMARK).glob("p*-arith-*/run.json"):
        info = json.loads(path.read_text(encoding="utf-8"))
        info["method"]["name"] = f"{info['method']['name']} {name}"
        info["method"]["origin"] = info["method"]["citation"] = name
        info["command"] = name
        path.write_text(json.dumps(info), encoding="utf-8")
    text, _ = bench("report")
    printed, _ = bench("report", "--json")
    markdown, _ = bench("report", "--markdown")
    for out in (text, printed, markdown):
        assert "\x1b" not in out
        assert "\u202e" not in out
    assert name in json.loads(printed)["sections"]["provenance"]["runs"][0]["label"] or name in {
        row["method"].partition(" ")[2] for row in json.loads(printed)["rows"]
    }
