"""Methods in another Python environment, which has numpy and Pillow and nothing of bench."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest

import bench.methods.pixel_arith
from bench import api
from bench.api_checks import check_method
from bench.cli.next_steps import next_steps
from bench.data.benchmark import load_benchmark
from bench.data.split import Pair
from bench.errors import BenchError
from bench.plugins import contracts
from bench.plugins.checks.contract import STEPS
from bench.plugins.contracts import Method
from bench.plugins.foreign.elsewhere import RUNNER, place_of
from bench.plugins.parameters import Bounds
from bench.plugins.registry import load_method
from bench.run.identity import identity_hash
from bench.run.outputs import Output, call_method
from bench.run.preparation import prepare_method
from bench.run.session import Session

SIZE = 64

PIXEL_ARITH = Path(bench.methods.pixel_arith.__file__)

METHOD = """
import os, sys, time
from pathlib import Path
from typing import Annotated, Literal, Optional

import numpy as np
from bench.plugins.contracts import MethodCard
from bench.plugins.failures import InvalidOutput
from bench.plugins.parameters import Bounds

class Mine:
    card = MethodCard("mine", "does what it is told", citation="nobody")

    def __init__(
        self,
        how: str = "",
        gain: Annotated[float, Bounds(0, 2)] = 1.0,
        mode: Literal["soft", "hard"] = "soft",
        mask: Optional[Path] = None,
        rounds=3,
    ):
        self.how, self.mask = how, mask
        if gain == 2.0:
            raise ValueError("too loud")

    def prepare(self, context):
        self.context = context
        if self.how == "prints":
            print("x" * 100_000)
        if self.how in ("look_up", "stranger", "landmarks"):
            getattr(context, self.how)(None)
        if self.how == "anybody's neutral":
            context.neutral("nobody")
        dev = context.development()
        learnt = sum(int(face.pixels.sum()) for face in dev)
        return {"learnt": str(learnt), "people": str(len({face.identity for face in dev}))}

    def transfer(self, requests):
        if any(r.alpha == 0.5 for r in requests):
            if self.how == "raises": raise KeyError("no such layer")
            if self.how == "refuses": raise InvalidOutput("no mouth")
            if self.how == "gives up": raise TimeoutError("too long")
            if self.how == "hangs": time.sleep(60)
            if self.how == "crashes": os.kill(os.getpid(), 11)
            if self.how == "leaves": sys.exit("no licence")
            if self.how == "lists": return [0 for r in requests]
            if self.how == "small": return np.zeros((len(requests), 8, 8, 3), np.uint8)
            if self.how == "NaN":
                return np.stack([r.source.pixels / (255 * (r.alpha != 0.5)) for r in requests])
            if self.how == "objects": return np.full((len(requests), 64, 64, 3), None)
        for r in requests:
            assert self.context.neutral(r.pair.target).identity == r.pair.target
            assert self.context.neutral(r.pair.source).sample == "neutral"
            assert r.target_reference[0].key == (r.pair.target, r.target_reference[0].sample)
            assert r.source.sample == r.pair.sample and r.pair.kind == "cross"
        return np.stack([r.source.pixels for r in requests])
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds this one's numpy and Pillow alone."""
    folder = tmp_path_factory.mktemp("elsewhere") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    for name in ("numpy", "pillow"):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {".."}:
            (site / top).symlink_to(Path(str(found.locate_file(top))).resolve())
    return folder / "bin" / "python"


@pytest.fixture
def session(embedded: Path) -> Session:
    return Session(load_benchmark("synthfaces"), embedded)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(METHOD, encoding="utf-8")
    return path


def made(session: Session, method: Method, alphas: Sequence[float], pairs: int = 1) -> list[Output]:
    requests = [
        session.request(pair, alpha)
        for pair in session.benchmark.pairs("test", pairs)
        for alpha in alphas
    ]
    return call_method(method, requests, SIZE)


@pytest.fixture
def told(session: Session, mine: Path, python: Path) -> Callable[..., list[Output]]:
    """The outputs at three alphas of a method that is told how to behave."""

    def run(how: str, alphas: Sequence[float] = (0.4, 0.5, 0.6), **parameters: str) -> list[Output]:
        entry = load_method(str(mine), python)
        method, _ = prepare_method(session, entry, {"how": how, **parameters})
        return made(session, method, alphas)

    return run


