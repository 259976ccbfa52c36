"""Plan, execute, store: from a split and a method to a table of measured outputs."""

from __future__ import annotations

from bench.callables import make_callable

make_callable(__name__)
