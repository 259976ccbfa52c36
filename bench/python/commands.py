"""What makes a function stand for a command: its options as text, its place in the records."""

from __future__ import annotations

import functools
import inspect
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from bench.api import Settings
from bench.arguments import given_data, parse_alphas
from bench.command_line import standing_for
from bench.stderr import showing_progress

__all__ = ["Folder", "Grid", "Parameters", "Words", "command", "settings_of", "words_of"]

Folder = Path | str
"""A file or folder."""

Grid = str | Sequence[float]
"""Alphas, as text such as ``0:1:0.1`` or as numbers; empty for the benchmark's."""

Parameters = Mapping[str, object]
"""Parameters of methods by name; values become text as they are typed."""

Words = str | Sequence[str]
"""One name or several."""

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def command(
    words: str,
) -> Callable[[Callable[Arguments, Returned]], Callable[Arguments, Returned]]:
    """Makes a function stand for a command.

    What it does is recorded under the command with the same options, and shows its progress unless
    its argument ``progress`` is false.

    Args:
        words: of the command, without ``bench``.
    """

    def decorate(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: Arguments.args, **options: Arguments.kwargs) -> Returned:
            given = signature.bind(*args, **options)
            line = shlex.join(["bench", *words.split(), *_typed(signature, given.arguments)])
            shown = bool(given.arguments.get("progress", True))
            with standing_for(line), showing_progress(shown):
                return function(*args, **options)

        return call

    return decorate


def settings_of(
    *,
    benchmark: str,
    data: Folder | None = None,
    out: Folder = "runs",
    alphas: Grid = "",
    au: str | None = None,
    param: Parameters | None = None,
    python: Folder | None = None,
    **others: Any,
) -> Settings:
    """The settings that the commands make of the same options; ``others`` need no change."""
    return Settings(
        benchmark=benchmark,
        data=given_data(None if data is None else Path(data), benchmark),
        out=Path(out),
        alphas=parse_alphas(_grid_text(alphas)),
        au_estimator=au,
        parameters={name: str(value) for name, value in (param or {}).items()},
        python=None if python is None else Path(python),
        **others,
    )


def words_of(words: Words | None) -> list[str]:
    """Names as a list; none for None."""
    return [words] if isinstance(words, str) else list(words or ())


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