def test_the_same_file_makes_the_same_images_there_as_here(session, python, tmp_path):
    path = Path(shutil.copy(PIXEL_ARITH, tmp_path / "copied.py"))
    images = []
    for entry in (load_method("pixel-arith"), load_method(str(path), python)):
        method, _ = prepare_method(session, entry, {})
        outputs = made(session, method, (0.0, 0.3, 1.0, 1.7), pairs=9)
        assert {output.outcome for output in outputs} == {"ok"}
        images.append(np.stack([output.pixels for output in outputs]))
    assert images[0].shape == (36, SIZE, SIZE, 3)
    np.testing.assert_array_equal(*images)


def test_context_and_requests_are_those_of_the_contract(session, told, mine, python):
    assert [output.outcome for output in told("prints")] == ["ok"] * 3
    here, there = (
        prepare_method(session, load_method(str(mine), where), {})[1] for where in (None, python)
    )
    assert here["people"] == "4"
    assert {name: there[name] for name in here} == here


def test_the_identity_says_that_it_ran_elsewhere(session, mine, python):
    here, there = load_method(str(mine)), load_method(str(mine), python)
    assert there.source_sha256 == here.source_sha256
    assert str(python) in there.origin
    method, fingerprint = prepare_method(session, there, {})
    assert fingerprint["environment_numpy"] == np.__version__
    assert fingerprint["environment_python"].startswith("CPython 3.")
    assert "environment_torch" not in fingerprint
    assert method.card == here.card
    _, own = prepare_method(session, here, {})
    assert identity_hash(own) != identity_hash(fingerprint)


def test_a_class_is_found_where_bench_is_called_with_what_lies_beside_it(
    session, mine, python, monkeypatch
):
    text = METHOD.replace("import os,", "import beside, os,").replace(
        "r.source.pixels for", "beside.inverted(r.source.pixels) for"
    )
    (mine.parent / "beside.py").write_text("def inverted(pixels): return 255 - pixels\n")
    mine.write_text(text)
    monkeypatch.chdir(mine.parent)
    for name in ("mine:Mine", "mine.py"):
        method, _ = prepare_method(session, load_method(name, python), {})
        (output,) = made(session, method, [1.0])
        source = session.request(session.benchmark.pairs("test", 1)[0], 1.0).source
        np.testing.assert_array_equal(output.pixels, 255 - source.pixels)


def test_parameters_are_declared_and_set_as_here(told, mine, python, tmp_path):
    here, there = load_method(str(mine)).parameters(), load_method(str(mine), python).parameters()
    own = {name: there.pop(name) for name in ("python_timeout", "python_start_timeout")}
    assert there == here
    assert {parameter.problem for parameter in own.values()} == {""}
    assert there["gain"].bounds == Bounds(0, 2)
    for parameters, words in (
        ({"mode": "sof"}, "did you mean 'soft'"),
        ({"gain": "3"}, "is not 0 to 2"),
        ({"loudness": "3"}, "no parameter 'loudness'"),
        ({"gain": "2"}, "cannot be prepared: ValueError: too loud"),
    ):
        with pytest.raises(BenchError, match=words):
            told("", **parameters)
    assert told("", mask=str(tmp_path), mode="hard", rounds="1")[0].outcome == "ok"


@pytest.mark.parametrize(
    ("how", "outcome", "detail"),
    [
        ("raises", "method_error", "ProgramFailed: KeyError: 'no such layer'"),
        ("refuses", "invalid_output", "InvalidOutput: no mouth"),
        ("gives up", "timeout", "TimeoutError: too long"),
        ("crashes", "method_error", "ProgramFailed: it was ended by SIGSEGV"),
        ("leaves", "method_error", "ProgramFailed: it ended with status 1: no licence"),
        ("lists", "invalid_output", "returned list, expected an array"),
        ("small", "invalid_output", "returned shape (1, 8, 8, 3)"),
        ("NaN", "invalid_output", "NaN"),
        ("objects", "invalid_output", "expected an array of numbers"),
    ],
)
def test_a_fault_is_the_outcome_of_its_sample_alone(told, how, outcome, detail):
    outputs = told(how)
    assert [output.outcome for output in outputs] == ["ok", outcome, "ok"]
    assert detail in outputs[1].detail


