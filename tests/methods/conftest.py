from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.data.split import Pair
from bench.plugins.contracts import Face, MethodContext, TransferRequest
from glow import GlowConfig
from glow.checkpoint import save_module
from glow.module import GlowModule

SIZE = 16


@pytest.fixture
def faces() -> dict[tuple[str, str], Face]:
    """Four people with two neutral photographs and a smile each, of noise."""
    random = np.random.default_rng(0)
    return {
        (identity, sample): Face(
            identity,
            sample,
            "happy" if sample == "smiling" else "neutral",
            random.integers(256, size=(SIZE, SIZE, 3), dtype=np.uint8),
        )
        for identity in "abcd"
        for sample in ("neutral", "neutral-2", "smiling")
    }


@pytest.fixture
def request_for(faces) -> Callable[..., TransferRequest]:
    def make(source: str, target: str, alpha: float = 1.0) -> TransferRequest:
        return TransferRequest(
            Pair("test", source, "smiling", target),
            faces[source, "smiling"],
            (faces[source, "neutral"], faces[source, "neutral-2"]),
            (faces[target, "neutral"], faces[target, "neutral-2"]),
            alpha,
        )

    return make


@pytest.fixture
def context(faces) -> MethodContext:
    """``d`` never smiled for a photographer; everybody's stranger is ``c``."""

    def look_up(identity: str, expression: str) -> Face | None:
        return None if identity == "d" or expression != "happy" else faces[identity, "smiling"]

    return MethodContext(
        dataset="made-up",
        resolution=SIZE,
        device="cpu",
        seed=0,
        development=list,
        neutral=lambda identity: faces[identity, "neutral"],
        look_up=look_up,
        stranger=lambda pair: faces["c", "smiling"],
    )


@pytest.fixture
def dev_context(context, faces) -> MethodContext:
    """As ``context``, with ``c`` and ``d`` for the dev people."""
    people = [face for face in faces.values() if face.identity in "cd"]
    return replace(context, development=lambda: people)


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Path:
    """A tiny Glow that has learned nothing but is far from its initial state."""
    torch.manual_seed(0)
    module = GlowModule(GlowConfig(image_size=SIZE, levels=2, steps=2, width=6)).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    path = tmp_path_factory.mktemp("weights") / "tiny" / "model.safetensors"
    path.parent.mkdir()
    save_module(module, path)
    return path
