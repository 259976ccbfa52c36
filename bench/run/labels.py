"""How a method with its parameters is called in tables."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["method_label"]


def method_label(method: str, parameters: Mapping[str, str]) -> str:
    """A method with the parameters that were set, such as ``glow-arith precision=bf16``."""
    return " ".join([method, *(f"{name}={parameters[name]}" for name in sorted(parameters))])
