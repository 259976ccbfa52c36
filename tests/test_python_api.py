"""The commands as functions: the same options, the same numbers, tables and charts."""

from __future__ import annotations

import inspect
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.text import Text
from typer.testing import CliRunner

import bench
from bench.analysis.board import Estimate
from bench.analysis.opinion_values import Opinion, Separation
from bench.api import ANCHORS
from bench.cli import app
from bench.cli.alpha_search import alpha_search
from bench.cli.compare import compare
from bench.cli.groups import groups
from bench.cli.leaderboard import show
from bench.cli.metrics import metrics
from bench.cli.reconstruct import reconstruct
from bench.cli.report import report
from bench.cli.run import run
from bench.cli.second_opinion import second_opinion
from bench.command_line import command_line
from bench.errors import BenchError
from bench.python.commands import Count, Words, command
from bench.python.frames import frame_of, unfolded
from bench.python.results import SEPARATED

ROOT = Path(__file__).resolve().parents[1]

COMMANDS = {
    "run": run,
    "alpha_search": alpha_search,
    "compare": compare,
    "groups": groups,
    "metrics": metrics,
    "reconstruct": reconstruct,
    "report": report,
    "second_opinion": second_opinion,
}


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture
def here(embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, with the made-up benchmark."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_a_function_has_the_options_of_its_command(name: str) -> None:
    def defaults(function: object) -> dict[str, str]:
        return {
            key: str(parameter.default) if parameter.default else ""
            for key, parameter in inspect.signature(function).parameters.items()  # type: ignore[arg-type]
        }

    of_command, of_function = defaults(COMMANDS[name]), defaults(getattr(bench, name))
    assert of_command.pop("json") == ""
    assert of_function.pop("progress") == "True"
    assert of_function.keys() == of_command.keys()
    required = str(inspect.Parameter.empty)
    for key, default in of_function.items():
        # What the command asks for in a sentence of its own, the function requires.
        assert default == of_command[key] or default == required, key


def test_leaderboard_shows_what_the_command_shows() -> None:
    options = set(inspect.signature(bench.leaderboard).parameters)
    assert options - {"progress"} == set(inspect.signature(show).parameters) - {"json", "explain"}


ORDERS = [
    "import bench; bench.run; import bench.run.store",
    "import bench.run.store; import bench",
    "from bench.leaderboard.basis import read_basis; import bench.report.charts.svg; import bench",
    "from bench import run, report, leaderboard; import bench; assert run is bench.run",
    "import bench.python; import bench",
    "import bench; bench.alpha_search",
]


@pytest.mark.parametrize("order", ORDERS)
def test_packages_are_commands_whatever_is_imported_first(order: str) -> None:
    python(
        f"{order}\n"
        "import inspect, types, bench.python, bench.run.store, bench.report.charts.svg\n"
        "for name in ('run', 'report', 'leaderboard'):\n"
        "    package = getattr(bench, name)\n"
        "    assert isinstance(package, types.ModuleType) and callable(package)\n"
        "    function = getattr(bench.python, name)\n"
        "    assert inspect.signature(package) == inspect.signature(function)\n"
        "assert bench.run.store.RunFolder and bench.report.charts.svg.add\n"
        "try: bench.leaderboard()\n"
        "except bench.errors.BenchError as error: assert 'no board was named' in str(error)\n"
    )


def test_importing_bench_and_its_help_load_nothing_heavy() -> None:
    heavy = "('torch', 'pandas', 'scipy', 'bench.python')"
    result = python(
        "import sys, bench\n"
        f"print([m for m in {heavy} if m in sys.modules])\n"
        "import bench.run, bench.report, bench.leaderboard, bench.cli\n"
        f"print([m for m in {heavy} if m in sys.modules])\n"
    )
    assert result.stdout.split("\n")[:2] == ["[]", "[]"]


def test_bench_names_its_functions_and_no_others() -> None:
    import bench.python

    assert set(bench.__all__) <= set(dir(bench))
    functions = {n for n in bench.python.__all__ if not inspect.isclass(getattr(bench.python, n))}
    assert set(bench.__all__) == functions
    assert all(callable(getattr(bench, name)) for name in bench.__all__)
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        bench.no_such_name  # type: ignore[attr-defined]  # noqa: B018


def test_every_function_has_an_example() -> None:
    import bench.python

    for name in bench.__all__:
        assert ">>> " in (getattr(bench.python, name).__doc__ or ""), name


def test_help_of_a_package_is_that_of_its_function() -> None:
    import bench.python

    for name in ("run", "report", "leaderboard"):
        described = inspect.getdoc(getattr(bench, name))
        assert described == inspect.getdoc(getattr(bench.python, name)), name
    # Asked before anything else has imported the function.
    shown = python("import bench, pydoc; print(pydoc.plain(pydoc.render_doc(bench.run)))").stdout
    assert "Runs methods and the anchors on the test part" in shown


@pytest.mark.slow
def test_run_returns_the_numbers_of_the_command(here: Path) -> None:
    board = bench.run(["pixel-arith"], alphas=[0, 0.5, 1], limit=3, progress=False)
    typed = ["run", "pixel-arith", "--alphas", "0,0.5,1", "--limit", "3"]
    printed = CliRunner().invoke(app, [*typed, "--json"])
    rows = json.loads(printed.stdout)["rows"]
    assert [row["run_id"] for row in rows] == list(board.table["run_id"])
    for row, (_, values) in zip(rows, board.table.iterrows(), strict=True):
        assert values["transfer_score"] == row["transfer_score"]
        assert values["au_mse"] == row["au_mse"]
        interval = row["transfer_score_interval"]
        assert values["transfer_score_interval.low"] == interval["low"]
        assert values["transfer_score_interval.high"] == interval["high"]
    # Recorded is the command that it stands for, not the program that called it.
    stored = json.loads(
        (here / "runs" / "synthfaces-64" / rows[0]["run_id"] / "run.json").read_text()
    )
    assert stored["command"] == "bench run pixel-arith --alphas 0,0.5,1 --limit 3"
    assert "synthfaces-64, test part" in repr(board)
    assert repr(board).splitlines()[1] == CliRunner(env={"COLUMNS": "80"}).invoke(
        app, typed
    ).stdout.splitlines()[1].ljust(len(repr(board).splitlines()[1]))


def test_progress_can_be_silenced(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bench.run("pixel-arith", alphas="0:1:0.5", limit=2, progress=False)
    bench.metrics(progress=False)
    assert capfd.readouterr() == ("", "")
    bench.run("pixel-arith", alphas="0:1:0.5", limit=3)
    assert "pixel-arith on test" in capfd.readouterr().err


def test_charts_and_tables_of_results(here: Path) -> None:
    few = {"alphas": "0:1:0.5", "limit": 4}
    board = bench.run(["pixel-arith"], **few)  # type: ignore[arg-type]
    search = bench.alpha_search("pixel-arith", **few)  # type: ignore[arg-type]
    charts = [board.figure(), bench.report().figure()]
    charts += [search.figure(of) for of in ("au", "identity", "oracle")]
    for place, chart in enumerate(charts):
        path = chart.save(f"chart-{place}.svg")
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        # Programs that draw SVG but are no browsers know no variables.
        assert "var(" not in chart.svg
        assert len(chart.svg) > len(repr(chart))
    # The line over alpha is there: the third alpha is the mark of the board.
    assert charts[0].svg.count('class="dot') == 2
    assert list(search.table["alpha"]) == [0.0, 0.5, 1.0]
    oracle = search.to_frame("oracle")
    assert len(oracle) == search.to_dict()["pairs"]
    assert "<pre" in board._repr_html_()
    with pytest.raises(BenchError, match="did you mean 'oracle'"):
        search.to_frame("oracel")
    with pytest.raises(BenchError, match="there is no chart"):
        search.figure("units")  # type: ignore[arg-type]
    with pytest.raises(BenchError, match=r"written as \.svg"):
        charts[0].save("chart.pdf")


def test_reconstruct_shows_its_pictures(here: Path) -> None:
    lost = bench.reconstruct("pixel-arith", limit=3, pictures="sheet.png")
    assert lost.figure().pixels.shape[2] == 3
    assert lost.figure()._repr_png_().startswith(b"\x89PNG")
    by_metric = lost.table.set_index("metric")["value"]
    assert by_metric["id_dist"] == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(BenchError, match="pictures="):
        bench.reconstruct("pixel-arith", limit=3).figure()


def test_html_escapes_what_files_say(here: Path) -> None:
    board = bench.run("pixel-arith", alphas="0,1", limit=2)
    written = replace(board, show=lambda console: console.print(Text("<b>x</b>")))
    assert "&lt;b&gt;" in written._repr_html_()


def test_intervals_are_two_columns() -> None:
    rows = [{"a": 1, "a_interval": {"low": 0, "high": 2}}, {"a": None, "a_interval": None}]
    frame = frame_of(rows)
    assert list(frame) == ["a", "a_interval.low", "a_interval.high"]
    assert frame.loc[0, "a_interval.high"] == 2
    assert frame.loc[1].isna().all()
    assert math.isnan(frame_of([{"interval": None}])["interval.low"][0])


def test_unfolded_rows_keep_their_holder() -> None:
    rows = [{"method": "m", "n": 3, "many": [1], "parameters": {"a": "1"}, "held": {"x": {"n": 7}}}]
    assert unfolded(rows, "held", "name") == [
        {"method": "m", "n": 3, "parameters": {"a": "1"}, "name": "x", "held.n": 7}
    ]
    listed = [{"method": "m", "held": [{"v": 1}, {"v": 2}]}]
    assert [row["v"] for row in unfolded(listed, "held")] == [1, 2]
    assert unfolded([{"held": {}}], "held", "name") == []


def test_rows_of_two_variants_have_names_of_their_own(here: Path) -> None:
    few = {"alphas": "0,1", "limit": 4}
    shares = ("0.5", "0.9")
    for share in shares:
        board = bench.run("pca-arith", param={"share": share}, **few)  # type: ignore[arg-type]
    assert list(board.table)[:2] == ["method", "label"]
    measured = bench.metrics(per_au=True)
    names = {*(f"pca-arith share={share}" for share in shares), *ANCHORS}
    values = measured.table.pivot(index="metric", columns="label", values="value")
    assert set(values) == names
    assert values.loc["au_mae", "copy-source"] == pytest.approx(0.0, abs=1e-6)
    # Of the Action Units, the mean is the metric of them all.
    units = measured.to_frame("action_units")
    assert list(units)[:2] == ["method", "label"]
    means = units.groupby("label")["mae"].mean()
    assert set(means.index) == names
    for name in names:
        assert means[name] == pytest.approx(values.loc["au_mae", name])


def test_the_people_of_a_comparison_are_a_table(here: Path) -> None:
    bench.run(["pixel-arith", "pca-arith"], alphas="0,1", limit=6)
    compared = bench.compare("pixel-arith", "pca-arith")
    people = compared.to_frame("people")
    assert list(people) == ["side", "identity", "name", "first", "second"]
    assert set(people["side"]) == {"source", "target"}
    for side, found in compared.to_dict()["people"].items():
        of_side = people[people["side"] == side]
        assert list(of_side["identity"].unique()) == [one["identity"] for one in found["people"]]
        row = of_side[of_side["name"] == "expression_skill"].iloc[0]
        assert row["first"] == found["people"][0]["first"]["expression_skill"]
    assert compared.to_frame("disagreements")["source"].str.len().min() > 0
    with pytest.raises(BenchError, match=r"no table 'notes'.*people"):
        compared.to_frame("notes")


def test_an_empty_table_keeps_its_columns(here: Path) -> None:
    few = {"alphas": "0,1", "limit": 4}
    alone = bench.run("pixel-arith", **few)  # type: ignore[arg-type]
    both = bench.run(["pixel-arith", "pca-arith"], **few)  # type: ignore[arg-type]
    assert alone.to_dict()["comparisons"] == []
    assert len(alone.to_frame("comparisons")["difference"]) == 0
    for name in ("comparisons", "anchor_comparisons"):
        assert list(both.to_frame(name)) == list(alone.to_frame("comparisons"))
    one = Separation("a", "b", Estimate(0.1, 0.0, 0.2), Estimate(0.1, 0.0, 0.2), "confirmed")
    few_words = ("benchmark", "test", "first", "second")
    opinion = Opinion(*few_words, (), 0, Estimate(1, 1, 1), (one,), (), (), (), 1, 0)
    (row,) = opinion.to_dict()["first_separations"]
    assert list(frame_of([], SEPARATED)) == list(frame_of([row]))


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: bench.run("m", limit=-1), r"^limit=-1 is too small \(at least 1\)$"),
    (lambda: bench.run("m", limit=2.5), r"^limit=2\.5 is not a whole number$"),
    (lambda: bench.run("m", seed="x"), "^seed='x' is not a whole number$"),
    (lambda: bench.run("m", seed=None), "^seed=None is not a whole number$"),
    (lambda: bench.run("m", alpha="much"), "^alpha='much' is not a number$"),
    (lambda: bench.run("m", keep_images="no"), "^keep_images='no' is not True or False$"),
    (lambda: bench.run("m", source_aus="label"), "no source_aus='label'; did you mean 'labels'"),
    (lambda: bench.reconstruct("m", limit=0), "^limit=0 is too small"),
    (lambda: bench.alpha_search("m", by="mse"), r"no by='mse'.*\(there: au, identity, score\)$"),
    (lambda: bench.alpha_search("m", by=None), "^there is no by=None"),
    (lambda: bench.alpha_search("m", tolerance=0.0), r"tolerance=0\.0 is too small \(at least 0"),
    (lambda: bench.alpha_search("m", tolerance=math.nan), "tolerance=nan is too small"),
    (lambda: bench.groups(side="both"), r"no side='both' \(there: source, target\)$"),
    (lambda: bench.groups(side=["source", "both"]), "no side='both'"),
    (lambda: bench.compare("a", "b", by_person="targets"), "; did you mean 'target'"),
]


