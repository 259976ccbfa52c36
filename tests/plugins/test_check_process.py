"""Methods that crash, hang or end their process: a failed check, and not the end of the command."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from bench.api_checks import check_instrument, check_method
from bench.cli import app
from bench.data.benchmark import load_benchmark
from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.plugins.checks.contract import STEPS
from bench.plugins.checks.outcome import Report
from bench.plugins.registry import list_methods
from bench.run.checking.rows import pairs_to_check, rows_to_check
from tests.marked_processes import VARIABLE, new_mark, still_there

SOURCE = """
import os, signal, subprocess, sys, time
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
        if self.how.endswith("reads"):
            assert subprocess.run(["cat"], stdout=subprocess.PIPE).stdout == b""
            assert sys.stdin.read() == os.read(0, 9).decode() == ""
        if self.how.endswith("babbles"):
            for place in range(3, 64):
                try:
                    os.write(place, b"x" * (1 << 21))
                except OSError:
                    pass
"""

PROGRAM = """
import json, shutil, sys, time

json.loads(sys.stdin.readline())
print(json.dumps({"ready": True, "name": "mine", "has_alpha": True}), flush=True)
time.sleep(float(sys.argv[1]))
for line in sys.stdin:
    request = json.loads(line)
    shutil.copy(request["target_reference"][0], request["output"])
    print(json.dumps({"id": request["id"], "status": "ok"}), flush=True)
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


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> str:
    """Of all processes that a test starts, and of those that these start."""
    value = new_mark()
    monkeypatch.setenv(VARIABLE, value)
    return value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "check", "words"),
    [
        ("prepare crashes", "prepare", "preparing: it was ended by SIGSEGV"),
        ("transfer crashes", "images", "making images: it was ended by SIGSEGV"),
        ("transfer hangs", "images", "no end of making images"),
        ("transfer babbles", "images", "making images: a line longer than 1048576 bytes"),
    ],
)
def test_what_ends_or_hangs_fails_where_it_does(mine, mark, how, check, words):
    started = time.monotonic()
    report = check_method(mine, {"how": how}, time_limit=3.0)
    assert list(failures(report)) == [check]
    assert words in failures(report)[check]
    rest = [c.finding for c in report.checks[[c.name for c in report.checks].index(check) + 1 :]]
    assert {finding.status for finding in rest} == {"skipped"}
    assert all(finding.found for finding in rest)
    assert time.monotonic() - started < 60.0
    assert still_there(mark) == []


@pytest.mark.slow
def test_one_that_leaves_has_failed_and_its_process_goes_on(mine, mark):
    report = check_method(mine, {"how": "transfer leaves"}, time_limit=20.0)
    assert list(failures(report)) == ["images"]
    assert "is method_error: SystemExit: no licence" in failures(report)["images"]
    assert {check.finding.status for check in report.checks} == {"passed", "failed", "skipped"}
    assert still_there(mark) == []


@pytest.mark.slow
@pytest.mark.parametrize("how", ["transfer prints", "prepare reads"])
def test_what_it_prints_and_reads_does_not_disturb_the_answers(mine, how):
    assert failures(check_method(mine, {"how": how}, time_limit=20.0)) == {}


@pytest.mark.slow
def test_one_that_hangs_says_how_to_wait_longer(mine):
    (failed,) = check_method(mine, {"how": "prepare hangs"}, time_limit=2.0).of_status("failed")
    assert failed.finding.expected == "an end within 2 s"
    assert failed.finding.hint == "--time-limit 20 waits longer"


@pytest.fixture
def program(tmp_path: Path) -> str:
    """The command line of a program, but for the seconds that it sleeps before it answers."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return shlex.join([sys.executable, str(path)])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("timeout", "words"), [("60", "no end of making images"), ("0.5", "is timeout: ")]
)
def test_a_program_that_hangs_is_not_left_behind(program, mark, timeout, words):
    parameters = {"program": f"{program} 1000", "timeout": timeout}
    report = check_method("command", parameters, time_limit=20.0 if timeout == "0.5" else 3.0)
    assert list(failures(report)) == ["images"]
    assert words in failures(report)["images"]
    assert still_there(mark) == []


@pytest.mark.slow
def test_a_program_that_hangs_ends_after_bench_was_killed(program, mark):
    words = [sys.executable, "-m", "bench", "check", "command"]
    process = subprocess.Popen(
        [*words, "--param", f"program={program} 1000"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: any("program.py\x001000" in line for line in still_there(mark)))
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not still_there(mark))


UNNOTED = """
import subprocess, sys
from bench.plugins.process import kill_all

