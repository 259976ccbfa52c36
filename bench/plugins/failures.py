"""What a method raises to say which outcome a sample has."""

from __future__ import annotations

__all__ = ["InvalidOutput"]


class InvalidOutput(ValueError):
    """There is an image of the sample, but not one of the contract: outcome ``invalid_output``.

    ``TimeoutError`` makes the outcome ``timeout``, any other exception ``method_error``.
    """
