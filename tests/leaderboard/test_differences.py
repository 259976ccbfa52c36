"""Why a rank or a score changed: one cause for each method, the first that applies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from bench.analysis.board import Estimate
from bench.analysis.ranking import BoardEntry
from bench.analysis.scores import aggregate
from bench.leaderboard.basis import Basis
from bench.leaderboard.changes import BoardDifferences, Change, Differences
from bench.leaderboard.differences import compare_boards
from bench.leaderboard.states import BoardState, EntryState
from bench.report.terminal.leaderboard_diff import print_differences

PEOPLE = 8


@dataclass(frozen=True)
class Method:
    """A made-up method: how much of the expression is missing, and what it is."""

    error: float = 0.5
    noise: float = 0.0
    seed: int = 0
    group: int | None = 1
    alpha: float | None = 1.0
    source: str = "a" * 64
    is_anchor: bool = False


def terms_of(method: Method) -> pd.DataFrame:
    names = [f"p{number}" for number in range(PEOPLE)]
    rows = pd.DataFrame(
        [(s, t) for s in names for t in names if s != t], columns=["source", "target"]
    )
    random = np.random.default_rng(method.seed)
    error = method.error + method.noise * random.standard_normal(len(rows))
    people = rows["source"].str[1:].astype(float).to_numpy() / PEOPLE
    rows["part"], rows["sample"], rows["kind"], rows["outcome"] = "test", "x", "cross", "ok"
    rows["pair"] = rows["source"] + "/x>" + rows["target"]
    rows["expression_error"] = error * (1 + people)
    rows["expression_change"] = 1 + people
    rows["au_mse"], rows["au_mse_neutral"] = error, 1.0
    rows["au_mae"], rows["id_dist_source"] = error, 1.0
    rows["id_dist_target"], rows["id_dist_source_neutral"] = 0.5, 1.0
    rows["id_dist_target_neutral"], rows["niqe"] = 0.2, 5.0
    for name in ("expression_error", "au_mse", "au_mae", "id_dist_target", "niqe"):
        rows[f"{name}_worst"] = 9.0
    return rows


def state(methods: dict[str, Method], **basis: Any) -> BoardState:
    measured_with = {
        "dataset": "faces", "manifest_sha256": "1" * 64, "split": "v1", "split_sha256": "2" * 64,
        "resolution": 64,
        "instruments": {"embedder": {"name": "e", "version": "1"}, "niqe": {"version": "2"}},
    }  # fmt: skip
    measured_with |= basis.pop("measured_with", {})
    entries = {}
    for name, method in methods.items():
        terms = terms_of(method)
        score = aggregate(terms, niqe_real=5.0).transfer_score
        entries[name] = EntryState(
            label=name,
            is_anchor=method.is_anchor,
            parts={"method": name, "method_source_sha256": method.source, "parameters": {}},
            alpha=method.alpha,
            score=Estimate(score, score, score),
            tie_group=None if method.is_anchor else method.group,
            ranked=BoardEntry(name, name, method.is_anchor, terms),
        )
    pairs = pd.DataFrame({"part": ["test"], "source": ["p0"], "sample": ["x"], "target": ["p1"]})
    values: dict[str, Any] = {
        "benchmark": "faces-64", "dataset": {}, "measured_with": measured_with,
        "action_units": (), "alphas": (0.0, 1.0), "scores_version": 1, "niqe_real": {"test": 5.0},
        "unusable_pairs": {"test": 0}, "pairs": pairs, **basis,
    }  # fmt: skip
    return BoardState(Basis(**values), entries)


def by_name(differences: BoardDifferences) -> dict[str, Change]:
    return {change.name: change for change in differences.changes}


def compared(
    before: dict[str, Method], after: dict[str, Method], **basis: Any
) -> dict[str, Change]:
    return by_name(compare_boards(state(before), state(after, **basis)))


TWO = {"good": Method(0.2), "poor": Method(0.6)}


def test_nothing_changed() -> None:
    differences = compare_boards(state(TWO), state(TWO))
    assert differences.changes == ()
    assert differences.unchanged == 2


def test_a_new_method_pushes_those_behind_it() -> None:
    found = compared(TWO, {**TWO, "middle": Method(0.4)})
    assert set(found) == {"middle", "poor"}
    assert found["middle"].cause == "new method"
    assert (found["middle"].rank_before, found["middle"].rank_after) == (None, 2)
    pushed = found["poor"]
    assert pushed.cause == "other methods"
    assert pushed.because_of == ("middle",)
    assert (pushed.rank_before, pushed.rank_after) == (2, 3)
    assert pushed.score_before == pushed.score_after


def test_a_removed_method_lets_others_up() -> None:
    found = compared(TWO, {"poor": TWO["poor"]})
    assert found["good"].cause == "removed method"
    assert found["poor"].cause == "other methods"
    assert found["poor"].because_of == ("good",)
    assert (found["poor"].rank_before, found["poor"].rank_after) == (2, 1)


def test_causes_are_tried_in_order() -> None:
    changed = {"good": Method(0.25, source="b" * 64, alpha=0.9), "poor": TWO["poor"]}
    data = {"measured_with": {"split": "v2", "split_sha256": "3" * 64}}
    instruments = {"embedder": {"name": "e", "version": "2"}, "niqe": {"version": "2"}}
    metrics = {"measured_with": {"instruments": instruments}}
    both = {"measured_with": {**data["measured_with"], **metrics["measured_with"]}}
    for basis, cause, what in (
        (both, "new data", ("split v1 -> v2", "content of the split 22222222 -> 33333333")),
        (data, "new data", ("split v1 -> v2", "content of the split 22222222 -> 33333333")),
        (metrics, "new metric version", ("embedder e 1 -> e 2",)),
        ({"scores_version": 2}, "new metric version", ("formulas of the scores, version 1 -> 2",)),
        ({"alphas": (0.0, 0.5)}, "new data", ("grid of alphas",)),
        ({}, "new version of the method", ("source file aaaaaaaa -> bbbbbbbb", "alpha 1.0 -> 0.9")),
    ):
        found = compared(TWO, changed, **basis)
        assert set(found) == {"good"}, basis
        assert (found["good"].cause, found["good"].what) == (cause, what)
    # Nothing is another: the same was measured again.
    found = compared(TWO, {**TWO, "good": Method(0.25)})
    assert (found["good"].cause, found["good"].what) == ("noise", ())


def test_another_alpha_is_another_version() -> None:
    found = compared(TWO, {**TWO, "good": Method(0.25, alpha=0.9)})
    assert found["good"].cause == "new version of the method"
    assert found["good"].what == ("alpha 1.0 -> 0.9",)


def test_a_version_that_scores_the_same_moved_nobody() -> None:
    assert compared(TWO, {**TWO, "good": Method(0.2, source="b" * 64)}) == {}


def test_who_is_overtaken_is_told_by_whom() -> None:
    found = compared(TWO, {**TWO, "poor": Method(0.1, source="b" * 64)})
    assert found["poor"].cause == "new version of the method"
    assert found["good"].cause == "other methods"
    assert found["good"].because_of == ("poor",)


def test_another_s_change_comes_before_one_s_own_noise() -> None:
    noisy = replace(TWO["good"], noise=0.001, seed=5)
    found = compared(TWO, {"good": noisy, "poor": Method(0.1, source="b" * 64)})
    assert found["good"].cause == "other methods"
    assert found["good"].because_of == ("poor",)
    assert found["good"].difference is not None
    assert found["good"].is_nothing
    # Without a change of rank it is noise alone.
    found = compared(TWO, {**TWO, "good": noisy})
    assert found["good"].cause == "noise"
    assert set(found) == {"good"}


def test_noise_on_both_sides_is_called_noise() -> None:
    near = {"one": Method(0.4, noise=0.01, seed=1), "other": Method(0.4, noise=0.01, seed=2)}
    swapped = {"one": replace(near["one"], seed=2), "other": replace(near["other"], seed=1)}
    found = compared(near, swapped)
    assert {change.cause for change in found.values()} == {"noise"}
    assert found["one"].because_of == ("other",)
    assert found["one"].within_ties is True


def test_noise_is_nothing_where_the_interval_of_the_difference_holds_0() -> None:
    before = {"one": Method(0.4, noise=0.05, seed=1)}
    again = compared(before, {"one": Method(0.4, noise=0.05, seed=2)})["one"]
    assert again.difference is not None
    assert again.difference.low < 0.0 < again.difference.high
    assert again.is_nothing
    # The same everything cannot be this much better on every pair.
    off = compared(before, {"one": Method(0.35, noise=0.05, seed=1)})["one"]
    assert off.cause == "noise"
    assert off.difference is not None
    assert off.difference.low > 0.0
    assert not off.is_nothing
    # What no table shows is nothing, however regular it is.
    tiny = compared(before, {"one": Method(0.4 + 1e-6, noise=0.05, seed=1)})["one"]
    assert tiny.difference is not None
    assert tiny.difference.high < 0.0
    assert tiny.is_nothing


@pytest.mark.parametrize(
    ("groups", "within"), [((1, 1), True), ((1, 2), False), ((None, None), None)]
)
def test_a_rank_that_changed_inside_a_tie_group_is_told(
    groups: tuple[int | None, int | None], within: bool | None
) -> None:
    before = {"one": Method(0.4, group=1), "other": Method(0.45, group=1)}
    after = {
        "one": Method(0.4, group=groups[0]),
        "other": Method(0.35, group=groups[1], source="b" * 64),
    }
    found = compared(before, after)
    assert found["one"].within_ties is within
    assert found["other"].within_ties is within


def test_anchors_have_no_rank_and_push_nobody() -> None:
    anchor = Method(0.01, is_anchor=True)
    found = compared(TWO, {**TWO, "real": anchor})
    assert set(found) == {"real"}
    assert found["real"].rank_after is None
    found = compared({**TWO, "real": anchor}, {**TWO, "real": replace(anchor, error=0.02)})
    assert found["real"].cause == "noise"
    assert found["real"].within_ties is None


def test_other_pairs_give_no_paired_difference() -> None:
    before, after = state(TWO), state({**TWO, "good": Method(0.3)})
    entry = after.entries["good"]
    fewer = replace(entry.ranked, terms=entry.ranked.terms.iloc[1:])
    pairs = after.basis.pairs.assign(target="p2")
    after = BoardState(
        replace(after.basis, pairs=pairs),
        {**after.entries, "good": replace(entry, ranked=fewer)},
    )
    (change,) = compare_boards(before, after).changes
    assert (change.cause, change.what) == ("new data", ("test pairs 1 -> 1",))
    assert change.difference is None


def test_a_part_that_joins_a_board_is_no_new_data() -> None:
    before, after = state(TWO), state({**TWO, "good": Method(0.3)})
    pairs = pd.concat([after.basis.pairs, after.basis.pairs.assign(part="dev")])
    niqe = {"test": 5.0, "dev": 5.0}
    after = replace(after, basis=replace(after.basis, pairs=pairs, niqe_real=niqe))
    (change,) = compare_boards(before, after).changes
    assert change.cause == "noise"


def test_backward_is_forward_mirrored() -> None:
    random = np.random.default_rng(3)
    names = [f"m{number}" for number in range(7)]

    def some(seed: int) -> dict[str, Method]:
        chosen = random.choice(names, size=5, replace=False)
        return {name: Method(float(random.uniform(0.1, 0.9)), seed=seed) for name in chosen}

    mirrored = {"new method": "removed method", "removed method": "new method"}
    for seed in range(5):
        one, other = some(seed), some(seed)
        forward, backward = compared(one, other), compared(other, one)
        assert set(forward) == set(backward)
        for name, change in forward.items():
            back = backward[name]
            assert (change.rank_before, change.rank_after) == (back.rank_after, back.rank_before)
            assert mirrored.get(change.cause, change.cause) == back.cause


def test_exactly_those_whose_rank_or_score_changed_are_told() -> None:
    random = np.random.default_rng(4)
    for _ in range(5):
        errors = random.choice(np.arange(0.1, 0.9, 0.1), size=6, replace=False)
        before = {f"m{place}": Method(float(error)) for place, error in enumerate(errors)}
        after = {
            name: replace(method, error=method.error + float(random.choice([0.0, 0.0, 0.25])))
            for name, method in before.items()
        }
        one, other = state(before), state(after)
        expected = {
            name
            for name in before
            if one.rank(name) != other.rank(name) or before[name].error != after[name].error
        }
        differences = compare_boards(one, other)
        assert set(by_name(differences)) == expected
        assert differences.unchanged == 6 - len(expected)


def printed(boards: Iterable[BoardDifferences], width: int = 80) -> str:
    console = Console(file=StringIO(), width=width, no_color=True)
    print_differences(Differences("HEAD~1", "now", tuple(boards)), console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_table_tells_the_reasons_at_80_columns() -> None:
    before = {**TWO, "a-method-with-a-long-name precision=bf16": Method(0.7)}
    after = {
        "good": replace(TWO["good"], noise=0.001, seed=5),
        "poor": Method(0.1, source="b" * 64),
        "target-neutral": Method(0.99, is_anchor=True),
    }
    text = printed([compare_boards(state(before), state(after))])
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    assert "faces-64, HEAD~1 -> now" in words
    assert "2 -> 1" in words
    assert "new version: source file" in words
    assert "inside one tie" in words
    assert "removed" in words
    assert "target-neutral *" in words
    wide = " ".join(printed([compare_boards(state(before), state(after))], 300).split())
    assert "moved by poor (new version of the method); its own score by noise, " in wide


def test_noise_is_told_with_its_size_and_its_tie_group() -> None:
    before = {"one": Method(0.4, noise=0.05, seed=1, group=2)}
    again = replace(before["one"], seed=2)
    text = printed([compare_boards(state(before), state({"one": again}))], 300)
    assert "noise: the same, measured again, " in text
    assert "which is nothing; tie group 2 as before" in text
    off = replace(before["one"], error=0.3, group=1)
    text = printed([compare_boards(state(before), state({"one": off}))], 300)
    assert "more than people alone explain; tie group 2 -> 1" in text
    assert "bench leaderboard verify faces-64/one" in text
    text = printed([compare_boards(state(before), state(before))])
    assert "no rank and no score changed from HEAD~1 to now (1 methods)" in " ".join(text.split())
