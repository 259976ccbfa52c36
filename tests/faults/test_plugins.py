"""Methods that crash, hang, fork, leak, print and seed: with --isolate and without."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pandas as pd
import pytest

from bench.run.store import list_runs
from tests.faults.conftest import Nursery, arguments, results
from tests.marked_processes import VARIABLE, new_mark, still_there

WILD = """
import ctypes, os, random, signal, subprocess, sys, time

import numpy as np
from bench.plugins.contracts import MethodCard

HELD = []


def garbage():
    print("}garbage{")
    os.write(1, b"}garbage{\\n" * 100)
    ctypes.CDLL(None).puts(b"}garbage{")
    subprocess.run(["echo", "}garbage{"])


class Wild:
    card = MethodCard("wild", "does what it is told for one image")

    def __init__(self, how: str = "") -> None:
        self.how = how
        if how == "prints":
            garbage()

    def prepare(self, context):
        if self.how == "prints":
            garbage()
        if self.how == "seeds":
            self.seed()
        return {"how": "the same for all"}

    def transfer(self, requests):
        images = []
        for request in requests:
            if request.alpha == 0.5 and request.pair.key.startswith("p0/happy>"):
                getattr(self, self.how.replace(" ", "_") or "nothing")()
            images.append(255 - request.source.pixels)
        if self.how == "draws":
            import torch

            noise = random.random() + np.random.rand() + torch.rand(1).item()
            images = [image // (1 + 3 * noise) for image in images]
            return np.stack(images).astype(np.uint8)
        return np.stack(images)

    def nothing(self): pass
    def draws(self): pass
    def raises(self): raise KeyError("no such layer")
    def leaves(self): sys.exit("no licence")
    def ends_at_once(self): os._exit(3)
    def segfaults(self): ctypes.string_at(0)
    def is_killed(self): os.kill(os.getpid(), signal.SIGKILL)
    def hangs(self): time.sleep(1000)
    def hangs_in_C(self): ctypes.PyDLL(None).sleep(1000)
    def forks(self): os.fork()
    def prints(self): garbage()

    def forks_and_stays(self):
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)

    def forks_and_crashes(self):
        self.forks_and_stays()
        self.segfaults()

    def leaks(self):
        while True:
            HELD.append(np.ones(16 << 20, np.uint8))

    def leaks_in_torch(self):
        import torch

        while True:
            HELD.append(torch.ones(16 << 20, dtype=torch.uint8))

    def seeds(self): self.seed()

    def seed(self):
        import torch

        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)

    def closes(self):
        for number in range(3, 64):
            try:
                os.close(number)
            except OSError:
                pass

    def babbles(self):
        for number in range(3, 64):
            try:
                os.write(number, b"garbage\\n")
            except OSError:
                pass
"""

LIMITS = ["--isolate", "--memory-limit", "1000"]
SOON = [*LIMITS, "--timeout", "3"]


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wild") / "wild.py"
    path.write_text(WILD)
    return path


def words(wild: Path, out: Path, how: str, *more: str) -> list[str]:
    grid = [word if "," not in word else "0,0.5,1" for word in arguments(out, method=str(wild))]
    return [*grid, "--param", f"how={how}", *more]


def scores(out: Path) -> pd.DataFrame:
    """The rows of the method, without what it is called."""
    stored = list_runs(out, "synthfaces-64")
    (run,) = [folder.read() for folder in stored if folder.folder.name.startswith("wild-")]
    table = run.scores
    return table.assign(embedding=[None if e is None else tuple(e) for e in table["embedding"]])


@pytest.fixture(scope="module")
def tame(nursery: Nursery, wild: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The rows where it does nothing, in the process of bench."""
    out = tmp_path_factory.mktemp("tame")
    nursery.run(*words(wild, out, ""))
    return scores(out)


@pytest.fixture
def mark() -> str:
    return new_mark()


def marking(mark: str) -> str:
    """Python that marks what a command starts from then on."""
    return f"import os; os.environ[{VARIABLE!r}] = {mark!r}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "outcome", "detail"),
    [
        ("", "ok", ""),
        ("raises", "method_error", "KeyError: 'no such layer'"),
        ("leaves", "method_error", "SystemExit: no licence"),
        ("ends at once", "method_error", "it ended with status 3"),
        ("segfaults", "method_error", "it was ended by SIGSEGV"),
        ("is killed", "method_error", "it was ended by SIGKILL"),
        ("hangs", "timeout", "no answer within 3 s"),
        ("hangs in C", "timeout", "no answer within 3 s"),
        ("forks", "ok", ""),
        ("forks and stays", "ok", ""),
        ("forks and crashes", "method_error", "it was ended by SIGSEGV"),
        ("leaks", "method_error", "out of memory"),
        ("leaks in torch", "method_error", "out of memory"),
        ("prints", "ok", ""),
        ("seeds", "ok", ""),
        ("closes", "method_error", ""),
        ("babbles", "method_error", ""),
    ],
)
def test_isolated_it_harms_its_own_samples_alone(
    nursery: Nursery, wild: Path, tame: pd.DataFrame, tmp_path: Path, mark: str,
    how: str, outcome: str, detail: str,
) -> None:  # fmt: skip
    limits = SOON if outcome == "timeout" else LIMITS
    command = nursery.start(*words(wild, tmp_path, how, *limits), before=marking(mark))
    assert command.wait() == 0, command.stderr
    assert "Traceback" not in command.stderr
    assert {row["method"] for row in json.loads(command.stdout)["rows"]} >= {"wild", "copy-source"}
    found = scores(tmp_path)
    to_blame = (found["alpha"] == 0.5) & (found["source"] == "p0") & (found["sample"] == "happy")
    assert to_blame.sum() == 1
    assert set(found.loc[to_blame, "outcome"]) == {outcome}
    assert all(detail in text for text in found.loc[to_blame, "detail"])
    # What it is not to blame for is as in the process of bench, to the last bit.
    harmless = ~to_blame if outcome != "ok" else found["alpha"].notna()
    pd.testing.assert_frame_equal(found[harmless], tame[harmless])
    assert still_there(mark) == []


