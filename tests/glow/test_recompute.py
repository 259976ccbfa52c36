"""Less memory, the same gradients."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from glow import GlowConfig
from glow.module import GlowModule
from glow.recompute import Memory, save_memory, state_dtype

RECOMPUTED = [memory for memory in get_args(Memory) if memory != "keep"]


def trained(spread: float = 0.05, **options) -> GlowModule:
    """A model with initialised actnorms and parameters that are not those of the start."""
    torch.manual_seed(3)
    module = GlowModule(GlowConfig(**{"image_size": 8, "levels": 2, "width": 8, **options}))
    with torch.no_grad():
        module.train().log_prob(centred(64), labels(module, 64))
        for parameter in module.parameters():
            parameter.add_(spread * torch.randn_like(parameter))
    return module


def centred(count: int) -> Tensor:
    return torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(0)) - 0.5


def labels(module: GlowModule, count: int) -> Tensor | None:
    classes = module.config.classes
    return torch.arange(count) % classes if classes else None


def copy(module: GlowModule, memory: Memory) -> GlowModule:
    other = GlowModule(module.config).to(next(module.parameters()).dtype)
    other.load_state_dict(module.state_dict())
    save_memory(other, memory)
    return other.train()


def gradients(module: GlowModule, state: Tensor, *, bf16: bool = False) -> dict[str, Tensor]:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        loss = module.bits_per_dim(state, 5, labels(module, len(state))).mean()
    loss.backward()
    found = {name: p.grad for name, p in module.named_parameters() if p.grad is not None}
    return found | {"loss": loss.detach()}


def difference(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """Largest over the parameters of the relative difference in norm."""
    assert found.keys() == expected.keys()
    return max(
        float((found[name] - tensor).norm() / tensor.norm().clamp(min=1e-12))
        for name, tensor in expected.items()
    )


@pytest.mark.parametrize("memory", RECOMPUTED)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"coupling": "additive"},
        {"permutation": "shuffle"},
        {"permutation": "reverse", "actnorm": False},
        {"permutation": "reverse", "actnorm": False, "coupling": "additive"},
        {"learn_top": False, "channels": 3, "classes": 2},
    ],
    ids=str,
)
def test_gradients_are_those_of_autograd(memory, options):
    module = trained(steps=3, **options).double()
    state = centred(5).double()
    expected = gradients(copy(module, "keep"), state)
    assert difference(gradients(copy(module, memory), state), expected) < 1e-10


@pytest.mark.parametrize("coupling", ["affine", "additive"])
@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_at_depth_32_the_wide_state_makes_recovered_gradients_right(coupling, bf16):
    module = trained(0.02, levels=1, steps=32, width=32, coupling=coupling)
    state = centred(8).to(state_dtype("invert"))
    expected = gradients(copy(module, "keep"), state, bf16=bf16)
    found = gradients(copy(module, "invert"), state, bf16=bf16)
    assert difference(found, expected) < 1e-6


def test_what_cannot_be_recovered_is_an_error_and_not_a_wrong_gradient():
    module = trained(0.02, levels=1, steps=32, width=32)
    narrow = centred(8).float()
    with pytest.raises(RuntimeError, match=r"levels\.0: its input cannot be .*--memory checkpoint"):
        gradients(copy(module, "invert"), narrow, bf16=True)


@pytest.mark.parametrize("memory", RECOMPUTED)
def test_actnorms_are_initialised_by_the_first_batch_and_not_by_what_is_recovered(memory):
    torch.manual_seed(0)
    fresh = GlowModule(GlowConfig(image_size=8, levels=2, steps=3, width=8)).double()
    state = centred(5).double() * 3.0
    plain, other = copy(fresh, "keep"), copy(fresh, memory)
    expected, found = gradients(plain, state), gradients(other, state)
    assert float(plain.get_buffer("levels.1.steps.2.actnorm.initialized")) == 1.0
    assert difference(found, expected) < 1e-10
    for (name, tensor), value in zip(
        plain.state_dict().items(), other.state_dict().values(), strict=True
    ):
        assert torch.equal(tensor, value), name


@pytest.mark.parametrize("memory", get_args(Memory))
def test_names_and_likelihood_stay(memory):
    module = trained(steps=2)
    other = copy(module, memory)
    assert list(other.state_dict()) == list(module.state_dict())
    assert torch.equal(other.log_prob(centred(3)), module.log_prob(centred(3)))


def test_memory_is_independent_of_the_depth():
    kept = {
        memory: [saved_bytes(memory, depth) for depth in (2, 16)] for memory in get_args(Memory)
    }
    shallow, deep = kept["keep"]
    assert deep > 6 * shallow
    shallow, deep = kept["checkpoint"]
    assert 3 * shallow < deep < kept["keep"][1] / 8
    shallow, deep = kept["invert"]
    assert shallow == deep < kept["keep"][0] / 4


def saved_bytes(memory: Memory, depth: int) -> int:
    """What the graph of a batch's loss holds, besides the parameters."""
    module = copy(trained(0.0, steps=depth, width=64), memory)
    weights = {parameter.untyped_storage().data_ptr() for parameter in module.parameters()}
    held: dict[int, int] = {}

    def hold(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            held[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(hold, lambda tensor: tensor):
        loss = module.bits_per_dim(centred(4).to(state_dtype(memory)), 5).mean()
    assert torch.isfinite(loss)
    return sum(held.values())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_peak_memory_of_a_process_is_independent_of_the_depth():
    def peak(memory: Memory, depth: int) -> float:
        script = Path(__file__).with_name("peak_memory.py")
        options = f"--memory {memory} --depth {depth} --levels 2 --width 128 --batch 16".split()
        environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(script), *options]
        return float(subprocess.check_output(command, env=environment, text=True))

    shallow, deep = peak("invert", 2), peak("invert", 24)
    assert deep < 1.2 * shallow
    assert peak("keep", 24) > 5 * deep
