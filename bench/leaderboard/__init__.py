"""Published results in git: entries, the board they make, and whether they hold."""

from __future__ import annotations

from bench.callables import make_callable

make_callable(__name__)
