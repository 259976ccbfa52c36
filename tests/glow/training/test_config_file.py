from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from glow import GlowConfig
from glow.data import Augmentation
from glow.training import TrainingOptions
from glow.training.config_file import config_text, read_config
from glow.training.settings import from_options, to_options, with_defaults


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_setting_survives_the_file(tmp_path):
    """With no value at its default: one that was forgotten would come back as the default."""
    config = GlowConfig(32, 3, 5, 7, "additive", "shuffle", 5, False, actnorm=False, classes=3)
    options = TrainingOptions(
        data=[tmp_path / "a", tmp_path / 'quo"ted \\ ünï 😀'],
        out=tmp_path / "out",
        held_out=[tmp_path / "b"],
        held_out_share=0.25,
        part="practice",
        data_folders=[tmp_path / "c"],
        steps=11,
        batch=3,
        learning_rate=1e-05,
        warmup=12,
        weight_decay=0.0,
        average=0.5,
        noise_bits=4,
        clip=1.5,
        measure_every=2,
        precision="fp32",
        memory="invert",
        device="cuda",
        seed=9,
        augmentation=Augmentation(1.0, 0.2, 0.3, 0.4, 0.5),
    )
    for value, default in ((config, GlowConfig()), (options, TrainingOptions([], Path()))):
        for field in dataclasses.fields(value):
            # Images have three channels.
            if field.name != "channels":
                assert getattr(value, field.name) != getattr(default, field.name), field.name
    path = written(tmp_path, config_text(from_options(config, options), ["a comment"]))
    assert to_options(with_defaults(read_config(path))) == (config, options)


@pytest.mark.parametrize("augmentation", [None, Augmentation()])
def test_images_are_changed_or_not(tmp_path, augmentation):
    options = TrainingOptions([tmp_path], tmp_path, augmentation=augmentation)
    path = written(tmp_path, config_text(from_options(GlowConfig(), options), []))
    assert to_options(with_defaults(read_config(path)))[1].augmentation == augmentation


def test_what_is_given_later_wins_and_paths_start_at_the_file(tmp_path):
    path = written(tmp_path, 'data = "here"\nout = "there"\nsteps = 3\nlearning-rate = 1\n')
    values = with_defaults(read_config(path), {"steps": 5})
    assert values["data"] == [tmp_path / "here"]
    assert values["out"] == tmp_path / "there"
    assert (values["steps"], values["learning-rate"], values["batch"]) == (5, 1.0, 32)
    assert isinstance(values["learning-rate"], float)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("learning-rat = 1", "unknown key 'learning-rat'; did you mean 'learning-rate'?"),
        ("image_size = 64", "unknown key 'image_size'; did you mean 'image-size'?"),
        ("[model]\nwidth = 3", "unknown key 'model'"),
        ("xyzzy = 1", "unknown key 'xyzzy'"),
        ("steps = 3.5", "steps must be a whole number, not 3.5"),
        ("steps = true", "steps must be a whole number, not True"),
        ('batch = "8"', "batch must be a whole number, not '8'"),
        ('clip = "high"', "clip must be a number, not 'high'"),
        ("augment = 1", "augment must be true or false, not 1"),
        ("device = 0", "device must be a text, not 0"),
        ("data = [1]", "data must be a path, not 1"),
        ('memory = "inverse"', "memory must be one of keep, .*; did you mean 'invert'?"),
        ("steps = ", "not valid TOML"),
    ],
)
def test_a_wrong_config_file_is_named_with_its_key(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=words.replace("?", r"\?")) as caught:
        read_config(path)
    assert str(path) in str(caught.value)


def test_a_missing_config_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no config file at .*absent\.toml"):
        read_config(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("given", "words"),
    [({}, "no training images: give --data"), ({"data": ["x"]}, "no folder of the run: give --o")],
)
def test_what_must_be_given_is_asked_for(given, words):
    with pytest.raises(ValueError, match=words):
        with_defaults(given)
