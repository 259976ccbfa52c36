"""Finds methods: by name (entry point group ``bench.methods``) or by file."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bench.errors import BenchError
from bench.plugins.contracts import Method, MethodCard
from bench.plugins.entries import Registered, one_line, registered
from bench.suggest import did_you_mean

__all__ = ["GROUP", "MethodEntry", "list_methods", "load_method", "make_method"]

GROUP = "bench.methods"


@dataclass(frozen=True, slots=True)
class MethodEntry:
    """A method that was found.

    Attributes:
        name: the name to type.
        origin: package or file it comes from.
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

    def parameters(self) -> dict[str, inspect.Parameter]:
        """The parameters that ``--param`` sets."""
        if self.factory is None:
            return {}
        return dict(inspect.signature(self.factory).parameters)


def list_methods() -> list[MethodEntry]:
    """All installed methods by name, those that fail to load with their reason."""
    return [_from_entry_point(found) for found in registered(GROUP)]


def load_method(name: str) -> MethodEntry:
    """Finds one method.

    Args:
        name: the name of an installed method, or the path of a Python file that defines one.

    Raises:
        BenchError: there is no such method, or it fails to load.
    """
    if name.endswith(".py"):
        entry = _from_file(Path(name))
    else:
        known = {found.name: found for found in registered(GROUP)}
        if name not in known:
            raise BenchError(
                f"no method called {name!r}{did_you_mean(name, known)}",
                hint="bench list methods, or the path of a .py file",
            )
        entry = _from_entry_point(known[name])
    if entry.problem:
        raise BenchError(f"method {name!r} ({entry.origin}) cannot be loaded: {entry.problem}")
    return entry


def make_method(entry: MethodEntry, parameters: dict[str, str]) -> Method:
    """Makes a method with parameters given as text.

    Raises:
        BenchError: a parameter is unknown or its text does not fit the type of its default.
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
        values[name] = _convert(entry.name, name, text, declared[name].default)
    try:
        return entry.factory(**values)
    except (ValueError, FileNotFoundError) as error:
        raise BenchError(f"method {entry.name!r}: {error}") from error


def _convert(method: str, name: str, text: str, default: Any) -> Any:
    if default is None or isinstance(default, str):
        return text
    if isinstance(default, bool):
        truth = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() in truth:
            return truth[text.lower()]
    else:
        try:
            return type(default)(text)
        except ValueError:
            pass
    kind = type(default).__name__
    raise BenchError(f"method {method!r}: {name}={text!r} is no {kind}", hint=f"default {default}")


def _from_entry_point(found: Registered) -> MethodEntry:
    factory, problem = found.load()
    if problem:
        return MethodEntry(found.name, found.origin, None, problem, "")
    return _checked(found.name, found.origin, factory)


def _from_file(path: Path) -> MethodEntry:
    if not path.is_file():
        raise BenchError(f"no method file at {path}")
    spec = importlib.util.spec_from_file_location(f"bench_method_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a foreign file may do anything when it is run
        return MethodEntry(path.stem, str(path), None, one_line(error), "")
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == spec.name
        and isinstance(vars(value).get("card"), MethodCard)
    ]
    if len(classes) != 1:
        found = ", ".join(c.__name__ for c in classes) or "none"
        problem = f"expected one class with a MethodCard called card, found {found}"
        return MethodEntry(path.stem, str(path), None, problem, "")
    card: MethodCard = vars(classes[0])["card"]
    return _checked(card.name, str(path), classes[0])


def _checked(name: str, origin: str, factory: Any) -> MethodEntry:
    problem = None
    if not isinstance(getattr(factory, "card", None), MethodCard):
        problem = "it has no MethodCard called card"
    elif factory.card.name != name:
        problem = f"its card is called {factory.card.name!r}"
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
    parameters = inspect.signature(factory).parameters.values()
    return [p.name for p in parameters if p.default is inspect.Parameter.empty]
