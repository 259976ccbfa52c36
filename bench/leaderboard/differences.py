"""What changed between two states of a board, and for each method why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import draws_for, resample_scores
from bench.analysis.records import number_or_none
from bench.analysis.statistics.resampled import EQUAL
from bench.leaderboard.basis import Basis
from bench.leaderboard.changes import BoardDifferences, Cause, Change
from bench.leaderboard.contents import RANKED_PART
from bench.leaderboard.states import BoardState, EntryState, published_score

__all__ = ["compare_boards"]

DATA: Final = ("dataset", "manifest_sha256", "split", "split_sha256", "resolution", "labels_sha256")
METHOD: Final = ("method_source_sha256", "parameters", "fingerprint", "seed")

Own = tuple[Cause, tuple[str, ...]] | None
"""Why a method's own score changed, and what is another; None where it did not."""

IN_WORDS: Final = {
    "manifest_sha256": "list of images",
    "split_sha256": "content of the split",
    "labels_sha256": "labels",
    "method_source_sha256": "source file",
    "fingerprint": "what it loads",
}


def compare_boards(before: BoardState, after: BoardState) -> BoardDifferences:
    """Says for each method whose rank or score changed why.

    The causes are tried in the order of ``Cause``. What all entries share, and a method's own
    version, count only where the method's own score changed; a rank that moves under a score that
    does not was moved by others, which are named.
    """
    data, metrics = _data_changes(before.basis, after.basis), _metric_changes(before, after)
    own = {
        name: _own_cause(before.entries.get(name), after.entries.get(name), data, metrics)
        for name in dict.fromkeys([*_by_score(after), *_by_score(before)])
    }
    changes = [_change(name, own, before, after) for name in own]
    told = tuple(change for change in changes if change is not None)
    return BoardDifferences(
        benchmark=after.basis.benchmark,
        data=tuple(data),
        metrics=tuple(metrics),
        changes=told,
        unchanged=len(changes) - len(told),
    )


def _own_cause(
    before: EntryState | None, after: EntryState | None, data: list[str], metrics: list[str]
) -> Own:
    if before is None:
        return "new method", ()
    if after is None:
        return "removed method", ()
    if _same(before.score, after.score):
        return None
    if data:
        return "new data", tuple(data)
    if metrics:
        return "new metric version", tuple(metrics)
    if version := _differing(METHOD, before.parts, after.parts):
        return "new version of the method", (*version, *_alpha_change(before, after))
    if alpha := _alpha_change(before, after):
        return "new version of the method", tuple(alpha)
    return "noise", ()


def _change(
    name: str, own: Mapping[str, Own], before: BoardState, after: BoardState
) -> Change | None:
    one, other = before.entries.get(name), after.entries.get(name)
    ranks = before.rank(name), after.rank(name)
    moved = one is not None and other is not None and ranks[0] != ranks[1]
    mine = own[name]
    if mine is None and not moved:
        return None
    crossed = [
        rival for rival in own if before.is_ahead(rival, name) != after.is_ahead(rival, name)
    ]
    cause, what = mine or ("other methods", ())
    # Others with a better reason than noise come before this method's own noise.
    movers = [rival for rival in crossed if (theirs := own[rival]) and theirs[0] != "noise"]
    if cause == "noise" and moved and movers:
        cause = "other methods"
    shown = other or one
    assert shown is not None
    return Change(
        name=name,
        label=shown.label,
        is_anchor=shown.is_anchor,
        cause=cause,
        what=what,
        because_of=tuple(
            _label(rival, before, after) for rival in (movers or crossed if moved else [])
        ),
        rank_before=ranks[0],
        rank_after=ranks[1],
        score_before=number_or_none(one.score.value) if one else None,
        score_after=number_or_none(other.score.value) if other else None,
        difference=_difference(one, other, before.basis, after.basis),
        tie_group_before=one.tie_group if one else None,
        tie_group_after=other.tie_group if other else None,
        within_ties=_within_ties(name, crossed, before, after) if moved else None,
    )


