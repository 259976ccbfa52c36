"""What to type after ``bench run``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.cli.options import DEFAULT_OUT
from bench.data.benchmark import DEFAULT_BENCHMARK, card_of
from bench.data.card import list_cards, load_card
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.api import Settings
    from bench.plugins.registry import MethodEntry

__all__ = ["next_steps"]

Option = tuple[str, object]
"""A name and a value; None and the empty text stand for the default, which is not typed; True has
no value."""

FIRST, REST = "Next: ", "      "


def next_steps(entries: Mapping[str, MethodEntry], settings: Settings, alphas: str) -> list[str]:
    """Lines to print after a run: commands to copy, with the options of that run.

    They make the page of the report, search alpha for the first method that has one and, if the
    images of the run came with the package, run the same on photographs and on one's own faces.

    Args:
        entries: the methods by what was typed: names or ``.py`` files.
        settings: what they ran with.
        alphas: the grid as it was typed; empty for the benchmark's.
    """
    from bench.plugins.foreign.elsewhere import is_elsewhere

    searched = next((n for n, e in entries.items() if e.card and e.card.has_alpha), None)
    method = searched or next(iter(entries))
    parameters: list[Option] = [
        ("--param", f"{name}={value}")
        for name, value in settings.parameters.items()
        if name in entries[method].parameters()
    ]
    parameters.append(("--python", settings.python if is_elsewhere(method) else None))
    parameters.append(("--isolate", settings.isolate or None))
    # The report asks for a name where a folder holds runs of several benchmarks.
    several = len({path.parents[1] for path in settings.out.glob("*/*/run.json")}) > 1
    named = settings.benchmark != DEFAULT_BENCHMARK
    out = None if settings.out == DEFAULT_OUT else settings.out
    benchmark = ("--benchmark", settings.benchmark if named else None)
    report_benchmark = ("--benchmark", settings.benchmark if named or several else None)

    commands = [_command("report", "--html", options=[report_benchmark, ("--runs", out)])]
    if searched:
        # Without those that decide the numbers or the rows, it would be another run.
        options: list[Option] = [
            benchmark,
            ("--data", settings.data),
            ("--out", out),
            ("--alphas", alphas),
            ("--limit", settings.limit),
            # That of a cluster's workers need not be here.
            ("--device", None if settings.own_device == "cpu" else settings.device),
            ("--embedder", settings.embedder),
            ("--au", settings.au_estimator),
            ("--source-aus", settings.source_aus),
            ("--seed", settings.seed or None),
            *parameters,
        ]
        commands.append(_command("alpha-search", searched, options=options))
    lines = [f"{REST if index else FIRST}{command}" for index, command in enumerate(commands)]
    photographs = _photographs() if card_of(settings.benchmark).ships_images else None
    if photographs:
        options = [("--benchmark", photographs), ("--data", "DIR"), ("--out", out), *parameters]
        lines += [
            f"On photographs (bench data show {photographs} tells where to get them):",
            f"{REST}{_command('run', method, options=options)}",
            "On your own faces (docs/add-a-dataset.md tells how):",
            f"{REST}{_command('run', method, options=[('--benchmark', 'NAME'), *options[1:]])}",
        ]
    return lines


def _command(*words: str, options: Sequence[Option]) -> str:
    given = [(name, value) for name, value in options if value not in (None, "")]
    typed = [text for name, value in given for text in ([name] if value is True else [name, value])]
    return shlex.join(["bench", *words, *map(str, typed)])


def _photographs() -> str | None:
    """A dataset that is ready but for the images, of which everybody brings their own copy."""
    for name in list_cards():
        try:
            card = load_card(name)
        except BenchError:
            continue  # somebody else's broken card is no reason to end without the next step
        if card.is_ready and not card.ships_images:
            return name
    return None
