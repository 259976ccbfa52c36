"""Whether two processes run the same code."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

__all__ = ["code_versions", "differences"]

PACKAGES: Final = (
    "torch", "numpy", "pandas", "scipy", "pillow", "pyarrow", "onnxruntime", "mediapipe",
    "safetensors",
)  # fmt: skip
"""What computes the numbers or writes the files."""

OWN: Final = ("bench", "glow", "metrics")


@cache
def code_versions() -> Mapping[str, str]:
    """What this process runs: Python, packages, and the hash of the code of bench itself.

    Asked for once: what is changed on disk later is not what runs. Builds of one version, for
    other devices, count as the same.
    """
    found = {"Python": ".".join(platform.python_version_tuple()[:2]), "code of bench": _own_code()}
    for package in PACKAGES:
        try:
            found[package] = version(package).partition("+")[0]
        except PackageNotFoundError:
            continue  # whoever needs it says so
    return found


def differences(here: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """What differs, such as ``fingerprint.weights is 12ab here and 34cd there``.

    Args:
        here: values by name, which may be mappings again.
        there: the same of the other process.
    """
    flat_here, flat_there = dict(_flat(here)), dict(_flat(there))
    return [
        f"{name} is {_shown(flat_here.get(name))} here and {_shown(flat_there.get(name))} there"
        for name in dict.fromkeys([*flat_here, *flat_there])
        if flat_here.get(name) != flat_there.get(name)
    ]


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _shown(value: Any) -> str:
    text = "absent" if value is None else str(value)
    is_hash = len(text) >= 32 and all(letter in "0123456789abcdef" for letter in text)
    return f"{text[:12]}..." if is_hash else text[:80]


def _own_code() -> str:
    digest = hashlib.sha256()
    for package in OWN:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            root = Path(folder)
            for path in sorted(root.rglob("*.py")):
                digest.update(f"{package}/{path.relative_to(root).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
