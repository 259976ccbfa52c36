from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest
import torch

from metrics.__main__ import main
from metrics.embedders.synth import SynthEmbedder
from metrics.synth_network import NetworkConfig
from metrics.synth_weights import load_instrument
from metrics.training.au import AULesson
from metrics.training.faces import Faces, part_faces
from metrics.training.loop import TrainingOptions, train
from metrics.weights import sha256_of

CHANNELS = (6, 8)


@pytest.fixture
def lesson(faces: Faces) -> AULesson:
    learned, held_out = part_faces(faces, 0.25, seed=0)
    return AULesson(learned, held_out, NetworkConfig(3, 16, CHANNELS))


@pytest.fixture
def options(tmp_path: Path) -> TrainingOptions:
    return TrainingOptions(tmp_path / "run", steps=12, batch=8, warmup=2, measure_every=4)


def in_folder(options: TrainingOptions, name: str, **changes: object) -> TrainingOptions:
    return dataclasses.replace(options, out=options.out.with_name(name), **changes)  # type: ignore[arg-type]


def result(options: TrainingOptions) -> dict:
    values = json.loads((options.out / "result.json").read_text())
    values["training"].pop("minutes_taken")
    return values


@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [
        pytest.param(torch.nn.utils, "clip_grad_norm_", 7, id="in-a-step"),
        pytest.param(os, "replace", 1, id="before-the-first-checkpoint-is-in-place"),
        pytest.param(os, "replace", 3, id="before-the-last-checkpoint-is-in-place"),
        pytest.param(os, "replace", 4, id="before-the-weights-are-in-place"),
    ],
)
def test_an_interrupted_run_ends_as_an_undisturbed_one(
    lesson: AULesson, options: TrainingOptions, monkeypatch, owner, name: str, call: int
) -> None:
    undisturbed = in_folder(options, "undisturbed")
    train(lesson, undisturbed)
    original, calls = getattr(owner, name), []

    def failing(*arguments, **keywords):
        calls.append(None)
        if len(calls) == call:
            raise InterruptedError("power cut")
        return original(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing)
        with pytest.raises(InterruptedError):
            train(lesson, options)
    train(lesson, options)
    assert result(options)["history"] == result(undisturbed)["history"]
    # The headers differ in the minutes that a run took.
    one, other = (
        load_instrument(o.out / "model.safetensors", "au_estimator")[0].state_dict()
        for o in (options, undisturbed)
    )
    assert all(torch.equal(tensor, other[key]) for key, tensor in one.items())


def test_the_result_names_weights_and_facts(lesson: AULesson, options: TrainingOptions) -> None:
    path = train(lesson, options)
    found = result(options)
    assert found["weights_sha256"] == sha256_of(path)
    assert [row["step"] for row in found["history"]] == [4, 8, 12]
    assert found["held_out"] == found["history"][-1]
    assert found["training"]["people"] == 9
    assert found["training"]["held_out_people"] == 3
    assert found["training"]["options"]["steps"] == 12
    assert "out" not in found["training"]["options"]
    _, header = load_instrument(path, "au_estimator")
    assert header.training["steps_done"] == 12


def test_minutes_end_a_run_and_count_those_before_an_interruption(
    lesson: AULesson, options: TrainingOptions
) -> None:
    timed = in_folder(options, "timed", steps=None, minutes=1 / 60, measure_every=5)
    train(lesson, timed)
    steps = result(timed)["training"]["steps_done"]
    assert steps > 0
    train(lesson, timed)
    assert result(timed)["training"]["steps_done"] == steps


def test_the_learning_rate_falls_with_whatever_ends_the_run() -> None:
    both = TrainingOptions(Path("x"), steps=100, minutes=1.0)
    assert both.progress(10, 6.0) == pytest.approx(0.1)
    assert both.progress(10, 30.0) == pytest.approx(0.5)
    assert both.progress(80, 30.0) == pytest.approx(0.8)
    assert both.progress(500, 0.0) == 1.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": None}, "training must end"),
        ({"steps": 0}, "training must end"),
        ({"steps": None, "minutes": -1.0}, "training must end"),
        ({"batch": 0}, "batch must be at least 1"),
    ],
)
def test_options_that_make_no_training_are_refused(changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TrainingOptions(Path("x"), **changes)


def test_a_run_that_diverges_stops_and_keeps_its_checkpoint(
    lesson: AULesson, options: TrainingOptions, monkeypatch
) -> None:
    calls = []

    def diverging(self, *arguments):
        calls.append(None)
        loss = original(self, *arguments)
        return loss * float("nan") if len(calls) == 6 else loss

    original = AULesson.loss
    monkeypatch.setattr(AULesson, "loss", diverging)
    with pytest.raises(RuntimeError, match=r"loss is nan at step 5.*smaller --learning-rate"):
        train(lesson, options)
    assert torch.load(options.out / "checkpoint.pt", weights_only=True)["step"] == 4


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut short"])
def test_a_broken_checkpoint_is_named(
    lesson: AULesson, options: TrainingOptions, content: bytes
) -> None:
    options.out.mkdir()
    (options.out / "checkpoint.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"checkpoint\.pt is broken; remove it"):
        train(lesson, options)


def test_the_folder_of_another_training_is_refused(
    lesson: AULesson, options: TrainingOptions
) -> None:
    train(lesson, options)
    with pytest.raises(ValueError, match="another training; choose another --out"):
        train(lesson, dataclasses.replace(options, seed=1))


def test_both_commands_make_instruments(folder: Path, tmp_path: Path, capsys) -> None:
    common = [f"--faces={folder}", "--image-size=16", "--channels=6,8", "--steps=2", "--threads=1"]
    threads = torch.get_num_threads()
    try:
        assert main(["train-au", *common, f"--out={tmp_path / 'au'}"]) == 0
        more = ["--dimensions=5", "--precision=bf16", f"--out={tmp_path / 'embedder'}"]
        assert main(["train-embedder", *common, *more]) == 0
    finally:
        torch.set_num_threads(threads)
    path = Path(capsys.readouterr().out.splitlines()[-1])
    assert SynthEmbedder(path).card.input_size == 16
    measured = json.loads((tmp_path / "embedder" / "result.json").read_text())["held_out"]
    assert set(measured) == {"step", "equal_error_rate", "same", "different", "follows_expression"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faces=absent"], "no table of faces at absent/faces.csv"),
        (["--image-size=32"], "expected 32x32"),
        (["--steps=0"], "training must end"),
        (["--threads=0"], "--threads must be at least 1"),
        (["--channels=6,x"], "--channels 6,x"),
        (["--channels=6,8,8,8,8"], "cannot be halved 5 times"),
        (["--held-out=0.99"], "give more faces"),
    ],
)
def test_errors_of_the_command_are_one_line(
    folder: Path, tmp_path: Path, capfd, arguments: list[str], words: str
) -> None:
    usual = [f"--out={tmp_path}", "--image-size=16", "--channels=6,8", "--steps=1"]
    if not arguments[0].startswith("--faces"):
        usual.append(f"--faces={folder}")
    assert main(["train-au", *usual, *arguments]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert words in errors[0]
