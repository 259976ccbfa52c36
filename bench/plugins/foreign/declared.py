"""The class of a method in a process of its own: card and parameters, as they are told there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, Literal

from bench.plugins.contracts import MethodCard
from bench.plugins.foreign.elsewhere import Elsewhere
from bench.plugins.foreign.method import (
    START_TIMEOUT,
    TIMEOUT,
    ForeignMethod,
    ReconstructingMethod,
)
from bench.plugins.parameters import KINDS, Bounds

__all__ = ["method_class"]


def method_class(where: Elsewhere, description: Mapping[str, Any]) -> type[ForeignMethod]:
    """A class with the card and the parameters of a method in a process of its own.

    Args:
        where: interpreter and method.
        description: what :meth:`Elsewhere.describe` returns.
    """
    card = MethodCard(**description["card"])
    rows: Sequence[Mapping[str, Any]] = (*description["parameters"], *_own(where))
    # In another environment it is not asked for.
    reconstructs = where.is_here and description["reconstructs"]
    base = ReconstructingMethod if reconstructs else ForeignMethod

    def initialise(self: ForeignMethod, **values: Any) -> None:
        ForeignMethod.__init__(self, where, card, values)

    annotations = {row["name"]: _annotation(row) for row in rows}
    initialise.__annotations__ = {k: v for k, v in annotations.items() if v is not None}
    own = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    given = [Parameter(row["name"], Parameter.KEYWORD_ONLY, default=_default(row)) for row in rows]
    vars(initialise)["__signature__"] = Signature([own, *given])
    return type(base.__name__, (base,), {"card": card, "__init__": initialise})


def _own(where: Elsewhere) -> Sequence[Mapping[str, Any]]:
    """Seconds for an image, and until the method is prepared, in another environment.

    Here they are options of the command: parameters would make the run another one.
    """
    if where.is_here:
        return ()
    limits = where.limits
    return (
        {"name": TIMEOUT, "type": "float", "bounds": (0.1, None), "default": limits.timeout},
        {
            "name": START_TIMEOUT,
            "type": "float",
            "bounds": (0.1, None),
            "default": limits.start_timeout,
        },
    )


def _annotation(row: Mapping[str, Any]) -> Any:
    """The annotation that the runner took apart; None for a parameter without a type."""
    if "choices" in row:
        annotation: Any = Literal[tuple(row["choices"])]
    elif "type" in row:
        known = {kind.__name__: kind for kind in KINDS}
        annotation = known.get(row["type"]) or type(row["type"], (), {})
    else:
        return None
    annotation = annotation | None if row.get("optional") else annotation
    return Annotated[annotation, Bounds(*row["bounds"])] if "bounds" in row else annotation


def _default(row: Mapping[str, Any]) -> Any:
    default = row.get("default", Parameter.empty)
    return Path(default) if row.get("type") == "Path" and isinstance(default, str) else default