@pytest.mark.parametrize(("call", "said"), WRONG)
def test_wrong_arguments_are_named_before_anything_else_is(
    call: Callable[[], object], said: str, here: Path
) -> None:
    """None of the methods is there, which would be the next thing to say."""
    with pytest.raises(BenchError, match=said):
        call()
    assert list(here.iterdir()) == []


def test_paths_and_numbers_of_numpy_are_taken(here: Path) -> None:
    guide = (ROOT / "docs" / "add-a-method.md").read_text()
    (here / "my_method.py").write_text(re.findall(r"```python\n(.*?)```", guide, re.DOTALL)[0])
    board = bench.run(
        Path("my_method.py"), alphas=np.array([0, 1]), alpha=np.float32(1), limit=np.int64(2),
        seed=np.int64(1), keep_images=np.False_,
    )  # fmt: skip
    (run_id,) = board.table.loc[board.table["method"] == "blend", "run_id"]
    stored = json.loads((here / "runs" / "synthfaces-64" / run_id / "run.json").read_text())
    assert stored["command"] == (
        "bench run my_method.py --alpha 1.0 --alphas 0,1 --limit 2 --seed 1"
    )
    assert board.table.set_index("method").loc["blend", "pairs"] == 2
    again = bench.run([Path("my_method.py"), "copy-source"], alphas="0,1", limit=2, seed=1)
    assert run_id in set(again.table["run_id"])


