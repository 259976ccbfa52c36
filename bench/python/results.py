"""What the functions return: values with their JSON, tables and charts."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Protocol, TypeVar

from bench.errors import BenchError
from bench.python.frames import Row, frame_of
from bench.suggest import did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup
    from rich.console import Console

    from bench.analysis.named_search import NamedSearch
    from bench.analysis.reconstruction import ReconstructionTable
    from bench.report.charts.standalone import Figure, Picture
    from bench.report.contents import ReportMethod

__all__ = ["AlphaResult", "BoardResult", "ReconstructionResult", "Result"]

WIDTHS: Final = {"text": 80, "html": 100}
"""Columns of what is printed."""

COMPARED: Final = (
    *("first", "second", "difference", "low", "high", "p_value", "p_adjusted", "multiplicity"),
    *("sources", "targets", "reach", "separated"),
)
SEPARATED: Final = (
    *("better", "worse", "difference", "other_difference", "verdict"),
    *("difference_interval", "other_difference_interval"),
)
COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "comparisons": COMPARED,
    "anchor_comparisons": COMPARED,
    "first_separations": SEPARATED,
    "second_separations": SEPARATED,
    "first_anchor_separations": SEPARATED,
    "second_anchor_separations": SEPARATED,
}
"""Of lists that may be empty, such as the comparisons of a single method."""

PRE: Final = '<pre style="line-height: 1.3; overflow-x: auto">{code}</pre>'


class _Described(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


Value = TypeVar("Value", bound=_Described)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Result(Generic[Value]):
    """What a command found. Printed, it is what the command prints.

    Attributes:
        value: the same as a value of :mod:`bench.analysis` or :mod:`bench.api_leaderboard`.
        rows: of its main table, from the JSON.
        show: prints it.
        nested: rows of tables that are no lists at the top of the JSON, by name.
    """

    value: Value
    rows: Sequence[Row]
    show: Callable[[Console], None]
    nested: Mapping[str, Sequence[Row]] = field(default_factory=dict, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of the command; what is undefined is None."""
        return self.value.to_dict()

    def to_frame(self, of: str | None = None) -> pd.DataFrame:
        """A table as a DataFrame, with the columns of the JSON.

        An interval ``x_interval`` is two columns, ``x_interval.low`` and ``x_interval.high``; what
        is undefined is NaN.

        Args:
            of: the name of a list of objects in the JSON, such as ``comparisons``, or
                ``action_units`` of ``metrics`` and ``people`` of ``compare``; by default the main
                table.

        Raises:
            BenchError: there is no such list.
        """
        if of is None:
            return frame_of(self.rows)
        # Notes are texts.
        lists = {
            name: rows
            for name, rows in self.to_dict().items()
            if isinstance(rows, list) and name != "notes"
        } | dict(self.nested)
        if of not in lists:
            raise BenchError(
                f"there is no table {of!r}{did_you_mean(of, lists)}",
                hint=f"there: {', '.join(lists)}",
            )
        return frame_of(lists[of], COLUMNS.get(of, ()))

    @property
    def table(self) -> pd.DataFrame:
        """The main table: ``to_frame()``."""
        return self.to_frame()

    def __repr__(self) -> str:
        return _console("text", self.show).export_text().rstrip("\n")

    def _repr_html_(self) -> str:
        return _console("html", self.show).export_html(inline_styles=True, code_format=PRE)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BoardResult(Result[Value]):
    """A ranked table.

    Attributes:
        methods: reads the rows for the chart, with their curves over alpha where there are any.
    """

    methods: Callable[[], Sequence[ReportMethod]]

    def figure(self) -> Figure:
        """Expression skill over identity retention, with 95 % intervals.

        Of runs, the curve of each method over alpha is drawn too; a published board, what
        ``bench.leaderboard`` returns, is drawn without.
        """
        from bench.report.charts.standalone import Figure
        from bench.report.charts.trade_off import trade_off

        return Figure.of(trade_off(self.methods(), (860, 520)))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AlphaResult(Result[Any]):
    """An alpha search; its main table is the curve over alpha."""

    value: NamedSearch

    def figure(self, of: Literal["au", "identity", "oracle"] = "au") -> Figure:
        """A curve over alpha.

        Args:
            of: ``au``, the AU error with the dev alpha*; ``identity``, the distances to target and
                source with their crossover; ``oracle``, how often each alpha is best in hindsight.

        Raises:
            BenchError: there is no such chart.
        """
        from bench.report.charts.over_alpha import (
            alpha_axis,
            error_chart,
            identity_chart,
            oracle_chart,
        )
        from bench.report.charts.standalone import Figure
        from bench.report.wording import printable

        search, name = self.value.search, printable(self.value.label)
        x = alpha_axis([search.curve])
        charts: dict[str, Callable[[], Markup | None]] = {
            "au": lambda: error_chart(name, [("dev", search.curve)], x, search, search.dev_alpha),
            "identity": lambda: identity_chart(name, search.curve, x, search),
            "oracle": lambda: oracle_chart(name, search),
        }
        if of not in charts:
            raise BenchError(f"there is no chart {of!r}", hint=f"there: {', '.join(charts)}")
        chart = charts[of]()
        if chart is None:
            raise BenchError(f"there is no chart {of!r} of a grid with one alpha")
        return Figure.of(chart)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReconstructionResult(Result[Any]):
    """What encoding and decoding lose; its main table has a row for each method and metric.

    Attributes:
        pictures: reads the sheet that was written; None where none was asked for.
    """

    value: ReconstructionTable
    pictures: Callable[[], Picture] | None = None

    def figure(self) -> Picture:
        """Originals above what the methods made of them.

        Raises:
            BenchError: the argument ``pictures`` did not name a file for them.
        """
        if self.pictures is None:
            raise BenchError("no pictures were asked for", hint='pictures="sheet.png"')
        return self.pictures()


def _console(form: Literal["text", "html"], show: Callable[[Console], None]) -> Console:
    """A console that recorded what was shown, in no notebook and no terminal."""
    from rich.console import Console

    console = Console(
        file=io.StringIO(),
        record=True,
        width=WIDTHS[form],
        force_jupyter=False,
        legacy_windows=False,
    )
    show(console)
    return console
