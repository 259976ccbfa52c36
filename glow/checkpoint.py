"""Weights on disk: safetensors with the configuration in the header; no pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from glow.config import GlowConfig
from glow.module import GlowModule

__all__ = ["WeightsFile", "load_module", "load_tensors", "save_module", "save_tensors"]

FORMAT_VERSION = "1"

_UNREADABLE = (SafetensorError, OSError, RuntimeError, TypeError, KeyError, AttributeError)
"""What reading a damaged or a foreign file can end in."""


def save_module(module: GlowModule, path: Path, *, half: bool = False, note: str = "") -> None:
    """Writes the weights of a model in one atomic step; see :func:`save_tensors`."""
    save_tensors(module.state_dict(), module.config, path, half=half, note=note)


def save_tensors(
    tensors: Mapping[str, Tensor],
    config: GlowConfig,
    path: Path,
    *,
    half: bool = False,
    note: str = "",
) -> None:
    """Writes weights in one atomic step.

    Args:
        tensors: by the names of the state dict of a :class:`GlowModule`.
        config: of the model.
        path: file to write; its name should end in ``.safetensors``.
        half: store the coupling networks' and priors' kernels in float16, at half the size.
            What must be exact (1x1 convolutions, actnorms) stays in float32.
        note: free text kept in the header, such as how the model was trained.
    """
    written = {}
    for name, tensor in tensors.items():
        is_kernel = tensor.is_floating_point() and tensor.ndim == 4
        written[name] = (tensor.half() if half and is_kernel else tensor).contiguous()
    metadata = {
        "format": f"glow-{FORMAT_VERSION}",
        "config": json.dumps(config.to_dict(), sort_keys=True),
        "note": note,
    }
    partial = path.with_name(path.name + ".partial")
    try:
        save_file(written, partial, metadata=metadata)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def load_module(path: Path | str) -> GlowModule:
    """Reads a model written by :func:`save_module`, in evaluation mode, float32.

    Raises:
        FileNotFoundError, ValueError: as :class:`WeightsFile`.
    """
    file = WeightsFile(path)
    module = file.empty_module()
    try:
        module.load_state_dict(file.tensors(), assign=True)
        return module.float().eval()
    except RuntimeError as error:
        raise ValueError(f"{path} holds no weights of a Glow: {error}") from error


def load_tensors(path: Path | str) -> tuple[GlowConfig, dict[str, Tensor]]:
    """Reads what :func:`save_tensors` wrote, as it is stored.

    Raises:
        FileNotFoundError, ValueError: as :class:`WeightsFile`.
    """
    file = WeightsFile(path)
    return file.config, file.tensors()


class WeightsFile:
    """A file of :func:`save_tensors`, checked, of which parts can be read.

    Args:
        path: the file.

    Attributes:
        path: the file.
        config: of the model.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no safetensors file of a Glow, or its tensors do not fit its
            configuration; the message names the file and the tensors.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f"no Glow weights at {self.path}")
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = file.metadata() or {}
                names = list(file.keys())
                shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
        except _UNREADABLE as error:
            raise ValueError(f"{self.path} is no whole safetensors file: {error}") from error
        if metadata.get("format") != f"glow-{FORMAT_VERSION}":
            raise ValueError(
                f"{self.path} holds no Glow of format {FORMAT_VERSION} "
                f"(its header says {metadata.get('format', 'nothing')!r})"
            )
        try:
            self.config = GlowConfig.from_dict(json.loads(metadata["config"]))
            # Each step has tensors of its own: a header cannot make more layers than it names.
            if self.config.levels * self.config.steps > len(names):
                raise ValueError(
                    f"{self.config.levels} levels of {self.config.steps} steps have more tensors "
                    f"than the {len(names)} of the file"
                )
            expected = self.empty_module().state_dict()
        except (KeyError, TypeError, ValueError, RuntimeError, RecursionError) as error:
            raise ValueError(
                f"{self.path} has no valid configuration in its header: {error}"
            ) from error
        if problems := _misfits(expected, shapes):
            more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
            raise ValueError(
                f"{self.path} does not fit its own configuration: {', '.join(problems[:3])}{more}"
            )
        self._names = names

    def empty_module(self) -> GlowModule:
        """The model without memory for its numbers."""
        with torch.device("meta"):
            return GlowModule(self.config)

    def tensors(self, prefix: str = "") -> dict[str, Tensor]:
        """The stored tensors whose names begin so, by the rest of their names."""
        # Opened anew each time: the file's pages stay in memory while any tensor of it is in use.
        try:
            with safe_open(self.path, framework="pt") as file:
                return {
                    name.removeprefix(prefix): file.get_tensor(name)
                    for name in self._names
                    if name.startswith(prefix)
                }
        except _UNREADABLE as error:
            raise ValueError(f"{self.path} cannot be read: {error}") from error


def _misfits(expected: Mapping[str, Tensor], found: Mapping[str, tuple[int, ...]]) -> list[str]:
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [f"{name} is unknown" for name in found if name not in expected]
    problems += [
        f"{name} has shape {found[name]} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in found and found[name] != tuple(tensor.shape)
    ]
    return problems
