"""How two methods compare: every score, its paired difference and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from bench.analysis.paired import compare_entries
from bench.analysis.paired_values import ComparedMethod, PairedMethods, PairedScore
from bench.analysis.statistics.identity_scores import Side
from bench.analysis.stored import entry_of, ranked_part
from bench.analysis.terms import mean_real_niqe
from bench.report.contents import ReportInput
from bench.report.explained import difference_sentence, reason_sentence
from bench.report.markdown.text import markdown_table, markdown_text
from bench.report.significance import p_text
from bench.report.wording import alpha_text, number, percent, printable, protocol_text, signed

__all__ = ["NAMES", "SIDES", "Comparison", "collect", "score_cells", "test_cells"]

NAMES: Final = {
    "transfer_score": "Transfer score",
    "expression_skill": "E, expression",
    "raw_expression_skill": "Raw E",
    "identity_retention": "R, identity",
    "naturalness": "Q, naturalness",
    "au_mse": "AU error, squared",
    "au_mae": "AU error, absolute",
    "id_dist_target": "Distance to the target",
    "id_dist_source": "Distance to the source",
    "hypervolume": "Hypervolume",
}
SIDES: Final[tuple[Side, ...]] = ("target", "source")

NOTE_ON_P: Final = (
    "p is of no difference, by resampling sources and targets; Holm corrects it for all rows. "
    "Failed pairs count as the worst anchor, but in the two distances, which are of pairs that "
    "both could measure."
)
NOTE_ON_TESTS: Final = (
    "By target the sources are taken as given, and the other way round: these p-values, "
    "Holm-corrected, speak of other people on one side alone."
)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How two methods compare, each at its own alpha, on the same pairs.

    Attributes:
        found: the comparison; its first method stands first on the board.
    """

    found: PairedMethods

    def to_dict(self) -> dict[str, Any]:
        return self.found.to_dict()

    def methods(self) -> tuple[str, str]:
        """Both methods with their alphas."""
        return _method(self.found.first), _method(self.found.second)

    def difference(self) -> str:
        """The paired difference of the transfer scores."""
        return difference_sentence(self.found.explanation)

    def reason(self) -> str:
        """Whether the data tell the two apart, and what would."""
        return reason_sentence(self.found.explanation)

    def to_markdown(self) -> str:
        return "\n\n".join(self._markdown())

    def _markdown(self) -> Iterator[str]:
        first, second = map(markdown_text, self.methods())
        yield f"{self.found.pairs} pairs. A: {first}. B: {second}."
        yield f"{markdown_text(self.difference())} **{markdown_text(self.reason())}**"
        headings = ["score", "better", "A", "B", "A - B [95 %]", "p", "Holm"]
        rows = [[NAMES[row.name], row.better, *score_cells(row)] for row in self.found.rows]
        yield markdown_table(headings, rows, texts=2)
        yield NOTE_ON_P
        headings = ["score", *(f"{side}s: {title}" for side in SIDES for title in _OF_TESTS)]
        yield markdown_table(headings, [list(cells) for cells in test_cells(self.found)])
        yield NOTE_ON_TESTS
        yield "Where the two differ most:"
        yield markdown_table(
            ["pair", "E, A - B", "R, A - B", "outcomes"],
            [
                [
                    markdown_text(f"{one.source}/{one.sample} to {one.target}"),
                    signed(one.expression_skill),
                    signed(one.identity_retention),
                    markdown_text(f"{one.first_outcome}, {one.second_outcome}"),
                ]
                for one in self.found.disagreements
            ],
        )
        if self.found.notes:
            yield "\n".join(f"- {markdown_text(note)}" for note in self.found.notes)


_OF_TESTS: Final = ("people", "A - B", "Wilcoxon", "sign flip")


def _method(method: ComparedMethod) -> str:
    text = printable(method.label)
    if alpha := alpha_text(method):
        text += f" at alpha {alpha} ({protocol_text(method)})"
    if method.coverage < 1:
        text += f", {percent(method.coverage)} of the pairs measured"
    return text


def score_cells(row: PairedScore) -> tuple[str, str, str, str, str]:
    """Both values, the difference with its interval, p and p after Holm."""
    # AU errors are small numbers on the scales of most estimators.
    digits = 4 if row.name.startswith("au_") else 3
    found = row.comparison
    return (
        number(row.first, digits),
        number(row.second, digits),
        f"{signed(found.difference, digits)} "
        f"[{number(found.low, digits)}, {number(found.high, digits)}]",
        p_text(found.p_value),
        p_text(found.p_adjusted),
    )


def test_cells(found: PairedMethods) -> Iterator[tuple[str, ...]]:
    """For each score its name and, by target and by source, people, difference and p-values."""
    for tests in zip(*(found.people[side].tests for side in SIDES), strict=True):
        yield (
            NAMES[tests[0].name],
            *(
                text
                for test in tests
                for text in (
                    str(test.people),
                    signed(test.difference, 3),
                    p_text(test.wilcoxon_adjusted),
                    p_text(test.sign_flip_adjusted),
                )
            ),
        )


def collect(report: ReportInput) -> Comparison | None:
    """Of a report on exactly two methods, beside any anchors; else there is nothing to compare."""
    runs = [
        method.run
        for method in report.methods
        if method.run is not None and not method.row.is_anchor
    ]
    contestants = [row for row in report.board.rows if not row.is_anchor]
    if len(runs) != 2 or len(contestants) != 2:
        return None
    part = ranked_part(runs)
    references = max((run.references for run in runs), key=len)
    first, second = (entry_of(run, part, report.pairs) for run in runs)
    found = compare_entries(
        first,
        second,
        benchmark=report.benchmark,
        part=part,
        niqe_real=mean_real_niqe(references, part),
    )
    return Comparison(found)
