"""Reading matter made from analysis results: tables for the terminal and one HTML page."""

from __future__ import annotations

from bench.callables import make_callable

make_callable(__name__)
