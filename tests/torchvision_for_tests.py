"""Makes a torchvision that was built for another torch usable in tests, where it can be.

Package indexes carry torchvision for CUDA alone; beside a torch for the CPU its operators cannot be
loaded and ``import torchvision`` ends in a RuntimeError. What the packages under test need of it is
one operator, non-maximum suppression, which is a few lines of Python.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch
from torch import Tensor

__all__ = ["greedy_nms", "usable_torchvision"]

NMS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

libraries: list[torch.library.Library] = []
"""What is defined lives as long as its library."""


def usable_torchvision() -> ModuleType:
    """torchvision, as it is where it works, else with its suppression written in Python.

    ``torchvision.io`` cannot read images then.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(name + NMS)
    library.impl("nms", greedy_nms, "CompositeExplicitAutograd")
    libraries.append(library)
    torchvision = importlib.import_module("torchvision")
    for module in ("torchvision.extension", "torchvision.ops.boxes"):
        setattr(importlib.import_module(module), "_assert_has_ops", lambda: None)  # noqa: B010
    return torchvision


def greedy_nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Indices of the boxes to keep, best first: each overlaps none before it by more than that.

    Args:
        dets: (N, 4) boxes as (left, top, right, bottom).
        scores: (N,) of the boxes.
        iou_threshold: intersection over union from which a box counts as the same.
    """
    kept: list[int] = []
    order = scores.argsort(descending=True, stable=True)
    areas = (dets[:, 2] - dets[:, 0]) * (dets[:, 3] - dets[:, 1])
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        corner = torch.maximum(dets[best, :2], dets[rest, :2])
        opposite = torch.minimum(dets[best, 2:], dets[rest, 2:])
        shared = (opposite - corner).clamp(min=0).prod(dim=1)
        order = rest[shared <= iou_threshold * (areas[best] + areas[rest] - shared)]
    return torch.tensor(kept, dtype=torch.int64, device=dets.device)
