from __future__ import annotations

import csv
import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import glow.train
from glow import GlowConfig
from glow.__main__ import main
from glow.checkpoint import load_glow
from glow.train import TrainingOptions, train

CONFIG = GlowConfig(image_size=8, levels=2, steps=1, width=4)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Twelve smooth coloured images of 32x32 pixels."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    random = np.random.default_rng(0)
    ramp = np.linspace(0.0, 1.0, 32)
    for index in range(12):
        across, down, level = random.uniform(0.0, 0.4, (3, 3))
        image = 0.1 + level + across * ramp[:, None, None] + down * ramp[None, :, None]
        Image.fromarray((image.clip(0, 1) * 255).astype(np.uint8)).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def options(photographs: Path, tmp_path: Path) -> TrainingOptions:
    return TrainingOptions(
        images=[photographs],
        held_out=[photographs],
        out=tmp_path / "run",
        steps=12,
        batch=4,
        warmup=2,
        measure_every=4,
        bf16=False,
    )


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
    best, other_best = (load_glow(o.out / "model.safetensors").state_dict() for o in (one, other))
    assert all(torch.equal(tensor, other_best[key]) for key, tensor in best.items())


def fail_at_call(monkeypatch, owner: object, name: str, call: int) -> None:
    original, calls = getattr(owner, name), []

    def failing(*arguments, **keywords):
        calls.append(None)
        if len(calls) == call:
            raise InterruptedError("power cut")
        return original(*arguments, **keywords)

    monkeypatch.setattr(owner, name, failing)


@pytest.mark.parametrize("bf16", [False, True])
def test_the_loss_falls(options, bf16):
    options = in_folder(options, "falls", steps=80, measure_every=20, bf16=bf16)
    best = train(CONFIG, options)
    rows = log(options)
    assert [int(row["step"]) for row in rows] == [20, 40, 60, 80]
    assert float(rows[-1]["training"]) < float(rows[0]["training"]) - 0.3
    assert float(rows[-1]["held_out"]) < float(rows[0]["held_out"]) - 0.3
    assert load_glow(best).config == CONFIG
    assert Image.open(options.out / "samples.png").size == (64, 16)


@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [
        pytest.param(torch.nn.utils, "clip_grad_norm_", 7, id="in-a-step"),
        pytest.param(glow.train, "save_grid", 2, id="between-log-row-and-checkpoint"),
        pytest.param(glow.train, "save_grid", 1, id="before-the-first-checkpoint"),
        pytest.param(os, "replace", 6, id="before-the-checkpoint-is-in-place"),
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
    arguments += [f"--images={options.images[0]}", f"--held-out={options.images[0]}"]
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


@pytest.mark.parametrize("symptom", ["loss", "gradient", "held-out"])
def test_a_diverging_run_stops_and_keeps_its_last_checkpoint(options, monkeypatch, symptom):
    train(CONFIG, dataclasses.replace(options, steps=4))
    before = {p.name: p.read_bytes() for p in options.out.iterdir()}
    options = dataclasses.replace(options, warmup=0)
    if symptom == "loss":
        options = dataclasses.replace(options, learning_rate=1e20)
    elif symptom == "gradient":
        infinite = torch.tensor(float("inf"))
        monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: infinite)
    else:
        monkeypatch.setattr(glow.train._Run, "_update_average", _break_average)
    with pytest.raises(RuntimeError, match=f"{symptom}.* step .*smaller --learning-rate"):
        train(CONFIG, options)
    assert {p.name: p.read_bytes() for p in options.out.iterdir()} == before


@torch.no_grad()
def _break_average(run) -> None:
    for parameter in run.average.parameters():
        parameter.fill_(float("nan"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--images", "absent"], "no folder or list of images at absent"),
        (["--images", "{empty}"], "no images in"),
        (["--images", "{photographs}/0.png"], "neither a folder nor a text list"),
        (["--images", "{list}"], "cannot read the image gone.png"),
        (["--image-size", "20", "--levels", "3"], "20 is not divisible"),
        (["--device", "abacus"], "no device 'abacus'"),
        (["--measure-every", "0"], "measure_every must be at least 1"),
        (["--width", "5"], "another configuration"),
    ],
)
def test_errors_of_the_command_are_one_line(options, tmp_path, capfd, arguments, words):
    train(CONFIG, dataclasses.replace(options, steps=1, measure_every=1))
    empty, listed = tmp_path / "empty", tmp_path / "list.txt"
    empty.mkdir()
    listed.write_text("gone.png\n")
    names = {"empty": empty, "list": listed, "photographs": options.images[0]}
    usual = ["--held-out", str(options.images[0]), "--out", str(options.out)]
    usual += ["--image-size", "8", "--levels", "2", "--depth", "1", "--width", "4"]
    if "--images" not in arguments:
        usual += ["--images", str(options.images[0])]
    capfd.readouterr()
    assert main(["train", *usual, *(a.format(**names) for a in arguments)]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert words in err


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
    original = glow.train._Run._batch

    def watched(run, images, count):
        assert images.shape[2:] == (8, 8)  # kept at the model's size, not enlarged
        batch = original(run, images, count)
        seen.append(batch)
        return batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glow.train._Run, "_batch", watched)
        train(CONFIG, options)
    files = sorted(photographs.glob("*.png"))
    originals = torch.stack(
        [torch.from_numpy(np.array(Image.open(p).resize((8, 8), Image.BICUBIC))) for p in files]
    ).permute(0, 3, 1, 2)
    centred = (originals / 255.0) - 0.5
    for image in torch.cat(seen):
        nearest = (centred - image).abs().amax(dim=(1, 2, 3)).min()
        assert nearest < 2.0**-8


def test_the_command_trains_without_augmentation(photographs, tmp_path):
    words = f"train --images {photographs} --held-out {photographs} --out {tmp_path / 'run'}"
    size = "--image-size 8 --levels 2 --depth 1 --width 4 --batch 4 --steps 1 --no-augment"
    assert main([*words.split(), *size.split()]) == 0