child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
kill_all()
sys.exit(child.wait() + 9)
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_what_was_started_but_not_noted_ends_too():
    """As where an interrupt comes between the two."""
    marks = {"BENCH_PROCESS": f"{uuid.uuid4().hex} {uuid.uuid4().hex}"}
    done = subprocess.run([sys.executable, "-c", UNNOTED], env=os.environ | marks, timeout=120)
    assert done.returncode == 0


def wait_until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


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
    for words in ([], ["pixel-arith", "--au", "synth"]):
        done = command(*words)
        assert done.returncode == 1
        assert done.stderr.startswith("error: name one thing to check (bench check METHOD, ")
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["--au", "synth", "--param", "a=b"], "--param means nothing with --au"),
        (["--au", "synth", "--device", "cpu"], "--device means nothing with --au"),
        (["--embedder", "synth", "--python", "python"], "--python means nothing with --embedder"),
        (["--dataset", "synthfaces", "-b", "london"], "--benchmark means nothing with --dataset"),
        (["--dataset", "synthfaces", "--time-limit", "9"], "--time-limit means nothing with"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(words, option):
    result = CliRunner().invoke(app, ["check", *words])
    assert isinstance(result.exception, BenchError)
    assert option in result.exception.message
    assert result.exception.hint == f"bench check {words[0]} {words[1]}"


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
    with pytest.raises(BenchError, match="device 'nonsense' cannot be used"):
        check_method(mine, device="nonsense")
    with pytest.raises(BenchError, match="no embedder called 'nobody'"):
        check_instrument("embedder", "nobody")


NEED_PARAMETERS = {"command", "precomputed"}

OF_THE_PACKAGE = {
    entry.name
    for entry in list_methods()
    if entry.origin.startswith("expression-transfer-bench")
    # Controls break the contract on purpose.
    and not entry.name.startswith("control-")
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(OF_THE_PACKAGE - NEED_PARAMETERS))
def test_the_methods_of_the_package_keep_the_contract(name):
    if name == "region-paste":
        pytest.importorskip("cv2", reason="needs OpenCV: pip install -e '.[opencv]'")
    # Speed is none of the contract, and other programs may keep the machine busy.
    assert failures(check_method(name, time_limit=600.0)) == {}


@pytest.mark.slow
def test_a_program_keeps_the_contract_and_its_traces_are_not_looked_for(program, mark):
    report = check_method("command", {"program": f"{program} 0"})
    assert failures(report) == {}
    skipped = {check.name: check.finding.found for check in report.of_status("skipped")}
    for name in STEPS["method"][-1].checks:
        assert skipped[name] == "it works in a process of its own"
    assert set(report.measured) == {"images_per_second"}
    assert still_there(mark) == []


@pytest.mark.slow
def test_images_made_elsewhere_keep_the_contract(tmp_path):
    benchmark = load_benchmark("synthfaces")
    dataset = Dataset(benchmark.card, benchmark.card.folder, benchmark.resolution)
    rows = ["source,sample,target,alpha,path"]
    for pair, alpha in rows_to_check(pairs_to_check(benchmark), benchmark.alphas, True):
        source = dataset.pixels(dataset.sample(pair.source, pair.sample))
        target = dataset.pixels(dataset.references(pair.target)[0])
        made = np.clip((1 - alpha) * target + alpha * source, 0, 255).astype(np.uint8)
        Image.fromarray(made).save(tmp_path / f"{len(rows)}.png")
        rows.append(f"{pair.source},{pair.sample},{pair.target},{alpha},{len(rows)}.png")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    report = check_method("precomputed", {"folder": str(tmp_path)})
    assert failures(report) == {}
    # A sample that was not made is one that fails.
    assert "failing sample" not in {check.name for check in report.of_status("skipped")}


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
