"""What ``bench alpha-search`` prints of a search on made-up faces."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from bench.analysis.alpha import AlphaSearch, Crossover
from bench.analysis.named_search import NamedSearch
from bench.api import Settings
from bench.api_alpha import alpha_search
from bench.report.terminal.alpha_search import print_alpha_search


@pytest.fixture(scope="module")
def found(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> NamedSearch:
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        out = tmp_path_factory.mktemp("runs")
        return alpha_search("pixel-arith", Settings(out=out), refine=True, tolerance=0.05)


def printed(found: NamedSearch, width: int = 80, **options: Any) -> list[str]:
    """What lands in a pipe of that width."""
    stream = io.StringIO()
    print_alpha_search(found, Console(file=stream, width=width), **options)
    text = stream.getvalue()
    assert "\x1b" not in text
    lines = text.splitlines()
    assert max(map(cell_len, lines)) <= width
    return lines


def flowing(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def line_of(lines: list[str], word: str) -> str:
    return next(line for line in lines if word in line)


def with_search(found: NamedSearch, search: AlphaSearch, **changes: Any) -> NamedSearch:
    return dataclasses.replace(found, search=dataclasses.replace(search, **changes))


def test_all_findings_are_told(found: NamedSearch, search: AlphaSearch) -> None:
    lines = printed(with_search(found, search))
    assert line_of(lines, "dev alpha*  ").split()[2] == "0.70"
    assert line_of(lines, "crossover  ").split()[1] == "0.62"
    assert "0.00 to 1.00" in line_of(lines, "oracle alpha*")
    edge = f"{100 * search.oracle_edge_share:.0f}%"
    assert edge in line_of(lines, "on the grid's edge")


def test_what_was_read_is_shown_and_none_of_it_is_test(found: NamedSearch) -> None:
    text = flowing(printed(found))
    # Twelve pairs at four alphas; 4 people with 23 pictures each.
    assert "dev 48 outputs, 92 real images; test 0 outputs, 0 real images" in text


def test_three_criteria_and_three_protocols_stand_side_by_side(found: NamedSearch) -> None:
    lines = printed(found)
    for criterion in ("au: least AU error", "identity: last before", "score: largest transfer"):
        assert "[" in line_of(lines, criterion)
    for protocol in ("oracle", "dev", "fixed"):
        assert any(line.startswith(f"{protocol} ") and line.count("[") == 2 for line in lines)
    for difference in ("oracle - dev", "fixed - dev", "fixed - oracle"):
        assert line_of(lines, difference).count("[") == 2


def test_the_edge_says_what_to_type(found: NamedSearch) -> None:
    assert found.study.choices["identity"].on_edge
    assert "--alphas=0:2.4:0.1." in flowing(printed(found))
    imported = flowing(printed(dataclasses.replace(found, imported=True)))
    assert "--alphas" not in imported
    assert "have no other alphas" in imported


def test_the_refined_alpha_is_told_with_its_price(found: NamedSearch) -> None:
    refined = found.refinement
    assert refined is not None
    assert refined.alpha is not None
    text = flowing(printed(found))
    assert f"Refined: least AU error at alpha {refined.alpha:.4f}, within 0.05" in text
    assert f"{refined.images} images, {refined.images} of them made now" in text
    assert "R refined" in text


def test_targets_are_a_sentence_or_a_table(found: NamedSearch) -> None:
    lines = printed(found)
    target = found.study.per_target[0].name
    assert "--per-target prints each" in flowing(lines)
    assert not any(line.startswith(target) for line in lines)
    assert any(line.startswith(target) for line in printed(found, per_target=True))


def test_one_expression_needs_no_table(found: NamedSearch) -> None:
    assert any(line.startswith("happy") for line in printed(found))
    study = dataclasses.replace(found.study, per_expression=found.study.per_expression[:1])
    lines = printed(dataclasses.replace(found, study=study))
    assert not any(line.startswith("happy") for line in lines)


def test_the_criterion_decides_what_is_drawn(found: NamedSearch) -> None:
    def by(criterion: str) -> str:
        study = dataclasses.replace(found.study, by=criterion)
        return flowing(printed(dataclasses.replace(found, study=study)))

    assert "AU error (MSE) over alpha" in by("au")
    assert "Identity distance over alpha" in by("identity")
    assert "Transfer score over alpha" in by("score")
    assert "By score (largest transfer score) alpha* is" in by("score")


def test_no_crossover_is_an_answer(found: NamedSearch, search: AlphaSearch) -> None:
    lines = printed(with_search(found, search, crossover=Crossover(None, 0)))
    assert "none in range" in line_of(lines, "crossover  ")


def test_a_search_without_any_measured_pair_prints(found: NamedSearch, search: AlphaSearch) -> None:
    lines = printed(
        with_search(
            found,
            search,
            oracle=search.oracle.assign(alpha_mse=np.nan),
            curve=search.curve.assign(au_mse=np.nan),
            oracle_edge_share=float("nan"),
        )
    )
    assert "no pair could be measured" in line_of(lines, "oracle alpha*")
    assert any("no finite value" in line for line in lines)


def test_strange_names_break_no_line(found: NamedSearch) -> None:
    strange = dataclasses.replace(found, label="[bold]x[/bold] a\x1b[2Jb", benchmark="方" * 40)
    assert any("[bold]x[/bold]" in line for line in printed(strange))
