from __future__ import annotations

import os
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from glow import GlowConfig
from glow.module import GlowModule

# What the released models differ in.
VARIANTS = {
    "released": {"permutation": "invertible_1x1", "coupling": "additive", "bits": 5},
    "affine": {"permutation": "invertible_1x1", "coupling": "affine", "steps": 1, "levels": 3},
    "shuffle": {"permutation": "shuffle", "coupling": "additive", "learn_top": False},
    "shuffle-affine": {"permutation": "shuffle", "coupling": "affine", "classes": 3},
    "reverse": {"permutation": "reverse", "coupling": "additive", "classes": 3},
    "reverse-affine": {"permutation": "reverse", "coupling": "affine", "learn_top": False},
    "labels-alone": {"coupling": "affine", "learn_top": False, "classes": 2, "bits": 5},
}


def make_config(name: str) -> GlowConfig:
    return GlowConfig(**{"image_size": 8, "levels": 2, "steps": 2, "width": 8, **VARIANTS[name]})


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def make_original() -> Any:
    """Makes a Glow in TensorFlow, each variant once."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    pytest.importorskip(
        "tensorflow", reason="needs TensorFlow: pip install 'expression-transfer-bench[openai]'"
    )
    make_one = runpy.run_path(str(Path(__file__).with_name("tensorflow_glow.py")))["TensorFlowGlow"]
    made: dict[str, Any] = {}

    def make(name: str = "released", **options: Any) -> Any:
        key = f"{name} {options}"
        if key not in made:
            made[key] = make_one(make_config(name), **options)
        return made[key]

    return make


class Variables:
    """A source without a file: the variables of a flow of the package, as the original has them."""

    kind = "checkpoint"
    image_size: int | None = None
    bits: int | None = None

    def __init__(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        self.arrays = dict(arrays)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: array.shape for name, array in self.arrays.items()}

    def read(self, name: str) -> np.ndarray[Any, Any]:
        return self.arrays[name]

    def decode(self, latents: Any) -> None:
        return None

    def rename(self, old: str, new: str) -> None:
        self.arrays = {name.replace(old, new): array for name, array in self.arrays.items()}


@pytest.fixture
def make_module() -> Any:
    """Makes a flow of the package with random parameters."""

    def make(name: str = "released") -> GlowModule:
        torch.manual_seed(3)
        module = GlowModule(make_config(name)).eval()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(0.1 * torch.randn_like(parameter))
            for name, buffer in module.named_buffers():
                if name.endswith("initialized"):
                    buffer.fill_(True)
        return module

    return make


@pytest.fixture
def make_variables(make_module: Any) -> Any:
    """Makes the variables that the original would have for the flow of ``make_module``."""

    def make(name: str = "released") -> Variables:
        module = make_module(name)
        config, state = module.config, {k: v.numpy() for k, v in module.state_dict().items()}
        arrays: dict[str, np.ndarray[Any, Any]] = {}

        def kernel(theirs: str, ours: str) -> None:
            arrays[theirs] = np.moveaxis(state[ours], (0, 1), (3, 2))

        def actnorm(theirs: str, ours: str) -> None:
            arrays[f"{theirs}/actnorm_center/b"] = state[f"{ours}.bias"][None, None, None]
            arrays[f"{theirs}/actnorm_scale/logs"] = state[f"{ours}.logs"][None, None, None]

        def zero_conv(theirs: str, ours: str) -> None:
            kernel(f"{theirs}/W", f"{ours}.conv.weight")
            arrays[f"{theirs}/b"] = state[f"{ours}.bias"][None, None, None]
            arrays[f"{theirs}/logs"] = state[f"{ours}.logs"][None]

        for level in range(config.levels):
            for step in range(config.steps):
                theirs, ours = f"model/{level}/{step}", f"levels.{level}.steps.{step}"
                actnorm(theirs, f"{ours}.actnorm")
                if config.permutation == "invertible_1x1":
                    arrays[f"{theirs}/invconv/W"] = state[f"{ours}.permutation.weight"].T
                elif config.permutation == "shuffle":
                    order = state[f"{ours}.permutation.order"].astype(np.int32)
                    arrays[f"{theirs}/shuffle/indices"] = order
                    inverse = np.argsort(order).astype(np.int32)
                    arrays[f"{theirs}/shuffle/indices_inverse"] = inverse
                network = f"{ours}.coupling.network"
                kernel(f"{theirs}/f1/l_1/W", f"{network}.0.weight")
                actnorm(f"{theirs}/f1/l_1", f"{network}.1")
                kernel(f"{theirs}/f1/l_2/W", f"{network}.3.weight")
                actnorm(f"{theirs}/f1/l_2", f"{network}.4")
                zero_conv(f"{theirs}/f1/l_last", f"{network}.6")
        for level in range(config.levels - 1):
            zero_conv(f"model/pool{level}/conv", f"splits.{level}.prior")
        if config.learn_top:
            zero_conv("model/prior/p", "top.prior")
        if config.classes:
            arrays["model/prior/y_emb/W"] = state["top.labels.weight"].T
            arrays["model/prior/y_emb/b"] = state["top.labels.bias"][None]
            arrays["model/prior/y_emb/logs"] = state["top.labels.logs"][None]
        return Variables(arrays)

    return make
