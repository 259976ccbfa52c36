"""To which groups people belong: what a dataset says of them, numbers made into bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from bench.data.card import DatasetCard
from bench.data.dataset import read_groups
from bench.errors import BenchError
from bench.suggest import did_you_mean

__all__ = ["AGE_CUTS", "GroupVariable", "group_variable", "people_groups"]

AGE_CUTS: Final = (25.0, 30.0)
"""Ages at which a band begins. Fixed for all datasets, so that no result can have moved them."""

UNKNOWN: Final = frozenset({"", "na", "n/a", "nan", "none", "unknown", "?"})
"""What tables write where they do not know, in lower case."""

# Numbers of fewer different values are codes, not amounts.
FEWEST_AMOUNTS = 7


@dataclass(frozen=True, slots=True)
class GroupVariable:
    """One thing that tells people apart, such as gender.

    Attributes:
        name: of the variable.
        members: the group of each identity of which it is known.
        order: the groups, in the order in which to show them.
        rule: how numbers became bands, in words; empty where the dataset names the groups.
    """

    name: str
    members: Mapping[str, str]
    order: tuple[str, ...]
    rule: str = ""


def people_groups(
    card: DatasetCard, data: Path | None, names: Sequence[str] = ()
) -> list[GroupVariable]:
    """The groups of a dataset's people, without looking at an image.

    Args:
        card: the dataset's card.
        data: the user's copy, which holds the table of groups if the card names one.
        names: the variables wanted; empty for all on the card.

    Raises:
        BenchError: the card names no groups, or not these; or the table is missing or malformed.
    """
    if not card.groups:
        raise BenchError(
            f"the card of {card.name} names no groups of people",
            hint="groups = [...] on the card, with groups_file if a table beside the images tells "
            "them (docs/add-a-dataset.md, section 4)",
        )
    for name in names:
        if name not in card.groups:
            raise BenchError(
                f"the card of {card.name} names no group {name!r}{did_you_mean(name, card.groups)}",
                hint=f"there: {', '.join(card.groups)}",
            )
    people = read_groups(card, data)
    return [
        group_variable(name, {identity: values[name] for identity, values in people.items()})
        for name in names or card.groups
    ]


def group_variable(name: str, values: Mapping[str, str]) -> GroupVariable:
    """Groups of one variable.

    Words are groups as they are. Numbers of many different values become bands: of ``age`` at
    ``AGE_CUTS``, of anything else in thirds of the dataset's people. Neither rule sees a score.

    Args:
        name: of the variable.
        values: of each identity of the dataset, as text; unknown ones are left out.
    """
    known = {
        identity: text.strip()
        for identity, text in values.items()
        if text.strip().lower() not in UNKNOWN
    }
    amounts = _amounts(known)
    if amounts is None:
        return GroupVariable(name, known, tuple(sorted(set(known.values()))))
    cuts: tuple[float, ...]
    if name == "age":
        cuts, why = AGE_CUTS, "fixed for all datasets"
    else:
        cuts, why = _thirds(list(amounts.values())), "thirds of the dataset's people"
    whole = all(number.is_integer() for number in (*amounts.values(), *cuts))
    bands = _band_names(cuts, whole=whole)
    members = {
        identity: bands[int(np.searchsorted(cuts, amount, side="right"))]
        for identity, amount in amounts.items()
    }
    begins = " and ".join(f"{cut:g}" for cut in cuts)
    return GroupVariable(name, members, bands, f"{name} in bands that begin at {begins}, {why}")


def _amounts(known: Mapping[str, str]) -> dict[str, float] | None:
    """The values as numbers; None if they are words, or codes of few different values."""
    try:
        amounts = {identity: float(text) for identity, text in known.items()}
    except ValueError:
        return None
    return amounts if len(set(amounts.values())) >= FEWEST_AMOUNTS else None


def _thirds(amounts: Sequence[float]) -> tuple[float, ...]:
    least, *others = np.unique(amounts)
    cuts = np.unique(np.quantile(amounts, [1 / 3, 2 / 3], method="higher"))
    # The least value begins no band: nobody would be below it.
    return tuple(float(cut) for cut in cuts if cut > least) or (float(others[0]),)


def _band_names(cuts: Sequence[float], *, whole: bool) -> tuple[str, ...]:
    between = [
        f"{low:g} to {high - 1:g}" if whole else f"{low:g} to under {high:g}"
        for low, high in pairwise(cuts)
    ]
    return (f"under {cuts[0]:g}", *between, f"{cuts[-1]:g} and over")
