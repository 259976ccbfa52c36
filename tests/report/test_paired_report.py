from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from bench.analysis.paired_values import (
    ComparedMethod,
    Disagreement,
    PairedMethods,
    PairedScore,
    PeopleOfSide,
)
from bench.analysis.statistics.comparisons import Comparison, explain
from bench.analysis.statistics.identity_scores import Side
from bench.analysis.statistics.paired_tests import PairedTest
from bench.report.terminal.paired import print_comparison


def method(label: str, coverage: float = 1.0) -> ComparedMethod:
    return ComparedMethod(label, f"{label}-1a2b3c4d", 0.7, "dev", {}, coverage)


def people(side: Side) -> PeopleOfSide:
    names = ["transfer_score", "expression_skill", "identity_retention"]
    first = pd.DataFrame([[0.5, 0.4, 0.6], [0.3, np.nan, 0.6]], index=["001", "002"], columns=names)
    tests = (PairedTest("transfer_score", 0.1, 2, 0.5, 0.5, 0.25, 0.5),)
    return PeopleOfSide(side, first, first - 0.1, tests)


@pytest.fixture
def found() -> PairedMethods:
    compared = Comparison("a", "b", 0.1, -0.02, 0.22, 0.08, 0.16, 2.0, 40, 30, 0.14)
    errors = replace(compared, difference=-0.0012, low=-0.0019, high=-0.0004, p_value=0.0)
    return PairedMethods(
        benchmark="london-64",
        part="test",
        first=method("a"),
        second=method("b"),
        pairs=328,
        rows=(
            PairedScore("transfer_score", "up", 0.4, 0.3, compared),
            PairedScore("au_mse", "down", 0.0021, 0.0033, errors),
        ),
        explanation=explain("a", "b", [compared]),
        people={"target": people("target"), "source": people("source")},
        disagreements=(Disagreement("001", "smiling", "002", 1.5, -0.25, "ok", "ok"),),
        notes=("A note.",),
    )


def printed(found: PairedMethods, by_person: str | None = None) -> list[str]:
    stream = io.StringIO()
    print_comparison(found, Console(file=stream, width=80), by_person=by_person)
    assert "\x1b" not in stream.getvalue()
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    return lines


def line_of(lines: list[str], word: str) -> list[str]:
    return next(line for line in lines if line.startswith(word)).split()


def test_rows_have_both_values_the_difference_and_how_sure_it_is(found: PairedMethods) -> None:
    lines = printed(found)
    assert line_of(lines, "transfer score")[2:] == [
        *["up", "0.400", "0.300", "+0.100", "[-0.020,", "0.220]", "0.080", "0.160"]
    ]
    assert line_of(lines, "AU error, squared")[3:] == [
        *["down", "0.0021", "0.0033", "-0.0012", "[-0.0019,", "-0.0004]", "<0.001", "0.160"]
    ]
    assert lines[-1] == "A note."


def test_what_failed_is_named_and_else_there_is_no_column_for_it(found: PairedMethods) -> None:
    assert "failed" not in " ".join(printed(found))
    one = replace(found.disagreements[0], second_outcome="no_face")
    failed = replace(found, disagreements=(one,), second=method("b", coverage=0.9))
    lines = printed(failed)
    assert line_of(lines, "001 smiling to 002")[4:] == ["+1.50", "-0.25", "B:", "no_face"]
    assert "90% of the pairs measured" in " ".join(" ".join(lines).split())


def test_people_stand_by_their_difference(found: PairedMethods) -> None:
    assert not any(line.startswith("001  ") for line in printed(found))
    lines = printed(found, "source")
    assert "Every source, by difference in transfer score" in " ".join(lines)
    assert line_of(lines, "002  ") == ["002", "0.300", "0.200", "+0.100", "n/a", "+0.100"]


def test_strange_names_break_no_line(found: PairedMethods) -> None:
    strange = replace(found, first=method("[b]x[/b]\x1b[2J" + "y" * 100))
    assert "[b]x[/b]" in " ".join(printed(strange))
