"""What the API pages make of docstrings, as an extension of griffe."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["HouseStyle"]

ROLE = re.compile(r":(?:class|func|meth|mod|data|attr):`[~.]?([^`]+)`")


class HouseStyle(griffe.Extension):
    """Examples become code, and roles such as ``:func:`` the name that they lead to."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            text = ROLE.sub(r"``\1``", obj.docstring.value)
            obj.docstring.value = text.replace("Example:\n", "Examples:\n")
