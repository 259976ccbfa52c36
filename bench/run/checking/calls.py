"""A method's function while it is checked: what each of its calls came to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bench.run.checking.steps import text_of
from bench.run.outputs import Output, checked_images

__all__ = ["Calls"]


class Calls:
    """Calls a function with all items and, if that fails, with each alone.

    Args:
        make: a method's function from items to an array of images.
        source: the method's file; empty if it is not known.
    """

    def __init__(self, make: Callable[[Sequence[Any]], Any], source: str) -> None:
        self._make, self._source = make, source
        self._came_to: list[str] = []

    def outputs(self, items: Sequence[Any], resolution: int) -> list[Output]:
        """One image for each item, or why there is none, with the line of the method's file."""
        outputs = checked_images(self._noted, items, resolution)
        # Of one item alone, or of each after the call with all of them.
        each = self._came_to[-len(items) :]
        if len(each) < len(items):
            return outputs
        return [
            replace(output, detail=came_to.removeprefix("raises "))
            if output.pixels is None and came_to.startswith("raises ")
            else output
            for output, came_to in zip(outputs, each, strict=True)
        ]

    @property
    def failed_whole(self) -> str:
        """What the call with all items came to, if it failed and each was asked for alone."""
        return self._came_to[0] if len(self._came_to) > 1 else ""

    def _noted(self, items: Sequence[Any]) -> Any:
        try:
            returned = self._make(items)
        except Exception as error:  # a method may raise anything
            self._came_to.append(f"raises {text_of(error, self._source)}")
            raise
        self._came_to.append(f"returns {_described(returned)}")
        return returned


def _described(returned: Any) -> str:
    shape = getattr(returned, "shape", None)
    return type(returned).__name__ if shape is None else f"{returned.dtype} {shape}"
