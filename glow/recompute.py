"""Training in less memory: activations that are computed again instead of kept.

What a step keeps for its gradient is mostly the hidden channels of its coupling network, hundreds
of them, against the few channels of the state that passes through it.

- ``keep``: as autograd does it; memory grows with the depth by whole networks.
- ``checkpoint``: each step keeps its input and runs again in the backward pass (Chen et al. 2016,
  "Training deep nets with sublinear memory cost"); memory grows by one state a step.
- ``invert``: a level keeps its input and its output, whatever its depth. The backward pass walks
  its steps in reverse and recovers each step's input from its output (Gomez et al. 2017, "The
  reversible residual network").

Both run each network twice forward and once backward: about a third more work than ``keep``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint

from glow.layers import CouplingLayer, FlowLevel, FlowStep
from glow.module import GlowModule

__all__ = ["Memory", "save_memory", "state_dtype"]

Memory = Literal["keep", "checkpoint", "invert"]

TOLERANCE = 1e-4
"""Largest error of a level's recovered input, as a share of its largest value."""


def state_dtype(memory: Memory) -> torch.dtype:
    """The dtype in which a batch should be given to a model.

    A recovered state is not the very one of the forward pass. In float32 it is soon off by 1e-6,
    enough to cross a rounding boundary of a bfloat16 network, which then answers with another
    shift, and so on: after 32 steps the input is lost. In float64 the networks see what they saw
    before. The few channels of the state cost little beside the networks' hundreds.
    """
    return torch.float64 if memory == "invert" else torch.float32


def save_memory(module: GlowModule, memory: Memory) -> None:
    """Makes the levels of a model compute activations again, in place.

    Names and values of the parameters stay, and so does what the model computes.
    """
    if memory == "keep":
        return
    for index, level in enumerate(module.levels):
        assert isinstance(level, FlowLevel)
        steps = [step for step in level.steps if isinstance(step, FlowStep)]
        module.levels[index] = (
            _CheckpointedLevel(steps)
            if memory == "checkpoint"
            else _InvertedLevel(steps, f"levels.{index}")
        )


class _CheckpointedLevel(FlowLevel):
    """A level whose steps keep their inputs alone."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        total = x.new_zeros(x.shape[0])
        for step in self.steps:
            x, log_det = checkpoint(step, x, use_reentrant=False, preserve_rng_state=False)
            total = total + log_det
        return x, total


class _InvertedLevel(FlowLevel):
    """A level that keeps its input and its output alone."""

    def __init__(self, steps: Iterable[FlowStep], name: str) -> None:
        super().__init__(steps)
        self.name = name

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y, log_det = _Recomputation.apply(self, x, *self.parameters())  # type: ignore[no-untyped-call]
        return y, log_det

    def plain_forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return super().forward(x)


class _Recomputation(torch.autograd.Function):
    """A level as one operation; its parameters are arguments so that they get gradients.

    The forward pass comes first, so actnorms that wait for their first batch are initialised by
    it, never by what the backward pass recovers.
    """

    @staticmethod
    def forward(
        ctx: Any, level: _InvertedLevel, x: Tensor, *parameters: Tensor
    ) -> tuple[Tensor, Tensor]:
        y, log_det = level.plain_forward(x)
        ctx.level = level
        ctx.autocast = _current_autocast(x)
        # The input only to check what is recovered.
        ctx.save_for_backward(x, y)
        return y, log_det

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_y: Tensor, grad_log_det: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved_tensors
        level: _InvertedLevel = ctx.level
        gradients: dict[int, Tensor] = {}
        state = y
        for step in reversed(level.steps):
            assert isinstance(step, FlowStep)
            with torch.autocast(**ctx.autocast):
                state, grad_y = _step_back(step, state, grad_y, grad_log_det, gradients)
        error = float((state - x).abs().max() / x.abs().max().clamp(min=1e-12))
        if not error <= TOLERANCE:
            raise RuntimeError(
                f"{level.name}: its input cannot be recovered from its output (error {error:.1e} "
                f"of the largest value, at most {TOLERANCE:.0e}): gradients would be wrong; go on "
                "with --memory checkpoint"
            )
        return None, grad_y, *(gradients[id(parameter)] for parameter in level.parameters())


def _step_back(
    step: FlowStep,
    y: Tensor,
    grad_y: Tensor,
    grad_log_det: Tensor,
    gradients: dict[int, Tensor],
) -> tuple[Tensor, Tensor]:
    """One step backward: its input, the gradient there, and its parameters' in ``gradients``."""
    mixed, grad_mixed = _coupling_back(step.coupling, y, grad_y, grad_log_det, gradients)
    parts = [part for part in (step.actnorm, step.permutation) if part is not None]
    x = mixed
    for part in reversed(parts):
        x = part.inverse(x)
    x = x.detach()
    with torch.enable_grad():
        again = x.requires_grad_()
        for part in parts:
            again = part(again)
        constants = [part.log_det(y.shape[2] * y.shape[3]) for part in parts]
    # A constant is added to the log-determinant of each image.
    grad_constant = grad_log_det.sum()
    outputs = [(again, grad_mixed), *((c, grad_constant.to(c.dtype)) for c in constants)]
    (grad_x,) = _backpropagate(outputs, [x], nn.ModuleList(parts), gradients)
    return x.detach(), grad_x


