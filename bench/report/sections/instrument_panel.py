"""A stored panel of instrument checks as tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.analysis.instruments.board_shifts import BoardShift
from bench.analysis.instruments.floor import largest_score_shift, largest_shift
from bench.report.wording import number, percent, printable, signed

__all__ = ["Panel", "Table", "read_panel"]

Values = Mapping[str, Any]

_SCORES = ("expression_skill", "identity_retention", "naturalness")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of plain text.

    Attributes:
        caption: what it shows.
        headings: of the columns.
        rows: cells.
        texts: so many columns from the left are words, the others numbers.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """What ``bench check-instruments`` stored (docs/results-format.md), checked to be readable.

    Attributes:
        values: as stored.
    """

    values: Values

    def floor_sentence(self) -> str:
        """What the instruments themselves move."""
        floor = self.values["floor"]
        one = floor["one_image"]
        return (
            "A 1-pixel shift, JPEG 95 or a re-encode of all outputs, which mean nothing, change "
            f"the scores of a whole board by up to E {_number(floor['expression_skill'])}, R "
            f"{_number(floor['identity_retention'])}, Q {_number(floor['naturalness'])}, score "
            f"{_number(floor['transfer_score'])} (where E, R and Q are 0.5): smaller differences "
            "on the board mean nothing. They change what is read from a single image by more: "
            f"identity distance {_number(one['identity'])}, Action Units "
            f"{_number(one['action_units'])} (root mean square, {printable(self.values['scale'])})."
        )

    def perturbations(self) -> Table:
        """What each perturbation changes, of one image and of a board."""
        rows = []
        for reading in self.values["readings"]:
            shifts = [
                BoardShift(str(shift["anchor"]), *(_float(shift[score]) for score in _SCORES))
                for shift in reading["shifts"]
            ]
            rows.append(
                (
                    printable(reading["label"]),
                    _number(reading["identity_rms"]),
                    _number(reading["au_rms"]),
                    percent(_float(reading["coverage"])),
                    *(signed(largest_shift(shifts, score), 3) for score in _SCORES),
                    signed(largest_score_shift(shifts), 3),
                )
            )
        return Table(
            f"Readings of {int(self.values['images'])} {printable(self.values['part'])} images "
            "after each change: of one image, root mean square; of a board, the largest shift",
            ("Change", "Identity", "AUs", "Faces found", "E", "R", "Q", "Score"),
            tuple(rows),
        )

    def people(self) -> Table | None:
        """How well the embedder tells people apart; None if that was not stored."""
        parts = self._agreement().get("verification") or ()
        rows = tuple(
            (
                printable(part["part"]),
                f"{int(part['people'])}, {int(part['images'])}",
                _number(part["same"], 2),
                _number(part["different"], 2),
                _with_interval(part, "equal_error_rate", percents=True),
                _with_interval(part, "threshold"),
                _with_interval(part, "accepted", percents=True),
                _number(part["follows_expression"], 2),
            )
            for part in parts
        )
        if not rows:
            return None
        rate = percent(_float(self._agreement().get("false_match_rate")))
        return Table(
            "Embedder: L2 distances (0 to 2) of all pairs of real images, with 95% intervals over "
            "people; the last column is the correlation of an image's distance to its own person "
            "with the strength of its expression, best 0",
            (
                "Part", "People, images", "One person", "Strangers", "Equal error rate",
                f"Distance at {rate} false matches", "One person accepted there",
                "Follows expression",
            ),
            rows,
        )  # fmt: skip

    def units(self) -> Table | None:
        """How each Action Unit is read where the truth is known; None if it is not."""
        units = self._agreement().get("units") or ()
        rows = tuple(
            (
                printable(unit["action_unit"]),
                printable(unit["name"]),
                _number(unit["dev_r"]),
                _with_interval(unit, "test_r", "test_interval", digits=3),
                _number(unit["test_error"], 2),
            )
            for unit in units
        )
        if not rows:
            return None
        return Table(
            "AU estimator: Pearson's r with the truth, and the mean absolute error",
            ("AU", "Name", "r, dev", "r, test [95%]", "Error, test"),
            rows,
            texts=2,
        )

    def limits_sentence(self) -> str:
        """Whether the limits were kept; nothing where that was not stored."""
        limits = self._agreement().get("limits")
        if not limits:
            return ""
        missed = [printable(name) for name in self._agreement().get("missed") or ()]
        told = [f"equal error rate at most {100 * _float(limits['equal_error_rate']):g}%"]
        if self.units():
            told.insert(0, f"r at least {_float(limits['r']):g}")
            told.append(f"faces found at least {100 * _float(limits['coverage']):g}%")
        verdict = f"Missed: {', '.join(missed)}." if missed else "All limits are kept."
        return f"{verdict} Limits: {', '.join(told)}."

    def made_sentence(self) -> str:
        """When and how it was made."""
        return (
            f"Made by {printable(self.values['command'] or 'bench check-instruments')}, "
            f"{printable(self.values['created'])[:10]}; faces were found in "
            f"{percent(_float(self.values['coverage']))} of the images as they are. The largest "
            "shift is that of the anchors real-target and shuffled-source; reductions to a smaller "
            "size are no part of the floor."
        )

    def _agreement(self) -> Values:
        values: Values = self.values.get("agreement") or {}
        return values


def read_panel(values: Values) -> Panel:
    """A panel of which everything can be shown.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: something is missing or of another kind.
    """
    panel = Panel(values)
    panel.floor_sentence()
    panel.perturbations()
    panel.people()
    panel.units()
    panel.limits_sentence()
    panel.made_sentence()
    return panel


def _float(value: Any) -> float:
    """A number; null stands for what is not defined."""
    return float("nan") if value is None else float(value)


def _number(value: Any, digits: int = 3) -> str:
    return number(_float(value), digits)


def _with_interval(
    values: Values, name: str, interval: str = "", *, percents: bool = False, digits: int = 2
) -> str:
    ends = values[interval or f"{name}_interval"]
    shown = [values[name], ends["low"], ends["high"]]
    factor, unit = (100.0, "%") if percents else (1.0, "")
    value, low, high = (number(factor * _float(one), digits) for one in shown)
    return f"{value}{unit} [{low}, {high}]"
