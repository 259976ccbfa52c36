"""Finds methods: by name (entry point group ``bench.methods``) or by file."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bench.errors import BenchError
from bench.plugins.contracts import Method, MethodCard
from bench.plugins.entries import Registered, one_line, registered
from bench.plugins.files import module_of_file, own_values
from bench.plugins.foreign.declared import method_class
from bench.plugins.foreign.elsewhere import CannotLoad, Elsewhere, place_here, place_of
from bench.plugins.foreign.limits import Limits
from bench.plugins.parameters import Parameter, declared_parameters
from bench.suggest import did_you_mean

__all__ = ["GROUP", "MethodEntry", "find_method", "list_methods", "load_method", "make_method"]

GROUP = "bench.methods"


@dataclass(frozen=True, slots=True)
class MethodEntry:
    """A method that was found.

    Attributes:
        name: the name to type.
        origin: package or file it comes from, and the interpreter where it is another.
        factory: the class; None if it failed to load.
        problem: why it failed to load; None if it did not.
        source_sha256: hash of the file that defines the class.
    """

    name: str
    origin: str
    factory: Callable[..., Method] | None
    problem: str | None
    source_sha256: str

    @property
    def card(self) -> MethodCard | None:
        return cast(MethodCard, self.factory.card) if self.factory else None  # type: ignore[attr-defined]

    def parameters(self) -> dict[str, Parameter]:
        """The parameters that ``--param`` sets."""
        return declared_parameters(self.factory) if self.factory else {}

    def to_dict(self) -> dict[str, Any]:
        """A row of ``bench list methods --json``; its kind is method, anchor or failed."""
        kind = "method"
        if self.card is None or self.card.is_anchor:
            kind = "failed" if self.card is None else "anchor"
        return {
            "name": self.name,
            "kind": kind,
            "description": self.problem if self.card is None else self.card.description,
            "parameters": {name: one.to_dict() for name, one in self.parameters().items()},
            "origin": self.origin,
        }


def list_methods() -> list[MethodEntry]:
    """All installed methods by name, those that fail to load with their reason."""
    return [_from_entry_point(found) for found in registered(GROUP)]


def find_method(
    name: str, python: Path | None = None, isolated: Limits | None = None
) -> MethodEntry:
    """Finds one method, also one that fails to load.

    Args:
        name: the name of an installed method, or the path of a Python file that defines one; with
            ``python`` such a path, or ``MODULE:CLASS``.
        python: the interpreter of another environment, where the method shall work.
        isolated: what it may take in a process of its own; None for this process. With ``python``
            it has one of its own in any case, and None stands for the usual limits.

    Raises:
        BenchError: there is no such method, or no such environment.
    """
    if python is not None:
        where = place_of(name, python, isolated)
        return _from_elsewhere(Path(name).stem, f"{name} in {where.python}", where)
    if name.endswith(".py"):
        if isolated is None:
            return _from_file(Path(name))
        _require_file(Path(name))
        return _from_elsewhere(Path(name).stem, str(Path(name)), place_here(name, isolated))
    known = {found.name: found for found in registered(GROUP)}
    if name not in known:
        raise BenchError(
            f"no method called {name!r}{did_you_mean(name, known)}",
            hint="bench list methods, or the path of a .py file; MODULE:CLASS needs --python PATH",
        )
    found = known[name]
    if isolated is None or len(found.points) > 1:
        return _from_entry_point(found)
    point = found.points[0]
    where = place_here(f"{point.module}:{point.attr}", isolated)
    entry = _from_elsewhere(name, found.origin, where)
    if entry.problem is None and entry.name != name:
        problem = f"its card is called {entry.name!r}"
        return MethodEntry(name, found.origin, None, problem, "")
    return entry


def load_method(
    name: str, python: Path | None = None, isolated: Limits | None = None
) -> MethodEntry:
    """Finds one method that loads.

    Args:
        name: as for :func:`find_method`.
        python: as for :func:`find_method`.
        isolated: as for :func:`find_method`.

    Raises:
        BenchError: there is no such method, or it fails to load.
    """
    entry = find_method(name, python, isolated)
    if entry.problem:
        raise BenchError(f"method {name!r} ({entry.origin}) cannot be loaded: {entry.problem}")
    return entry


def make_method(entry: MethodEntry, parameters: dict[str, str]) -> Method:
    """Makes a method with parameters given as text.

    Raises:
        BenchError: a parameter is unknown, or its text stands for no value that it may have.
    """
    if entry.factory is None:
        raise BenchError(f"method {entry.name!r} cannot be loaded: {entry.problem}")
    declared = entry.parameters()
    values: dict[str, Any] = {}
    for name, text in parameters.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise BenchError(
                f"method {entry.name!r} has no parameter {name!r}{did_you_mean(name, declared)}",
                hint=f"its parameters: {known}",
            )
        values[name] = declared[name].value_of(text, f"method {entry.name!r}")
    try:
        return entry.factory(**values)
    except (ValueError, FileNotFoundError) as error:
        raise BenchError(f"method {entry.name!r}: {error}") from error


def _from_entry_point(found: Registered) -> MethodEntry:
    factory, problem = found.load()
    if problem:
        return MethodEntry(found.name, found.origin, None, problem, "")
    try:
        return _checked(found.name, found.origin, factory)
    except Exception as error:  # whatever is odd about a foreign class stops nobody else
        return MethodEntry(found.name, found.origin, None, one_line(error), "")


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise BenchError(f"no method file at {path}")


def _from_file(path: Path) -> MethodEntry:
    _require_file(path)
    try:
        module = module_of_file(path)
    except (Exception, SystemExit) as error:  # a foreign file may do anything when it is run
        return MethodEntry(path.stem, str(path), None, one_line(error), "")
    classes = [
        value
        for value in own_values(module)
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and isinstance(vars(value).get("card"), MethodCard)
    ]
    if len(classes) != 1:
        found = ", ".join(c.__name__ for c in classes) or "none"
        problem = f"expected one class with a MethodCard called card, found {found}"
        return MethodEntry(path.stem, str(path), None, problem, "")
    card: MethodCard = vars(classes[0])["card"]
    return _checked(card.name, str(path), classes[0])


def _from_elsewhere(name: str, origin: str, where: Elsewhere) -> MethodEntry:
    """A method in a process of its own; the name is for one that cannot be loaded."""
    try:
        description = where.describe()
    except CannotLoad as error:
        return MethodEntry(name, origin, None, str(error), "")
    factory = method_class(where, description)
    if required := _without_default(factory):
        problem = f"its parameter(s) without a default: {', '.join(required)}"
        return MethodEntry(factory.card.name, origin, None, problem, "")
    return MethodEntry(factory.card.name, origin, factory, None, description["source_sha256"])


def _checked(name: str, origin: str, factory: Any) -> MethodEntry:
    problem = None
    card = getattr(factory, "card", None)
    if not inspect.isclass(factory):
        problem = f"it is no class but of {type(factory).__name__}"
    elif not isinstance(card, MethodCard):
        problem = "it has no MethodCard called card"
    elif card.name != name:
        problem = f"its card is called {card.name!r}"
    elif required := _without_default(factory):
        problem = f"its parameter(s) without a default: {', '.join(required)}"
    else:
        lacking = [n for n in ("prepare", "transfer") if not callable(getattr(factory, n, None))]
        if lacking:
            problem = f"it lacks {' and '.join(lacking)}"
    if problem:
        return MethodEntry(name, origin, None, problem, "")
    source = Path(inspect.getfile(factory))
    return MethodEntry(name, origin, factory, None, hashlib.sha256(source.read_bytes()).hexdigest())


def _without_default(factory: Any) -> list[str]:
    empty = inspect.Parameter.empty
    return [p.name for p in declared_parameters(factory).values() if p.default is empty]
