"""The second opinion in the terminal and as Markdown."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import pytest
from rich.console import Console

from bench.report.terminal.opinion import opinion_markdown, print_opinion


def side(score: float | None, rank: int | None, skill: float, retention: float) -> dict[str, Any]:
    ends = None if score is None else {"low": score - 0.05, "high": score + 0.05}
    return {
        "run_id": "m-1", "rank": rank, "rank_low": rank, "rank_high": rank, "tie_group": rank,
        "transfer_score": score, "transfer_score_interval": ends,
        "expression_skill": skill, "expression_skill_interval": None,
        "identity_retention": retention, "identity_retention_interval": None,
        "naturalness": 0.9, "naturalness_interval": None, "coverage": 1.0,
    }  # fmt: skip


def row(label: str, first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    is_anchor = first["rank"] is None
    return {
        "label": label, "method": label.split()[0], "is_anchor": is_anchor,
        "alpha": None if is_anchor else 0.7,
        "alpha_protocol": None if is_anchor else "dev",
        "shift": None if is_anchor else second["rank"] - first["rank"],
        "first": first, "second": second,
    }  # fmt: skip


def separation(better: str, worse: str, verdict: str) -> dict[str, Any]:
    ends = {"low": 0.1, "high": 0.3}
    return {
        "better": better, "worse": worse, "difference": 0.2, "other_difference": -0.01,
        "verdict": verdict, "difference_interval": ends, "other_difference_interval": ends,
    }  # fmt: skip


VALUES: dict[str, Any] = {
    "schema_version": 1,
    "benchmark": "synthfaces-64",
    "part": "test",
    "first": "synth + synth",
    "second": "mobilefacenet + mediapipe",
    "contestants": 3,
    "tau": 1 / 3,
    "tau_interval": {"low": -1 / 3, "high": 1.0},
    "pairs": 288,
    "pairs_left_out": 12,
    "rows": [
        row("pixel-arith", side(0.83, 1, 0.9, 0.8), side(0.41, 2, 0.4, 0.6)),
        row("glow-arith precision=bf16", side(0.70, 2, 0.8, 0.6), side(0.44, 1, 0.5, 0.6)),
        row("third", side(0.0, 3, -0.1, 0.9), side(None, 3, -0.2, 0.9)),
        row("real-target", side(0.98, None, 0.99, 0.96), side(0.5, None, 0.3, 0.9)),
        row("copy-source", side(0.0, None, 1.0, 0.0), side(0.0, None, 0.8, 0.0)),
        row("shuffled-source", side(0.0, None, -0.7, 0.0), side(0.0, None, -0.5, 0.0)),
    ],
    "first_separations": [
        separation("pixel-arith", "glow-arith precision=bf16", "not in front"),
        separation("pixel-arith", "third", "confirmed"),
        separation("glow-arith precision=bf16", "third", "same order"),
    ],
    "second_separations": [],
    "first_anchor_separations": [
        separation("glow-arith", "target-neutral", "reversed"),
        separation("third", "copy-source", "reversed"),
    ],
    "second_anchor_separations": [],
    "notes": ["A [note] of the outputs."],
}


@pytest.fixture
def values() -> dict[str, Any]:
    json.dumps(VALUES, allow_nan=False)
    return copy.deepcopy(VALUES)


def printed(values: dict[str, Any], width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_opinion(values, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def sentences(values: dict[str, Any]) -> str:
    return " ".join(printed(values).split())


def test_no_number_is_cut_at_80_columns(values: dict[str, Any]) -> None:
    text = printed(values)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    table = text.splitlines()
    assert "1  0.83 [0.78, 0.88] 100%  2  0.41 [0.36, 0.46] 100%    +1" in table[2]
    assert "real-target *" in text
    assert "0.90 -> 0.40" in text


def test_the_agreement_and_who_owes_a_place(values: dict[str, Any]) -> None:
    text = sentences(values)
    assert "rankings of 3 contestants: 0.33 (95% of resampled people -0.33 to 1.00)." in text
    assert "pixel-arith glow-arith +0.20 [0.10, 0.30] -0.01 [0.10, 0.30] precision=bf16" in text
    assert "glow-arith target-neutral +0.20 [0.10, 0.30] -0.01 [0.10, 0.30] sep." in text
    assert "copy-source +0.20" not in text  # doing nothing stands for all anchors
    assert (
        "Of 3 pairs of contestants that the first instruments separate, the second ones confirm 1, "
        "keep the order of 1 without separating, and contradict 1." in text
    )
    assert "The second instruments separate no two contestants." in text
    assert "12 more pairs are left out of both boards" in text
    assert "A [note] of the outputs." in text


def test_few_contestants_are_said_to_say_little(values: dict[str, Any]) -> None:
    values |= {"contestants": 2, "tau": 1.0, "tau_interval": {"low": -1.0, "high": 1.0}}
    assert "With 2 contestants it says little: it can only be 1 or -1." in sentences(values)
    values |= {"contestants": 1, "tau": None, "tau_interval": None}
    assert "With 1 contestant there is no order to agree on." in sentences(values)
    values["contestants"] = 3
    assert "is undefined: one board ties them all" in sentences(values)


def test_instruments_that_do_not_know_the_anchors_are_named(values: dict[str, Any]) -> None:
    text = sentences(values)
    assert text.count("As it must be") == 2
    values["rows"][4]["second"]["expression_skill"] = -0.1
    values["rows"][3]["second"]["identity_retention"] = 0.2
    text = sentences(values)
    assert text.count("As it must be") == 1
    assert "second instruments: E -0.10 of the source's own image (copy-source), -0.50" in text
    assert "They do not tell expressions and people apart here." in text


def test_markdown(values: dict[str, Any]) -> None:
    values["rows"][0]["label"] = "evil|name\n\x1b"
    text = opinion_markdown(values)
    assert text.startswith("Kendall's tau-b of the two rankings of 3 contestants: 0.33")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 6 + 2 + 2
    columns = [line.replace("\\|", "").count("|") - 1 for line in table]
    assert columns == [12] * 8 + [5] * 4
    assert "\x1b" not in text
    assert r"real-target \*" in text
    assert "0.90 to 0.40" in table[2]
