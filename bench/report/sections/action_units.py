"""The error of each Action Unit under each method, beside doing nothing, and which are hard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import FEWEST_IDENTITIES
from bench.analysis.chosen_readings import ChosenReadings, ChosenRows
from bench.analysis.records import number_or_none
from bench.analysis.statistics.resampled import LEVEL
from bench.analysis.unit_comparison import (
    HARDEST,
    UnitComparison,
    UnitDifficulty,
    UnitUnderMethod,
    compare_units,
)
from bench.report.charts.labels import shorten
from bench.report.contents import ReportInput, ReportMethod
from bench.report.markdown.text import markdown_table, markdown_text
from bench.report.wording import alpha_text, interval, listed, number, percent, printable
from metrics.au.facs import ACTION_UNIT_NAMES

__all__ = ["VERDICT_MARKS", "ActionUnits", "MethodUnits", "collect", "unit_code", "unit_name"]

VERDICT_MARKS: Final = {"less": "▼", "more": "▲", "": ""}
"""Less or more error than doing nothing, and neither."""

# Of a name that stands in a sentence with others.
_LONGEST_LABEL = 48

# Errors of estimators whose scale ends at 1 need a digit more than those of 0 to 5.
_SMALL = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class MethodUnits:
    """A method and its errors.

    Attributes:
        label: the method with its parameters.
        alpha: at which it was measured, as text; empty without alpha.
        hardest: its own three units of largest error.
        units: in the order of the section.
    """

    label: str
    run_id: str
    is_anchor: bool
    alpha: str
    failures: int
    hardest: tuple[str, ...]
    units: tuple[UnitUnderMethod, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ActionUnits:
    """The error of each Action Unit under each method.

    Attributes:
        comparison: the numbers.
        methods: contestants in the order of the board, then anchors; doing nothing is a number of
            every unit already and is left out.
        estimator, scale: what read the Action Units, and on which scale.
    """

    comparison: UnitComparison
    methods: tuple[MethodUnits, ...]
    estimator: str
    scale: str
    part: str

    @property
    def contestants(self) -> tuple[MethodUnits, ...]:
        return tuple(method for method in self.methods if not method.is_anchor)

    @property
    def digits(self) -> int:
        """So many decimals tell the errors apart."""
        return 2 if max(unit.mae.value for unit in self.comparison.units) >= _SMALL else 3

    def sentence(self) -> str:
        """Which units are hardest, and for which methods others are."""
        hardest = self.comparison.units[:HARDEST]
        named = [_named(unit.action_unit) for unit in hardest]
        count = len(self.contestants)
        one = len(hardest) == 1
        text = f"The hardest Action Unit{' is' if one else 's are'} {_all_of(named)}"
        errors = _all_of([number(unit.mae.value, self.digits) for unit in hardest])
        left = _all_of([percent(unit.left) for unit in hardest])
        text += f": mean absolute error {errors}"
        text += f" over {count} methods" if count > 1 else ""
        text += f", {left} of what doing nothing leaves"
        text += self._differing()
        if self._last_is_untold():
            last, following = self.comparison.units[HARDEST - 1 : HARDEST + 1]
            text += (
                f"; the data cannot tell {unit_code(last.action_unit)} from "
                f"{unit_code(following.action_unit)}"
            )
        return f"{text}."

    def _differing(self) -> str:
        """For which methods the hardest units are others."""
        if len(self.contestants) < 2 or len(self.comparison.units) <= HARDEST:
            return ""
        same = set(self.comparison.hardest)
        others = [_short(one.label) for one in self.contestants if set(one.hardest) != same]
        if not others:
            return "; they are the same for every method"
        if len(others) == len(self.contestants):
            return "; every single method has another three"
        return f"; the three are others for {listed(others)}"

    def _last_is_untold(self) -> bool:
        return self.comparison.p_last > 1 - LEVEL

    def gains(self) -> str:
        """How often methods do better and worse than doing nothing, in one sentence."""
        verdicts = [unit.verdict for method in self.contestants for unit in method.units]
        less, more = verdicts.count("less"), verdicts.count("more")
        return (
            f"Of {self.comparison.looks} comparisons of a method with doing nothing on one Action "
            f"Unit, {less} show less error and {more} more, after Holm's correction over them; "
            "the others cannot be told apart."
        )

    def notes(self) -> Iterator[str]:
        """What must be known of the numbers."""
        scale = f" on its scale {printable(self.scale)}" if self.scale else ""
        yield (
            f"Mean absolute error |a(y) - a(s)| to the source over {self.comparison.pairs} "
            f"{printable(self.part)} pairs, read by {printable(self.estimator)}{scale}, with 95% "
            "intervals over people; doing nothing is the target's own neutral face."
        )
        if failed := [method for method in self.methods if method.failures]:
            yield (
                "A failed pair counts as the worst anchor there: "
                + listed([f"{_short(method.label)} ({method.failures})" for method in failed], 5)
                + "."
            )
        if self.comparison.identities < FEWEST_IDENTITIES:
            yield (
                f"The intervals rest on {self.comparison.identities} people on one side, fewer "
                f"than {FEWEST_IDENTITIES}: do not rely on them."
            )

    def verdicts_of(self, place: int) -> tuple[int, int]:
        """How many contestants have less and how many more error than doing nothing at a unit."""
        found = [method.units[place].verdict for method in self.contestants]
        return found.count("less"), found.count("more")

    def to_dict(self) -> dict[str, Any]:
        units = [
            {
                "action_unit": unit.action_unit,
                "name": unit_name(unit.action_unit),
                **_estimate("mae", unit.mae),
                **_estimate("mae_of_nothing", unit.mae_of_nothing),
                "left": number_or_none(unit.left),
                "in_source": number_or_none(unit.in_source),
            }
            for unit in self.comparison.units
        ]
        return {
            "sentence": self.sentence(),
            "part": self.part,
            "pairs": self.comparison.pairs,
            "au_estimator": self.estimator,
            "scale": self.scale,
            "hardest": list(self.comparison.hardest),
            "looks": self.comparison.looks,
            "units": units,
            "methods": [_method_dict(method) for method in self.methods],
            "notes": list(self.notes()),
        }

    def to_markdown(self) -> str:
        headings = ["AU", "name", "doing nothing", "methods", "left"]
        headings += [markdown_text(method.label) for method in self.methods]
        rows = [
            [
                markdown_text(unit_code(unit.action_unit)),
                unit_name(unit.action_unit),
                number(unit.mae_of_nothing.value, self.digits),
                self._with_interval(unit),
                percent(unit.left),
                *(self._marked(method.units[place]) for method in self.methods),
            ]
            for place, unit in enumerate(self.comparison.units)
        ]
        legend = (
            f"Hardest first. {VERDICT_MARKS['less']} less and {VERDICT_MARKS['more']} more error "
            "than doing nothing; left: the methods' mean error as a share of that of doing nothing."
        )
        sentences = [markdown_text(text) for text in (self.sentence(), self.gains())]
        notes = [markdown_text(note) for note in (legend, *self.notes())]
        return "\n\n".join([*sentences, markdown_table(headings, rows, texts=2), *notes])

    def _with_interval(self, unit: UnitDifficulty) -> str:
        text = f"{number(unit.mae.value, self.digits)} {interval(unit.mae, self.digits)}"
        return markdown_text(text.rstrip())

    def _marked(self, unit: UnitUnderMethod) -> str:
        return f"{number(unit.mae.value, self.digits)} {VERDICT_MARKS[unit.verdict]}".rstrip()


def collect(report: ReportInput) -> ActionUnits | None:
    """Reads every method at its alpha on the board; None without stored runs of a contestant."""
    methods = [method for method in report.methods if method.run is not None]
    rows = ChosenRows(report.board.part, report.pairs or None)
    read = {method.row.run_id: _readings(rows, method) for method in methods}
    contestants = {m.row.run_id: read[m.row.run_id] for m in methods if not m.row.is_anchor}
    anchors = {
        m.row.run_id: read[m.row.run_id]
        for m in methods
        if m.row.is_anchor and m.row.method != "target-neutral"
    }
    comparison = compare_units(contestants, anchors)
    if comparison is None:
        return None
    ordered = sorted(methods, key=lambda method: method.row.is_anchor)
    card = _estimator_card(methods)
    return ActionUnits(
        comparison=comparison,
        methods=tuple(
            MethodUnits(
                label=method.row.label,
                run_id=method.row.run_id,
                is_anchor=method.row.is_anchor,
                alpha=alpha_text(method.row),
                failures=int((~read[method.row.run_id].ok).sum()),
                hardest=comparison.hardest_of(method.row.run_id),
                units=comparison.methods[method.row.run_id],
            )
            for method in ordered
            if method.row.run_id in comparison.methods
        ),
        estimator=str(card.get("name", "the AU estimator")),
        scale=str(card.get("scale", "")),
        part=report.board.part,
    )


def unit_code(action_unit: str) -> str:
    """``AU12``, of any text in one line."""
    return printable(action_unit)


def unit_name(action_unit: str) -> str:
    """``lip corner puller``; empty for a unit that FACS does not name."""
    return ACTION_UNIT_NAMES.get(action_unit, "")


def _named(action_unit: str) -> str:
    name = unit_name(action_unit)
    return f"{unit_code(action_unit)} ({name})" if name else unit_code(action_unit)


def _short(label: str) -> str:
    return shorten(printable(label), _LONGEST_LABEL)


def _all_of(texts: Sequence[str]) -> str:
    return listed(texts, most=HARDEST)


def _readings(rows: ChosenRows, method: ReportMethod) -> ChosenReadings:
    assert method.run is not None
    return rows.read(method.run, method.row.alpha, method.row.alpha_by_target)


def _estimator_card(methods: Sequence[ReportMethod]) -> dict[str, Any]:
    cards = (method.info.get("instruments", {}).get("au_estimator") for method in methods)
    return next((dict(card) for card in cards if card), {})


def _estimate(name: str, estimate: Estimate) -> dict[str, Any]:
    return {
        name: number_or_none(estimate.value),
        f"{name}_interval": estimate.interval_dict(),
    }


def _method_dict(method: MethodUnits) -> dict[str, Any]:
    return {
        "label": method.label,
        "run_id": method.run_id,
        "is_anchor": method.is_anchor,
        "failures": method.failures,
        "hardest": list(method.hardest),
        "units": [
            {
                "action_unit": unit.action_unit,
                **_estimate("mae", unit.mae),
                **_estimate("gain", unit.gain),
                "p_value": number_or_none(unit.p_value),
                "p_adjusted": number_or_none(unit.p_adjusted),
                "verdict": unit.verdict or None,
                "in_output": number_or_none(unit.in_output),
            }
            for unit in method.units
        ],
    }
