"""The lines of the contracts, and the steps in which they are checked.

docs/add-a-method.md, docs/add-an-instrument.md and docs/add-a-dataset.md say the same under the
same numbers, and more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["CONTRACT", "DATASET_CHECKS", "STEPS", "Kind", "Step"]

Kind = Literal["method", "embedder", "au_estimator"]
"""Of a plugin."""

CONTRACT: Final[Mapping[str, str]] = {
    "C1": "A method is one class with a card, prepare and transfer.",
    "C2": "The card names the method and says whether its images depend on alpha.",
    "C3": "Parameters are keywords of __init__ with a type and a default.",
    "C4": "prepare(context) returns what decides the numbers besides the source file, as texts.",
    "C5": "What is learnt is learnt from context.development() alone.",
    "C6": "transfer(requests) returns one image for each request, at every alpha of the grid.",
    "C7": "The image of a request depends on nothing but the request.",
    "C8": "At alpha 0 the image does not depend on the source.",
    "C9": "The process is left as it was found.",
    "C10": "What a method is given, it only reads.",
    "C11": "Files are written to a temporary folder alone, and nothing is asked of the network.",
    "C12": "What cannot be made raises.",
    "C13": "reconstruct(faces) is optional.",
    "I1": "Images come as uint8, RGB, (N, side, side, 3); malformed ones are a ValueError.",
    "I2": "What is said of an image depends on that image alone.",
    "I3": "embed returns (N, D), float32, of unit norm, for every image.",
    "I4": "estimate returns an AUReading; a face that cannot be read is never a zero.",
    "I5": "action_units is a sorted tuple of names.",
    "I6": "The card holds everything that decides the numbers.",
    "I7": "The process is left as it was found, and nothing is asked of the network.",
    "D1": "The card can be read, and its fields make sense.",
    "D2": "The list holds every image with its size, SHA-256 and role.",
    "D3": "The images are those of the list.",
    "D4": "Every pair is of images of the list.",
    "D5": "Each part of the split has at least three people.",
}
"""Number -> what the line asks for."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with a plugin before it is asked for more.

    Attributes:
        name: of the step.
        doing: what is done, for somebody who waits.
        checks: what is then known: name of a check -> the line of the contract that asks for it. If
            the plugin raises, ends or hangs in the step, the first of them has failed.
        obstacle: why nothing further can be done if the plugin raises; empty if it can.
    """

    name: str
    doing: str
    checks: Mapping[str, str]
    obstacle: str = ""


NOT_LOADED: Final = "it cannot be loaded"


def _traces(state: str, inputs: str, outside: str) -> Step:
    checks = {
        "inputs": inputs,
        "torch settings": state,
        "random states": state,
        "environment": state,
        "files": outside,
        "network": outside,
    }
    return Step("traces", "looking at what is left", checks)


def _instrument_steps(first: Mapping[str, str], readings: str) -> tuple[Step, ...]:
    return (
        Step("load", "loading", {"loads": "I6", "card": "I6", **first}, NOT_LOADED),
        Step("read", "reading faces", {"readings": readings}, "there are no readings"),
        Step("repeat", "reading them again", {"same twice": "I2"}),
        Step("second", "a second instance", {"second instance": "I6"}),
        Step("alone", "one image at a time", {"batch of one": "I2"}),
        Step("order", "another order", {"order": "I2"}),
        Step("blank", "an image without a face", {"blank image": readings}),
        Step("malformed", "a malformed image", {"malformed image": "I1"}),
        _traces("I7", "I7", "I7"),
    )


STEPS: Final[Mapping[Kind, tuple[Step, ...]]] = {
    "method": (
        Step("load", "loading", {"loads": "C1", "card": "C2", "parameters": "C3"}, NOT_LOADED),
        Step("prepare", "preparing", {"prepare": "C4"}, "it cannot be prepared"),
        Step("transfer", "making images", {"images": "C6"}, "there are no images"),
        Step("repeat", "making them again", {"same twice": "C7"}),
        Step("second", "a second instance", {"second instance": "C7"}),
        Step("alone", "one request at a time", {"batch of one": "C7"}),
        Step("order", "another order", {"order": "C7"}),
        Step("alpha", "alpha", {"alpha 0": "C8", "without alpha": "C2"}),
        Step("poison", "noise for test images", {"learns from dev": "C5", "asks no answer": "C5"}),
        Step("reconstruct", "reconstructing", {"reconstruct": "C13"}),
        Step("fail", "a request that cannot be made", {"failing sample": "C12"}),
        _traces("C9", "C10", "C11"),
    ),
    "embedder": _instrument_steps({}, "I3"),
    "au_estimator": _instrument_steps({"action units": "I5"}, "I4"),
}

DATASET_CHECKS: Final[Mapping[str, str]] = {
    "card": "D1",
    "list of images": "D2",
    "images": "D3",
    "split": "D4",
    "people": "D5",
}
"""Check -> line, in their order."""
