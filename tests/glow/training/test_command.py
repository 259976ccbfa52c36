from __future__ import annotations

import dataclasses

import pytest
import torch

import glow.training.procedure
from glow import GlowConfig
from glow.__main__ import main
from glow.checkpoint import load_tensors
from glow.training import train

CONFIG = GlowConfig(image_size=8, levels=2, steps=1, width=4)
SIZE = ["--image-size=8", "--levels=2", "--depth=1", "--width=4", "--batch=4", "--steps=1"]


def test_the_command_trains_without_augmentation_by_the_older_name_of_data(photographs, tmp_path):
    words = f"train --images {photographs} --held-out {photographs} --out {tmp_path / 'run'}"
    assert main([*words.split(), *SIZE, "--no-augment"]) == 0


def test_options_win_over_the_config_file_and_replace_its_lists(photographs, tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text('data = ["absent"]\nout = "run"\nwidth = 9\ndepth = 2\naugment = true\n')
    options = ["--config", str(config), *SIZE, "--data", str(photographs), "--no-augment"]
    assert main(["train", *options]) == 0
    best = tmp_path / "run" / "model.safetensors"
    assert capsys.readouterr().out == f"{best}\n"
    assert load_tensors(best)[0] == CONFIG
    assert "augment = false\n" in (tmp_path / "run" / "config.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "absent"], "no folder, list of images or dataset card at absent"),
        (["--data", "{empty}"], "no images in"),
        (["--data", "{photographs}/0.png"], "neither a folder, nor a text list"),
        (["--data", "{list}"], "cannot read the image gone.png"),
        (["--image-size", "20", "--levels", "3"], "20 is not divisible"),
        (["--device", "abacus"], "no device 'abacus'"),
        (["--measure-every", "0"], "measure_every must be at least 1"),
        (["--width", "5"], "another configuration"),
        (["--classes", "2"], "--data has 0 folders"),
        (["--config", "absent.toml"], "no config file at absent.toml"),
    ],
)
def test_errors_of_the_command_are_one_line(options, tmp_path, capfd, arguments, words):
    train(CONFIG, dataclasses.replace(options, steps=1, measure_every=1))
    before = {p.name: p.read_bytes() for p in options.out.iterdir()}
    empty, listed = tmp_path / "empty", tmp_path / "list.txt"
    empty.mkdir()
    listed.write_text("gone.png\n")
    names = {"empty": empty, "list": listed, "photographs": options.data[0]}
    usual = ["--held-out", str(options.data[0]), "--out", str(options.out)]
    usual += ["--image-size", "8", "--levels", "2", "--depth", "1", "--width", "4"]
    if "--data" not in arguments:
        usual += ["--data", str(options.data[0])]
    capfd.readouterr()
    assert main(["train", *usual, *(a.format(**names) for a in arguments)]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.strip().startswith("error: ")
    assert err.strip().count("\n") == 0
    assert words in err
    assert {p.name: p.read_bytes() for p in options.out.iterdir()} == before


def test_too_little_memory_names_what_needs_less(options, monkeypatch, capfd):
    def fail(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

    monkeypatch.setattr(glow.training.procedure.TrainingRun, "steps", fail)
    command = ["train", "--data", str(options.data[0]), "--out", str(options.out), *SIZE]
    assert main(command) == 1
    err = capfd.readouterr().err
    assert "Tried to allocate 2 GiB" in err
    assert "--memory invert" in err