def test_one_that_hangs_is_a_timeout_and_is_started_anew(told):
    outputs = told("hangs", python_timeout="1.5", alphas=(0.5, 0.6))
    assert [output.outcome for output in outputs] == ["timeout", "ok"]
    assert outputs[0].detail == "TimeoutError: no answer within 1.5 s"


def test_one_that_hangs_ends_after_bench_was_killed(mine, python):
    mine.write_text("import time; time.sleep(300)")
    where = place_of(str(mine), python)
    process = subprocess.Popen(where.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(json.dumps(where.greeting).encode() + b"\n")
    process.stdin.close()
    assert process.wait(20.0) != 0
    process.stdout.close()


@pytest.mark.parametrize("how", ["look_up", "stranger", "landmarks"])
def test_what_is_not_offered_says_so(told, how):
    words = f"NotImplementedError: context.{how} is not offered to a method run with --python"
    with pytest.raises(BenchError, match=words):
        told(how)


def test_neutral_faces_are_those_of_dev_and_of_the_requests(told):
    with pytest.raises(BenchError, match="LookupError: no neutral face of 'nobody'"):
        told("anybody's neutral")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import torch\n" + METHOD, "ModuleNotFoundError: No module named 'torch'"),
        ("import bench.methods\n" + METHOD, "No module named 'bench.methods'"),
        ("def :\n", "SyntaxError: invalid syntax"),
        ("import sys; sys.exit('no licence')", "SystemExit: no licence"),
        ("", "expected one class with a MethodCard called card, found none"),
        (METHOD.replace("def transfer", "def transform"), "it lacks transfer"),
        (METHOD.replace('how: str = ""', "how: str"), "without a default: how"),
    ],
)
def test_a_file_that_does_not_work_there_says_why(mine, python, text, problem):
    mine.write_text(text)
    with pytest.raises(BenchError, match=problem) as caught:
        load_method(str(mine), python)
    assert str(python) in caught.value.message


def test_an_environment_that_does_not_work_says_what_to_type(mine, python, tmp_path):
    environment = python.parent.parent
    (tmp_path / "talks").write_text("#!/bin/sh\necho hello; cat >/dev/null\n")
    (tmp_path / "talks").chmod(0o755)
    for where, words in (
        (tmp_path / "nowhere", "no Python interpreter at .*python -m venv"),
        (environment, f"--python {python}"),
        (Path("no-such-python"), "no Python interpreter"),
        (Path(shutil.which("true")), "ended with status 0.*numpy and Pillow"),
        (tmp_path / "talks", "Python 3.9 or later"),
    ):
        with pytest.raises(BenchError, match=words):
            load_method(str(mine), where)
    for name, words in (("pixel-arith", "neither"), ("absent.py", "no method file at")):
        with pytest.raises(BenchError, match=words):
            load_method(name, python)


def test_without_numpy_it_says_what_to_type(mine, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "e")], check=True)
    empty = tmp_path / "e" / "bin" / "python"
    with pytest.raises(BenchError, match=r"No module named 'numpy'.*-m pip install numpy pillow"):
        load_method(str(mine), empty)


def test_where_bench_is_installed_its_own_exceptions_count_too(session, mine):
    method, _ = prepare_method(
        session, load_method(str(mine), Path(sys.executable)), {"how": "refuses"}
    )
    assert [output.outcome for output in made(session, method, [0.5])] == ["invalid_output"]


def test_a_python_for_no_file_is_an_error(python, tmp_path):
    with pytest.raises(BenchError, match="--python runs a file or a class"):
        api.run(["pixel-arith"], api.Settings(out=tmp_path, python=python))


