"""Whether what a plugin made is the instrument that it promised."""

from __future__ import annotations

from typing import Any, Final

from bench.errors import BenchError
from metrics.cards import InstrumentCard
from metrics.contracts import AUEstimator, Embedder

__all__ = ["ContractBroken", "require_contract"]

PROTOCOLS: Final[dict[str, Any]] = {"embedder": Embedder, "au_estimator": AUEstimator}


class ContractBroken(BenchError):
    """A plugin does not do what plugins promise: its author can mend it, and no user."""


def require_contract(made: Any, kind: str, who: str) -> Any:
    """The instrument, if it keeps the contract of its kind as far as this shows without an image.

    Args:
        made: what the plugin made.
        kind: what it should be.
        who: the plugin, for the message.

    Raises:
        ContractBroken: it is something else; the message says what.
    """
    if fault := _fault(made, kind):
        raise ContractBroken(
            f"{who} breaks the contract: {fault}", hint="docs/add-an-instrument.md"
        )
    return made


def _fault(made: Any, kind: str) -> str:
    name = type(made).__name__
    # Properties and methods alone are asked for: whether they work shows with an image.
    if not isinstance(made, PROTOCOLS[kind]):
        return f"{name} lacks card, action_units or its method"
    card = made.card
    if not isinstance(card, InstrumentCard):
        return f"the card of {name} is no InstrumentCard"
    if card.kind != kind:
        return f"the card of {name} is of the kind {card.kind!r}"
    if kind == "au_estimator":
        units = made.action_units
        if not isinstance(units, tuple) or not units or not all(map(_is_unit, units)):
            return f"action_units of {name} is {units!r} and no tuple of names such as AU01"
        if list(units) != sorted(set(units)):
            return f"action_units of {name} are not sorted, or one is there twice"
    return ""


def _is_unit(name: Any) -> bool:
    return isinstance(name, str) and len(name) == 4 and name[:2] == "AU" and name[2:].isdecimal()
