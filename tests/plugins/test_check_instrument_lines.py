"""Every line of the contract of an instrument: who breaks one fails that check and no other."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.errors import BenchError
from bench.plugins.checks.contract import STEPS
from bench.plugins.checks.outcome import Finding
from bench.plugins.checks.watch import Watch
from bench.plugins.instruments import Kind
from bench.plugins.scaffold import make_scaffold
from bench.run.checking.instrument import InstrumentChecks
from bench.run.checking.observed import Observed
from bench.run.checking.steps import run_step

Checked = Callable[..., dict[str, Finding]]
Edit = tuple[str, str, str]
"""The check that fails, a line of what ``bench new`` writes, and what stands in its place."""

CHECKED = "side = check_images(images)"
"""The first line of both functions."""

CHANCE = "np.random.default_rng().random()"
FIRST = "self.first = getattr(self, 'first', images[0, 0, 0, 0] / 255.0)"

BOTH: dict[str, Edit] = {
    "no version": ("card", 'version="1"', 'version=""'),
    "another scale on the plugin": ("card", "scale=Mine.card.scale", 'scale="0..100"'),
    "no square images": (
        "malformed image",
        CHECKED,
        "images = images[:, :, : images.shape[1]]; side = images.shape[1]",
    ),
    "another exception": (
        "malformed image",
        CHECKED,
        f"assert images.dtype == np.uint8; {CHECKED}",
    ),
    "changes the images": ("inputs", CHECKED, f"{CHECKED}; images = np.invert(images, out=images)"),
    "gradients off": (
        "torch settings",
        CHECKED,
        f"import torch; torch.set_grad_enabled(False); {CHECKED}",
    ),
    "seeds": ("random states", CHECKED, f"np.random.seed(1); {CHECKED}"),
    "a variable": (
        "environment",
        CHECKED,
        f"import os; os.environ['OMP_NUM_THREADS'] = '9'; {CHECKED}",
    ),
    "a file": ("files", CHECKED, f"open(OUTSIDE, 'w').close(); {CHECKED}"),
    "the network": (
        "network",
        CHECKED,
        f"import socket; socket.socket().connect_ex(('127.0.0.1', 9)); {CHECKED}",
    ),
}

ROWS = "rows = rows + 1e-6"

EMBEDDERS: dict[str, Edit] = {
    "another kind": ("loads", '        kind="embedder"', '        kind="au_estimator"'),
    "norm 2": ("readings", "np.asarray(unit,", "np.asarray(2.0 * unit,"),
    "float64": ("readings", "dtype=np.float32)", "dtype=np.float64)"),
    "one too few": ("readings", "np.asarray(unit,", "np.asarray(unit[1:],"),
    "chance": ("same twice", ROWS, f"rows = rows + {CHANCE}"),
    "chance of an instance": (
        "second instance",
        ROWS,
        f"self.own = getattr(self, 'own', {CHANCE}); rows = rows + self.own",
    ),
    "mean of the batch": ("batch of one", ROWS, "rows = rows + rows.mean(axis=0)"),
    "who came first": ("order", ROWS, f"{FIRST}; rows = rows + self.first"),
    "a blank image": ("blank image", ROWS, "rows = rows - rows.mean(axis=1, keepdims=True)"),
    **BOTH,
}

VALUES = "values[~is_face] = np.nan"

ESTIMATORS: dict[str, Edit] = {
    "not sorted": ("loads", '("AU12", "AU26")', '("AU26", "AU12")'),
    "others on the card": ("action units", "action_units=ACTION_UNITS", 'action_units=("AU01",)'),
    "no reading": ("readings", "return AUReading(outcomes, values", "return (outcomes, values"),
    "one outcome": ("readings", "AUReading(outcomes,", "AUReading(outcomes[:1],"),
    "another outcome": ("readings", '"ok" if face', '"fine" if face'),
    "a third unit": ("readings", VALUES, f"{VALUES}; values = values[:, [0, 1, 1]]"),
    "chance": ("same twice", VALUES, f"values += {CHANCE}; {VALUES}"),
    "chance of an instance": (
        "second instance",
        VALUES,
        f"self.own = getattr(self, 'own', {CHANCE}); values += self.own; {VALUES}",
    ),
    "mean of the batch": ("batch of one", VALUES, f"values -= values.mean(axis=0); {VALUES}"),
    "who came first": ("order", VALUES, f"{FIRST}; values += self.first; {VALUES}"),
    "a zero for no face": ("blank image", VALUES, "is_face[:] = True"),
    "numbers for no face": ("blank image", VALUES, "values[~is_face] = 0.0"),
    **BOTH,
}


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """Checks what ``bench new`` writes, with an edit, on images of noise."""
    own, outside = tmp_path / "own", tmp_path / "outside"
    own.mkdir()
    watch = Watch(own)
    random = np.random.default_rng(0)
    images = random.integers(256, size=(4, 64, 64, 3), dtype=np.uint8)
    names = ["ada", "bo", "cy", "di"]

    def check(kind: Kind, old: str = "", new: str = "", images=images) -> dict[str, Finding]:
        made = make_scaffold(kind, "mine", tmp_path)
        text = made.texts[made.plugin]
        assert old in text
        made.plugin.write_text(f"{text.replace(old, new, 1)}\nOUTSIDE = {str(outside)!r}\n")
        observed = Observed(watch)
        checks = InstrumentChecks(kind, str(made.plugin), [], images, names, observed)
        found: dict[str, Finding] = {}
        for step in checks.steps:
            found |= run_step(checks, step)
        return found

    return check


@pytest.fixture(autouse=True)
def _process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(sys, "path", sys.path.copy())  # the folder of a plugin's file is added
    np.random.seed()  # noqa: NPY002 - no other method may have left the state that one leaves
    yield
    torch.set_grad_enabled(True)


def of_status(found: dict[str, Finding], status: str) -> set[str]:
    return {name for name, finding in found.items() if finding.status == status}


@pytest.mark.parametrize("kind", ["embedder", "au_estimator"])
def test_what_bench_new_writes_passes_all(checked, kind):
    found = checked(kind)
    assert of_status(found, "passed") == set(found)
    assert set(found) == {name for step in STEPS[kind] for name in step.checks}


@pytest.mark.parametrize(("check", "old", "new"), EMBEDDERS.values(), ids=EMBEDDERS.keys())
def test_an_embedder_that_breaks_a_line(checked, check, old, new):
    found = checked("embedder", old, new)
    assert of_status(found, "failed") == {check}, found
    assert found[check].expected


@pytest.mark.parametrize(("check", "old", "new"), ESTIMATORS.values(), ids=ESTIMATORS.keys())
def test_an_estimator_that_breaks_a_line(checked, check, old, new):
    found = checked("au_estimator", old, new)
    assert of_status(found, "failed") == {check}, found
    assert found[check].expected


def test_every_check_is_broken_by_somebody():
    for kind, broken in (("embedder", EMBEDDERS), ("au_estimator", ESTIMATORS)):
        names = {name for step in STEPS[kind] for name in step.checks}
        assert {edit[0] for edit in broken.values()} == names


def test_where_no_face_is_seen_the_readings_are_skipped_and_the_rest_is_checked(checked):
    blank = np.full((4, 64, 64, 3), 90, dtype=np.uint8)
    found = checked("au_estimator", images=blank)
    assert of_status(found, "skipped") == {"readings"}
    assert "--benchmark" in found["readings"].found
    assert of_status(found, "failed") == set()


def test_a_file_without_a_plugin_of_the_kind_fails_to_load(checked):
    found = checked("embedder", "PLUGIN = InstrumentPlugin(", "OTHER = dict(")
    assert of_status(found, "failed") == {"loads"}
    assert "one InstrumentPlugin of the kind 'embedder', found none" in found["loads"].found
    found = checked("embedder", "from pathlib import Path", "raise RuntimeError('one\\ntwo')")
    assert "RuntimeError: one two" in found["loads"].found


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("KeyError('weights')", "KeyError: 'weights'"),
        ("TypeError('no path')", "TypeError: no path"),
        ("AttributeError('make')", "AttributeError: make"),
    ],
)
def test_where_make_raises_the_rest_is_skipped_for_that_reason(checked, error, words):
    found = checked("embedder", "    return Mine()", f"    raise {error}")
    assert of_status(found, "failed") == {"loads"}
    assert re.fullmatch(rf"{words} \(mine\.py:\d+\)", found["loads"].found)
    rest = of_status(found, "skipped") - {"card"}
    assert {found[name].found for name in rest} == {"it cannot be loaded"}


def test_where_no_face_can_be_read_the_rest_is_skipped_for_that_reason(checked):
    found = checked("au_estimator", CHECKED, f"{{}}['model']; {CHECKED}")
    assert of_status(found, "failed") == {"readings"}
    assert "KeyError: 'model' (mine.py:" in found["readings"].found
    assert found["same twice"].found == "there are no readings"


def test_an_unknown_instrument_is_the_user_s_to_mend(tmp_path):
    images = np.zeros((2, 64, 64, 3), dtype=np.uint8)
    for spec, words in (("nobody", "no embedder called 'nobody'"), ("no.py", "no embedder file")):
        observed = Observed(Watch(tmp_path))
        checks = InstrumentChecks("embedder", spec, [], images, ["a", "b"], observed)
        with pytest.raises(BenchError, match=words):
            run_step(checks, STEPS["embedder"][0])