@pytest.mark.slow
@pytest.mark.parametrize("how", ["prints", "seeds", "leaves", "raises"])
def test_in_the_process_of_bench_it_harms_neither_results_nor_other_methods(
    nursery: Nursery, wild: Path, tame: pd.DataFrame, tmp_path: Path, how: str
) -> None:
    command = nursery.run(*words(wild, tmp_path, how))
    assert {row["method"] for row in json.loads(command.stdout)["rows"]} >= {"wild", "copy-source"}
    found = scores(tmp_path)
    harmless = found["outcome"] == "ok"
    assert harmless.sum() == len(found) - (how in ("leaves", "raises"))
    pd.testing.assert_frame_equal(found[harmless], tame[harmless])


@pytest.mark.slow
def test_who_draws_from_the_global_generators_makes_the_same_again(
    nursery: Nursery, tmp_path: Path
) -> None:
    # A generator that is imported in a call begins as its library has it.
    path = tmp_path / "wild.py"
    path.write_text(f"import torch\n{WILD}")
    made = []
    for name, more in (("a", []), ("b", []), ("isolated", LIMITS)):
        nursery.run(*words(path, tmp_path / name, "draws", *more))
        made.append(results(tmp_path / name))
    assert made[0] == made[1] == made[2]
    nursery.run(*words(path, tmp_path / "seed", "draws", "--seed", "1"))
    assert scores(tmp_path / "seed")["niqe"].tolist() != scores(tmp_path / "a")["niqe"].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["segfaults", "hangs", "prints"])
def test_a_file_that_does_so_when_it_is_imported_is_one_line(
    nursery: Nursery, tmp_path: Path, how: str
) -> None:
    first = {
        "segfaults": "import ctypes; ctypes.string_at(0)",
        "hangs": "import time; time.sleep(1000)",
        "prints": "import os; os.write(1, b'garbage'); print('garbage')",
    }[how]
    path = tmp_path / "wild.py"
    path.write_text(f"{first}\n{WILD}")
    # A tenth of a second for an image: as little as can be for what is imported.
    shorter = "import bench.plugins.foreign.limits as limits; limits.START_AT_LEAST = 5.0"
    given = words(path, tmp_path / "runs", "", "--isolate", "--timeout", "0.5")
    command = nursery.start(*given, before=shorter)
    status = command.wait()
    if how == "prints":
        assert status == 0, command.stderr
        assert json.loads(command.stdout)["benchmark"] == "synthfaces-64"
        return
    assert status == 1
    (line,) = command.stderr.splitlines()
    assert line.startswith(f"error: method '{path}' ({path}) cannot be loaded: ")
    assert {"segfaults": "SIGSEGV", "hangs": "no answer within 5 s"}[how] in line


@pytest.mark.slow
def test_one_that_always_crashes_is_given_up_and_the_others_are_run(
    nursery: Nursery, wild: Path, tmp_path: Path
) -> None:
    always = tmp_path / "always.py"
    always.write_text(
        WILD.replace('"wild"', '"always"').replace("request.alpha == 0.5 and", "True or")
    )
    out = tmp_path / "runs"
    given = words(always, out, "segfaults", *LIMITS)
    command = nursery.start(given[0], given[1], "copy-source", *given[2:])
    assert command.wait() == 1
    (line,) = [line for line in command.stderr.splitlines() if line.startswith("error: ")]
    assert "method 'always' did not answer for 5 pairs in a row" in line
    stored = {folder.info["method"]["name"]: folder for folder in list_runs(out, "synthfaces-64")}
    assert stored["copy-source"].parts()
    assert not stored["always"].parts()


def runners(mark: str) -> list[str]:
    return [line for line in still_there(mark) if "runner.py" in line]


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 9])
def test_when_bench_is_stopped_or_killed_nothing_of_the_method_is_left(
    nursery: Nursery, wild: Path, tmp_path: Path, mark: str, number: int
) -> None:
    command = nursery.start(
        *words(wild, tmp_path / "runs", "hangs", "--isolate", "--timeout", "60"),
        before=marking(mark),
    )
    deadline = time.monotonic() + 120.0
    # It hangs in the first chunk, after it was described in one process and prepared in another.
    while not list(tmp_path.rglob("references/*.parquet")) or not runners(mark):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(command.pid, number)
    assert command.wait() == 128 + number
    while still_there(mark):
        assert time.monotonic() < deadline
        time.sleep(0.05)
