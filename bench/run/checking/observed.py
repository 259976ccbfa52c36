"""What a plugin changes while it works: process, files, network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from bench.plugins.checks.outcome import Finding, failed, passed
from bench.plugins.checks.state import changes, process_state
from bench.plugins.checks.watch import Watch

__all__ = ["Observed"]

EXPECTED: Final = {
    "torch settings": "as they were; torch.no_grad() as a block gives them back",
    "random states": "a generator of one's own, such as numpy.random.default_rng(context.seed)",
    "environment": "the same working directory, and variables for threads and devices as they were",
    "inputs": "the pixels as they were; a copy may be changed",
}
"""Check -> what would have been right."""

SHOWN: Final = 3
"""Paths and addresses that a finding names, at most."""


class Observed:
    """Notes what blocks of a plugin's work leave behind.

    Args:
        watch: of files and network.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._first: dict[str, str] = {}

    @contextmanager
    def working(self, doing: str) -> Iterator[None]:
        """The plugin works; what it changes is noted with what it did."""
        before = process_state()
        try:
            with self.watch.plugin():
                yield
        finally:
            for check, text in changes(before, process_state()).items():
                self.note(check, f"{text} after {doing}")

    def note(self, check: str, text: str) -> None:
        """Notes a trace; the first of a check counts."""
        self._first.setdefault(check, text)

    def findings(self) -> Mapping[str, Finding]:
        """The traces of all blocks so far, by check."""
        found = {
            check: failed(self._first[check], expected) if check in self._first else passed()
            for check, expected in EXPECTED.items()
        }
        written, asked = self.watch.written, self.watch.connections
        found["files"] = (
            failed(f"written outside: {_some(written)}", "only tempfile's folder is written to")
            if written
            else passed()
        )
        found["network"] = (
            failed(f"it asked {_some(asked)}", "weights and data are on this machine")
            if asked
            else passed()
        )
        return found


def _some(names: Mapping[str, None]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(list(names)[:SHOWN]) + more
