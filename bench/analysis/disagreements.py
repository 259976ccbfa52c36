"""The pairs on which two methods differ most.

Expression skill is E = 1 - sum |dy - ds|^2 / sum |ds|^2, so two methods differ in E by the sum over
pairs of the difference of their |dy - ds|^2, over one number that they share. A pair's difference
is therefore its share of the difference in E, and that is what pairs are ordered by: the ratio of
a single pair would be large where the source hardly moves and would count for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.chosen_readings import ChosenReadings
from bench.analysis.embeddings import Floats, Indices
from metrics.measures.errors import mean_absolute_errors

__all__ = ["DisagreeingPair", "Disagreements", "OutputNumbers", "disagreements"]


@dataclass(frozen=True, slots=True)
class OutputNumbers:
    """What was measured on one output.

    Attributes:
        alpha: at which it was made; None without alpha.
        expression_error: |dy - ds|^2, in squared units of the AU scale.
        au_mae: mean absolute error over Action Units.
        id_dist_target, id_dist_source: L2 to the two identity references, 0 to 2.
        niqe: lower is more natural.

    What was not measured is NaN.
    """

    alpha: float | None
    expression_error: float
    au_mae: float
    id_dist_target: float
    id_dist_source: float
    niqe: float


@dataclass(frozen=True, slots=True)
class DisagreeingPair:
    """One pair under both methods.

    Attributes:
        pair: its key; source, sample and target are parts of it.
        difference: expression error of the second method less that of the first: positive where
            the first is better.
        of_skill: how much of the difference in E, first less second, this pair makes.
        change: |ds|^2, the expression error of doing nothing.
        action_unit: the one that makes most of the difference.
    """

    pair: str
    part: str
    source: str
    sample: str
    target: str
    difference: float
    of_skill: float
    change: float
    action_unit: str
    first: OutputNumbers
    second: OutputNumbers


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Where two methods differ most, in either direction.

    Attributes:
        compared: number of pairs that both could do.
        left_out: pairs that one of them failed at, or does not have.
        skill: the difference in E, first less second, of the compared pairs; NaN if no source of
            theirs moves.
        first_better, second_better: the largest differences first; fewer than were asked for where
            there are no more.
        first_wins: number of compared pairs on which the first method has less error.
        ties: number of those on which both have the same.
    """

    compared: int
    left_out: int
    skill: float
    first_wins: int
    ties: int
    first_better: tuple[DisagreeingPair, ...]
    second_better: tuple[DisagreeingPair, ...]


def disagreements(first: ChosenReadings, second: ChosenReadings, *, most: int = 5) -> Disagreements:
    """Finds the pairs with the largest difference between two methods at their alphas.

    Args:
        first, second: what was read of each, of the same benchmark and instruments.
        most: so many pairs in each direction.
    """
    readings = first, second
    common = _common(first, second)
    ok = first.ok[common[0]] & second.ok[common[1]]
    places = common[0][ok], common[1][ok]
    changes = first.expression_changes[places[0]]
    errors = [np.square(one.unit_changes[rows]) for one, rows in zip(readings, places, strict=True)]
    by_unit = errors[1] - errors[0]
    differences = np.asarray(by_unit.sum(axis=1))
    total = float(changes.sum())
    order = np.argsort(-differences, kind="stable")
    chosen = (
        [place for place in order[:most] if differences[place] > 0],
        [place for place in order[::-1][:most] if differences[place] < 0],
    )
    shown = np.array([*chosen[0], *chosen[1]], dtype=np.intp)
    numbers = [_numbers(one, rows[shown]) for one, rows in zip(readings, places, strict=True)]
    rows = first.rows
    found = [
        DisagreeingPair(
            pair=str(first.keys[places[0][place]]),
            **{
                name: str(rows[name].iloc[places[0][place]])
                for name in ("part", "source", "sample", "target")
            },
            difference=float(differences[place]),
            of_skill=float(differences[place] / total) if total > 0 else float("nan"),
            change=float(changes[place]),
            action_unit=_most_apart(first.action_units, by_unit[place]),
            first=of_first,
            second=of_second,
        )
        for place, of_first, of_second in zip(shown, *numbers, strict=True)
    ]
    return Disagreements(
        compared=len(differences),
        left_out=len(first) + len(second) - len(ok) - len(differences),
        skill=float(differences.sum() / total) if total > 0 else float("nan"),
        first_wins=int((differences > 0).sum()),
        ties=int((differences == 0).sum()),
        first_better=tuple(found[: len(chosen[0])]),
        second_better=tuple(found[len(chosen[0]) :]),
    )


def _common(first: ChosenReadings, second: ChosenReadings) -> tuple[Indices, Indices]:
    """Positions in both of the pairs that both have."""
    if np.array_equal(first.keys, second.keys):
        return np.arange(len(first)), np.arange(len(second))
    _, *found = np.intersect1d(first.keys, second.keys, assume_unique=True, return_indices=True)
    return found[0], found[1]


def _most_apart(units: Sequence[str], differences: Floats) -> str:
    """The unit that makes most of a difference, in the direction of their sum."""
    return units[int(np.argmax(differences * np.sign(differences.sum())))]


def _numbers(readings: ChosenReadings, pairs: Indices) -> list[OutputNumbers]:
    """What was measured on the outputs of a few pairs, in their order."""
    errors = np.square(readings.unit_changes[pairs]).sum(axis=1)
    absolute = mean_absolute_errors(readings.output[pairs], readings.source[pairs])
    to_target, to_source = readings.identity_distances(pairs)
    rows = readings.run.scores.iloc[readings.places[pairs]]
    alphas = rows["alpha"].to_numpy(dtype=np.float64)
    return [
        OutputNumbers(None if np.isnan(alpha) else float(alpha), *map(float, values))
        for alpha, *values in zip(
            alphas,
            errors,
            absolute,
            to_target,
            to_source,
            rows["niqe"].to_numpy(dtype=np.float64),
            strict=True,
        )
    ]
