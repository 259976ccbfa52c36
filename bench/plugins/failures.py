"""What a method raises to say which outcome a sample has, or that nothing more can be had."""

from __future__ import annotations

from bench.errors import BenchError

__all__ = ["InvalidOutput", "MethodGone"]


class InvalidOutput(ValueError):
    """There is an image of the sample, but not one of the contract: outcome ``invalid_output``.

    ``TimeoutError`` makes the outcome ``timeout``, any other exception ``method_error``.
    """


class MethodGone(BenchError):
    """The method will make no image any more: the run ends, and no sample is to blame."""
