from __future__ import annotations

import csv
import dataclasses
import os
import signal
import subprocess
import sys
import time
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image

import glow.training.images
import glow.training.run
from glow import GlowConfig
from glow.__main__ import main
from glow.checkpoint import load_module, load_tensors
from glow.data import load_images
from glow.recompute import Memory
from glow.training import TrainingOptions, train
from glow.training.options import Precision
from glow.training.run import TrainingRun

CONFIG = GlowConfig(image_size=8, levels=2, steps=1, width=4)


def in_folder(options: TrainingOptions, name: str, **changes) -> TrainingOptions:
    return dataclasses.replace(options, out=options.out.with_name(name), **changes)


def log(options: TrainingOptions) -> list[dict[str, str]]:
    with (options.out / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def state(options: TrainingOptions) -> dict:
    return torch.load(options.out / "checkpoint.pt", weights_only=True)


def assert_same_run(one: TrainingOptions, other: TrainingOptions) -> None:
    first, second = state(one), state(other)
    for name in ("model", "average"):
        for key, tensor in first[name].items():
            assert torch.equal(tensor, second[name][key]), f"{name}: {key}"
    assert (one.out / "log.csv").read_text() == (other.out / "log.csv").read_text()
    best, other_best = (load_module(o.out / "model.safetensors").state_dict() for o in (one, other))
    assert all(torch.equal(tensor, other_best[key]) for key, tensor in best.items())


def fail_at_call(monkeypatch, owner: object, name: str, call: int) -> None:
    original, calls = getattr(owner, name), []

    def failing(*arguments, **keywords):
        calls.append(None)
        if len(calls) == call:
            raise InterruptedError("power cut")
        return original(*arguments, **keywords)

    monkeypatch.setattr(owner, name, failing)


@pytest.mark.parametrize("precision", get_args(Precision))
@pytest.mark.parametrize("memory", get_args(Memory))
def test_the_loss_falls(options, precision, memory):
    changes = {"steps": 80, "measure_every": 20, "precision": precision, "memory": memory}
    options = in_folder(options, "falls", **changes)
    best = train(CONFIG, options)
    rows = log(options)
    assert [int(row["step"]) for row in rows] == [20, 40, 60, 80]
    assert float(rows[-1]["training"]) < float(rows[0]["training"]) - 0.3
    assert float(rows[-1]["held_out"]) < float(rows[0]["held_out"]) - 0.3
    assert load_tensors(best)[0] == CONFIG
    assert Image.open(options.out / "samples.png").size == (64, 16)


@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [
        pytest.param(torch.nn.utils, "clip_grad_norm_", 7, id="in-a-step"),
        pytest.param(glow.training.run, "save_grid", 2, id="between-log-row-and-checkpoint"),
        pytest.param(glow.training.run, "save_grid", 1, id="before-the-first-checkpoint"),
        pytest.param(os, "replace", 7, id="before-the-checkpoint-is-in-place"),
    ],
)
def test_an_interrupted_run_ends_as_an_undisturbed_one(options, monkeypatch, owner, name, call):
    undisturbed = in_folder(options, "undisturbed")
    train(CONFIG, undisturbed)
    with monkeypatch.context() as patch:
        fail_at_call(patch, owner, name, call)
        with pytest.raises(InterruptedError):
            train(CONFIG, options)
    train(CONFIG, options)
    assert_same_run(options, undisturbed)


def test_a_log_row_that_was_cut_short_is_made_again(options):
    undisturbed = in_folder(options, "undisturbed")
    train(CONFIG, undisturbed)
    train(CONFIG, options)
    with (options.out / "log.csv").open("a") as file:
        file.write("1")
    train(CONFIG, options)
    assert_same_run(options, undisturbed)


def test_another_seed_is_another_run(options):
    for seed in (0, 1):
        train(CONFIG, in_folder(options, f"seed-{seed}", seed=seed))
    one, other = (log(in_folder(options, f"seed-{seed}")) for seed in (0, 1))
    assert one[-1]["held_out"] != other[-1]["held_out"]


