"""The functions behind the commands, where they decide something themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import api
from bench.analysis.stored import curve_of, make_board, search_stored
from bench.data.benchmark import load_benchmark
from bench.errors import BenchError
from bench.run.store import RunFolder, StoredRun, list_runs


def settings(data: Path, out: Path, **options: object) -> api.Settings:
    return api.Settings("london", data, out=out, **options)  # type: ignore[arg-type]


def only_run(out: Path, method: str) -> StoredRun:
    runs = [folder.read() for folder in list_runs(out, "london-64")]
    return next(run for run in runs if run.method == method)


def test_a_parameter_that_no_method_has_is_refused(london_data: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="did you mean 'model'"):
        api.run(["glow-arith"], settings(london_data, tmp_path, parameters={"modle": "x"}))


@pytest.fixture(scope="module")
def uneven(london_data: Path, weights_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs to which a second command with another grid and limit has added rows."""
    out = tmp_path_factory.mktemp("uneven")
    api.run(["pixel-arith"], settings(london_data, out, alphas=(0.0, 1.0), limit=25))
    api.run(["pixel-arith"], settings(london_data, out, alphas=(0.0, 0.5, 1.0), limit=12))
    return out


def test_rows_are_added_to_one_run_and_none_twice(uneven: Path) -> None:
    run = only_run(uneven, "pixel-arith")
    keys = ["part", "source", "sample", "target", "alpha"]
    assert not run.scores.duplicated(keys).any()
    assert run.scores.groupby("part").size().to_dict() == {"dev": 50 + 12, "test": 50 + 12}


def test_a_curve_compares_the_same_pairs_at_every_alpha(uneven: Path) -> None:
    run = only_run(uneven, "pixel-arith")
    assert curve_of(run, "test")["alpha"].tolist() == [0.0, 1.0]
    assert search_stored(run).dev_alpha in (0.0, 1.0)
    first = {pair.key for pair in load_benchmark("london").pairs("test", 12)}
    assert curve_of(run, "test", first)["alpha"].tolist() == [0.0, 0.5, 1.0]


def test_a_fixed_alpha_needs_no_search_and_is_named(
    london_data: Path, weights_dir: Path, tmp_path: Path
) -> None:
    board = api.run(
        ["pixel-arith"], settings(london_data, tmp_path, alphas=(0.0,), limit=10), alpha=0.7
    )
    row = next(row for row in board.rows if row.method == "pixel-arith")
    assert (row.alpha, row.alpha_protocol) == (0.7, "fixed")
    assert set(only_run(tmp_path, "pixel-arith").scores["part"]) == {"test"}


def test_a_board_needs_runs_with_results(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no run in"):
        RunFolder(tmp_path).read()


def test_what_decides_the_numbers_decides_the_folder(
    london_data: Path, weights_dir: Path, tmp_path: Path
) -> None:
    """Seed and parameters make another run; limit, alphas and output folder do not."""
    plugin = tmp_path / "dim.py"
    plugin.write_text(
        "import numpy as np\n"
        "from bench.plugins.contracts import MethodCard\n"
        "class Dim:\n"
        "    card = MethodCard('dim', 'the target, dimmed', has_alpha=False)\n"
        "    def __init__(self, factor: float = 0.9):\n"
        "        self.factor = factor\n"
        "    def prepare(self, context):\n"
        "        return {}\n"
        "    def transfer(self, requests):\n"
        "        faces = [r.target_reference[0].pixels for r in requests]\n"
        "        return np.stack(faces) * self.factor / 255\n"
    )

    def run_id(**options: object) -> str:
        out = tmp_path / f"runs{len(list(tmp_path.iterdir()))}"
        board = api.run([str(plugin)], settings(london_data, out, **{"limit": 2, **options}))
        return next(row.run_id for row in board.rows if row.method == "dim")

    base = run_id()
    assert run_id(limit=3, alphas=(0.0, 0.3)) == base
    assert run_id(parameters={"factor": "0.8"}) != base
    assert run_id(seed=1) != base
    plugin.write_text(plugin.read_text() + "# a comment\n")
    assert run_id() != base


def test_make_board_scores_only_the_pairs_asked_for(uneven: Path) -> None:
    run = only_run(uneven, "pixel-arith")
    pairs = {pair.key for pair in load_benchmark("london").pairs("test", 12)}
    board = make_board([run], "london-64", pairs)
    cross = sum(1 for pair in load_benchmark("london").pairs("test", 12) if pair.kind == "cross")
    assert board.rows[0].pairs == cross
    assert np.isfinite(board.rows[0].expression_skill.value)
