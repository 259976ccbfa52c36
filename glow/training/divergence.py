"""Where a run came apart: the first layer whose numbers are no longer finite."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from math import isfinite, sqrt
from typing import Any

import torch
from torch import Tensor, nn

from glow.module import GlowModule

__all__ = ["find_fault"]

STEP = re.compile(r"levels\.\d+\.steps\.\d+")
PART = re.compile(rf"{STEP.pattern}\.(actnorm|permutation|coupling)|splits\.\d+|top")
"""What is named: the parts of a step and the priors, not what is inside a coupling network."""


def find_fault(
    module: GlowModule,
    state: Tensor,
    labels: Tensor | None,
    precision: Callable[[], AbstractContextManager[Any]],
) -> str:
    """Runs a batch again, image by image, and says which layer is at fault.

    Args:
        module: the model with the parameters of the failure; it stays as it is.
        state: the batch, (N, C, H, W), centred.
        labels: (N,), if the model has classes.
        precision: of the run, such as an autocast.

    Returns:
        A clause such as ``levels.1.steps.3.coupling gives the first output that is not finite``.
        If every output is finite, the layer where the gradient ceases to be, counted from the
        loss; if that is finite too, the layer with the largest gradient.
    """
    # A copy without recomputation, which would hide the layers from the hooks.
    copy = GlowModule(module.config).to(state.device).eval()
    copy.load_state_dict(module.state_dict())
    watch = _Watch(copy)
    for index in range(len(state)):
        one = slice(index, index + 1)
        with precision():
            log_prob = copy.log_prob(state[one], None if labels is None else labels[one])
        if not watch.bad_outputs:
            loss = -log_prob.sum() / (len(state) * module.config.latent_size)
            loss.backward()  # type: ignore[no-untyped-call]
    if watch.bad_outputs:
        first = min(watch.bad_outputs, key=watch.order.index)
        return f"{first} gives the first output that is not finite"
    norms = {name: _gradient_norm(copy.get_submodule(name)) for name in watch.order}
    norms = {name: norm for name, norm in norms.items() if not STEP.fullmatch(name)}
    watch.bad_gradients |= {name for name, norm in norms.items() if not isfinite(norm)}
    if watch.bad_gradients:
        last = max(watch.bad_gradients, key=watch.order.index)
        return f"{last} has the first gradient that is not finite"
    largest = max(norms, key=norms.__getitem__)
    return f"all is finite when it is run again; {largest} has the largest gradient"


class _Watch:
    """Notes the parts of a model whose outputs, or gradients at their inputs, are not finite.

    Attributes:
        order: names of the parts as they are run; a step comes after its own parts.
        bad_outputs: names of those with an output that is not finite.
        bad_gradients: the same for gradients; a step is named by its parts alone.
    """

    def __init__(self, module: GlowModule) -> None:
        self.order: list[str] = []
        self.bad_outputs: set[str] = set()
        self.bad_gradients: set[str] = set()
        for name, part in module.named_modules():
            if PART.fullmatch(name) or STEP.fullmatch(name):
                part.register_forward_hook(self._hook(name))

    def _hook(self, name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Any], None]:
        def note_gradient(gradient: Tensor) -> None:
            if not _finite(gradient):
                self.bad_gradients.add(name)

        def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Any) -> None:
            if name not in self.order:
                self.order.append(name)
            outputs = output if isinstance(output, tuple) else (output,)
            if not all(_finite(tensor) for tensor in outputs):
                self.bad_outputs.add(name)
            if inputs[0].requires_grad and not STEP.fullmatch(name):
                inputs[0].register_hook(note_gradient)  # type: ignore[no-untyped-call]

        return note


def _gradient_norm(part: nn.Module) -> float:
    gradients = [p.grad.double() for p in part.parameters() if p.grad is not None]
    return sqrt(sum(float(gradient.square().sum()) for gradient in gradients))


def _finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())
