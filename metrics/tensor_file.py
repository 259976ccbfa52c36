"""Tensors by name from a file of ``torch.save``, without running anything that is in it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["read_tensors"]


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict, on the CPU.

    Such files are pickles, which may hold code. They are read with ``weights_only=True``, which
    refuses everything but tensors and plain values.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated, no file of PyTorch, or holds something else than tensors
            by name; one sentence that names it.
    """
    import torch

    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}")
    try:
        with warnings.catch_warnings():
            # What it warns of, a pickle of an odd protocol, is then refused or read.
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    # A damaged pickle can end in almost any error.
    except Exception as error:
        reason = " ".join(str(error).split())
        if named := re.search(r"GLOBAL (\S+)", reason):
            raise ValueError(
                f"{path} asks for {named[1]} when it is read, which no tensor needs, and is "
                f"refused: give a file from its authors"
            ) from error
        raise ValueError(
            f"{path} is truncated or no file of PyTorch ({type(error).__name__}: {reason[:80]}): "
            f"get it again"
        ) from error
    is_state = isinstance(content, Mapping) and all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in content.items()
    )
    if not is_state:
        raise ValueError(
            f"{path} holds a {type(content).__name__} and not tensors by name: give a file from "
            f"its authors"
        )
    return dict(content)
