"""What makes a function stand for a command: its options as text, its place in the records."""

from __future__ import annotations

import functools
import inspect
import operator
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, SimpleNamespace
from typing import Annotated, Any, Final, ParamSpec, TypeVar, cast, get_args, get_type_hints

from bench.api import Settings
from bench.arguments import given_data, parse_alphas
from bench.command_line import standing_for
from bench.errors import BenchError
from bench.run.distributed.storage import folder_of_runs
from bench.stderr import showing_progress
from bench.suggest import did_you_mean

__all__ = [
    "AtLeast",
    "Count",
    "Folder",
    "Grid",
    "Parameters",
    "Words",
    "command",
    "settings_of",
    "words_of",
]

Folder = Path | str
"""A file or folder."""

Grid = str | Sequence[float]
"""Alphas, as text such as ``0:1:0.1`` or as numbers; empty for the benchmark's."""

Parameters = Mapping[str, object]
"""Parameters of methods by name; values become text as they are typed."""

Words = Folder | Sequence[Folder]
"""One name or file, or several."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """In an annotation, the least that a number may be."""

    least: float


Count = Annotated[int, AtLeast(1)]
"""How many; at least one."""

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def command(
    words: str,
) -> Callable[[Callable[Arguments, Returned]], Callable[Arguments, Returned]]:
    """Makes a function stand for a command.

    What it does is recorded under the command with the same options, and shows its progress unless
    its argument ``progress`` is false. Its annotations are kept: a value that is none of a
    ``Literal``, or below an ``AtLeast``, is a :class:`BenchError`, and numbers and paths of other
    types become those that are asked for.

    Args:
        words: of the command, without ``bench``.
    """

    def decorate(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: Arguments.args, **options: Arguments.kwargs) -> Returned:
            given = signature.bind(*args, **options)
            asked = _annotations(function)
            for name, value in given.arguments.items():
                given.arguments[name] = _checked(name, value, asked[name])
            line = shlex.join(["bench", *words.split(), *_typed(signature, given.arguments)])
            shown = bool(given.arguments.get("progress", True))
            with standing_for(line), showing_progress(shown):
                return cast(Callable[..., Returned], function)(*given.args, **given.kwargs)

        return call

    return decorate


def settings_of(
    *,
    benchmark: str,
    data: Folder | None = None,
    out: Folder = "runs",
    alphas: Grid = "",
    embedder: Folder | None = None,
    au: Folder | None = None,
    param: Parameters | None = None,
    python: Folder | None = None,
    **others: Any,
) -> Settings:
    """The settings that the commands make of the same options; ``others`` need no change."""
    return Settings(
        benchmark=benchmark,
        data=given_data(None if data is None else Path(data), benchmark),
        out=folder_of_runs(out),
        alphas=parse_alphas(_grid_text(alphas)),
        embedder=None if embedder is None else str(embedder),
        au_estimator=None if au is None else str(au),
        parameters={name: str(value) for name, value in (param or {}).items()},
        python=None if python is None else Path(python),
        **others,
    )


def words_of(words: Words | None) -> list[str]:
    """Names as a list; none for None."""
    return [str(word) for word in ([words] if isinstance(words, Folder) else words or ())]


def _flag(value: object) -> bool:
    if value not in (True, False):
        raise ValueError
    return bool(value)


NUMBERS: Final[Mapping[Any, tuple[str, Callable[[Any], object]]]] = {
    bool: ("True or False", _flag),
    int: ("a whole number", operator.index),
    float: ("a number", float),
}


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """What the parameters ask for; what is returned may be known to type checkers alone."""
    texts = {name: text for name, text in function.__annotations__.items() if name != "return"}
    spaces = getattr(function, "__globals__", {})
    return get_type_hints(SimpleNamespace(__annotations__=texts), spaces, include_extras=True)


def _parts(annotation: Any) -> list[Any]:
    """The types, choices and limits that an annotation is made of."""
    inner = get_args(annotation)
    return [part for one in inner for part in _parts(one)] if inner else [annotation]


def _checked(name: str, value: Any, annotation: Any) -> Any:
    """An argument as its annotation asks for it.

    Raises:
        BenchError: it is no such number or choice.
    """
    parts = _parts(annotation)
    if value is None and NoneType in parts:
        return None
    if parts[0] in NUMBERS:
        what, convert = NUMBERS[parts[0]]
        try:
            value = convert(value)
        except (TypeError, ValueError) as error:
            raise BenchError(f"{name}={value!r} is not {what}") from error
    for limit in parts:
        if isinstance(limit, AtLeast) and not value >= limit.least:
            raise BenchError(f"{name}={value!r} is too small", hint=f"at least {limit.least:g}")
    choices = dict.fromkeys(part for part in parts if isinstance(part, str))
    for one in value if isinstance(value, (list, tuple)) else [value]:
        if choices and one not in choices:
            raise BenchError(
                f"there is no {name}={one!r}{did_you_mean(str(one), choices)}",
                hint=f"there: {', '.join(choices)}",
            )
    return value


def _grid_text(alphas: Grid) -> str:
    return alphas if isinstance(alphas, str) else ",".join(f"{alpha:g}" for alpha in alphas)


def _typed(signature: inspect.Signature, given: Mapping[str, Any]) -> Iterable[str]:
    """The arguments as they are typed in a shell; those with their default are not."""
    for name, value in given.items():
        parameter = signature.parameters[name]
        default = parameter.default
        if name == "progress" or value is None:
            continue
        # Of one type, since an array compares with a text number by number.
        if type(value) is type(default) and value == default:
            continue
        if parameter.kind is not parameter.KEYWORD_ONLY:
            yield from words_of(value)
            continue
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            yield option
        elif name == "alphas":
            yield from (option, _grid_text(value))
        elif isinstance(value, Mapping):
            for key, one in value.items():
                yield from (option, f"{key}={one}")
        elif isinstance(value, (str, Path, int, float)):
            yield from (option, str(value))
        else:
            for one in value:
                yield from (option, str(one))
