"""Every line of the contract of a method: who breaks one fails that check and no other."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent

import numpy as np
import pytest
import torch

from bench.data.benchmark import Benchmark, load_benchmark
from bench.errors import BenchError
from bench.plugins.checks.contract import STEPS
from bench.plugins.checks.outcome import Finding, skipped
from bench.plugins.checks.watch import Watch
from bench.run.checking.method import MethodChecks
from bench.run.checking.observed import Observed
from bench.run.checking.session import CheckedSession
from bench.run.checking.steps import run_step

GOOD = """
import random
import numpy as np
import torch
from pathlib import Path
from typing import Literal
from bench.plugins.contracts import MethodCard

class Mine:
    card = MethodCard("mine", "cross-fade")

    def __init__(self, strength: float = 1.0):
        self.strength = strength

    def prepare(self, context):
        self.context = context
        return {}

    def image(self, request):
        target = np.mean([face.pixels / 255.0 for face in request.target_reference], axis=0)
        weight = self.strength * request.alpha
        return np.clip((1 - weight) * target + weight * request.source.pixels / 255.0, 0, 1)

    def transfer(self, requests):
        return np.stack([self.image(request) for request in requests])
"""

NO_ALPHA = 'card = MethodCard("mine", "cross-fade", has_alpha=False)'

BROKEN = {
    "two names": ("card", 'card = MethodCard("Mine Too", "cross-fade")'),
    "no description": ("card", 'card = MethodCard("mine", " ")'),
    "no type": ("parameters", "def __init__(self, strength=1.0): self.strength = strength"),
    "a default of another type": (
        "parameters",
        'def __init__(self, strength: float = 1.0, how: Literal["a", "b"] = "c"): '
        "self.strength = strength",
    ),
    "a list for a fingerprint": ("prepare", "def prepare(self, context): return [1]"),
    "a number in the fingerprint": ("prepare", 'def prepare(self, context): return {"a": 1}'),
    "prepare raises": ("prepare", "def prepare(self, context): raise ValueError('no weights')"),
    "one image too few": (
        "images",
        "def transfer(self, rs): return np.stack([self.image(r) for r in rs[1:] or rs])",
    ),
    "a wrong side": ("images", "def transfer(self, rs): return np.zeros((len(rs), 9, 9, 3))"),
    "no array": ("images", "def transfer(self, rs): return [self.image(r) for r in rs]"),
    "0 to 255 as float": (
        "images",
        "def transfer(self, requests): return np.stack([255 * self.image(r) for r in requests])",
    ),
    "a wrong type": (
        "images",
        "def transfer(self, requests): return np.zeros((len(requests), 64, 64, 3), np.int32)",
    ),
    "not finite": (
        "images",
        "def transfer(self, rs): return np.stack([self.image(r) * np.nan for r in rs])",
    ),
    "raises": ("images", "def transfer(self, requests): raise KeyError('a face')"),
    "raises for many": (
        "images",
        """
        def transfer(self, requests):
            if len(requests) > 1:
                raise MemoryError("too many")
            return np.stack([self.image(r) for r in requests])
        """,
    ),
    "leaves 0..1 beyond alpha 1": (
        "images",
        """
        def transfer(self, requests):
            return np.stack([self.image(r) * max(1.0, 9 * r.alpha - 8) for r in requests])
        """,
    ),
    "chance": (
        "same twice",
        """
        def transfer(self, requests):
            noise = np.random.default_rng().random((64, 64, 3))
            return np.stack([0.5 * self.image(r) + 0.5 * noise for r in requests])
        """,
    ),
    "another instance": (
        "second instance",
        """
        count = 0
        def prepare(self, context):
            type(self).count += 1
            self.strength = 0.9 ** self.count
            return {}
        """,
    ),
    "a fingerprint of its own": (
        "second instance",
        """
        def prepare(self, context):
            return {"made": str(np.random.default_rng().random())}
        """,
    ),
    "the mean of the batch": (
        "batch of one",
        """
        def transfer(self, requests):
            images = np.stack([self.image(r) for r in requests])
            return np.clip(images - images.mean() + 0.5, 0, 1)
        """,
    ),
    "whoever came first": (
        "order",
        """
        def transfer(self, requests):
            self.first = getattr(self, "first", requests[0].target_reference[0].pixels / 255.0)
            return np.stack([0.5 * self.image(r) + 0.5 * self.first for r in requests])
        """,
    ),
    "the source at alpha 0": (
        "alpha 0",
        "def image(self, request): return request.source.pixels / 255.0",
    ),
    "alpha without alpha": ("without alpha", NO_ALPHA),
    "learns from test": (
        "learns from dev",
        """
        def prepare(self, context):
            people = {face.identity for face in context.development()}
            test = [f"p{n}" for n in range(10) if f"p{n}" not in people]
            self.ghost = np.mean([context.neutral(name).pixels / 255.0 for name in test], axis=0)
            return {}

        def transfer(self, requests):
            return np.stack([0.8 * self.image(r) + 0.2 * self.ghost for r in requests])
        """,
    ),
    "fingerprint of test": (
        "learns from dev",
        """
        def prepare(self, context):
            people = {face.identity for face in context.development()}
            test = [f"p{n}" for n in range(10) if f"p{n}" not in people]
            return {"ghost": str(sum(int(context.neutral(name).pixels.sum()) for name in test))}
        """,
    ),
    "opens a test image": (
        "learns from dev",
        """
        def prepare(self, context):
            people = {face.identity for face in context.development()}
            test = [f"p{n}" for n in range(10) if f"p{n}" not in people]
            (Path(DATA) / "images" / test[0] / "happy.png").read_bytes()
            return {}
        """,
    ),
    "looks up the answer": (
        "asks no answer",
        """
        def image(self, request):
            self.context.look_up(request.pair.target, request.source.expression)
            return np.mean([face.pixels / 255.0 for face in request.target_reference], axis=0)
        """,
    ),
    "reconstructs too few": (
        "reconstruct",
        "def reconstruct(self, faces): return np.zeros((1, 2, 2, 3))",
    ),
    "no longer works after a failure": (
        "failing sample",
        """
        def transfer(self, requests):
            if getattr(self, "is_busy", False):
                raise RuntimeError("busy")
            self.is_busy = True
            images = np.stack([self.image(r) for r in requests])
            self.is_busy = False
            return images
        """,
    ),
    "remembers a failure": (
        "failing sample",
        """
        def transfer(self, requests):
            try:
                images = np.stack([self.image(r) for r in requests])
            except ValueError:
                self.strength = 0.5
                raise
            return images
        """,
    ),
    "gradients off": (
        "torch settings",
        """
        def prepare(self, context):
            torch.set_grad_enabled(False)
            return {}
        """,
    ),
    "another default type": (
        "torch settings",
        """
        def transfer(self, requests):
            torch.set_default_dtype(torch.float64)
            return np.stack([self.image(r) for r in requests])
        """,
    ),
    "other threads": (
        "torch settings",
        """
        def prepare(self, context):
            torch.set_num_threads(torch.get_num_threads() + 1)
            return {}
        """,
    ),
    "seeds random": ("random states", "def prepare(self, context): random.seed(0); return {}"),
    "seeds numpy": ("random states", "def prepare(self, context): np.random.seed(0); return {}"),
    "seeds torch": ("random states", "def prepare(self, context): torch.manual_seed(0); return {}"),
    "another folder": (
        "environment",
        """
        def prepare(self, context):
            import os
            os.chdir("/")
            return {}
        """,
    ),
    "a variable": (
        "environment",
        """
        def prepare(self, context):
            import os
            os.environ["OMP_NUM_THREADS"] = "7"
            return {}
        """,
    ),
    "changes what it is given": (
        "inputs",
        """
        def transfer(self, requests):
            images = np.stack([self.image(r) for r in requests])
            for request in requests:
                request.source.pixels[:] = 0
            return images
        """,
    ),
    "changes a dev face": (
        "inputs",
        """
        def prepare(self, context):
            context.development()[3].pixels[0, 0] ^= 1
            return {}
        """,
    ),
    "writes a file": (
        "files",
        """
        def prepare(self, context):
            (Path(OUTSIDE) / "cache.bin").write_bytes(b"x")
            return {}
        """,
    ),
    "makes a folder": (
        "files",
        """
        def transfer(self, requests):
            (Path(OUTSIDE) / "cache").mkdir(exist_ok=True)
            return np.stack([self.image(r) for r in requests])
        """,
    ),
    "asks the network": (
        "network",
        """
        def prepare(self, context):
            import socket
            try:
                socket.create_connection(("127.0.0.1", 9), timeout=0.2).close()
            except OSError:
                pass
            return {}
        """,
    ),
}  # fmt: skip


class Checker:
    """Checks sources in this process, all with one session."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.data = folder, data
        self.own, self.outside = folder / "own", folder / "outside"
        self.own.mkdir()
        self.outside.mkdir()
        benchmark = load_benchmark("synthfaces")
        test = [
            str(path)
            for person in benchmark.split.identities("test")
            for path in (data / "images" / person).resolve().iterdir()
        ]
        self.watch = Watch(self.own, test)
        self.session = CheckedSession(benchmark, data, self.watch)

    def findings(self, source: str, **parameters: str) -> dict[str, Finding]:
        """All findings of a method, by check."""
        for noted in (self.watch.written, self.watch.read, self.watch.connections):
            noted.clear()
        self.session.answers_asked.clear()
        self.session.changed_faces()
        path = self.folder / "mine.py"
        head = f"DATA, OUTSIDE = {str(self.data)!r}, {str(self.outside)!r}\n"
        path.write_text(head + source)
        checks = MethodChecks(self.session, Observed(self.watch), str(path), parameters)
        found: dict[str, Finding] = {}
        for step in STEPS["method"]:
            found |= run_step(checks, step)
        self.measured = checks.measured
        return found


