"""The measured likelihood is the model's, and the round trip is exact."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from PIL import Image

from glow import GlowConfig
from glow.__main__ import main
from glow.checkpoint import save_module
from glow.evaluate import evaluate
from glow.module import GlowModule

CONFIG = GlowConfig(image_size=8, levels=2, steps=1, width=4)


def test_an_untrained_model_has_the_closed_form_of_a_rotated_normal() -> None:
    """One step without couplings' effect: a volume-preserving map up to sigmoid(2) scales."""
    torch.manual_seed(0)
    config = GlowConfig(image_size=8, levels=1, steps=1, width=4, coupling="additive")
    module = GlowModule(config).eval()
    images = torch.full((3, 3, 8, 8), 128, dtype=torch.uint8)
    result = evaluate(module, images, noise_bits=8, repeats=64)
    # Grey sits at (128.5 / 256 - 0.5), so the latents are next to 0 and their density is that of
    # a standard normal at 0 plus half of the mean square.
    square = (0.5 / 256) ** 2 + (1 / 256) ** 2 / 12
    expected = (0.5 * math.log(2 * math.pi) + 0.5 * square) / math.log(2) + 8
    assert result.bits_per_dim == pytest.approx(expected, abs=1e-5)
    assert result.latent_rms == pytest.approx(0.5 / 256, rel=1e-4)
    assert result.round_trip_error < 1e-6


def test_wider_noise_is_counted(tmp_path: Path) -> None:
    module = GlowModule(CONFIG).eval()
    images = torch.randint(0, 256, (20, 3, 8, 8), dtype=torch.uint8)
    fine, coarse = (evaluate(module, images, noise_bits=bits) for bits in (8, 4))
    assert fine.bits_per_dim - coarse.bits_per_dim == pytest.approx(4.0, abs=0.1)


def test_the_command_prints_the_same_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = GlowModule(CONFIG).eval()
    save_module(module, tmp_path / "model.safetensors")
    Image.new("RGB", (8, 8), (10, 200, 30)).save(tmp_path / "face.png")
    arguments = ["evaluate", str(tmp_path / "model.safetensors"), "--images", str(tmp_path)]
    assert main([*arguments, "--noise-bits", "5"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["images"] == 1
    assert printed["noise_bits"] == 5
    assert printed["round_trip_error"] < 1e-6
    assert main(["evaluate", "nothing", "--images", str(tmp_path)]) == 1
    assert "known models" in capsys.readouterr().err
