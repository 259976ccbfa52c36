"""Weights on disk: safetensors with the configuration in the header; no pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from glow.config import GlowConfig
from glow.model import Glow

__all__ = ["load_glow", "save_glow"]

FORMAT_VERSION = "1"


def save_glow(model: Glow, path: Path, *, half: bool = False, note: str = "") -> None:
    """Writes the weights of a model in one atomic step.

    Args:
        model: the model.
        path: file to write; its name should end in ``.safetensors``.
        half: store the coupling networks' and priors' kernels in float16, at half the size.
            What must be exact (1x1 convolutions, actnorms) stays in float32.
        note: free text kept in the header, such as how the model was trained.
    """
    tensors = {}
    for name, tensor in model.state_dict().items():
        is_kernel = tensor.is_floating_point() and tensor.ndim == 4
        tensors[name] = (tensor.half() if half and is_kernel else tensor).contiguous()
    metadata = {
        "format": f"glow-{FORMAT_VERSION}",
        "config": json.dumps(model.config.to_dict(), sort_keys=True),
        "note": note,
    }
    partial = path.with_name(path.name + ".partial")
    try:
        save_file(tensors, partial, metadata=metadata)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def load_glow(path: Path | str) -> Glow:
    """Reads a model written by :func:`save_glow`, in evaluation mode, float32.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no safetensors file of a Glow, or its tensors do not fit its
            configuration; the message names the file and the tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no Glow weights at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            names = list(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise ValueError(f"{path} is no whole safetensors file: {error}") from error
    if metadata.get("format") != f"glow-{FORMAT_VERSION}":
        raise ValueError(
            f"{path} holds no Glow of format {FORMAT_VERSION} "
            f"(its header says {metadata.get('format', 'nothing')!r})"
        )
    try:
        model = Glow(GlowConfig.from_dict(json.loads(metadata["config"])))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} has no valid configuration in its header: {error}") from error
    if problems := _misfits(model.state_dict(), tensors):
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise ValueError(
            f"{path} does not fit its own configuration: {', '.join(problems[:3])}{more}"
        )
    model.load_state_dict(tensors)
    return model.float().eval()


def _misfits(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> list[str]:
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [f"{name} is unknown" for name in found if name not in expected]
    problems += [
        f"{name} has shape {tuple(found[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in found and found[name].shape != tensor.shape
    ]
    return problems
