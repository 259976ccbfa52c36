"""The groups of people in the terminal and as Markdown."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from bench.report.terminal.groups import groups_markdown, print_groups


def row(group: str, gain: float | None, people: int = 20, **changes: Any) -> dict[str, Any]:
    values = {
        "group": group,
        "gain": gain,
        "low": None if gain is None else gain - 0.1,
        "high": None if gain is None else gain + 0.1,
        "method": gain,
        "neutral": 0.0,
        "identities": people,
        "pairs": 8 * people,
        "withheld": None,
    }
    return {**values, **changes}


def result(label: str, score: str, p_value: float = 0.4, **changes: Any) -> dict[str, Any]:
    values = {
        "method": label,
        "label": label,
        "is_anchor": False,
        "alpha": 0.7,
        "variable": "gender",
        "side": "target",
        "score": score,
        "groups": [
            row("female", 0.2),
            row("male", 0.3, 5),
            row("other", None, 1, withheld="1 identity, fewer than 5: no claim"),
        ],
        "gap": {
            "most": "male", "least": "female", "gap": 0.1, "low": -0.05, "high": 0.25,
            "p_value": p_value, "gaps": 1, "p_adjusted": min(1.0, 2 * p_value),
            "differs": p_value < 0.025,
        },
        "ungrouped": 2,
    }  # fmt: skip
    return {**values, **changes}


def report(results: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "schema_version": 1,
        "benchmark": "london-64",
        "part": "test",
        "compared_with": "target-neutral",
        "variables": [
            {"name": "gender", "groups": ["female", "male", "other"], "rule": None},
            {"name": "age", "groups": ["a"], "rule": "age in bands that begin at 25"},
        ],
        "pairs": 208,
        "looks": sum(not one["is_anchor"] for one in results),
        "anchor_looks": sum(one["is_anchor"] for one in results),
        "results": results,
        "notes": ["A [note] of the runs."],
    }
    return json.loads(json.dumps({**values, **changes}, allow_nan=False))


@pytest.fixture
def values() -> dict[str, Any]:
    scores = ("expression_skill", "identity_retention")
    anchor = {"is_anchor": True, "alpha": None}
    return report(
        [
            *(result("glow-arith precision=bf16", score) for score in scores),
            *(result("real-target", score, **anchor) for score in scores),
        ]
    )


def printed(values: dict[str, Any], width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_groups(values, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_cut(values: dict[str, Any], width: int) -> None:
    text = printed(values, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert text.count("[0.10, 0.30]") == 4
    assert text.count("[-0.05, 0.25]") >= 4


def test_both_scores_stand_beside_each_other_at_80_columns(values: dict[str, Any]) -> None:
    assert printed(values).count("gain by gender of the target") == 1
    assert printed(values, 60).count("gain by gender of the target") == 2


def test_what_is_withheld_says_why(values: dict[str, Any]) -> None:
    text = " ".join(printed(values).split())
    assert text.count("withheld") == 4
    assert "Withheld, other: 1 identity, fewer than 5: no claim." in text
    assert "Intervals of male rest on fewer than 6 people" in text
    assert "2 people are left out: the dataset does not tell their gender." in text
    assert "A [note] of the runs." in text
    assert "age in bands that begin at 25" in text


def test_the_answer_counts_the_looks(values: dict[str, Any]) -> None:
    text = " ".join(printed(values).split())
    assert "looked at: 2 of methods (and 2 of anchors). None is significant" in text
    found = report([result("a", "expression_skill", 0.0001), result("b", "transfer_score")])
    text = " ".join(printed(found).split())
    assert (
        "Significant after Holm's correction over them: a, E by gender of the target, male minus "
        "female 0.10 [-0.05, 0.25], p <0.001, Holm <0.001." in text
    )


def test_without_two_groups_nothing_is_said() -> None:
    alone = report([result("a", "expression_skill", gap=None)], looks=0)
    assert "No two groups have a number" in printed(alone)
    assert "No two groups have a number" in groups_markdown(alone)


def test_markdown_has_a_row_for_each_method_and_score(values: dict[str, Any]) -> None:
    text = groups_markdown(values)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 4
    assert len({line.count("|") for line in table}) == 1
    assert "female (20 people, 160 pairs)" in table[0]
    assert "glow-arith precision=bf16, alpha 0.70 | E | 0.20 [0.10, 0.30]" in table[2]
    assert "withheld" in table[2]
    assert "male minus female: 0.10 [-0.05, 0.25] | 0.400 | 0.800" in table[2]


def test_names_cannot_break_table_or_terminal() -> None:
    evil = report([result("a|b\n\x1b[31mc", "expression_skill")])
    assert "\x1b" not in printed(evil)
    table = [line for line in groups_markdown(evil).splitlines() if line.startswith("|")]
    assert len(table) == 3
    assert r"a\|b" in table[2]
