"""What a report shows: the values that ``bench.api`` gathers and the renderers read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from bench.analysis.alpha import AlphaSearch
    from bench.analysis.board import Board, BoardRow
    from bench.report.floor import BoardFloor
    from bench.run.store import StoredRun

__all__ = ["ReportInput", "ReportMethod"]


@dataclass(frozen=True, slots=True)
class ReportMethod:
    """Everything the report says about one method.

    Attributes:
        row: its row on the board.
        curve: its scores over alpha on the board's part, with the columns of
            ``bench.analysis.alpha.alpha_curve``; None for a method without alpha.
        search: its alpha search on the dev part; None where there was none.
        info: the content of ``run.json``.
        run: the stored run with its tables; None where only the board is known.
    """

    row: BoardRow
    curve: pd.DataFrame | None = None
    search: AlphaSearch | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    run: StoredRun | None = None


@dataclass(frozen=True, slots=True)
class ReportInput:
    """The content of one report.

    Attributes:
        benchmark: its name, such as ``london-64``.
        card: of the dataset. Read are ``citation`` (else ``authors``, ``title`` and ``year``),
            ``licence``, ``doi`` and ``may_show_images``; faces are shown only where that last
            one is true.
        board: the ranked table.
        methods: the methods in the order of the board.
        command: the command that makes this report again.
        created: when the report was made, as the text to print.
        floor: which differences on the board the instruments cannot tell; None to say nothing.
        pairs: keys of the pairs of the board's part that all runs have, self pairs included.
        folder: of the runs; None where there are no stored runs.
        data: the user's copy of the dataset, for what runs do not store; None without.
    """

    benchmark: str
    card: Mapping[str, Any]
    board: Board
    methods: Sequence[ReportMethod]
    command: str
    created: str
    floor: BoardFloor | None = None
    pairs: frozenset[str] = frozenset()
    folder: Path | None = None
    data: Path | None = None
