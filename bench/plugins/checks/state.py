"""What belongs to the whole process, and how it changed."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

__all__ = ["State", "changes", "process_state"]

State = Mapping[str, Mapping[str, Any]]
"""Name of a check -> what of it is where."""

STEERING: Final = ("BENCH_", "CUDA_", "MKL_", "OMP_", "OPENBLAS_", "PYTHON", "TMPDIR", "TORCH")
"""How variables begin that decide what is computed here, or how fast."""

SET_BY_TORCH: Final = frozenset(
    {"CUDA_MODULE_LOADING", "TORCHINDUCTOR_CACHE_DIR", "TORCH_WARM_POOL"}
)
"""Variables that torch itself sets where it compiles, or first uses a GPU."""


def process_state() -> State:
    """Torch's settings, the states of the global random generators, and the environment."""
    import torch

    return {
        "torch settings": {
            "torch.is_grad_enabled()": torch.is_grad_enabled(),
            "torch.get_default_dtype()": str(torch.get_default_dtype()),
            "torch.get_num_threads()": torch.get_num_threads(),
            "torch.are_deterministic_algorithms_enabled()": (
                torch.are_deterministic_algorithms_enabled()
            ),
        },
        "random states": {
            "random": _digest(random.getstate()),
            "numpy.random": _digest(np.random.get_state()),  # noqa: NPY002 - the global one is meant
            "torch": _digest(torch.get_rng_state().numpy().tobytes()),
        },
        "environment": {
            "the working directory": os.getcwd(),
            # Libraries add variables of their own when they are imported.
            **{
                f"${name}": text
                for name, text in os.environ.items()
                if name.startswith(STEERING) and name not in SET_BY_TORCH
            },
        },
    }


def changes(before: State, after: State) -> dict[str, str]:
    """What differs, by check, in words; checks without a change are left out."""
    found: dict[str, list[str]] = {}
    for check, values in before.items():
        for name in dict.fromkeys([*values, *after[check]]):
            old, new = values.get(name), after[check].get(name)
            if old == new:
                continue
            text = f"{name} was {old} and is {new}"
            if check == "random states":
                text = f"the state of {name} has changed"
            found.setdefault(check, []).append(text)
    return {check: "; ".join(texts) for check, texts in found.items()}


def _digest(state: Any) -> str:
    content = state if isinstance(state, bytes) else repr(state).encode()
    return hashlib.sha256(content).hexdigest()
