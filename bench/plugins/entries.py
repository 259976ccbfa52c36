"""What installed packages register under an entry point group, whatever state they are in."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bench.plugins.guard import results_apart

__all__ = ["Registered", "one_line", "registered"]


@dataclass(frozen=True, slots=True)
class Registered:
    """A name of a group, and who claims it.

    Attributes:
        name: what a user types.
        points: one entry point, or one for each of the packages that claim the name.
    """

    name: str
    points: tuple[EntryPoint, ...]

    @property
    def origin(self) -> str:
        """The package with its version, such as ``my-package 1.0``."""
        return " and ".join(sorted(_package(point) for point in self.points))

    def load(self) -> tuple[Any, str | None]:
        """The object, and None; or None, and in one line why there is none."""
        if len(self.points) > 1:
            return None, f"two packages register it, {self.origin}: uninstall one of them"
        try:
            with results_apart():
                return self.points[0].load(), None
        except (Exception, SystemExit) as error:  # a foreign module may do anything when imported
            return None, one_line(error)


def registered(group: str) -> list[Registered]:
    """Everything that is registered under a group, by name; nothing is imported."""
    points: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        points.setdefault(point.name, []).append(point)
    return [Registered(name, tuple(points[name])) for name in sorted(points)]


def one_line(error: BaseException) -> str:
    """An error as one line that begins with its class."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
