"""What a made-up release says, against what is known of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.release.comparison import Comparison
from bench.analysis.release.summary import ReleaseSummary
from bench.api_imports import import_valenzuela2021


@pytest.fixture
def summarise(make_tree: Callable[..., Any], tmp_path: Path) -> Callable[..., ReleaseSummary]:
    def make(**changes: Any) -> ReleaseSummary:
        made = changes.pop("made", None)
        tree = make_tree(tmp_path / "release", **changes)
        if made is not None:
            tree.made = made
        return import_valenzuela2021(tree.write(), tmp_path / "runs")

    return make


def comparison(summary: ReleaseSummary, protocol: str, error: str = "au_mse") -> Comparison:
    (found,) = (
        item for item in summary.comparisons if (item.protocol, item.error) == (protocol, error)
    )
    return found


def test_oracle_alphas_are_the_known_ones(summarise: Callable[..., ReleaseSummary]) -> None:
    summary = summarise()
    best = {"ada": 0.3, "bo": 0.5, "cy": 0.5}
    assert len(summary.pair_alphas) == 2 * 6
    for item in summary.pair_alphas:
        assert item.alpha == best[item.target]
        assert item.value == pytest.approx(0.0, abs=1e-12)
        assert item.at_edge  # the grid is 0.3, 0.4, 0.5
    for share in summary.shares:
        assert (share.inside, share.pairs, share.share) == (6, 6, 1.0)
        assert (share.at_low, share.at_high, share.at_zero) == (2, 4, 0)


def test_the_two_errors_may_choose_differently(summarise: Callable[..., ReleaseSummary]) -> None:
    """One large miss costs more squared, several small ones more absolute."""
    misses = {0.3: (0.9, 0.0, 0.0), 0.4: (0.4, 0.4, 0.4), 0.5: (2.0, 2.0, 2.0)}

    def made(number: int, target: str, alpha: float) -> list[float]:
        shown = [1.0 + 0.5 * number, 2.0, 0.0]
        return [value + miss for value, miss in zip(shown, misses[alpha], strict=True)]

    summary = summarise(made=made)
    alphas = {(item.error, item.alpha) for item in summary.pair_alphas}
    assert alphas == {("au_mse", 0.4), ("au_mae", 0.3)}


def test_doing_nothing_is_an_answer(summarise: Callable[..., ReleaseSummary]) -> None:
    """Outputs that miss by more than the mean face: alpha* is 0, outside of the range."""
    summary = summarise(made=lambda number, target, alpha: [5.0, 5.0, 5.0])
    assert {item.alpha for item in summary.pair_alphas} == {0.0}
    assert not any(item.at_edge for item in summary.pair_alphas)
    assert [(s.inside, s.at_zero) for s in summary.shares] == [(0, 6), (0, 6)]
    for item in summary.comparisons:
        assert item.gain < 0
        assert item.better == 0
        assert item.low <= item.gain <= item.high < 0


def test_gains_over_doing_nothing_in_closed_form(
    summarise: Callable[..., ReleaseSummary],
) -> None:
    summary = summarise()
    # Of the mean face: AU06 misses by 0.5 and 1.0, AU12 by 1 and AU45 by 1.
    nothing = (2.25 + 3.0) / 2 / 3
    assert comparison(summary, "oracle").gain == pytest.approx(nothing)
    assert comparison(summary, "oracle").alphas == {}
    left_out = comparison(summary, "leave-one-target-out")
    assert left_out.alphas == {"ada": 0.5, "bo": 0.4, "cy": 0.4}
    assert left_out.gain == pytest.approx(nothing - (0.04 + 0.01 + 0.01) / 9)
    assert left_out.gain_by_target["ada"] == pytest.approx(nothing - 0.04 / 3)
    fixed = comparison(summary, "best fixed")
    assert fixed.alphas == {"all": 0.4}
    assert fixed.gain == pytest.approx(nothing - 0.03 / 9)
    # Without one expression the other says the same here.
    other = comparison(summary, "leave-one-expression-out")
    assert other.alphas == {"expression1": 0.4, "expression2": 0.4}
    absolute = comparison(summary, "best fixed", "au_mae")
    assert absolute.alphas == {"all": 0.5}
    assert absolute.gain == pytest.approx((2.5 + 3.0) / 2 / 3 - 0.2 / 9)
    assert (fixed.better, fixed.pairs) == (6, 6)


def test_what_sees_more_gains_more(summarise: Callable[..., ReleaseSummary]) -> None:
    summary = summarise(alphas=tuple(f"{0.3 + 0.02 * step:.2f}" for step in range(11)))
    for error in ("au_mse", "au_mae"):
        oracle, fixed, left_out = (
            comparison(summary, protocol, error).gain
            for protocol in ("oracle", "best fixed", "leave-one-target-out")
        )
        assert oracle >= fixed >= left_out


def test_few_people_come_with_a_warning(summarise: Callable[..., ReleaseSummary]) -> None:
    assert "2 expressions and 3 targets, fewer than 6" in summarise().warning
    people = {f"p{n}": 0.4 for n in range(6)}
    numbers = tuple(range(1, 7))
    summary = summarise(
        best=people, gap=dict.fromkeys(people, 1.0), numbers=numbers, rows_of_reference=6
    )
    assert summary.warning == ""


def test_crossover_where_the_lines_meet(summarise: Callable[..., ReleaseSummary]) -> None:
    curves = {curve.target: curve for curve in summarise().identity}
    # 0.6 a = gap - 0.4 a: where a is the gap.
    assert curves["ada"].crossover.alpha == pytest.approx(0.4)
    assert curves["bo"].crossover.alpha is None
    assert {found.alpha for found in curves["cy"].crossovers.values()} == {None}
    assert curves["bo"].alphas == (0.0, 0.3, 0.4, 0.5)
    assert curves["bo"].to_target == pytest.approx((0.0, 0.18, 0.24, 0.3))
    assert curves["bo"].to_source == pytest.approx((1.0, 0.88, 0.84, 0.8))


def test_units_are_ranked_by_what_is_missed(summarise: Callable[..., ReleaseSummary]) -> None:
    def made(number: int, target: str, alpha: float) -> list[float]:
        wide = {"ada": 0.2, "bo": 0.3, "cy": 0.4}.get(target, 0.0)
        return [1.0 + 0.5 * number + 0.1, 2.0 + 2 * wide, 4.0]

    summary = summarise(made=made)
    for error, largest in (("au_mse", 16.0), ("au_mae", 4.0)):
        units = [item for item in summary.unit_errors if item.error == error]
        assert [item.unit for item in units] == ["AU45", "AU12", "AU06"]
        assert [item.rank for item in units] == [1, 2, 3]
        assert units[0].value == pytest.approx(largest)
        assert (units[0].low, units[0].high) == pytest.approx((largest, largest))
        assert units[1].low < units[1].value < units[1].high
        # The order is the same for every target and expression: no resample changes it.
        assert [(item.rank_low, item.rank_high) for item in units] == [(1, 1), (2, 2), (3, 3)]
        assert units[0].nothing == pytest.approx(1.0)
    for hardest in summary.hardest:
        assert hardest.found == ("AU45", "AU12", "AU06")
        assert hardest.named == {"AU45": 1, "AU09": None, "AU26": None}
        assert hardest.agreeing == 1
        assert hardest.same_share == 0.0


def test_the_json_is_strict_and_complete(summarise: Callable[..., ReleaseSummary]) -> None:
    values = summarise().to_dict()
    text = json.dumps(values, allow_nan=False)
    assert json.loads(text) == values
    assert values["benchmark"] == "valenzuela2021-256"
    assert values["shares"][0]["share"] == 1.0
    assert values["identity"][0]["crossover"] == {"alpha": pytest.approx(0.4), "count": 1}
    assert {row["protocol"] for row in values["comparisons"]} == {
        "oracle", "leave-one-target-out", "leave-one-expression-out", "best fixed",
    }  # fmt: skip
