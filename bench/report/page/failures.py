"""Failures and disagreements on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markupsafe import Markup

from bench.analysis.disagreements import DisagreeingPair, OutputNumbers
from bench.data.split import Pair
from bench.report.page.base import Page, Rendered
from bench.report.pictures import Pictures
from bench.report.sections.failures import (
    EXPLANATION,
    MOST_ON_PAGE,
    FailedSample,
    Failures,
    MethodPair,
)
from bench.report.wording import number, printable, signed
from bench.run.store import WITHOUT_IMAGE

__all__ = ["render"]

_SIDE = 96
_PRIORITY_OF_DISAGREEMENTS, _PRIORITY_OF_FAILURES = 5, 6

LONGEST_DETAIL: Final = 300
"""Characters on the page; there is more in JSON."""

NOT_KEPT: Final = "not kept: bench run --keep-images keeps all outputs"
NOT_MADE: Final = "no image was made"


@dataclass(frozen=True, slots=True)
class _Failed:
    sample: FailedSample
    name: str
    alpha: str
    detail: str
    picture: Markup


@dataclass(frozen=True, slots=True)
class _Outcome:
    """All failed samples of one outcome that the page lists.

    Attributes:
        name: the outcome.
        total: how many there are, listed or not.
        samples: the listed ones.
        pictured: whether one of them has a picture.
        reason: why none has.
    """

    name: str
    total: int
    samples: list[_Failed]
    pictured: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Output:
    """One method's output for a pair."""

    picture: Markup
    alpha: str
    error: str
    mae: str
    to_target: str
    niqe: str
    is_better: bool


@dataclass(frozen=True, slots=True)
class _Pair:
    pair: DisagreeingPair
    source: Markup
    target: Markup
    outputs: tuple[_Output, _Output]
    change: str
    share: str


@dataclass(frozen=True, slots=True)
class _Direction:
    better: str
    pairs: list[_Pair]


@dataclass(frozen=True, slots=True)
class _MethodPair:
    one: MethodPair
    names: tuple[str, str]
    skill: str
    directions: list[_Direction]
    pictured: bool


def render(section: Failures, page: Page) -> Rendered:
    pictures = Pictures.of(page.report)
    shown = section.samples[:MOST_ON_PAGE]
    body = page.template(
        "failures",
        sentence=section.sentence(),
        outcomes=section.outcomes,
        rows=[(printable(one.row.label), one) for one in section.counts],
        elsewhere=any(one.elsewhere for one in section.counts),
        by_outcome=_by_outcome(section, shown, page, pictures),
        left_out=section.left_out(len(shown)),
        explanation=EXPLANATION,
        method_pairs=[_method_pair(one, page, pictures) for one in section.method_pairs],
        refusal=page.images.refusal,
    )
    return Rendered(body)


def _by_outcome(
    section: Failures, shown: Sequence[FailedSample], page: Page, pictures: Pictures
) -> list[_Outcome]:
    outcomes = []
    for outcome in section.outcomes:
        samples = [sample for sample in shown if sample.outcome == outcome]
        if not samples:
            continue
        total = sum(
            one.row.failures.get(outcome, 0) + one.elsewhere.get(outcome, 0)
            for one in section.counts
        )
        paths = [_failed_picture(sample, pictures) for sample in samples]
        pictured = any(paths) and not page.images.refusal
        failed = [_failed(sample, path, page) for sample, path in zip(samples, paths, strict=True)]
        reason = NOT_MADE if outcome in WITHOUT_IMAGE else page.images.refusal or NOT_KEPT
        outcomes.append(_Outcome(printable(outcome), total, failed, pictured, reason))
    return outcomes


def _failed_picture(sample: FailedSample, pictures: Pictures) -> Path | None:
    if sample.outcome in WITHOUT_IMAGE:
        return None
    return pictures.output(sample.run_id, sample.pair, sample.alpha)


def _failed(sample: FailedSample, path: Path | None, page: Page) -> _Failed:
    detail = printable(sample.detail[: LONGEST_DETAIL + 1])
    if len(detail) > LONGEST_DETAIL:
        detail = f"{detail[: LONGEST_DETAIL - 1]}…"
    alt = f"output of {printable(sample.label)} that failed: {printable(sample.outcome)}"
    return _Failed(
        sample=sample,
        name=printable(sample.label),
        alpha="" if sample.alpha is None else number(sample.alpha),
        detail=detail,
        picture=_picture(page, path, alt, _PRIORITY_OF_FAILURES),
    )


def _method_pair(one: MethodPair, page: Page, pictures: Pictures) -> _MethodPair:
    names = printable(one.first), printable(one.second)
    found = one.found.first_better, one.found.second_better
    paths = [
        path
        for pairs in found
        for pair in pairs
        for path in _output_paths(one, pair, pictures)
        if path
    ]
    return _MethodPair(
        one=one,
        names=names,
        skill=signed(one.found.skill, 3),
        directions=[
            _Direction(better, [_pair(one, pair, page, pictures) for pair in pairs])
            for better, pairs in zip(names, found, strict=True)
            if pairs
        ],
        # A table in which no output has a picture is shorter without the real ones, too.
        pictured=bool(paths) and not page.images.refusal,
    )


def _pair(one: MethodPair, pair: DisagreeingPair, page: Page, pictures: Pictures) -> _Pair:
    key = _key(pair)
    paths = _output_paths(one, pair, pictures)
    source, target = pictures.real(key, "source"), pictures.real(key, "target-neutral")
    shown = printable(f"{pair.source}, {pair.sample}")
    first, second = (
        _output(numbers, path, label, page, is_better=better)
        for numbers, path, label, better in zip(
            (pair.first, pair.second),
            paths,
            (one.first, one.second),
            (pair.difference > 0, pair.difference < 0),
            strict=True,
        )
    )
    return _Pair(
        pair=pair,
        source=_picture(page, source, f"source: {shown}", _PRIORITY_OF_DISAGREEMENTS),
        target=_picture(
            page, target, f"target, neutral: {printable(pair.target)}", _PRIORITY_OF_DISAGREEMENTS
        ),
        outputs=(first, second),
        change=number(pair.change),
        share=signed(pair.of_skill, 4),
    )


def _output(
    numbers: OutputNumbers, path: Path | None, label: str, page: Page, *, is_better: bool
) -> _Output:
    return _Output(
        picture=_picture(page, path, f"output of {printable(label)}", _PRIORITY_OF_DISAGREEMENTS),
        alpha="" if numbers.alpha is None else number(numbers.alpha),
        error=number(numbers.expression_error),
        mae=number(numbers.au_mae),
        to_target=number(numbers.id_dist_target),
        niqe=number(numbers.niqe, 1),
        is_better=is_better,
    )


def _output_paths(one: MethodPair, pair: DisagreeingPair, pictures: Pictures) -> list[Path | None]:
    """The outputs of both methods at the very alphas that the numbers are of."""
    found = []
    for run_id, numbers in ((one.first_run_id, pair.first), (one.second_run_id, pair.second)):
        shown = pictures.thumbnail(run_id, _key(pair), numbers.alpha)
        is_same = shown is not None and _same(shown.alpha, numbers.alpha)
        found.append(shown.path if shown is not None and is_same else None)
    return found


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return abs(first - second) < 5e-4  # file names have three decimals


def _key(pair: DisagreeingPair) -> Pair:
    return Pair(pair.part, pair.source, pair.sample, pair.target)


def _picture(page: Page, path: Path | None, alt: str, priority: int) -> Markup:
    name = page.images.add(path, side=_SIDE, priority=priority) if path else ""
    return page.images.tag(name, alt, "not kept")
