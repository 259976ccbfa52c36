from __future__ import annotations

import argparse
import json
import subprocess
import sys

import pytest

from glow import Glow
from glow.convert.command import add_convert, run_convert


@pytest.fixture
def parse():
    parser = argparse.ArgumentParser()
    add_convert(parser.add_subparsers())
    return parser.parse_args


@pytest.fixture
def source(make_variables, monkeypatch):
    """Stands in for a file that TensorFlow would read."""
    variables = make_variables()
    monkeypatch.setattr("glow.convert.source.open_source", lambda path: variables)
    return variables


def test_the_written_file_is_a_glow(parse, source, tmp_path, capsys):
    out = tmp_path / "model.safetensors"
    options = parse(
        ["convert", "model.ckpt", "--out", str(out), "--image-size", "8", "--bits", "5"]
    )
    assert run_convert(options) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("checkpoint: 8 x 8 pixels at 5 bits, 2 levels of 2 steps, width 8")
    assert printed[-1] == str(out)
    assert Glow.from_pretrained(out).config.coupling == "additive"


def test_json_says_what_was_assumed(parse, source, tmp_path, capsys):
    out = tmp_path / "model.safetensors"
    run_convert(parse(["convert", "m", "--out", str(out), "--image-size", "8", "--json"]))
    row = json.loads(capsys.readouterr().out)
    assert row["bits_assumed"]
    assert row["config"]["permutation"] == "invertible_1x1"
    assert row["variables"] == len(source.arrays)


def test_nothing_is_written_for_a_broken_source(parse, source, tmp_path):
    del source.arrays["model/prior/p/W"]
    options = parse(
        ["convert", "m", "--out", str(tmp_path / "model.safetensors"), "--image-size", "8"]
    )
    with pytest.raises(ValueError, match="model/prior/p/W"):
        run_convert(options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("out", "match"), [("model.pt", "must end in"), ("none/model.safetensors", "no folder")]
)
def test_a_place_that_cannot_be_written_is_said_first(parse, source, tmp_path, out, match):
    with pytest.raises((ValueError, FileNotFoundError), match=match):
        run_convert(parse(["convert", "m", "--out", str(tmp_path / out), "--image-size", "8"]))


def test_the_parser_does_not_load_tensorflow():
    code = (
        "import argparse, sys; from glow.convert.command import add_convert; "
        "add_convert(argparse.ArgumentParser().add_subparsers()); "
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
