"""Writing a generator as a TorchScript file that holds nothing of the machine it was made on."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Final

import torch
from torch import nn

__all__ = ["save_torchscript"]

_DEBUG: Final = (".debug_pkl", "/.data/serialization_id")
"""Parts with the paths of source files, or a number of this one writing."""


def save_torchscript(module: nn.Module, path: Path) -> None:
    """Compiles a module for evaluation and writes it in one atomic step."""
    compiled = torch.jit.script(module.eval())
    whole = io.BytesIO()
    torch.jit.save(compiled, whole)
    partial = path.with_name(path.name + ".partial")
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(partial, "w") as stripped:
        for name in archive.namelist():
            if not name.endswith(_DEBUG):
                stripped.writestr(zipfile.ZipInfo(name), archive.read(name))
    os.replace(partial, path)
