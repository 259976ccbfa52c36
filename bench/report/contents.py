"""What a report shows: the values that ``bench.api`` gathers and the renderers read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from bench.analysis.alpha import AlphaSearch
    from bench.analysis.board import Board, BoardRow
    from bench.report.floor import BoardFloor

__all__ = ["Cell", "ReportInput", "ReportMethod", "Strip"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of a strip.

    Attributes:
        image: (H, W, 3) RGB, or None where there is no picture.
        label: the caption, such as ``source`` or ``alpha 0.40``.
        placeholder: why there is no picture, such as ``no_face``; shown in its place.
    """

    image: NDArray[np.uint8] | None
    label: str
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """Pictures of one pair, in reading order: source, both neutral faces, outputs over alpha."""

    title: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class ReportMethod:
    """Everything the report says about one method.

    Attributes:
        row: its row on the board.
        curve: its scores over alpha on the board's part, with the columns of
            ``bench.analysis.alpha.alpha_curve``; None for a method without alpha.
        search: its alpha search on the dev part; None where there was none.
        strips: picture strips of a few pairs.
        info: the content of ``run.json``.
    """

    row: BoardRow
    curve: pd.DataFrame | None = None
    search: AlphaSearch | None = None
    strips: Sequence[Strip] = ()
    info: Mapping[str, Any] = field(default_factory=dict)


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
    """

    benchmark: str
    card: Mapping[str, Any]
    board: Board
    methods: Sequence[ReportMethod]
    command: str
    created: str
    floor: BoardFloor | None = None