@pytest.mark.slow
def test_a_killed_process_goes_on_where_it_was(options):
    long = {"steps": 200, "measure_every": 10}
    killed, undisturbed = (in_folder(options, n, warmup=200, **long) for n in ("killed", "whole"))
    arguments = ["--image-size=8", "--levels=2", "--depth=1", "--width=4", "--batch=4"]
    arguments += [f"--data={options.data[0]}", f"--held-out={options.data[0]}"]
    arguments += ["--precision=fp32", f"--out={killed.out}", "--steps=200", "--measure-every=10"]
    process = subprocess.Popen(
        [sys.executable, "-m", "glow", "train", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60.0
    while not (killed.out / "checkpoint.pt").is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=10) == -signal.SIGKILL
    assert 0 < state(killed)["step"] < 200

    assert main(["train", *arguments]) == 0
    train(CONFIG, undisturbed)
    assert_same_run(killed, undisturbed)


@pytest.mark.parametrize("memory", get_args(Memory))
def test_recomputing_makes_the_same_run(options, memory):
    kept, other = in_folder(options, "kept"), in_folder(options, memory, memory=memory)
    train(CONFIG, kept)
    train(CONFIG, other)
    for row, other_row in zip(log(kept), log(other), strict=True):
        assert float(other_row["training"]) == pytest.approx(float(row["training"]), rel=1e-5)
        assert float(other_row["held_out"]) == pytest.approx(float(row["held_out"]), rel=1e-5)


def test_the_written_config_makes_the_run_again(options):
    train(CONFIG, options)
    again = in_folder(options, "again")
    command = ["train", "--config", str(options.out / "config.toml"), "--out", str(again.out)]
    assert main(command) == 0
    assert_same_run(options, again)


def test_a_run_that_goes_on_with_other_settings_keeps_the_former_ones(options, capfd):
    train(CONFIG, dataclasses.replace(options, steps=4))
    former = (options.out / "config.toml").read_text()
    train(CONFIG, options)
    assert (options.out / "config-until-4.toml").read_text() == former
    assert "steps = 12\n" in (options.out / "config.toml").read_text()
    assert "config-until-4.toml" in capfd.readouterr().err.replace("\n", "")
    train(CONFIG, options)
    assert len(list(options.out.glob("config*"))) == 2


def test_a_share_of_the_images_is_held_out(options):
    options = dataclasses.replace(options, held_out=(), held_out_share=0.25, steps=1)
    train(CONFIG, options)
    assert "\n# 9 training images, 3 held out;" in (options.out / "config.toml").read_text()


def test_images_that_do_not_fit_in_memory_are_read_when_needed(options, monkeypatch):
    undisturbed = in_folder(options, "undisturbed")
    train(CONFIG, undisturbed)
    monkeypatch.setattr(glow.training.images, "IN_MEMORY", 0)
    train(CONFIG, options)
    assert_same_run(options, undisturbed)


def test_folders_are_classes(options, photographs):
    for name, files in {"dark": range(6), "light": range(6, 12)}.items():
        (photographs / name).mkdir()
        for index in files:
            image = np.array(Image.open(photographs / f"{index}.png")) // 2
            image += 0 if name == "dark" else 127
            Image.fromarray(image).save(photographs / name / f"{index}.png")
            (photographs / f"{index}.png").unlink()
    options = dataclasses.replace(options, steps=150, measure_every=50, learning_rate=0.01)
    module = load_module(train(dataclasses.replace(CONFIG, classes=2), options))
    dark = load_images(sorted((photographs / "dark").glob("*.png")), 8)
    centred = dark.float() / 255.0 - 0.5
    right, wrong = (
        module.bits_per_dim(centred, 5, torch.full((6,), label)).mean() for label in (0, 1)
    )
    assert right < wrong - 0.05


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut short"])
def test_a_broken_checkpoint_is_named(options, content):
    options.out.mkdir()
    (options.out / "checkpoint.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"checkpoint\.pt is broken; remove it"):
        train(CONFIG, options)


def test_without_augmentation_the_images_themselves_are_seen(options, photographs):
    """What the flow is given differs from an image by less than the width of the noise."""
    options = dataclasses.replace(options, augmentation=None, noise_bits=8, steps=1)
    seen: list[torch.Tensor] = []
    original = TrainingRun._batch

    def watched(run, count):
        assert run.images.size == 8  # kept at the model's size, not enlarged
        batch = original(run, count)
        seen.append(batch[0])
        return batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingRun, "_batch", watched)
        train(CONFIG, options)
    files = sorted(photographs.glob("*.png"))
    originals = torch.stack(
        [torch.from_numpy(np.array(Image.open(p).resize((8, 8), Image.BICUBIC))) for p in files]
    ).permute(0, 3, 1, 2)
    centred = (originals / 255.0) - 0.5
    for image in torch.cat(seen):
        nearest = (centred - image).abs().amax(dim=(1, 2, 3)).min()
        assert nearest < 2.0**-8
