"""Methods that crash, hang or end their process: a failed check, and not the end of the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench.api_checks import check_instrument, check_method
from bench.errors import BenchError
from bench.plugins.checks.outcome import Report
from bench.plugins.registry import list_methods, make_method

SOURCE = """
import os, signal, sys, time
import numpy as np
from bench.plugins.contracts import MethodCard

class Mine:
    card = MethodCard("mine", "does what it is told")

    def __init__(self, how: str = "") -> None:
        self.how = how

    def prepare(self, context):
        self.act("prepare")
        return {}

    def transfer(self, requests):
        self.act("transfer")
        return np.stack([r.target_reference[0].pixels for r in requests])

    def act(self, where):
        if not self.how.startswith(where):
            return
        if self.how.endswith("hangs"):
            time.sleep(1000)
        if self.how.endswith("crashes"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.how.endswith("leaves"):
            sys.exit("no licence")
        if self.how.endswith("prints"):
            print("x" * 100_000)
            os.write(1, b"no JSON\\n")
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    return str(path)


def failures(report: Report) -> dict[str, str]:
    return {check.name: check.finding.found for check in report.of_status("failed")}


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", "check", *words],
        capture_output=True, text=True, timeout=300, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip


def children() -> set[int]:
    """The processes that this one has started and that are still there."""
    own = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            own.add(int(path.parent.name))
    return own


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "check", "words"),
    [
        ("prepare crashes", "prepare", "preparing: it was ended by SIGSEGV"),
        ("transfer crashes", "images", "making images: it was ended by SIGSEGV"),
        ("transfer leaves", "images", "ended with status 1: no licence"),
        ("transfer hangs", "images", "no end of making images"),
    ],
)
def test_what_ends_or_hangs_fails_where_it_does(mine, how, check, words):
    before, started = children(), time.monotonic()
    report = check_method(mine, {"how": how}, time_limit=3.0)
    assert list(failures(report)) == [check]
    assert words in failures(report)[check]
    rest = [c.finding for c in report.checks[[c.name for c in report.checks].index(check) + 1 :]]
    assert {finding.status for finding in rest} == {"skipped"}
    assert all(finding.found for finding in rest)
    assert time.monotonic() - started < 60.0
    assert children() <= before


@pytest.mark.slow
def test_what_it_prints_does_not_disturb_the_answers(mine):
    assert failures(check_method(mine, {"how": "transfer prints"})) == {}


@pytest.mark.slow
def test_the_command_says_what_was_expected_and_ends_with_status_1(tmp_path):
    path = tmp_path / "source_shown.py"
    text = SOURCE.replace("r.target_reference[0]", "r.source")
    path.write_text(text)
    done = command(str(path))
    assert done.returncode == 1
    assert "alpha 0 failed (C8: At alpha 0 the image does not depend on the source.)" in done.stdout
    assert "  found     " in done.stdout
    assert "docs/add-a-method.md" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    done = command(str(path), "--json")
    assert done.returncode == 1
    report: dict[str, Any] = json.loads(done.stdout)
    assert not report["passed"]
    assert report["measured"]["images_per_second"] > 0.0
    (failed,) = [check for check in report["checks"] if check["status"] == "failed"]
    assert (failed["line"], failed["asks"][:10]) == ("C8", "At alpha 0")


def test_the_command_checks_one_thing_at_a_time():
    for words in ([], ["pixel-arith", "--au", "synth"], ["--au", "synth", "--param", "a=b"]):
        done = command(*words)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert done.stdout == ""


@pytest.mark.slow
def test_what_the_user_can_mend_is_an_error_and_no_report(mine):
    for name, parameters, words in (
        ("pixel-arit", {}, "did you mean 'pixel-arith'"),
        ("no-such.py", {}, "no method file"),
        (mine, {"hwo": "x"}, "no parameter 'hwo'; did you mean 'how'"),
    ):
        with pytest.raises(BenchError, match=words):
            check_method(name, parameters)
    with pytest.raises(BenchError, match="no benchmark called"):
        check_method(mine, benchmark="nowhere")
    with pytest.raises(BenchError, match="no embedder called 'nobody'"):
        check_instrument("embedder", "nobody")


def ready_methods() -> list[str]:
    """Those that come with the package and need no parameter, but for controls."""
    names = []
    for entry in list_methods():
        if entry.origin.startswith("expression-transfer-bench") and not entry.name.startswith(
            "control-"
        ):
            try:
                make_method(entry, {})
            except BenchError:
                continue
            names.append(entry.name)
    return names


@pytest.mark.slow
@pytest.mark.parametrize("name", ready_methods())
def test_the_methods_of_the_package_keep_the_contract(name):
    assert failures(check_method(name)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["embedder", "au_estimator"])
def test_the_instruments_of_the_package_keep_the_contract(kind):
    assert failures(check_instrument(kind, "synth")) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "folder", "file"),
    [
        ("embedder", "mobilefacenet", "MobileFaceNet.onnx"),
        ("au_estimator", "mediapipe", "face_landmarker.task"),
    ],
)
def test_instruments_for_photographs_keep_the_contract(
    kind, folder, file, weights_dir, london_data
):
    name = f"{folder}:{next(weights_dir.rglob(file))}"
    report = check_instrument(kind, name, benchmark="london", data=london_data)
    assert failures(report) == {}
    assert report.of_status("skipped") == []
