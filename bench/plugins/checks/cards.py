"""Whether cards and parameters say what their readers need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bench.plugins.checks.outcome import Finding, failed, passed
from bench.plugins.contracts import MethodCard
from bench.plugins.parameters import Parameter
from metrics.cards import InstrumentCard
from metrics.plugin import InstrumentPlugin

__all__ = [
    "check_fingerprint",
    "check_instrument_card",
    "check_method_card",
    "check_parameters",
    "plugin_name_problem",
]


def plugin_name_problem(name: Any) -> str:
    """What is wrong with the name of a plugin; empty if nothing."""
    if isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        return ""
    return f"the name {name!r} is not lower case letters and digits with hyphens between"


def check_method_card(card: MethodCard) -> Finding:
    """The card as it is on the class, before ``prepare`` may complete it."""
    expected = "a name such as my-method, a description of one line, true or false for has_alpha"
    if problem := plugin_name_problem(card.name):
        return failed(problem, expected)
    if not isinstance(card.description, str) or not card.description.strip():
        return failed("the description is empty", expected)
    if "\n" in card.description:
        return failed("the description has more than one line", expected)
    if not isinstance(card.citation, str):
        return failed(f"the citation is {card.citation!r} and no text", expected)
    for name in ("has_alpha", "is_anchor"):
        if not isinstance(getattr(card, name), bool):
            return failed(f"{name} is {getattr(card, name)!r}", expected)
    return passed()


def check_parameters(parameters: Iterable[Parameter]) -> Finding:
    """Whether every parameter is declared: its type, and a default of that type."""
    declared = list(parameters)
    for parameter in declared:
        if parameter.problem:
            return failed(
                f"{parameter.name}: {parameter.problem}",
                "NAME: TYPE = DEFAULT with bool, int, float, str, Path or a Literal of choices",
            )
    return passed(f"{len(declared)} declared" if declared else "it has none")


def check_fingerprint(returned: Any) -> Finding:
    """What ``prepare`` returned."""
    expected = 'a mapping of texts to texts, such as {"weights_sha256": "..."}, or {}'
    if not isinstance(returned, Mapping):
        return failed(f"it returns {type(returned).__name__}", expected)
    for name, value in returned.items():
        if not isinstance(name, str) or not isinstance(value, str):
            return failed(f"it returns {name!r}: {value!r}", expected)
    return passed()


def check_instrument_card(card: InstrumentCard, plugin: InstrumentPlugin[Any] | None) -> Finding:
    """The card of an instrument, beside what its plugin says of it.

    Args:
        card: of the instrument that was made.
        plugin: what registers it; None for weights of the user's own, of which it says nothing.
    """
    filled = ("name", "version", "description", "crop", "scale", "licence", "source")
    expected = f"words for {', '.join(filled)}; the plugin repeats scale and licence"
    if empty := [name for name in filled if not str(getattr(card, name)).strip()]:
        return failed(f"nothing stands under {', '.join(empty)}", expected)
    if card.input_size <= 0:
        return failed(f"input_size is {card.input_size}", "a side in pixels")
    if bool(card.weights_name) != bool(card.weights_sha256):
        return failed("weights_name and weights_sha256 are not given together", "both or none")
    for name in ("scale", "licence") if plugin is not None else ():
        said = getattr(plugin, name)
        if said and said != getattr(card, name):
            return failed(
                f"{name} is {getattr(card, name)!r} on the card and {said!r} on the plugin",
                "the same on both",
            )
    return passed()
