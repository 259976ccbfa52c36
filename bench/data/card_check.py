"""Whether a dataset card makes sense, before any file is looked at."""

from __future__ import annotations

import itertools
import math
import re
from string import Formatter
from typing import TYPE_CHECKING

from bench.data.inside import name_in_path_problem, path_problem
from bench.data.layout.check import fields_of_layout, label_problem, layout_problem

if TYPE_CHECKING:
    from bench.data.card import BenchmarkDefaults, DatasetCard

__all__ = ["SOURCE_AUS", "card_problem", "name_problem"]

INSTRUMENT = re.compile(r"[\w+-]+")
"""Of a name that is no path and no file of Python."""

OPTIONS = {"embedder": "embedder", "au_estimator": "au"}

SOURCE_AUS = ("estimator", "labels")
"""Where the Action Units of a source image may come from."""


def name_problem(name: str) -> str | None:
    """What is wrong with the name of a dataset; None if nothing."""
    if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) and not re.search(r"-\d+$", name):
        return None
    return (
        "name must be lower case, of letters, digits and hyphens, and not end like a resolution "
        f"(-64), not {name!r}"
    )


def card_problem(card: DatasetCard) -> str | None:
    """What is wrong with a card whose fields all have the right type; None if nothing."""
    alphas, recipe = card.benchmark.alphas, card.split_recipe
    if problem := name_problem(card.name):
        return problem
    if problem := _files_problem(card):
        return problem
    if card.labels and (problem := label_problem(card.labels)):
        return problem
    if problem := _benchmark_problem(card.benchmark):
        return problem
    if unknown := set(recipe.balance) - set(card.groups):
        return f"balance names {sorted(unknown)}, which groups does not"
    if recipe.people < 0 or card.size < 0:
        return "people is negative" if recipe.people < 0 else "size is negative"
    if card.benchmark.source_aus not in SOURCE_AUS:
        return f"source_aus must be {' or '.join(SOURCE_AUS)}, not {card.benchmark.source_aus!r}"
    if not alphas or not all(map(math.isfinite, alphas)):
        return "alphas must be numbers, at least one"
    if any(a >= b for a, b in itertools.pairwise(alphas)):
        return "alphas must ascend"
    return None


def _files_problem(card: DatasetCard) -> str | None:
    """What is wrong with where the images lie."""
    if card.groups_file and (problem := path_problem(card.groups_file)):
        return f"groups_file must lie below the data folder, and {card.groups_file!r} {problem}"
    if card.layout is not None:
        if card.path or card.roles or card.expressions:
            return "layout stands instead of path, roles and expressions"
        if problem := layout_problem(card.layout, card.labels):
            return problem
        missing = sorted(set(card.groups) - fields_of_layout(card.layout))
        if missing and not card.groups_file:
            return f"groups names {missing}, which is no field of the layout"
        return None
    if set(card.roles) != set(card.expressions):
        return "roles and expressions name different samples"
    if unknown := set(card.roles.values()) - {"reference", "source"}:
        return f"unknown role(s) {sorted(unknown)}"
    if _placeholders(card.path) != {"identity", "sample"}:
        return f"path must have {{identity}} and {{sample}}, not {card.path!r}; or a layout"
    if problem := path_problem(card.path):
        return f"path must stay below the data folder, and {card.path!r} {problem}"
    if card.groups and not card.groups_file:
        return "groups are named, and no groups_file that holds them"
    return None


def _benchmark_problem(benchmark: BenchmarkDefaults) -> str | None:
    """What is wrong with what a card names: cards come from anybody, and are not trusted."""
    if problem := name_in_path_problem(benchmark.split):
        return f"split must be the name of a version, such as v1, and {benchmark.split!r} {problem}"
    for what in ("embedder", "au_estimator"):
        name = getattr(benchmark, what)
        if not INSTRUMENT.fullmatch(name):
            return (
                f"{what} must be the name of an installed one, not {name!r}: a path could name a "
                f"program of the card's author; give it yourself, with --{OPTIONS[what]}"
            )
    return None


def _placeholders(pattern: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}
    except ValueError:  # a brace without its partner
        return set()