def recorded(function: Callable[..., str], *args: object, **options: object) -> str:
    return command("do this")(function)(*args, **options)


def test_calls_are_recorded_as_the_command_that_they_stand_for() -> None:
    def called(
        names: Words,
        *,
        alphas: object = "",
        limit: Count | None = None,
        by: object = None,
        param: object = None,
        keep_images: bool = False,
        source_aus: str | None = None,
        out: object = "runs",
        progress: bool = True,
    ) -> str:
        return command_line()

    assert recorded(called, ["a b", "c"]) == "bench do this 'a b' c"
    line = recorded(
        called, "a", alphas=np.array([0.0, 0.25]), by=["x", "y"], param={"p": 1.5},
        keep_images=True, source_aus="labels", out=Path("o"), progress=False, limit=np.int64(3),
    )  # fmt: skip
    assert line == (
        "bench do this a --alphas 0,0.25 --limit 3 --by x --by y --param p=1.5 --keep-images "
        "--source-aus labels --out o"
    )
    assert recorded(called, Path("a.py"), limit=None) == "bench do this a.py"
    assert recorded(called, names="a", out="runs") == "bench do this a"
    assert "do this" not in command_line()


@pytest.mark.slow
def test_a_type_checker_knows_what_is_called(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="needs mypy: pip install -e '.[dev]'")
    (tmp_path / "calls.py").write_text(
        "import bench\n"
        "import bench.run.store\n"
        'chart = bench.run(["a"], limit=3).figure()\n'
        "reveal_type(chart)\n"
        "bench.run(3)\n"
        'bench.alpha_search("a", by="nothing")\n'
    )
    result = subprocess.run(
        [sys.executable, "-m", "mypy", str(tmp_path / "calls.py")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    lines = result.stdout.splitlines()
    assert 'Revealed type is "bench.report.charts.standalone.Figure"' in lines[0]
    assert [line.split(": ")[0].rsplit(":")[-1] for line in lines[1:3]] == ["5", "6"]
    assert lines[3].startswith("Found 2 errors")
