"""A run that comes apart says where, and leaves what was good."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext

import pytest
import torch

from glow import GlowConfig
from glow.training import train
from glow.training.divergence import find_fault
from glow.training.run import TrainingRun

CONFIG = GlowConfig(image_size=8, levels=2, steps=4, width=4)
SMALL = dataclasses.replace(CONFIG, steps=1)


def centred(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(0)) - 0.5


@pytest.mark.parametrize(
    ("parameter", "layer"),
    [
        ("levels.1.steps.3.coupling.network.3.weight", "levels.1.steps.3.coupling"),
        ("levels.0.steps.2.actnorm.bias", "levels.0.steps.2.actnorm"),
        ("levels.0.steps.0.permutation.weight", "levels.0.steps.0.permutation"),
        ("splits.0.prior.logs", "splits.0"),
        ("top.prior.bias", "top"),
    ],
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_fault_put_into_one_parameter_is_found(make_module, parameter, layer, value):
    module = make_module(steps=4)
    with torch.no_grad():
        module.get_parameter(parameter).view(-1)[-1] = value
    fault = find_fault(module, centred(2), None, nullcontext)
    assert fault == f"{layer} gives the first output that is not finite"


def test_a_singular_matrix_is_a_fault_of_its_step(make_module):
    module = make_module(steps=4)
    with torch.no_grad():
        module.get_parameter("levels.0.steps.1.permutation.weight").zero_()
    fault = find_fault(module, centred(2), None, nullcontext)
    assert fault.startswith("levels.0.steps.1 gives")


def test_one_bad_image_is_enough(make_module):
    state = centred(3)
    state[2, 0, 0, 0] = float("nan")
    fault = find_fault(make_module(), state, None, nullcontext)
    assert fault.startswith("levels.0.steps.0.actnorm gives")


def test_a_gradient_that_overflows_is_found(make_module, monkeypatch):
    """The forward pass is finite; the backward pass is broken at one coupling."""
    module = make_module(steps=4)
    broken = "levels.0.steps.2.coupling.network.6.bias"
    original = type(module).load_state_dict

    def load_and_break(copy, state):
        original(copy, state)
        copy.get_parameter(broken).register_hook(lambda gradient: gradient * float("inf"))

    monkeypatch.setattr(type(module), "load_state_dict", load_and_break)
    fault = find_fault(module, centred(2), None, nullcontext)
    assert fault == "levels.0.steps.2.coupling has the first gradient that is not finite"


def test_if_nothing_is_wrong_the_largest_gradient_is_named(make_module):
    module = make_module(steps=4)
    # Only this layer's gradient is made large: its output stays next to zero.
    with torch.no_grad():
        module.get_parameter("levels.1.steps.1.coupling.network.4.logs").fill_(-3.0)
        module.get_parameter("levels.1.steps.1.coupling.network.6.logs").fill_(3.0)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    fault = find_fault(module, centred(2), None, nullcontext)
    assert fault.startswith("all is finite when it is run again; levels.1.steps.1.coupling has")
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())


@pytest.mark.parametrize("symptom", ["loss", "gradient", "held-out"])
def test_a_diverging_run_stops_and_keeps_its_last_checkpoint(options, monkeypatch, symptom):
    train(SMALL, dataclasses.replace(options, steps=4))
    before = {p.name: p.read_bytes() for p in options.out.iterdir()}
    options = dataclasses.replace(options, warmup=0)
    if symptom == "loss":
        options = dataclasses.replace(options, learning_rate=1e20)
        words = r"the loss is (nan|inf) at step 5: levels\.0\.steps\.0\.actnorm gives"
    elif symptom == "gradient":
        infinite = torch.tensor(float("inf"))
        monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: infinite)
        words = "gradient's norm is inf at step 4: all is finite when it is run again"
    else:
        monkeypatch.setattr(TrainingRun, "_update_average", _break_average)
        words = r"held-out loss is nan at step 8: levels\.1\.steps\.0\.coupling gives"
    with pytest.raises(RuntimeError, match=f"{words}.*is good: go on .* smaller --learning-rate"):
        train(SMALL, options)
    after = {p.name: p.read_bytes() for p in options.out.iterdir()}
    assert {name: after[name] for name in before if name != "config.toml"} == {
        name: content for name, content in before.items() if name != "config.toml"
    }


@torch.no_grad()
def _break_average(run) -> None:
    run.average.get_parameter("levels.1.steps.0.coupling.network.6.bias").fill_(float("nan"))


@pytest.mark.parametrize("memory", ["keep", "checkpoint", "invert"])
def test_a_run_that_diverges_at_once_says_that_nothing_is_kept(options, memory):
    options = dataclasses.replace(options, warmup=0, learning_rate=1e20, memory=memory)
    with pytest.raises(RuntimeError, match=r"step 1: .*there is no checkpoint yet: start again"):
        train(SMALL, options)
    assert {path.name for path in options.out.iterdir()} == {"config.toml"}
