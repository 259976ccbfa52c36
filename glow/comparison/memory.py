"""Memory of this process and of this machine, in MiB."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["available_mib", "peak_mib", "resident_mib"]

_STATUS, _MACHINE = Path("/proc/self/status"), Path("/proc/meminfo")


def peak_mib() -> float:
    """Largest resident memory of this process so far; 0 on Windows, which is not asked.

    On Linux from ``VmHWM``: ``ru_maxrss`` also holds the peak of the process that started this
    one.
    """
    if (peak := _field(_STATUS, "VmHWM")) is not None:
        return peak
    if sys.platform == "win32":
        return 0.0
    import resource

    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / 2**20 if sys.platform == "darwin" else largest / 2**10


def resident_mib() -> float:
    """Resident memory of this process now; where the system does not tell, its peak."""
    resident = _field(_STATUS, "VmRSS")
    return peak_mib() if resident is None else resident


def available_mib() -> float | None:
    """Memory that a new process can use, or None where the system does not tell."""
    return _field(_MACHINE, "MemAvailable")


def _field(path: Path, name: str) -> float | None:
    """A ``name: value kB`` line."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f"{name}:"):
            return float(line.split()[1]) / 1024.0
    return None
