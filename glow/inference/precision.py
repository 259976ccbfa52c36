"""In which numbers the coupling networks run, and where that is worth it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

import torch

__all__ = ["DTYPES", "Precision", "check_precision"]

Precision = Literal["fp32", "bf16", "fp64"]
"""``fp32`` is the default, ``bf16`` the fast one, ``fp64`` the one to compare with.

The latent state is float64 in all of them, so that decoding inverts encoding.
"""

DTYPES: Final[Mapping[str, torch.dtype]] = MappingProxyType(
    {"fp32": torch.float32, "bf16": torch.bfloat16, "fp64": torch.float64}
)


def check_precision(precision: str, device: torch.device) -> None:
    """Refuses what a device cannot do, or not fast.

    Raises:
        ValueError: an unknown precision, or bf16 where it would be slower than fp32.
    """
    if precision not in DTYPES:
        raise ValueError(f"precision must be one of {get_args(Precision)}, not {precision!r}")
    if precision == "bf16" and (reason := _no_fast_bf16(device)):
        raise ValueError(f"precision bf16 is no use here: {reason}; use fp32")


def _no_fast_bf16(device: torch.device) -> str:
    """Why products of bfloat16 are slow on this device; empty if they are fast."""
    if device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        reason = f"the accelerator has compute capability {major}.{minor} < 8"
        return "" if major >= 8 else reason
    if device.type != "cpu":
        return f"nothing is known of bfloat16 on {device.type}"
    # Without these instructions bfloat16 is converted to float32 and back around every product.
    if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported():
        return ""
    return "the processor has neither AVX512_BF16 nor AMX"