def _within_ties(
    name: str, crossed: Sequence[str], before: BoardState, after: BoardState
) -> bool | None:
    """Whether a method shares its tie group with all that it crossed, wherever both are."""
    groups = [
        (state.entries[name].tie_group, state.entries[rival].tie_group)
        for rival in crossed
        for state in (before, after)
        if name in state.entries and rival in state.entries
    ]
    if not groups or any(None in pair for pair in groups):
        return None
    return all(mine == theirs for mine, theirs in groups)


def _difference(
    before: EntryState | None, after: EntryState | None, old: Basis, new: Basis
) -> Estimate | None:
    """The paired difference in transfer score, where both states have the same pairs."""
    if before is None or after is None:
        return None
    terms = before.ranked.terms, after.ranked.terms
    same = set(terms[0]["pair"]) == set(terms[1]["pair"])
    if not same or old.scores_version != new.scores_version:
        return None
    draws = draws_for(terms)
    first, second = (
        resample_scores(table, draws, niqe_real=basis.niqe_real[RANKED_PART]).transfer_score
        for table, basis in zip(terms, (old, new), strict=True)
    )
    return Estimate.of(second - first)


def _data_changes(before: Basis, after: Basis) -> list[str]:
    changes = _differing(DATA, before.measured_with, after.measured_with)
    # A board gets its dev part with the first method that has an alpha: that is no other data.
    for part in set(before.niqe_real) & set(after.niqe_real):
        old, new = (
            {*zip(*(pairs[name] for name in ("source", "sample", "target")), strict=True)}
            for pairs in (before.of_part(part), after.of_part(part))
        )
        if old != new:
            changes.append(f"{part} pairs {len(old)} -> {len(new)}")
    if before.alphas != after.alphas:
        changes.append("grid of alphas")
    return changes


def _metric_changes(before: BoardState, after: BoardState) -> list[str]:
    old, new = (state.basis.measured_with["instruments"] for state in (before, after))
    changes = [
        f"{kind} {_card(old.get(kind))} -> {_card(new.get(kind))}"
        for kind in dict.fromkeys([*old, *new])
        if old.get(kind) != new.get(kind)
    ]
    sources = [
        state.basis.measured_with.get("source_aus", "estimator") for state in (before, after)
    ]
    if sources[0] != sources[1]:
        changes.append(f"Action Units of the sources by {sources[0]} -> {sources[1]}")
    versions = before.basis.scores_version, after.basis.scores_version
    if versions[0] != versions[1]:
        changes.append(f"formulas of the scores, version {versions[0]} -> {versions[1]}")
    return changes


def _differing(
    names: Sequence[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[str]:
    changes = []
    for name in names:
        old, new = before.get(name), after.get(name)
        if old != new:
            change = "" if isinstance(old, Mapping) else f" {_short(old)} -> {_short(new)}"
            changes.append(IN_WORDS.get(name, name) + change)
    return changes


def _alpha_change(before: EntryState, after: EntryState) -> list[str]:
    return [] if before.alpha == after.alpha else [f"alpha {before.alpha} -> {after.alpha}"]


def _by_score(state: BoardState) -> list[str]:
    return sorted(state.entries, key=lambda name: -published_score(state.entries[name].score))


def _label(name: str, *states: BoardState) -> str:
    return next(state.entries[name].label for state in states if name in state.entries)


def _same(first: Estimate, second: Estimate) -> bool:
    both = np.array([first.value, second.value])
    return bool(np.isnan(both).all() or abs(both[0] - both[1]) <= EQUAL)


def _card(card: Mapping[str, Any] | None) -> str:
    if card is None:
        return "none"
    weights = str(card.get("weights_sha256", ""))[:8]
    return " ".join(filter(None, (card.get("name"), str(card.get("version")), weights)))


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text[:8] if len(text) == 64 else text
