"""Peak memory of one training step in this process, above the weights and their gradients, in MiB.

    MALLOC_MMAP_THRESHOLD_=65536 python tests/glow/peak_memory.py --memory invert --depth 32

The variable makes glibc give freed blocks back; without it, freed memory would be counted too.
Linux only.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

import torch

from glow import GlowConfig
from glow.module import GlowModule
from glow.recompute import Memory, save_memory, state_dtype


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", choices=get_args(Memory), required=True)
    parser.add_argument("--depth", type=int, required=True, help="flow steps a level")
    parser.add_argument("--levels", type=int, default=3)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = GlowConfig(options.image_size, options.levels, options.depth, options.width)
    module = GlowModule(config).train()
    state = torch.rand(options.batch, 3, options.image_size, options.image_size) - 0.5
    with torch.no_grad():
        module.log_prob(state[:1])
    save_memory(module, options.memory)
    state = state.to(state_dtype(options.memory))
    # The high-water mark starts again here.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = status("VmRSS")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = module.bits_per_dim(state, 5).mean()
    loss.backward()
    gradients = sum(p.grad.nbytes for p in module.parameters() if p.grad is not None) / 2**20
    print(f"{status('VmHWM') - before - gradients:.0f}")


def status(name: str) -> float:
    """A value of the kernel's account of this process, in MiB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


if __name__ == "__main__":
    main()
