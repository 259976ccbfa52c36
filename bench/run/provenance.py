"""Which code ran where: git, packages, hardware."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["hardware", "packages", "provenance"]

PACKAGES = [
    "expression-transfer-bench", "torch", "numpy", "pandas", "scipy", "pillow", "pyarrow",
    "onnxruntime", "mediapipe", "safetensors",
]  # fmt: skip


def provenance(device: str) -> dict[str, Any]:
    """Git state of this package, versions and hardware, as JSON values."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "git": git_state(Path(__file__).resolve().parents[2]),
        "python": platform.python_version(),
        "packages": packages(),
        "hardware": hardware(device),
    }


def packages() -> dict[str, str]:
    """The versions of those packages here that decide numbers."""
    return {name: found for name in PACKAGES if (found := _version(name))}


def hardware(device: str) -> dict[str, Any]:
    """What this process runs on, as JSON values."""
    return {
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "device": _device(device),
    }


def git_state(folder: Path) -> dict[str, Any]:
    """Commit and dirty flag of the checkout that holds this very code, not of the caller's.

    In an install there is no checkout: both are None ("unknown"), never a guess.
    """
    if not (folder / ".git").exists():
        return {"commit": None, "dirty": None}
    commit = _git(folder, "rev-parse", "HEAD")
    status = _git(folder, "status", "--porcelain", "--untracked-files=normal")
    return {"commit": commit, "dirty": None if status is None else bool(status)}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _device(device: str) -> str:
    if not device.startswith("cuda"):
        return device
    import torch

    return f"{device}: {torch.cuda.get_device_name(device)}"