@pytest.fixture(scope="module")
def checker(embed, tmp_path_factory) -> Iterator[Checker]:
    with pytest.MonkeyPatch.context() as patch:
        data = embed(patch)
        yield Checker(tmp_path_factory.mktemp("checked"), data)


@pytest.fixture(autouse=True)
def _process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(Path.cwd())
    np.random.seed()  # noqa: NPY002 - no other method may have left the state that one leaves
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    yield
    torch.set_grad_enabled(True)
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)
    sys.modules.pop("bench_plugin_mine", None)


def of_status(found: dict[str, Finding], status: str) -> set[str]:
    return {name for name, finding in found.items() if finding.status == status}


def broken(body: str) -> str:
    return GOOD + "\n" + indent(dedent(body), "    ")


def test_a_method_that_keeps_the_contract_passes_all(checker):
    found = checker.findings(GOOD, strength="0.7")
    assert of_status(found, "failed") == set()
    assert of_status(found, "skipped") == {"without alpha", "reconstruct"}
    assert found.keys() == {name for step in STEPS["method"] for name in step.checks}
    assert checker.measured["images_per_second"] > 0.0
    assert 0.0 <= checker.measured["peak_mib"] < 1000.0


def test_a_method_without_alpha_passes_all(checker):
    found = checker.findings(
        broken(NO_ALPHA + "\ndef image(self, r): return r.target_reference[0].pixels / 255.0")
    )
    assert of_status(found, "failed") == set()
    assert of_status(found, "skipped") == {"alpha 0", "reconstruct", "failing sample"}