@pytest.mark.slow
def test_files_run_there_and_names_here_on_one_board(embedded, mine, python, tmp_path):
    settings = api.Settings(out=tmp_path / "runs", limit=2, alphas=(1.0,), python=python)
    board = api.run([str(mine), "pixel-arith"], settings)
    coverage = {row.method: row.coverage for row in board.rows}
    assert coverage["mine"] == coverage["pixel-arith"] == 1.0
    elsewhere, here = {str(mine): load_method(str(mine), python)}, load_method("pixel-arith")
    searches = [line for line in next_steps(elsewhere, settings, "1") if "alpha-search" in line]
    assert f"--python {python}" in searches[0]
    here_first = next_steps({"pixel-arith": here, **elsewhere}, settings, "1")
    assert not any("--python" in line for line in here_first)


@pytest.mark.slow
def test_it_passes_the_checks_of_the_contract(mine, python):
    # A cross-fade of nothing: at alpha 0 the source may not show.
    text = METHOD.replace("r.source.pixels for r", "r.target_reference[0].pixels for r")
    mine.write_text(text.replace("rounds=3", "rounds: int = 3"))
    report = check_method(str(mine), {"how": "prints"}, python=python)
    assert [(c.name, c.finding.found) for c in report.of_status("failed")] == []
    skipped = {check.name: check.finding.found for check in report.of_status("skipped")}
    assert {skipped[name] for name in STEPS["method"][-1].checks} == {
        "it works in a process of its own"
    }
    assert "peak_mib" not in report.measured


@pytest.mark.slow
def test_of_one_that_cannot_be_loaded_nothing_has_passed(mine, python):
    mine.write_text("import torch\n" + METHOD)
    report = check_method(str(mine), python=python)
    assert [check.name for check in report.of_status("failed")] == ["loads"]
    assert report.of_status("passed") == []


@pytest.mark.slow
def test_an_environment_with_other_versions_makes_the_same_images(session, tmp_path):
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    other = "1.26.4" if np.__version__ != "1.26.4" else "2.2.6"
    install = ["-m", "pip", "install", "--quiet", f"numpy=={other}", "pillow==10.4.0"]
    python = environment / "bin" / "python"
    done = subprocess.run([python, *install], capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"needs an index with numpy {other}: {done.stderr.strip()[-200:]}")
    images = []
    for entry in (load_method("pixel-arith"), load_method(str(PIXEL_ARITH), python)):
        method, fingerprint = prepare_method(session, entry, {})
        outputs = made(session, method, (0.0, 0.3, 1.7), pairs=18)
        images.append(np.stack([output.pixels for output in outputs]))
    assert fingerprint["environment_numpy"] == other
    np.testing.assert_array_equal(*images)


def test_the_stand_ins_are_like_what_they_stand_for():
    spec = importlib.util.spec_from_file_location("runner", RUNNER)
    runner = importlib.util.module_from_spec(spec)
    sys.modules["runner"] = runner  # where dataclasses look up their annotations
    try:
        spec.loader.exec_module(runner)
    finally:
        del sys.modules["runner"]
    stand_ins = runner.stand_ins()
    assert set(stand_ins["bench.plugins.contracts"]) == set(contracts.__all__)
    assert stand_ins["bench.plugins.contracts"]["IBUG_68"] == contracts.IBUG_68
    for true in (*(getattr(contracts, name) for name in contracts.__all__), Pair, Bounds):
        if dataclasses.is_dataclass(true):
            other = getattr(runner, true.__name__)
            names = [[field.name for field in dataclasses.fields(kind)] for kind in (other, true)]
            assert names[0] == names[1]
            properties = {name for name, v in vars(true).items() if isinstance(v, property)}
            assert properties <= set(vars(other))
    for other, true in ((runner.MethodCard, contracts.MethodCard), (runner.Bounds, Bounds)):
        defaults = [[field.default for field in dataclasses.fields(kind)] for kind in (other, true)]
        assert defaults[0] == defaults[1]


def test_the_runner_needs_python_3_9_numpy_and_pillow_alone():
    tree = ast.parse(RUNNER.read_text(encoding="utf-8"), feature_version=(3, 9))
    imports = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [n.name for n in node.names]
        )
    }
    assert imports - set(sys.stdlib_module_names) == {"numpy", "PIL"}
