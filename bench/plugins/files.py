"""Python files that are plugins without being installed."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.plugins.guard import results_apart

__all__ = ["InFile", "module_of_file", "own_values"]


@dataclass(frozen=True, slots=True)
class InFile:
    """A plugin that a file holds, as :class:`bench.plugins.entries.Registered` has one.

    Attributes:
        name: its name; that of the file where there is no plugin.
        path: of the file.
        plugin: what was found; None if nothing was.
        problem: why nothing was, in one line.
    """

    name: str
    path: Path
    plugin: Any
    problem: str | None

    @property
    def origin(self) -> str:
        return str(self.path)

    def load(self) -> tuple[Any, str | None]:
        """The object, and None; or None, and in one line why there is none."""
        return self.plugin, self.problem


def module_of_file(path: Path) -> ModuleType:
    """Runs a file as a module that finds those beside it; whatever it raises is raised.

    What it prints goes to stderr.
    """
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        # Last, so that a file called like a package that bench needs hides nothing.
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(f"bench_plugin_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with results_apart():
        spec.loader.exec_module(module)
    return module


def own_values(module: ModuleType) -> list[Any]:
    """What stands in a module under some name, each once."""
    values = {id(value): value for value in vars(module).values()}
    return list(values.values())