def _coupling_back(
    coupling: CouplingLayer,
    y: Tensor,
    grad_y: Tensor,
    grad_log_det: Tensor,
    gradients: dict[int, Tensor],
) -> tuple[Tensor, Tensor]:
    """The same for a coupling layer.

    Its network sees the half that passes unchanged, so one run of it serves both the inverse and
    the gradient.
    """
    condition, after = (half.detach() for half in y.chunk(2, dim=1))
    grad_condition, grad_after = grad_y.chunk(2, dim=1)
    with torch.enable_grad():
        condition.requires_grad_()
        shift, log_scale = coupling.shift_and_log_scale(condition)
    before = after if log_scale is None else after * torch.exp(-log_scale)
    before = (before - shift).detach()
    with torch.enable_grad():
        again = before.requires_grad_() + shift
        outputs = [(again, grad_after)]
        if log_scale is not None:
            outputs = [(again * torch.exp(log_scale), grad_after)]
            outputs.append((log_scale.sum(dim=(1, 2, 3)), grad_log_det))
    through, grad_before = _backpropagate(outputs, [condition, before], coupling, gradients)
    x = torch.cat([condition, before], dim=1).detach()
    return x, torch.cat([grad_condition + through, grad_before], dim=1)


def _backpropagate(
    outputs: list[tuple[Tensor, Tensor]],
    states: list[Tensor],
    module: nn.Module,
    gradients: dict[int, Tensor],
) -> tuple[Tensor, ...]:
    """Gradients at some states; those of a module's parameters go into ``gradients``."""
    parameters = list(module.parameters())
    # Without parameters, a log-determinant is a plain number.
    wanted = [(output, grad) for output, grad in outputs if output.requires_grad]
    found = torch.autograd.grad(
        [output for output, _ in wanted],
        [*states, *parameters],
        [grad for _, grad in wanted],
    )
    for parameter, gradient in zip(parameters, found[len(states) :], strict=True):
        gradients[id(parameter)] = gradient
    return found[: len(states)]


def _current_autocast(x: Tensor) -> dict[str, Any]:
    """Arguments of ``torch.autocast`` that bring back what holds now.

    Without its cache: weights that were cast while no gradient was wanted would have none later.
    """
    device = x.device.type
    return {
        "device_type": device,
        "enabled": torch.is_autocast_enabled(device),
        "dtype": torch.get_autocast_dtype(device),
        "cache_enabled": False,
    }
