"""The parameters of a method: declared by the annotations of ``__init__``, set as text."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from bench.errors import BenchError
from bench.suggest import did_you_mean

__all__ = ["Bounds", "Parameter", "declared_parameters"]

KINDS: Final = (bool, int, float, str, Path)
"""What a text can become."""

TRUTH: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of a number, both ends included: ``share: Annotated[float, Bounds(0, 1)] = 0.5``.

    Attributes:
        low: least value; None for no limit.
        high: largest value; None for no limit.
    """

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError("Bounds() without a limit: give low, high or both")

    def __contains__(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"at most {self.high:g}" if self.high is not None else f"at least {self.low:g}"
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A keyword parameter of a method.

    Attributes:
        name: as it is typed.
        type: ``bool``, ``int``, ``float``, ``str`` or ``Path``; by its annotation, else by its
            default.
        default: what it is if nobody sets it; ``inspect.Parameter.empty`` if it has none.
        choices: the values of a ``Literal``; empty for any.
        bounds: of a number; None for any.
        problem: how its declaration breaks the contract; empty if it does not.
    """

    name: str
    type: type
    default: Any
    choices: tuple[Any, ...] = ()
    bounds: Bounds | None = None
    problem: str = ""

    @property
    def values(self) -> str:
        """What it may be: ``float``, ``float, 0 to 1`` or ``fp32, bf16``."""
        if self.choices:
            return ", ".join(map(str, self.choices))
        return f"{self.type.__name__}, {self.bounds}" if self.bounds else self.type.__name__

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; the default as text."""
        return {
            "type": self.type.__name__,
            "default": str(self.default),
            "choices": list(self.choices) or None,
            "low": self.bounds.low if self.bounds else None,
            "high": self.bounds.high if self.bounds else None,
        }

    def value_of(self, text: str, who: str) -> Any:
        """The value that a text stands for.

        Args:
            text: what was typed.
            who: whose parameter it is, for the message.

        Raises:
            BenchError: it stands for none.
        """
        if self.type not in KINDS:
            raise BenchError(
                f"{who}: {self.name} cannot be set by text: {self.problem}",
                hint="docs/add-a-method.md, C3",
            )
        value = self._converted(text)
        hint = f"default {self.default}"
        if value is None or not self._is_allowed(value):
            problem = f"{who}: {self.name}={text!r} is no {self.type.__name__}"
            if self.choices:
                known = [str(choice) for choice in self.choices]
                problem = f"{who}: there is no {self.name}={text!r}{did_you_mean(text, known)}"
                hint = f"one of {self.values}; {hint}"
            elif value is not None:
                problem = f"{who}: {self.name}={text!r} is not {self.bounds}"
            raise BenchError(problem, hint=hint)
        return value

    def _converted(self, text: str) -> Any:
        """A value of the type; None if the text is of another."""
        if self.choices:
            return next((choice for choice in self.choices if str(choice) == text), None)
        if self.type is bool:
            return TRUTH.get(text.lower())
        try:
            return self.type(text)
        except ValueError:
            return None

    def _is_allowed(self, value: Any) -> bool:
        return self.bounds is None or value in self.bounds


def declared_parameters(factory: Callable[..., Any]) -> dict[str, Parameter]:
    """The parameters of a class by name, in the order of its ``__init__``."""
    signature = {
        name: parameter
        for name, parameter in inspect.signature(factory).parameters.items()
        # A class without __init__ of its own may show that of a Protocol.
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    try:
        hints = get_type_hints(getattr(factory, "__init__", factory), include_extras=True)
    except Exception as error:  # an annotation may name what is imported for type checkers alone
        problem = f"its type cannot be looked up: {error}"
        return {
            name: Parameter(name, _type_of_default(p.default), p.default, problem=problem)
            for name, p in signature.items()
        }
    return {name: _parameter(name, hints.get(name), p.default) for name, p in signature.items()}


def _parameter(name: str, annotation: Any, default: Any) -> Parameter:
    if annotation is None:
        return Parameter(name, _type_of_default(default), default, problem="it has no type")
    bounds = None
    if get_origin(annotation) is Annotated:
        annotation, *extras = get_args(annotation)
        bounds = next((extra for extra in extras if isinstance(extra, Bounds)), None)
    is_optional = False
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        is_optional = len(kinds) < len(get_args(annotation))
        annotation = kinds[0] if len(kinds) == 1 else annotation
    if get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        bounds = next((extra for extra in inner if isinstance(extra, Bounds)), bounds)
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    kind = type(choices[0]) if choices else annotation
    if kind not in KINDS:
        shown = getattr(annotation, "__name__", str(annotation))
        problem = f"its type {shown} is none of {', '.join(kind.__name__ for kind in KINDS)}"
        return Parameter(name, _type_of_default(default), default, problem=problem)
    if bounds is not None and kind not in (int, float):
        problem = f"its type {kind.__name__} has Bounds, which only int and float can have"
        return Parameter(name, kind, default, choices, problem=problem)
    declared = Parameter(name, kind, default, choices, bounds)
    if default is inspect.Parameter.empty or (default is None and is_optional):
        return declared
    fits = default in choices if choices else _is_a(default, kind)
    if fits and (bounds is None or default in bounds):
        return declared
    problem = f"its default {default!r} is not {declared.values}"
    return Parameter(name, kind, default, choices, bounds, problem)


def _is_a(default: Any, kind: type) -> bool:
    """Whether a default is of a type; a whole number may stand for a ``float``, no truth value."""
    if isinstance(default, bool):
        return kind is bool
    return isinstance(default, (int, float) if kind is float else kind)


def _type_of_default(default: Any) -> type:
    is_text = default is None or default is inspect.Parameter.empty
    return str if is_text else type(default)
