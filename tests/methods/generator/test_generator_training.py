"""Training of the small generator: it learns, goes on where it was, and meets nobody it is to."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.data.synthfaces.designs import make_faces
from bench.data.synthfaces.folder import draw_images, write_tables
from bench.methods.generator.__main__ import main, require_strangers
from bench.methods.generator.loading import load_generator
from bench.methods.generator.training import (
    GeneratorTraining,
    TrainingOptions,
    pyramid_distance,
)
from bench.paths import datasets_folder

IMAGES = np.random.default_rng(0).integers(60, 200, (6, 3, 64, 64)).astype(np.uint8)


def training(out: Path, **options: float) -> GeneratorTraining:
    settings = TrainingOptions(out=out, **{"steps": 4, "batch": 4, "warmup": 1, **options})
    return GeneratorTraining(settings, IMAGES, IMAGES[:3])


def test_an_interrupted_run_ends_as_an_undisturbed_one(tmp_path):
    whole = training(tmp_path / "whole")
    losses = list(whole.steps())
    first = training(tmp_path / "parts")
    steps = first.steps()
    again = [next(steps), next(steps)]
    first.measure()
    second = training(tmp_path / "parts")
    assert second.step == 2
    again += list(second.steps())
    assert again == losses
    assert second.measure() == whole.measure() | {"training_loss": np.mean(losses[2:])}
    for name, value in whole.generator.state_dict().items():
        assert torch.equal(second.generator.state_dict()[name], value), name


def test_a_run_that_was_done_goes_on_with_more_steps(tmp_path):
    done = training(tmp_path)
    list(done.steps())
    done.measure()
    more = training(tmp_path, steps=6)
    assert len(list(more.steps())) == 2
    more.measure()
    with (tmp_path / "log.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["4", "6"]


def test_its_loss_falls(tmp_path):
    run = training(tmp_path, steps=25, learning_rate=1e-2)
    losses = list(run.steps())
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


def test_the_distance_is_0_for_the_same_and_counts_every_scale():
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert float(pyramid_distance(image, image)) == 0.0
    # A shift of all values is seen by the coarsest level alone: 0.1^2 + 0.1.
    assert float(pyramid_distance(image + 0.1, image)) == pytest.approx(0.11, rel=1e-4)
    checks = 0.1 * (torch.arange(16)[:, None] + torch.arange(16)).remainder(2).mul(2).sub(1)
    assert float(pyramid_distance(image + checks, image)) == pytest.approx(0.11, rel=1e-4)


def test_people_of_the_benchmark_are_refused(tmp_path):
    with pytest.raises(Exception, match=r"40 people of the benchmark synthfaces, such as s001"):
        require_strangers(datasets_folder() / "synthfaces")
    faces = make_faces("training", people=5, images=1, seed=1)
    write_tables(tmp_path, faces)
    require_strangers(tmp_path)


def test_the_command_trains_what_the_method_reads(tmp_path, capsys):
    faces = make_faces("training", people=4, images=2, seed=1)
    write_tables(tmp_path / "fresh", faces)
    draw_images(tmp_path / "fresh", faces, workers=1)
    arguments = ["train", "--faces", str(tmp_path / "fresh"), "--out", str(tmp_path / "run")]
    assert main([*arguments, "--steps", "2", "--batch", "4"]) == 0
    printed = capsys.readouterr()
    assert printed.out.strip() == str(tmp_path / "run" / "model.pt")
    assert "held_out_psnr" in printed.err
    assert load_generator(tmp_path / "run" / "model.pt", trust=True).side == 64
    assert (tmp_path / "run" / "samples.png").is_file()


def test_what_is_wrong_with_the_command_is_one_line(tmp_path, capsys):
    faces = datasets_folder() / "synthfaces"
    assert main(["train", "--faces", str(faces), "--out", str(tmp_path / "run")]) == 1
    assert capsys.readouterr().err.startswith("error: ")
    arguments = ["train", "--faces", str(tmp_path), "--out", str(tmp_path), "--batch", "0"]
    assert main(arguments) == 1
    assert "no table of drawn faces" in capsys.readouterr().err
