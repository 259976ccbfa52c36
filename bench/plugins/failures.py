"""What a method raises to say which outcome a sample has, or that nothing more can be had."""

from __future__ import annotations

from bench.errors import BenchError

__all__ = ["InvalidOutput", "MethodGone", "Raised"]


class InvalidOutput(ValueError):
    """There is an image of the sample, but not one of the contract: outcome ``invalid_output``.

    ``TimeoutError`` makes the outcome ``timeout``, any other exception ``method_error``.
    """


class Raised(RuntimeError):
    """What a method raised in a process of its own, told as it would be here.

    Args:
        text: class and message.
        outcome: of the sample.
    """

    def __init__(self, text: str, outcome: str) -> None:
        super().__init__(text)
        self.outcome = outcome


class MethodGone(BenchError):
    """The method will make no image any more: the run ends, and no sample is to blame."""