@pytest.mark.parametrize(("check", "body"), BROKEN.values(), ids=BROKEN.keys())
def test_who_breaks_a_line_fails_its_check_and_no_other(checker, check, body):
    found = checker.findings(broken(body))
    assert of_status(found, "failed") == {check}, found
    finding = found[check]
    assert finding.found
    assert finding.expected
    assert "\n" not in finding.found


def test_every_check_is_broken_by_somebody():
    checks = {name for step in STEPS["method"] for name in step.checks}
    assert {check for check, _ in BROKEN.values()} | {"loads"} == checks


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (GOOD.replace("def transfer", "def transport"), "it lacks transfer"),
        ("import no_such_package\n", "No module named 'no_such_package'"),
        (GOOD.replace("= 1.0", ""), "without a default: strength"),
        (GOOD + "\n    def __init__(self): raise TypeError('first\\nsecond')", "first second"),
    ],
)
def test_what_cannot_be_loaded_fails_and_the_rest_is_skipped(checker, source, words):
    found = checker.findings(source)
    assert of_status(found, "failed") == {"loads"}
    assert words in found["loads"].found
    assert found["images"].status == "skipped"
    assert found["images"].found


def test_a_failure_says_which_image_and_by_how_much(checker):
    found = checker.findings(broken(BROKEN["the source at alpha 0"][1]))["alpha 0"]
    assert "at alpha 0 differs by up to" in found.found
    assert "of 255" in found.expected


