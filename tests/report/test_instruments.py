from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from rich.console import Console

from bench.analysis.bootstrap import Interval
from bench.analysis.instruments.board_shifts import BoardShift
from bench.analysis.instruments.check import InstrumentCheck
from bench.analysis.instruments.repeatability import Repeatability, RepeatedReading
from bench.analysis.instruments.units import UnitAgreement
from bench.analysis.instruments.verification import Verification
from bench.report.terminal.instruments import print_check
from metrics.perturbations import PerturbationKind

CARD = {"name": "synth", "weights_sha256": "0123456789abcdef"}


def unit(name: str, words: str, r: float, error: float | None = 0.123) -> UnitAgreement:
    return UnitAgreement(name, words, r, r, Interval(r - 0.02, r + 0.004, 24), error)


def people(part: str, rate: float, follows: float | None) -> Verification:
    return Verification(
        part=part,
        people=16,
        images=512,
        same_pairs=7936,
        different_pairs=122880,
        equal_error_rate=rate,
        equal_error_rate_interval=Interval(rate / 2, 2 * rate, 16),
        same=0.241,
        different=1.387,
        threshold=0.973,
        threshold_interval=Interval(0.89, 1.07, 16),
        accepted=0.9998,
        accepted_interval=Interval(0.9982, 1.0, 16),
        follows_expression=follows,
    )


def changed(
    name: str, label: str, kind: PerturbationKind, change: float, coverage: float = 1.0
) -> RepeatedReading:
    return RepeatedReading(
        name, kind, label, 500, coverage, change / 2, change, 2 * change,
        {"AU01": change, "AU45": 3 * change},
        (BoardShift("real-target", -change, change, 0.0), BoardShift("shuffled-source", 0, 0, 0)),
    )  # fmt: skip


REPEATED = Repeatability(
    "dev", 512, 0.996, "intensity 0..5",
    (
        changed("shift-left", "1 pixel left", "shift", 0.111),
        changed("shift-up", "1 pixel up", "shift", 0.133, 0.98),
        changed("jpeg-95", "JPEG 95", "jpeg", 0.222),
        changed("webp-80", "re-encode", "reencode", 0.333),
        changed("reduce-128", "to 128 px", "reduction", 0.444),
        changed("reduce-64", "to 64 px", "reduction", 0.555),
    ),
)  # fmt: skip


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
        "verification": (
            people("dev", 0.0022, 0.04),
            people("test", 0.0017, 0.03),
            people("both", 0.02, -0.05),
        ),
        "repeatability": REPEATED,
    }
    return InstrumentCheck(**{**values, **changes})  # type: ignore[arg-type]


def printed(found: InstrumentCheck, width: int = 80) -> str:
    stream = io.StringIO()
    print_check(found, Console(file=stream, width=width))
    return stream.getvalue()


def words_of(text: str, start: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith(start)).split()


def test_every_number_is_printed_within_80_columns() -> None:
    text = printed(check())
    assert max(map(len, text.splitlines())) <= 80
    assert "1   inner brow raiser     0.991   0.991 [0.971, 0.995]   0.12      ok" in text
    assert "0.912 [0.892, 0.916]   0.12  missed" in text
    assert "n/a [n/a, n/a]    n/a  missed" in text
    assert "Faces found: dev 100%, test 98%" in text
    assert "synth (weights 01234567)" in text


def test_people_stand_in_columns_and_their_numbers_in_rows() -> None:
    text = printed(check())
    assert words_of(text, "pairs of one person")[4:] == ["7936"] * 3
    assert words_of(text, "pairs of strangers")[3:] == ["122880"] * 3
    assert words_of(text, "equal error rate (EER)")[4:] == ["0.22", "%", "0.17", "%", "2.00", "%"]
    assert text.count("[0.11, 0.44]") == text.count("[1.00, 4.00]") == 1
    assert words_of(text, "  distance")[1:] == ["0.97"] * 3
    assert words_of(text, "  of one person, accepted")[4:] == ["99.98", "%"] * 3
    assert text.count("[99.82, 100.00]") == 3
    assert words_of(text, "distance, expression: r")[3:] == ["0.04", "0.03", "-0.05"]


def test_what_perturbations_change_is_printed_of_images_boards_and_units() -> None:
    text = printed(check())
    assert words_of(text, "1 pixel up")[3:] == [
        *["0.133", "0.266", "98%", "-0.133", "+0.133", "0.000"],
        # Harmonic mean of 0.367, 0.633 and 0.5, less 0.5.
        "-0.024",
    ]
    assert words_of(text, "to 64 px")[3] == "0.555"
    # One column for the mean of the shifts.
    assert words_of(text.split("Each Action Unit")[1], "45  blink")[2:] == [
        "0.366",
        "0.666",
        "0.999",
        "1.332",
        "1.665",
    ]
    sentence = " ".join(text.split())
    assert "Faces: found afterwards; >99% before" in sentence
    # The reductions are larger, and no part of the floor.
    assert "E 0.333, R 0.333, Q 0.000; of one image, identity 0.333, AUs 0.666." in sentence


def test_without_a_smaller_resolution_the_option_is_named() -> None:
    none = dataclasses.replace(REPEATED, readings=REPEATED.readings[:4])
    assert "--method-resolution N adds one" in printed(check(repeatability=none))
    assert "--method-resolution" not in printed(check())
    assert "perturbed" not in printed(check(repeatability=None))


def test_what_is_undefined_reads_as_such() -> None:
    nothing = dataclasses.replace(
        REPEATED.readings[0],
        coverage=0.0,
        identity_rms=np.nan,
        au_rms=np.nan,
        au_mean_absolute={"AU01": np.nan},
        shifts=(),
    )
    text = printed(check(repeatability=dataclasses.replace(REPEATED, readings=(nothing,))))
    assert words_of(text, "1 pixel left")[3:] == ["n/a", "n/a", "0%", *["n/a"] * 4]
    assert "nan" not in text


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
    assert "no known Action Units, without which an AU estimator cannot be compared" in sentence
    assert "99.98 %" in text
    assert "expression: r" not in text
    assert "Limits: EER at most 1 %." in sentence


@pytest.mark.parametrize("width", [66, 200])
def test_other_widths_lose_no_number(width: int) -> None:
    text = printed(check(), width)
    assert max(map(len, text.splitlines())) <= width
    for number in ("0.991", "[0.971, 0.995]", "0.22 %", "[99.82, 100.00]", "-0.05", "1.665"):
        assert number in text


def test_units_that_are_not_read_are_listed() -> None:
    assert "Known, but not read by this estimator: AU23, AU25." in printed(
        check(unread=("AU23", "AU25"))
    )
