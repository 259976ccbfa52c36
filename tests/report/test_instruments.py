from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench.analysis.bootstrap import Interval
from bench.analysis.instruments import InstrumentCheck, UnitAgreement, Verification
from bench.report.instruments import print_check

CARD = {"name": "synth", "weights_sha256": "0123456789abcdef"}


def unit(name: str, words: str, r: float, error: float | None = 0.123) -> UnitAgreement:
    return UnitAgreement(name, words, r, r, Interval(r - 0.02, r + 0.004, 24), error)


def people(part: str, rate: float, follows: float | None) -> Verification:
    return Verification(part, 16, 512, rate, 0.953, 0.812, 0.021, 0.456, follows)


def check(**changes: object) -> InstrumentCheck:
    values = {
        "benchmark": "synthfaces-64",
        "embedder": CARD,
        "au_estimator": CARD,
        "units": (
            unit("AU01", "inner brow raiser", 0.991),
            unit("AU15", "lip corner depressor", 0.912),
            unit("AU45", "blink", float("nan"), None),
        ),
        "unread": (),
        "coverage": {"dev": 1.0, "test": 0.98},
        "verification": (people("dev", 0.0021, 0.04), people("both", 0.02, -0.05)),
    }
    return InstrumentCheck(**{**values, **changes})  # type: ignore[arg-type]


def printed(found: InstrumentCheck, width: int = 80) -> str:
    stream = io.StringIO()
    print_check(found, Console(file=stream, width=width))
    return stream.getvalue()


def test_every_number_is_printed_within_80_columns() -> None:
    text = printed(check())
    assert max(map(len, text.splitlines())) <= 80
    assert "1   inner brow raiser     0.991   0.991 [0.971, 0.995]   0.12      ok" in text
    assert "0.912 [0.892, 0.916]   0.12  missed" in text
    assert "n/a [n/a, n/a]    n/a  missed" in text
    assert "Faces found: dev 100%, test 98%" in text
    assert "0.21 %" in text
    assert "0.95 (0.81)" in text
    assert "0.02 (0.46)" in text
    assert "-0.05  missed" in text
    assert "synth (weights 01234567)" in text


def test_the_last_sentence_says_what_is_missed_or_that_nothing_is() -> None:
    last = " ".join(printed(check()).split("\n\n")[-1].split())
    assert last.startswith("Missed: AU15, AU45, faces found on test, EER on both. Limits: r at")
    fine = check(
        units=(unit("AU01", "inner brow raiser", 0.99),),
        coverage={"dev": 1.0, "test": 1.0},
        verification=(people("dev", 0.0, 0.0),),
    )
    assert "All limits are kept." in printed(fine)


def test_without_a_truth_one_sentence_says_what_is_needed() -> None:
    text = printed(
        check(
            au_estimator=None,
            units=(),
            coverage={},
            verification=(people("dev", 0.0, None),),
        )
    )
    sentence = " ".join(text.split())
    assert "no known Action Units, without which an AU estimator cannot be checked" in sentence
    assert "0.95 (0.81)" in text
    assert "with AUs" not in text
    assert "Limits: EER at most 1 %." in sentence


@pytest.mark.parametrize("width", [60, 200])
def test_other_widths_lose_no_number(width: int) -> None:
    for number in (
        "0.991",
        "[0.971, 0.995]",
        "0.12",
        "0.21 %",
        "0.95 (0.81)",
        "0.02 (0.46)",
        "-0.05",
    ):
        assert number in printed(check(), width)


def test_units_that_are_not_read_are_listed() -> None:
    assert "Known, but not read by this estimator: AU23, AU25." in printed(
        check(unread=("AU23", "AU25"))
    )