@pytest.mark.parametrize(
    ("body", "check", "words"),
    [
        ("def prepare(self, context): return self.open()\ndef open(self): raise OSError('no disk')",
         "prepare", "method 'mine' cannot be prepared: no disk"),
        ("def prepare(self, context): return {}['a']", "prepare", "KeyError: 'a'"),
        ("def image(self, request): raise KeyError('a')", "images",
         "at alpha 0 is method_error: KeyError: 'a'"),
        ("def reconstruct(self, faces): raise KeyError('a')", "reconstruct", "KeyError: 'a'"),
    ],
)  # fmt: skip
def test_an_exception_is_named_with_the_innermost_line_of_the_method_s_file(
    checker, body, check, words
):
    found = checker.findings(broken(body))[check].found
    lines = (checker.folder / "mine.py").read_text().splitlines()
    (number,) = [place for place, line in enumerate(lines, start=1) if line.strip() in body][-1:]
    assert found.endswith(f"{words} (mine.py:{number})")


def test_a_failure_of_many_requests_alone_is_named(checker):
    found = checker.findings(broken(BROKEN["raises for many"][1]))["images"].found
    words = r"a call with 9 requests raises MemoryError: too many \(mine.py:\d+\), one with each"
    assert re.match(words, found)


def test_what_is_no_exception_of_the_method_has_no_line(checker):
    found = checker.findings(broken("def transfer(self, requests): return None"))["images"].found
    assert "returned NoneType" in found
    assert "mine.py" not in found


def test_a_long_exception_is_shortened_and_its_place_stays(checker):
    body = "def prepare(self, context): raise KeyError('x' * 2_000_000)"
    found = checker.findings(broken(body))["prepare"].found
    assert len(found) == 300
    assert found.startswith("KeyError: 'xxx")
    assert re.search(r" \(mine\.py:\d+\)$", found)


def test_what_works_elsewhere_leaves_no_traces_that_could_be_seen(checker):
    body = """
    works_elsewhere = True
    def prepare(self, context):
        torch.set_grad_enabled(False)
        return {}
    """
    found = checker.findings(broken(body))
    assert of_status(found, "failed") == set()
    traces = STEPS["method"][-1].checks
    assert {found[name] for name in traces} == {skipped("it works in a process of its own")}
    assert "peak_mib" not in checker.measured
    assert checker.measured["images_per_second"] > 0.0


def test_variables_that_torch_sets_itself_are_no_trace(checker, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "before")
    body = """
    def prepare(self, context):
        import os
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = "after"
        return {}
    """
    assert of_status(checker.findings(broken(body)), "failed") == set()


def test_a_folder_that_is_there_already_is_not_written(checker):
    body = "def prepare(self, context): Path(OUTSIDE).mkdir(exist_ok=True); return {}"
    assert of_status(checker.findings(broken(body)), "failed") == set()


def test_a_benchmark_of_one_pair_is_refused_before_the_method_is_touched(checker, monkeypatch):
    one = checker.session.benchmark.pairs("test")[:1]
    monkeypatch.setattr(Benchmark, "pairs", lambda self, part: one)
    with pytest.raises(BenchError, match="fewer than two pairs") as caught:
        checker.findings("raise SystemExit('it was touched')")
    assert "--benchmark" in (caught.value.hint or "")


def test_a_wrong_parameter_is_the_user_s_to_mend(checker):
    with pytest.raises(BenchError, match="no parameter 'strengt'; did you mean 'strength'"):
        checker.findings(GOOD, strengt="1")
    with pytest.raises(BenchError, match="strength='much' is no float"):
        checker.findings(GOOD, strength="much")


def test_rounding_at_another_batch_size_is_no_failure(checker):
    body = """
    def transfer(self, requests):
        return np.stack([self.image(r) for r in requests]) * (1.0 - 1e-5 * len(requests))
    """
    assert of_status(checker.findings(broken(body)), "failed") == set()


def test_noise_is_handed_out_while_poisoned_and_for_test_people_alone(checker):
    session = checker.session
    benchmark = session.benchmark
    test, dev = (benchmark.split.identities(part)[0] for part in ("test", "dev"))
    clean = {who: session.neutral(who).pixels for who in (test, dev)}
    with session.poisoned():
        poisoned = {who: session.neutral(who).pixels for who in (test, dev)}
    np.testing.assert_array_equal(poisoned[dev], clean[dev])
    assert np.mean(poisoned[test] != clean[test]) > 0.9
    np.testing.assert_array_equal(session.neutral(test).pixels, clean[test])
