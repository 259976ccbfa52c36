"""What failed, and where methods disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from bench.analysis.board import BoardRow
from bench.analysis.chosen_readings import ChosenReadings, ChosenRows, chosen_places
from bench.analysis.disagreements import DisagreeingPair, Disagreements, disagreements
from bench.analysis.records import number_or_none, without_nan
from bench.data.split import Pair, Part
from bench.report.contents import ReportInput, ReportMethod
from bench.report.markdown.text import markdown_table, markdown_text
from bench.report.wording import number, percent, printable, signed

__all__ = [
    "EXPLANATION",
    "MOST_IN_JSON",
    "MOST_ON_PAGE",
    "OUTCOMES",
    "FailedSample",
    "FailureCounts",
    "Failures",
    "MethodPair",
    "collect",
]

OUTCOMES: Final = ("no_face", "several_faces", "method_error", "invalid_output", "timeout")
"""The failures that the harness knows."""

MOST_ON_PAGE: Final = 200
MOST_IN_JSON: Final = 5000

MOST_METHOD_PAIRS: Final = 10
MOST_SAMPLES: Final = 5
"""Of a pair of methods, in each direction."""

LONGEST_DETAIL: Final = 1000
"""Characters of what a method said about a failure; it is foreign text of any length."""

_MARKDOWN_SAMPLES = 20
_MARKDOWN_DETAIL = 120

EXPLANATION: Final = (
    "Expression skill is E = 1 - sum |dy-ds|² / sum |ds|², so the difference of two methods' "
    "|dy-ds|² on a pair, over the sum of |ds|², is that pair's share of their difference in E. "
    "Listed are the pairs with the largest shares in either direction, among those that both "
    "methods could do, each method at its alpha on the board."
)


@dataclass(frozen=True, slots=True)
class FailedSample:
    """One output that could not be made or read.

    Attributes:
        label: the method with its parameters.
        source, sample, target: the pair.
        kind: ``cross`` or ``self``.
        alpha: None for a method without alpha.
        counts: whether the scores on the board count it: a cross pair at the board's alpha.
        detail: what the method or the instrument said, cut to ``LONGEST_DETAIL``.
    """

    label: str
    run_id: str
    outcome: str
    part: Part
    source: str
    sample: str
    target: str
    kind: str
    alpha: float | None
    counts: bool
    detail: str

    @property
    def pair(self) -> Pair:
        return Pair(self.part, self.source, self.sample, self.target)


@dataclass(frozen=True, slots=True)
class FailureCounts:
    """One method: the row of the board, and how many of its other outputs failed.

    Attributes:
        elsewhere: by outcome, of the same part, at other alphas and of self pairs.
        on_dev: of the part on which alpha was chosen; 0 where the board is of that part.
    """

    row: BoardRow
    elsewhere: Mapping[str, int]
    on_dev: int


@dataclass(frozen=True, slots=True)
class MethodPair:
    """Two neighbours on the board and where they differ most."""

    first: str
    second: str
    first_run_id: str
    second_run_id: str
    found: Disagreements


@dataclass(frozen=True, slots=True, eq=False)
class Failures:
    """What failed, and where methods disagree.

    Attributes:
        counts: every method, in the order of the board.
        samples: the failed ones: those that count for the board first, of every method and
            outcome in turn; at most ``MOST_IN_JSON``.
        total: how many there are.
        method_pairs: neighbours on the board.
    """

    counts: tuple[FailureCounts, ...]
    samples: tuple[FailedSample, ...]
    total: int
    method_pairs: tuple[MethodPair, ...]

    @property
    def outcomes(self) -> list[str]:
        """The failures that the harness knows, then any other that is there."""
        others = {name for one in self.counts for name in (*one.row.failures, *one.elsewhere)} - {
            *OUTCOMES,
            "ok",
        }
        return [*OUTCOMES, *sorted(others)]

    def sentence(self) -> str:
        """How many outputs failed, and what that does to the scores."""
        rule = (
            "A failed pair is never dropped: the scores above count it as the worst anchor would "
            "score there."
        )
        counted: Counter[str] = Counter()
        for one in self.counts:
            counted.update(one.row.failures)
        elsewhere = sum(sum(one.elsewhere.values()) for one in self.counts)
        on_dev = sum(one.on_dev for one in self.counts)
        if not counted.total():
            text = f"{rule} No pair failed"
        else:
            outputs = sum(one.row.pairs for one in self.counts)
            by_outcome = ", ".join(
                f"{printable(name)} {counted[name]}" for name in self.outcomes if counted[name]
            )
            text = (
                f"{rule} {counted.total()} of {outputs} outputs on the board failed: {by_outcome}"
            )
        if elsewhere:
            text += f"; at other alphas and in self pairs {elsewhere} outputs did"
        if on_dev:
            text += f"; on the dev part {on_dev}, which are not listed"
        return f"{text}."

    def left_out(self, shown: int) -> str:
        """How many failed samples are not among the first ones; empty if all are."""
        if self.total <= shown:
            return ""
        more = self.total - shown
        return (
            f"The first {shown} of {self.total} failed samples are listed, of every method and "
            f"outcome in turn; {more} are left out."
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "sentence": self.sentence(),
            "methods": [_counts_dict(one) for one in self.counts],
            "failed": self.total,
            "listed": len(self.samples),
            "left_out": self.total - len(self.samples),
            "samples": [without_nan(asdict(sample)) for sample in self.samples],
            "disagreements": [_method_pair_dict(one) for one in self.method_pairs],
        }

    def to_markdown(self) -> str:
        parts = [markdown_text(self.sentence()), _counts_markdown(self)]
        if self.samples:
            shown = self.samples[:_MARKDOWN_SAMPLES]
            parts += ["### Failed samples", _samples_markdown(shown)]
            parts += filter(None, [markdown_text(self.left_out(len(shown)))])
        if self.method_pairs:
            parts += ["### Largest disagreements", markdown_text(EXPLANATION)]
            parts += [text for one in self.method_pairs for text in _disagreement_markdown(one)]
        return "\n\n".join(parts)


def collect(report: ReportInput) -> Failures | None:
    """Counts failures and compares neighbours; without stored runs what the board knows."""
    counts, tables, total = [], [], 0
    for number_of_method, method in enumerate(report.methods):
        failed, on_dev = _failed_rows(report, method)
        elsewhere = failed.loc[~failed["counts"].to_numpy(dtype=bool), "outcome"].value_counts()
        by_outcome = {str(name): int(count) for name, count in elsewhere.items()}
        counts.append(FailureCounts(method.row, by_outcome, on_dev))
        tables.append(_in_turn(failed).head(MOST_IN_JSON).assign(method=number_of_method))
        total += len(failed)
    return Failures(
        counts=tuple(counts),
        samples=tuple(_samples(report, tables)),
        total=total,
        method_pairs=tuple(_method_pairs(report)),
    )


_COLUMNS = ["part", "source", "sample", "target", "kind", "alpha", "outcome"]


def _failed_rows(report: ReportInput, method: ReportMethod) -> tuple[pd.DataFrame, int]:
    """The failed rows of a method, and how many failed on the dev part besides.

    Of the board's part and pairs, with their ``place`` in the scores and whether the board
    ``counts`` them.
    """
    part, row = report.board.part, method.row
    if method.run is None:
        return pd.DataFrame(columns=[*_COLUMNS, "place", "counts"]), 0
    scores = method.run.scores
    failed = np.flatnonzero((scores["outcome"] != "ok").to_numpy(dtype=bool))
    rows = scores[_COLUMNS].iloc[failed]
    counted = chosen_places(rows, part, row.alpha, row.alpha_by_target)
    counts = np.zeros(len(rows), dtype=bool)
    counts[counted] = (rows["kind"].iloc[counted] == "cross").to_numpy(dtype=bool)
    on_dev = 0 if part == "dev" else int((rows["part"] == "dev").sum())
    of_board = chosen_places(rows, part, pairs=report.pairs or None)
    return rows.assign(place=failed, counts=counts).iloc[of_board], on_dev


def _in_turn(rows: pd.DataFrame) -> pd.DataFrame:
    """Those that count first, and of each outcome one after the other."""
    turns = rows.groupby(["counts", "outcome"], sort=False).cumcount()
    return rows.assign(turn=turns.to_numpy()).sort_values(
        ["counts", "turn", "outcome"], ascending=[False, True, True], kind="stable"
    )


def _samples(report: ReportInput, tables: Sequence[pd.DataFrame]) -> Iterator[FailedSample]:
    filled = [table for table in tables if len(table)]
    if not filled:
        return
    rows = pd.concat(filled, ignore_index=True).sort_values(
        ["counts", "turn", "method"], ascending=[False, True, True], kind="stable"
    )
    rows = rows.head(MOST_IN_JSON).reset_index(drop=True)
    for one, detail in zip(rows.itertuples(index=False), _details(report, rows), strict=True):
        row = report.methods[one.method].row
        yield FailedSample(
            label=row.label,
            run_id=row.run_id,
            outcome=str(one.outcome),
            part="dev" if report.board.part == "dev" else "test",
            source=str(one.source),
            sample=str(one.sample),
            target=str(one.target),
            kind=str(one.kind),
            alpha=number_or_none(one.alpha),
            counts=bool(one.counts),
            detail=_cut(detail),
        )


def _details(report: ReportInput, rows: pd.DataFrame) -> list[object]:
    """What was said about each failed row, read only now: it is text of any length."""
    found: list[object] = [""] * len(rows)
    for number_of_method, of_method in rows.groupby("method"):
        run = report.methods[int(number_of_method)].run
        if run is not None:
            texts = run.scores["detail"].iloc[of_method["place"].to_numpy()]
            for place, text in zip(of_method.index, texts.to_numpy(dtype=object), strict=True):
                found[place] = text
    return found


def _cut(detail: object) -> str:
    text = detail if isinstance(detail, str) else ""
    if len(text) <= LONGEST_DETAIL:
        return text
    return f"{text[:LONGEST_DETAIL]}… ({len(text) - LONGEST_DETAIL} characters more)"


def _method_pairs(report: ReportInput) -> Iterator[MethodPair]:
    """Neighbours among the contestants; a lone contestant stands beside doing nothing."""
    methods = [method for method in report.methods if method.run is not None]
    shown = [method for method in methods if not method.row.is_anchor]
    if len(shown) == 1:
        shown += [method for method in methods if method.row.method == "target-neutral"]
    shown = shown[: MOST_METHOD_PAIRS + 1]
    if len(shown) < 2:
        return
    rows = ChosenRows(report.board.part, report.pairs or None)
    before, readings = shown[0], _readings(rows, shown[0])
    for method in shown[1:]:
        following = _readings(rows, method)
        yield MethodPair(
            first=before.row.label,
            second=method.row.label,
            first_run_id=before.row.run_id,
            second_run_id=method.row.run_id,
            found=disagreements(readings, following, most=MOST_SAMPLES),
        )
        before, readings = method, following


def _readings(rows: ChosenRows, method: ReportMethod) -> ChosenReadings:
    assert method.run is not None
    return rows.read(method.run, method.row.alpha, method.row.alpha_by_target)


def _counts_dict(one: FailureCounts) -> dict[str, Any]:
    row = one.row
    return {
        "label": row.label,
        "run_id": row.run_id,
        "is_anchor": row.is_anchor,
        "pairs": row.pairs,
        "failures": dict(row.failures),
        "elsewhere": dict(one.elsewhere),
        "on_dev": one.on_dev,
        "coverage": number_or_none(row.coverage),
        "rank": row.rank,
        "rank_without_failures": row.rank_without_failures,
    }


def _method_pair_dict(one: MethodPair) -> dict[str, Any]:
    values: dict[str, Any] = without_nan(asdict(one))
    return {**{name: values[name] for name in values if name != "found"}, **values["found"]}


def _counts_markdown(section: Failures) -> str:
    headings = ["method", "pairs", *map(markdown_text, section.outcomes)]
    headings += ["coverage", "rank", "without failures", "elsewhere"]
    rows = [
        [
            markdown_text(one.row.label),
            str(one.row.pairs),
            *(str(one.row.failures.get(outcome, 0)) for outcome in section.outcomes),
            markdown_text(percent(one.row.coverage)),
            number(one.row.rank, 0) if one.row.rank else "",
            number(one.row.rank_without_failures, 0) if one.row.rank_without_failures else "",
            str(sum(one.elsewhere.values())),
        ]
        for one in section.counts
    ]
    return markdown_table(headings, rows)


def _samples_markdown(samples: Sequence[FailedSample]) -> str:
    rows = [
        [
            markdown_text(sample.outcome),
            markdown_text(sample.label),
            markdown_text(f"{sample.source}/{sample.sample}"),
            markdown_text(sample.target),
            markdown_text(_short(sample.detail)),
            "" if sample.alpha is None else number(sample.alpha),
        ]
        for sample in samples
    ]
    headings = ["outcome", "method", "source", "target", "detail", "alpha"]
    return markdown_table(headings, rows, texts=5)


def _short(detail: str) -> str:
    return detail if len(detail) <= _MARKDOWN_DETAIL else f"{detail[: _MARKDOWN_DETAIL - 1]}…"


def _disagreement_markdown(one: MethodPair) -> Iterator[str]:
    first, second = markdown_text(one.first), markdown_text(one.second)
    yield (
        f"**{first} and {second}**: {markdown_text(signed(one.found.skill, 3))} in E over "
        f"{one.found.compared} pairs; {first} has less error on {one.found.first_wins} of them."
    )
    headings = ["pair", "AU", "better", "share of E", first, second, "doing nothing"]
    rows = [
        [
            markdown_text(pair.pair),
            markdown_text(pair.action_unit),
            better,
            signed(pair.of_skill, 4),
            number(pair.first.expression_error),
            number(pair.second.expression_error),
            number(pair.change),
        ]
        for better, pair in _both_ways(one, first, second)
    ]
    if rows:
        yield markdown_table(headings, rows, texts=3)


def _both_ways(one: MethodPair, first: str, second: str) -> Iterator[tuple[str, DisagreeingPair]]:
    yield from ((first, pair) for pair in one.found.first_better)
    yield from ((second, pair) for pair in one.found.second_better)
