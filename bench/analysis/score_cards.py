"""The cards of the scores of the board, and of all metrics by name."""

from __future__ import annotations

from typing import Final

from bench.errors import BenchError
from bench.suggest import did_you_mean
from metrics.measures import MEASURES, MetricCard
from metrics.measures.verification import ID_EER

__all__ = ["COVERAGE", "SCORES", "find_metric", "metric_cards"]

_UNITS = "action units"
_DISTANCES = "embeddings"
_RATIO = "ratio of sums over pairs, not the mean of ratios, whose denominators may be near 0"
_ANY_SCALE = "a pure number on any scale"
_HERE = "this project"

TRANSFER_SCORE: Final = MetricCard(
    name="transfer_score",
    title="transfer score",
    formula="harmonic mean of E, R and Q where all are positive, else 0",
    direction="up",
    unit="",
    range="0 to 1",
    best=1.0,
    needs=(_UNITS, _DISTANCES, "NIQE"),
    aggregation="of E, R and Q of all pairs",
    failures="worst anchor",
    scales=_ANY_SCALE,
    source=_HERE,
)
EXPRESSION_SKILL: Final = MetricCard(
    name="expression_skill",
    title="expression skill E",
    formula="1 - sum |dy - ds|^2 / sum |ds|^2, dy = a(y) - a(n_target), ds = a(s) - a(n_source)",
    direction="up",
    unit="",
    range="up to 1; 0 is doing nothing",
    best=1.0,
    needs=(_UNITS,),
    aggregation=_RATIO,
    failures="worst anchor",
    scales=_ANY_SCALE,
    source="a skill score against doing nothing, as in weather forecasts (Murphy, Monthly Weather "
    "Review 116, 1988)",
)
AU_SKILL: Final = MetricCard(
    name="au_skill",
    title="raw expression skill",
    formula="1 - sum e(y) / sum e(n_target), e the mean squared AU error",
    direction="up",
    unit="",
    range="up to 1; 0 is doing nothing",
    best=1.0,
    needs=(_UNITS,),
    aggregation=_RATIO,
    failures="worst anchor",
    scales=_ANY_SCALE,
    source="expression_skill without each person's own neutral face; raw_expression_skill in the "
    "JSON of a board",
)
IDENTITY_RETENTION: Final = MetricCard(
    name="identity_retention",
    title="identity retention R",
    formula="sum (d(n_source) - d(y)) / sum (d(n_source) - d(n_target))",
    direction="up",
    unit="",
    range="1 is the target's neutral face, 0 the source's",
    best=1.0,
    needs=(_DISTANCES,),
    aggregation=_RATIO,
    failures="worst anchor",
    scales="",
    source=_HERE,
)
NATURALNESS: Final = MetricCard(
    name="naturalness",
    title="naturalness Q",
    formula="mean NIQE of the part's real images / mean NIQE of the outputs, at most 1",
    direction="up",
    unit="",
    range="0 to 1",
    best=1.0,
    needs=("NIQE",),
    aggregation="ratio of means",
    failures="worst anchor",
    scales="",
    source="Mittal, Soundararajan and Bovik, IEEE Signal Processing Letters 20(3), 2013",
)
COVERAGE: Final = MetricCard(
    name="coverage",
    title="pairs that did not fail",
    formula="share of the cross pairs with outcome ok",
    direction="up",
    unit="",
    range="0 to 1",
    best=1.0,
    needs=("outcomes",),
    aggregation="mean over pairs",
    failures="counted",
    scales="",
    source="a mean over survivors says nothing without it",
)

SCORES: Final = {
    "transfer_score": TRANSFER_SCORE,
    "expression_skill": EXPRESSION_SKILL,
    "identity_retention": IDENTITY_RETENTION,
    "naturalness": NATURALNESS,
    "raw_expression_skill": AU_SKILL,
}
"""The cards by the field of :class:`bench.analysis.scores.Scores` that has the number."""


def metric_cards() -> tuple[MetricCard, ...]:
    """The cards of all metrics, in the order of a table."""
    return (*SCORES.values(), COVERAGE, *(measure.card for measure in MEASURES), ID_EER)


def find_metric(name: str) -> MetricCard:
    """The card of a metric.

    Raises:
        BenchError: there is none of that name.
    """
    cards = {card.name: card for card in metric_cards()}
    if name not in cards:
        raise BenchError(
            f"no metric called {name!r}{did_you_mean(name, list(cards))}", hint="bench list metrics"
        )
    return cards[name]
