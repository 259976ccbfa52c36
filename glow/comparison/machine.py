"""What the numbers were measured on, and how fast it can multiply matrices."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from glow.inference.precision import DTYPES
from glow.inference.products import LinearMap

__all__ = ["Machine", "MatrixPeak", "describe_machine", "measure_matrix_peak"]

_INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16", "asimd", "bf16")


@dataclass(frozen=True, slots=True)
class Machine:
    """The processor, its instructions for fast products, and PyTorch."""

    processor: str
    instructions: tuple[str, ...]
    torch: str
    threads: int = 1

    def __str__(self) -> str:
        instructions = " ".join(self.instructions) or "unknown instructions"
        threads = "one thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.processor} ({instructions}); torch {self.torch}; {threads}, processor time"


@dataclass(frozen=True, slots=True)
class MatrixPeak:
    """The fastest product of two large matrices, on one thread.

    Attributes:
        precision: of the matrices.
        gflops: 10^9 operations a second.
        product: which product it was.
    """

    precision: str
    gflops: float
    product: str


def describe_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> Machine:
    """This machine; from ``platform`` where there is no ``/proc/cpuinfo``."""
    facts: dict[str, str] = {}
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            facts.setdefault(name.strip(), value.strip())
    flags = set((facts.get("flags") or facts.get("Features") or "").split())
    return Machine(
        processor=facts.get("model name") or platform.processor() or platform.machine(),
        instructions=tuple(name for name in _INSTRUCTIONS if name in flags),
        torch=torch.__version__,
    )


@torch.inference_mode()
def measure_matrix_peak(
    precision: str, sizes: tuple[int, ...] = (1024, 2048, 3072), repeats: int = 3
) -> MatrixPeak:
    """The best of ``torch.mm`` and of oneDNN with a matrix laid out once.

    Both, because ``torch.mm`` in float32 goes to a library that reaches half of the speed on some
    processors: a peak from it alone would flatter whoever does not use it.

    Args:
        precision: ``fp32`` or ``bf16``.
        sizes: of square matrices.
        repeats: timed calls of each, after one that is not.
    """
    best = MatrixPeak(precision, 0.0, "none")
    generator = torch.Generator().manual_seed(0)
    for size in sizes:
        left, right = (
            torch.randn(size, size, generator=generator).to(DTYPES[precision]) for _ in range(2)
        )
        packed = LinearMap(right)
        products: dict[str, Callable[[], Tensor]] = {
            "torch.mm": lambda a=left, b=right: a @ b,  # type: ignore[misc]
            "oneDNN": lambda a=left, b=packed: b(a),  # type: ignore[misc]
        }
        for name, product in products.items():
            gflops = 2 * size**3 / _least_seconds(product, repeats) / 1e9
            if gflops > best.gflops:
                best = MatrixPeak(precision, gflops, f"{name}, {size}x{size}")
    return best


def _least_seconds(product: Callable[[], Tensor], repeats: int) -> float:
    product()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        product()
        seconds.append(time.process_time() - start)
    return min(seconds)
