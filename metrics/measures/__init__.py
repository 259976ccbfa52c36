"""The metrics: what each is (its card), and how its number comes from readings.

Everything here is NumPy and pure. ``MEASURES`` holds all metrics of pairs; a new one is one
:class:`Measure` and its line there, and the tests of all metrics are its tests, too.
"""

from metrics.measures.card import Direction, FailureRule, MetricCard
from metrics.measures.measure import Measure
from metrics.measures.pairs import PairReadings
from metrics.measures.registry import MEASURES
from metrics.measures.scale import SCALES, AUScale, find_scale

__all__ = [
    "MEASURES",
    "SCALES",
    "AUScale",
    "Direction",
    "FailureRule",
    "Measure",
    "MetricCard",
    "PairReadings",
    "find_scale",
]
