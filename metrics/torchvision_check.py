"""torchvision, or one sentence that says how to mend it.

torchvision's operators are compiled against one build of torch. Beside another (most often the
CUDA build from a package index beside a torch for the CPU) ``import torchvision`` ends in a
RuntimeError, "operator torchvision::nms does not exist", which no ``except ImportError`` catches.
"""

from __future__ import annotations

import importlib
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Final

__all__ = ["require_torchvision", "torchvision_problem"]

_INDEX: Final = "https://download.pytorch.org/whl"


def require_torchvision() -> ModuleType:
    """Imports torchvision. Everything that needs it, also through another package, asks here first.

    Raises:
        ImportError: it is not installed, or was built for another torch; one sentence with the
            command that mends it.
    """
    try:
        return importlib.import_module("torchvision")
    except ModuleNotFoundError as error:
        raise ImportError(
            f"torchvision cannot be imported ({error}): {_remedy(_version('torch'))}"
        ) from error
    except (RuntimeError, ImportError, OSError) as error:
        # Half of it stays behind, and a second import would end in another error than the first.
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        torch = _version("torch")
        reason = " ".join(str(error).split())
        raise ImportError(
            f"torchvision {_version('torchvision')} was built for another torch than the "
            f"{torch} here ({reason}): {_remedy(torch)}"
        ) from error


def torchvision_problem() -> str | None:
    """What keeps torchvision from working here, with the command that mends it; None if nothing."""
    try:
        require_torchvision()
    except ImportError as error:
        return str(error)
    return None


def _remedy(torch: str) -> str:
    """The command that installs the torchvision of a torch, from the index of the same build.

    torchvision 0.(n + 15) belongs to torch 2.n.
    """
    match = re.match(r"2\.(\d+)", torch)
    wanted = f"'torchvision==0.{int(match[1]) + 15}.*'" if match else "torchvision"
    build = torch.partition("+")[2]
    index = f" --index-url {_INDEX}/{build}" if build else ""
    return f"pip install --force-reinstall --no-deps {wanted}{index}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(unknown)"
