"""How an instrument is found: what a package registers, and whether it can run here.

A package that brings an instrument registers an :class:`InstrumentPlugin` under the entry point
group ``bench.embedders`` or ``bench.au_estimators``. Importing it must be cheap: what is heavy is
imported by ``make``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Literal, TypeVar

__all__ = ["GROUPS", "InstrumentPlugin"]

Instrument = TypeVar("Instrument", covariant=True)

GROUPS: Final = {"embedder": "bench.embedders", "au_estimator": "bench.au_estimators"}
"""Entry point group of each kind of instrument."""


def _nothing_else() -> None:
    return None


# With slots, Python 3.11 refuses InstrumentPlugin[...](...): it sets an attribute on what it makes.
@dataclass(frozen=True)
class InstrumentPlugin(Generic[Instrument]):
    """One embedder or AU estimator that a user can name.

    Attributes:
        name: what a user types, lower case with hyphens; the name of the entry point.
        kind: what it measures.
        description: one line.
        make: makes the instrument from the path of its weights (or of what ``takes`` says); from
            None if ``weights`` is empty and the user gave no path.
        packages: names to import beyond those that the project always has.
        install: the one command that brings them.
        weights: name of the weights file that is looked for; empty if none is needed.
        fetch: how to get that file, as one command or one sentence.
        takes: what a user may give after the name, as in ``openface:FOLDER``; empty for nothing.
        suffixes: files that mean this instrument when given alone, such as ``.onnx``.
        problem: what else is missing, in one line "what is missing: what to do"; None if nothing
            is. Asked where all of ``packages`` are installed and the user gave no path.
        scale: unit and range of its values, as on its card.
        licence: of its weights, as on its card.
    """

    name: str
    kind: Literal["embedder", "au_estimator"]
    description: str
    make: Callable[[Path | None], Instrument]
    packages: tuple[str, ...] = ()
    install: str = ""
    weights: str = ""
    fetch: str = ""
    takes: str = ""
    suffixes: tuple[str, ...] = ()
    problem: Callable[[], str | None] = _nothing_else
    scale: str = ""
    licence: str = ""

    def missing_packages(self) -> tuple[str, ...]:
        """Those of ``packages`` that are not installed; nothing is imported."""
        return tuple(name for name in self.packages if not _is_installed(name))


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        # The package of a submodule is missing.
        return False
