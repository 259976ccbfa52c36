"""What an entry says of the run that it was made from."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.analysis.scores import SCORES_VERSION
from bench.leaderboard.adding import Candidate
from bench.leaderboard.basis import Basis
from bench.leaderboard.contents import entry_numbers
from bench.leaderboard.entry import Entry
from bench.run.test_reads import TestReads

__all__ = ["draft_of", "entry_of"]

OF_METHOD: Final = ("name", "description", "citation", "has_alpha", "is_anchor", "origin")
PROVENANCE: Final = ("created", "git", "python", "packages", "hardware")


def draft_of(candidate: Candidate, board: Path) -> Entry:
    """A run as an entry that can be ranked: what ``board_entry`` reads, and no number."""
    run, info = candidate.run, candidate.run.info
    draft = {
        "benchmark": candidate.basis.benchmark,
        "method": {
            **{name: info["method"][name] for name in OF_METHOD},
            "origin": _short_path(info["method"]["origin"]),
        },
        "parameters": run.parameters,
        "identity": {name: info["identity"][name] for name in ("hash", "parts")},
        # An anchor hands out real images: its speed says nothing.
        "images_per_second": None if run.is_anchor else _tenths(run.timings.images_per_second),
        "peak_memory_mib": _tenths(run.timings.peak_memory_mib or None),
    }
    return Entry(board / candidate.name, draft, candidate.scores)


def entry_of(
    candidate: Candidate, basis: Basis, board: Path, test_reads: TestReads | None
) -> Entry:
    """The entry of a run as it will be stored, its numbers computed from the stored scores.

    Args:
        candidate: the run.
        basis: of its board.
        board: the board's folder.
        test_reads: how often its method's test rows were read; None if nobody counted.
    """
    draft, info = draft_of(candidate, board), candidate.run.info
    whole = {
        **draft.info,
        **entry_numbers(draft, basis),
        "test_reads": test_reads and {"reads": test_reads.reads, "variants": test_reads.variants},
        "scores_version": SCORES_VERSION,
        "command": _without_folders(str(info["command"])),
        **{name: info[name] for name in PROVENANCE},
    }
    return replace(draft, info=whole)


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _without_folders(command: str) -> str:
    """A command without the folders of the machine that it was typed on."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    kept = []
    for word in words:
        option, equals, value = word.partition("=")
        kept.append(f"{option}={_short_path(value)}" if equals else _short_path(word))
    return shlex.join(kept)


def _short_path(word: str) -> str:
    """The last name of an absolute path, or of one that leads out of the folder; else the word."""
    if re.match(r"^(/|~|\.\.?/|[A-Za-z]:[\\/])", word):
        return re.split(r"[\\/]", word.rstrip("\\/"))[-1] or "DIR"
    return word
